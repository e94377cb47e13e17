/* problem.c - a CA's problem documents, in words: see problem.h */
#include "order/problem.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

const char *
problem_advice(const char *type)
{
	static const struct {
		const char *type;
		const char *advice;
	} table[] = {
		{ "accountDoesNotExist",
		    "register another account: mailcert account register" },
		{ "badCSR",
		    "try other settings (ca.NAME.subject, ca.NAME.csr_eku) or "
		    "another --key, then order --new" },
		{ "badPublicKey", "try another kind of key: --key" },
		{ "badSignatureAlgorithm",
		    "try another account key: account roll-over --key" },
		{ "caa", "the CAA records of the domain do not allow this CA" },
		{ "externalAccountRequired",
		    "give --eab-kid and --eab-key-file" },
		{ "rateLimited", "try again later" },
		{ "rejectedIdentifier",
		    "this CA does not issue for that address" },
		{ "serverInternal",
		    "try again later; some CAs say so while a certificate for "
		    "the address is valid: mailcert revoke" },
		{ "unsupportedIdentifier",
		    "this CA does not issue for mail addresses" },
		{ "userActionRequired",
		    "do what it asks for there, then try again" },
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(table[i].type, type) == 0)
			return table[i].advice;
	return "";
}

/* Cut between characters. */
static void
cut(char *text, size_t most)
{
	size_t len = strlen(text) > most ? most : strlen(text);

	while (len > 0 && !utf8_is_text((struct span){ text, len }))
		len--;
	text[len] = '\0';
}

void
problem_describe(const struct acme_problem *problem, char *out, size_t size)
{
	char detail[sizeof(problem->detail)], parts[sizeof(problem->parts)];

	(void)strcpy(detail, problem->detail);
	(void)strcpy(parts, problem->parts);
	cut(detail, 180);
	cut(parts, 160);
	(void)snprintf(out, size, "%.40s%s%s%s%s%s", problem->type,
	    detail[0] != '\0' ? ": " : "", detail, parts[0] != '\0' ? " (" : "",
	    parts, parts[0] != '\0' ? ")" : "");
	cut(out, size - 1);
}

/* Quote the CA; long words of its own do not crowd out the advice. */
void
problem_tell(const struct acme_problem *problem, int64_t code,
    int64_t retry_after, const char *advice, struct note *note)
{
	char said[512], rest[sizeof(note->text)], wait[40] = "";
	size_t type;

	problem_describe(problem, said, sizeof(said));
	if (retry_after > 0)
		(void)snprintf(wait, sizeof(wait), "; try again in %lld s",
		    (long long)retry_after);
	(void)snprintf(rest, sizeof(rest), "%s%s%.90s%s%s%s", wait,
	    problem->instance[0] != '\0' ? "; see " : "", problem->instance,
	    advice[0] != '\0' ? " [" : "", advice,
	    advice[0] != '\0' ? "]" : "");
	cut(said, sizeof(note->text) - strlen(rest) - 40);
	type = strlen(problem->type) < 40 ? strlen(problem->type) : 40;
	(void)snprintf(note->text, sizeof(note->text),
	    "the CA refused (%lld %.*s)%s%s", (long long)code, (int)type, said,
	    said + type, rest);
}

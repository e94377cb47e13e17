/* fuzz_jmap.c - watch/jmap_answer: what a JMAP server says */
#include <string.h>

#include "fuzz.h"
#include "watch/jmap_answer.h"

static const struct server server = { .kind = SERVER_JMAP,
	.implicit_tls = true,
	.host = "mail.example.org",
	.port = 443 };

/* What was parsed passes the check that the parent of the child makes. */
static void
parse_session(struct span text)
{
	static struct jmap_session session;
	static char url[4 * JMAP_URL_SIZE];
	struct note note = { "" };

	if (jmap_session_parse(text, &server, "/.well-known/jmap", &session,
		&note) != STATUS_OK)
		return;
	assert(jmap_session_ok(&session));
	if (jmap_expand(&session, "B1", url, sizeof(url)))
		assert(url[0] == '/' && strpbrk(url, " \r\n\"<>{}#") == NULL);
}

static void
parse_answers(struct span text)
{
	static struct watch_wanted wanted;
	static struct jmap_ids ids;
	static struct jmap_emails emails;
	struct jmap_result result;
	struct note note = { "" };
	int list;

	for (list = JMAP_QUERY; list <= JMAP_STATE; list++)
		if (jmap_ids_parse(text, (enum jmap_list)list, &ids, &note) ==
		    STATUS_OK)
			assert(jmap_ids_ok(&ids));
	(void)strcpy(wanted.domain[0], "ca.example");
	wanted.domains = 1;
	for (list = 0; list < 3; list++) {
		wanted.count = list < 2;
		wanted.sent = (size_t)list;
		wanted.auto_submitted = list == 0;
		if (jmap_emails_parse(text, &wanted, &emails, &note) ==
		    STATUS_OK)
			assert(jmap_emails_ok(&emails));
	}
	jmap_problem_parse(text, &result);
	assert(jmap_result_ok(&result));
}

static void
resolve(struct span text)
{
	char url[JMAP_URL_SIZE];
	int plain;

	for (plain = 0; plain < 2; plain++)
		if (jmap_resolve(text, &server, "/jmap/session?x=/", plain == 1,
			url, sizeof(url)))
			assert(url[0] == '/' &&
			    strpbrk(url, " \r\n\"<>#") == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span text = { (const char *)data, size };

	parse_session(text);
	parse_answers(text);
	resolve(text);
	return 0;
}

/* helper.c - our own programs: see helper.h */
#include "helper.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/fd.h"
#include "base/text.h"

#ifndef LIBEXECDIR
#define LIBEXECDIR "/usr/local/libexec/mailcert"
#endif

enum status
helper_path(const char *name, char *out, size_t size, struct note *note)
{
	static const char *const places[] = { "%.*s/%s",
		"%.*s/../libexec/mailcert/%s" };
	char self[512];
	ssize_t len;
	size_t i;
	char *slash;

	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[len > 0 ? len : 0] = '\0';
	slash = strrchr(self, '/');
	for (i = 0; slash != NULL && i < 2; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(
		    out, size, places[i], (int)(slash - self), self, name);
#pragma GCC diagnostic pop
		if (access(out, R_OK) == 0)
			return STATUS_OK;
	}
	(void)snprintf(out, size, "%s/%s", LIBEXECDIR, name);
	if (access(out, R_OK) == 0)
		return STATUS_OK;
	return note_set(note, STATUS_CREATE, "%s is not installed", name);
}

/* Which status has this exit code?  The first of the table that does. */
static enum status
status_of_exit(int code)
{
	enum status status;

	for (status = STATUS_USAGE; status < STATUS_COUNT; status++)
		if (status_exit(status) == code)
			return status;
	return STATUS_BUG;
}

static enum status
run(const char *const argv[], struct span input, struct buf *out, int *code,
    struct note *note)
{
	enum status status = program_run(argv, input, out, code);

	if (status == STATUS_OK && out->len > 0 &&
	    out->at[out->len - 1] == '\n')
		buf_cut(out, out->len - 1);
	if (status != STATUS_OK)
		return note_set(
		    note, STATUS_CREATE, "%.200s cannot be run", argv[0]);
	return STATUS_OK;
}

enum status
helper_response(const char *part1, const char *part2, const char *thumbprint,
    enum token_join join, struct response *out, struct note *note)
{
	const char *argv[] = { NULL, "response", NULL };
	struct buf input, output;
	char path[600];
	enum status status;
	int code = 0;

	buf_init(&input, 4096);
	buf_init(&output, 256);
	buf_add_text(&input, part1);
	buf_add_byte(&input, '\n');
	buf_add_text(&input, part2);
	buf_addf(&input, "\n%s\n%s\n", thumbprint, token_join_name(join));
	status = helper_path("mailcert-verify", path, sizeof(path), note);
	argv[0] = path;
	if (status == STATUS_OK)
		status = run(argv, buf_span(&input), &output, &code, note);
	if (status == STATUS_OK && code != 0)
		status = code == 65 ? STATUS_BAD_TOKEN : STATUS_CRYPTO;
	if (status == STATUS_OK &&
	    (output.len != SHA256_TEXT_LEN ||
		!base64url_is_text(buf_span(&output)) ||
		!span_copy(
		    buf_span(&output), out->digest, sizeof(out->digest))))
		status = STATUS_CRYPTO;
	buf_clear(&output);
	buf_clear(&input);
	return status;
}

/* "NAME STATE RECORD" lines of the network program, passed on as they are;
 * the verifier reads them strictly. */
static enum status
fetch_keys(const struct authres_policy *policy,
    const struct authres_query *query, struct buf *out, struct note *note)
{
	const char *argv[5 + AUTHRES_QUERIES_MAX];
	char path[600];
	enum status status;
	int code = 0;
	size_t i;

	status = helper_path("mailcert-net", path, sizeof(path), note);
	argv[0] = path;
	argv[1] = "txt";
	argv[2] = policy->resolver;
	argv[3] = policy->anchor;
	for (i = 0; i < query->count; i++)
		argv[4 + i] = query->key_name[i];
	argv[4 + i] = NULL;
	if (status == STATUS_OK)
		status = program_run(argv, SPAN(""), out, &code);
	if (status == STATUS_OK && code != 0)
		status = STATUS_DNS;
	return status;
}

/* "done DOMAIN DNS good|weak", or "NAME sentence". */
static enum status
read_verdict(struct span text, struct authres *out, struct note *note)
{
	struct span word[4] = { { 0 } }, rest = text;
	char shown[300];
	enum status status;
	size_t i, end;

	for (i = 0; i < 4; i++) {
		end = span_find_byte(rest, ' ');
		word[i] = span_cut(rest, 0, end);
		rest = span_cut(rest, end + 1, rest.len);
	}
	if (span_eq(word[0], SPAN("done"))) {
		out->method = AUTHRES_DKIM;
		out->weak = span_eq(word[3], SPAN("weak"));
		return span_copy(word[1], out->domain, sizeof(out->domain)) &&
			dns_state_parse(word[2], &out->dns)
		    ? STATUS_OK
		    : STATUS_BUG;
	}
	for (status = STATUS_OK; status < STATUS_COUNT; status++)
		if (span_eq(word[0], span_of(status_name(status))) &&
		    status_is_refusal(status))
			break;
	if (status == STATUS_COUNT)
		return STATUS_BUG;
	text_show_in(shown, sizeof(shown),
	    span_cut(text, word[0].len + 1, text.len), true);
	return note_set(note, status, "%s", shown);
}

enum status
helper_dkim(struct span message, const char *from,
    const struct authres_policy *policy, const struct authres_query *query,
    int64_t now, struct authres *out, struct note *note)
{
	const char *argv[] = { NULL, "dkim", NULL };
	struct buf keys, input, output;
	char path[600];
	enum status status;
	int code = 0;

	buf_init(&keys, 64 * 1024);
	buf_init(&input, message.len + 128 * 1024);
	buf_init(&output, 1024);
	*out = (struct authres){ .method = AUTHRES_NONE };
	status = fetch_keys(policy, query, &keys, note);
	if (status == STATUS_OK)
		status =
		    helper_path("mailcert-verify", path, sizeof(path), note);
	argv[0] = path;
	if (status == STATUS_OK) {
		buf_addf(&input, "%lld\n%s\n%s\n%u\n", (long long)now, from,
		    policy->relaxed ? "relaxed" : "strict",
		    (unsigned)query->count);
		buf_add(&input, buf_span(&keys));
		buf_add(&input, message);
		status = buf_status(&input);
	}
	if (status == STATUS_OK)
		status = run(argv, buf_span(&input), &output, &code, note);
	if (status == STATUS_OK)
		status = code == 0 ? read_verdict(buf_span(&output), out, note)
				   : STATUS_CRYPTO;
	/* Proof is of this sender, whoever was asked. */
	if (status == STATUS_OK &&
	    !span_eq(span_of(out->domain), address_domain(span_of(from))))
		status = STATUS_BUG;
	buf_clear(&output);
	buf_clear(&input);
	buf_clear(&keys);
	return status;
}

enum status
helper_thumbprint(const char *file, char out[44], struct note *note)
{
	const char *argv[] = { NULL, "thumbprint", file, NULL };
	struct buf output;
	char path[600], shown[300];
	enum status status;
	int code = 0;

	buf_init(&output, 1024);
	status = helper_path("mailcert-key", path, sizeof(path), note);
	argv[0] = path;
	if (status == STATUS_OK)
		status = run(argv, SPAN(""), &output, &code, note);
	if (status == STATUS_OK && code != 0) {
		text_show_in(shown, sizeof(shown), buf_span(&output), true);
		status = code == 65 ? STATUS_BAD_KEY : status_of_exit(code);
		(void)note_set(note, status, "%s", shown);
	}
	if (status == STATUS_OK &&
	    (output.len != 43 || !span_copy(buf_span(&output), out, 44)))
		status = STATUS_CRYPTO;
	buf_clear(&output);
	return status;
}

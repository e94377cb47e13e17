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

static enum status
ask_key(const char *const verbs[], struct span input, struct buf *out,
    struct note *note)
{
	const char *argv[] = { NULL, verbs[0], verbs[1], verbs[2], NULL };
	char path[600], shown[300];
	enum status status;
	int code = 0;

	status = helper_path("mailcert-key", path, sizeof(path), note);
	argv[0] = path;
	if (status == STATUS_OK)
		status = run(argv, input, out, &code, note);
	if (status == STATUS_OK && code != 0) {
		text_show_in(shown, sizeof(shown), buf_span(out), true);
		status = code == 65 ? STATUS_BAD_KEY : status_of_exit(code);
		(void)note_set(note, status, "%s", shown);
	}
	return status;
}

enum status
helper_key(const char *verb, const char *file, struct span input,
    struct buf *out, struct note *note)
{
	const char *const verbs[] = { verb, file, NULL };

	return ask_key(verbs, input, out, note);
}

enum status
helper_generate(const char *kind, const char *file, struct note *note)
{
	const char *const verbs[] = { "generate", kind, file };
	struct buf output;
	enum status status;

	buf_init(&output, 1024);
	status = ask_key(verbs, SPAN(""), &output, note);
	buf_clear(&output);
	return status;
}

enum status
helper_thumbprint(const char *file, char out[44], struct note *note)
{
	struct buf output;
	enum status status;

	buf_init(&output, 1024);
	status = helper_key("thumbprint", file, SPAN(""), &output, note);
	if (status == STATUS_OK &&
	    (output.len != 43 || !span_copy(buf_span(&output), out, 44)))
		status = STATUS_CRYPTO;
	buf_clear(&output);
	return status;
}

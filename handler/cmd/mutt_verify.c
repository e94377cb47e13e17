/* mutt_verify.c - mailcert mutt-verify: verify mail in mutt's classic way */
#include <time.h>
#include <unistd.h>

#include "answer/prove.h"
#include "base/fd.h"
#include "base/frame.h"
#include "base/text.h"
#include "cmd/session.h"
#include "input/input.h"
#include "install/decrypt.h"

struct options {
	const char *file;
	const char *directory;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	{ "CAfile", "FILE", AT(file),
	    .help = "trust these root certificates beside smime_anchors" },
	{ "CApath", "DIRECTORY", AT(directory), .help = "the same" }, { 0 }
};

static const struct cmd_line command_line = {
	.name = "mutt-verify",
	.operands = "SIGNATURE [CONTENT]",
	.least = 1,
	.most = 2,
	.options = rows,
	.about =
	    "For smime_verify_command and smime_verify_opaque_command, which install\n"
	    "sets: verify SIGNATURE, S/MIME in DER, of CONTENT; without CONTENT, of what\n"
	    "is inside, which is printed.  The result is on standard error, in the words\n"
	    "that mutt expects, and who signed.  Exit 0 if the signature is valid and\n"
	    "its signer trusted, else 1.\n",
};

enum { ROOM = 256 * 1024 };

/* An option that mutt leaves empty is one without a value. */
static const char *
roots(const struct options *options)
{
	if (options->file != NULL)
		return options->file;
	return options->directory != NULL ? options->directory : "";
}

/* Not max_message: mutt has read it already, and shows it. */
static enum status
read_file(const char *file, struct buf *out, struct note *note)
{
	struct input input = { .kind = INPUT_OTHER };
	enum status status;

	status = input_read(
	    file, "application/octet-stream", DECRYPT_MOST, &input, note);
	*out = input.bytes;
	return status;
}

/* All frames of that name as one line, or each on its own. */
static void
add_all(struct buf *out, struct span frames, const char *name,
    const char *label, const char *between)
{
	const bool utf8 = text_locale_is_utf8();
	struct span value;
	bool first = true;

	while (frame_next(&frames, name, &value)) {
		if (value.len == 0)
			continue;
		buf_add_text(out, first ? label : between);
		text_show(out, value, TEXT_NO_LIMIT, utf8);
		first = false;
	}
	if (!first)
		buf_add_byte(out, '\n');
}

/* mutt believes the first line, and shows all of them. */
static void
add_report(struct span frames, bool good, struct buf *out)
{
	if (good) {
		buf_add_text(out, "Verification successful\n");
		add_all(out, frames, "address", "Signer: ", ", ");
		add_all(out, frames, "issuer", "Issuer: ", ", ");
	} else {
		buf_add_text(out, "Verification failure\n");
		add_all(out, frames, "error", "Because: ", "\nBecause: ");
		add_all(out, frames, "address", "Unverified signer: ", ", ");
		add_all(out, frames, "issuer", "Unverified issuer: ", ", ");
	}
}

static enum status
report(struct span frames, bool good)
{
	enum status status;
	struct buf said;

	buf_init(&said, ROOM);
	add_report(frames, good, &said);
	status = buf_status(&said);
	if (status == STATUS_OK)
		status = fd_write(STDERR_FILENO, buf_span(&said));
	buf_clear(&said);
	return status == STATUS_OK
	    ? fd_write(STDOUT_FILENO, frame_get(frames, "content"))
	    : status;
}

static enum status
verify(struct session *session, const struct options *options, char *files[],
    bool *good)
{
	const struct prover prover = { &session->config, &session->home,
		(int64_t)time(NULL), NULL };
	struct prove_object question = { .roots = roots(options) };
	struct buf object, content, answer;
	struct span signed_text, rest, error;
	enum status status;

	buf_init(&object, 0);
	buf_init(&content, 0);
	status = read_file(files[0], &object, &session->note);
	if (status == STATUS_OK && files[1] != NULL)
		status = read_file(files[1], &content, &session->note);
	buf_init(&answer, object.len + ROOM);
	question.object = buf_span(&object);
	signed_text = buf_span(&content);
	if (files[1] != NULL)
		question.content = &signed_text;
	if (status == STATUS_OK)
		status =
		    prove_object(&prover, &question, &answer, &session->note);
	rest = buf_span(&answer);
	*good = status == STATUS_OK && !frame_next(&rest, "error", &error);
	if (status == STATUS_OK)
		status = report(buf_span(&answer), *good);
	buf_clear(&answer);
	buf_clear(&content);
	buf_clear(&object);
	return status;
}

int
cmd_mutt_verify(const struct invocation *invocation, int argc, char *argv[])
{
	struct options options = { NULL, NULL };
	struct session *session;
	enum status status;
	bool good = false;
	int code = 0;

	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	/* A warning would be the first line. */
	if ((session = session_begin_unattended(invocation, &code)) == NULL)
		return code;
	status = verify(session, &options, argv + optind, &good);
	code = session_end(session, status);
	return code != 0 ? code : !good;
}

/* export.c - mailcert export: hand out a certificate with its key */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/text.h"
#include "cmd/exporting.h"
#include "cmd/home_file.h"
#include "cmd/passphrase.h"
#include "cmd/session.h"
#include "process/helper.h"

struct options {
	const char *format; /* NULL: not given */
	bool force;
	bool home;
	/* Operands. */
	const char *name;
	const char *file; /* or NULL: standard output */
};

bool
option_format(const char *value, void *field)
{
	static const char *const formats[] = { "modern", "compatible", "pem" };

	*(const char **)field = value;
	return span_index(span_of(value), formats, 3) < 3;
}

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	{ "format", "FORMAT", AT(format), option_format, OPTION_FORMAT,
	    .help = "modern (default): PKCS #12 with AES-256; compatible:\n"
		    "PKCS #12 with Triple DES, for old programs; pem: the\n"
		    "key as it is in the home, and the chain" },
	{ "home", NULL, AT(home),
	    .help = "everything: accounts, orders, certificates and keys, as\n"
		    "one encrypted file for mailcert import" },
	{ "force", NULL, AT(force), .help = "replace FILE" }, { 0 }
};

static const struct cmd_line command_line = {
	.name = "export",
	.operands = "CERTIFICATE [FILE]",
	.most = 2,
	.options = rows,
	.forms = "[--format] [--force] CERTIFICATE [FILE]\n--home [--force] "
		 "[FILE]",
	.about =
	    "Write a certificate with its private key and its chain to FILE, which only\n"
	    "you can read, or to standard output if that is not a terminal.  CERTIFICATE\n"
	    "is an id that status shows, or an address: then its newest certificate.\n",
};

enum { CHAIN_MAX = 512 * 1024, PATH_SIZE = 1100 };

/* What mailcert-key opens: the key, and where the file goes. */
static enum status
add_open(struct session *session, const struct options *options,
    const struct order *order, struct buf *question)
{
	char key[1200], certificate[1200], output[64];
	enum status status;
	struct buf open;

	status = order_paths(&session->home, order->id, key, certificate,
	    sizeof(key), &session->note);
	if (status != STATUS_OK)
		return status;
	(void)snprintf(output, sizeof(output), "/proc/%ld/fd/%d",
	    (long)getpid(), STDOUT_FILENO);
	buf_init(&open, 8192);
	frame_add(&open, "file", span_of(key));
	frame_add(&open, options->file != NULL ? "new" : "output",
	    span_of(options->file != NULL ? options->file : output));
	frame_add(question, "open", buf_span(&open));
	status = buf_status(&open);
	buf_clear(&open);
	return status;
}

/* PKCS #12 has a passphrase of its own; PEM keeps that of the home. */
static enum status
add_passphrases(struct session *session, const struct options *options,
    const struct order *order, struct buf *question)
{
	struct buf passphrase;
	enum status status = STATUS_OK;

	if (strcmp(options->format, "pem") == 0)
		return STATUS_OK;
	buf_init(&passphrase, PASSPHRASE_MAX);
	if (order->locked)
		status = passphrase_get(
		    &session->config, false, &passphrase, &session->note);
	frame_add(question, "passphrase", buf_span(&passphrase));
	buf_wipe(&passphrase);
	if (status == STATUS_OK)
		status = passphrase_for_file(&session->config,
		    options->file != NULL ? options->file : "the file",
		    &passphrase, &session->note);
	frame_add(question, "lock", buf_span(&passphrase));
	buf_wipe(&passphrase);
	return status;
}

static enum status
write_file(struct session *session, const struct options *options,
    const struct order *order)
{
	struct buf question, answer, chain;
	enum status status;

	buf_init(&question, 2 * CHAIN_MAX);
	buf_init(&answer, 4096);
	buf_init(&chain, CHAIN_MAX);
	status =
	    order_load_chain(&session->home, order->id, &chain, &session->note);
	if (status == STATUS_OK)
		status = add_open(session, options, order, &question);
	if (status == STATUS_OK)
		status = add_passphrases(session, options, order, &question);
	frame_add(&question, "form", span_of(options->format));
	frame_add(&question, "chain", buf_span(&chain));
	frame_add(&question, "name", span_of(order->address[0]));
	if (options->force)
		frame_add(&question, "replace", SPAN("yes"));
	if (status == STATUS_OK)
		status =
		    helper_ask(VERB_EXPORT, &question, &answer, &session->note);
	buf_clear(&chain);
	buf_clear(&answer);
	buf_wipe(&question);
	return status;
}

/* Before anybody is asked for a passphrase; mailcert-key never replaces a file
 * without --force, whatever this sees. */
static enum status
check_place(const struct options *options, struct note *note)
{
	char shown[200];
	struct stat st;

	if (options->file == NULL && isatty(STDOUT_FILENO) == 1)
		return note_set(note, STATUS_USAGE,
		    "a private key is not written to a terminal; name a FILE");
	/* It is opened again by its name, and that would succeed. */
	if (options->file == NULL &&
	    (fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE) == O_RDONLY)
		return note_set(
		    note, STATUS_IO, "standard output: %s", strerror(EBADF));
	if (options->file == NULL)
		return STATUS_OK;
	if (options->force || lstat(options->file, &st) != 0)
		return STATUS_OK;
	text_show_in(shown, sizeof(shown), span_of(options->file),
	    text_locale_is_utf8());
	return note_set(
	    note, STATUS_CREATE, "%s exists; --force replaces it", shown);
}

static void
warn_open_key(const struct options *options, const struct order *order)
{
	struct note warning;

	if (strcmp(options->format, "pem") != 0 || order->locked)
		return;
	note_say(&warning,
	    "warning: the private key in it is not encrypted; keep the file "
	    "secret");
	cmd_say(&warning);
}

static enum status
export_one(
    struct session *session, const struct options *options, struct order *order)
{
	enum status status;

	status = session_find(session, options->name, order);
	if (status == STATUS_OK && order->starts == 0)
		status = note_set(&session->note, STATUS_NO,
		    "%s has no certificate to export", order->id);
	if (status == STATUS_OK)
		status = check_place(options, &session->note);
	if (status == STATUS_OK)
		status = write_file(session, options, order);
	if (status == STATUS_OK)
		warn_open_key(options, order);
	return status;
}

static enum status
export_home(struct session *session, const struct options *options)
{
	enum status status = check_place(options, &session->note);
	struct note note;

	if (status == STATUS_OK)
		status =
		    home_file_export(session, options->file, options->force);
	if (status != STATUS_OK)
		return status;
	note_say(&note,
	    "use this home on one machine only: stop mailcert here before it "
	    "runs elsewhere");
	cmd_say(&note);
	return STATUS_OK;
}

enum status
export_certificate(struct session *session, const char *name, const char *file,
    const char *format)
{
	const struct options options = { .name = name,
		.file = file,
		.format = format != NULL ? format : "modern" };
	struct order *order = calloc(1, sizeof(*order));
	enum status status = order != NULL
	    ? export_one(session, &options, order)
	    : STATUS_MEMORY;

	free(order);
	return status;
}

int
cmd_export(const struct invocation *invocation, int argc, char *argv[])
{
	struct options options = { .format = NULL };
	struct session *session;
	struct order *order;
	enum status status;
	int code = 0;

	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	if (!options.home && argc - optind == 0)
		return cmd_misuse(&command_line, "CERTIFICATE is missing");
	if (options.home && argc - optind > 1)
		return cmd_misuse(&command_line, "--home takes only a FILE");
	if (options.home && options.format != NULL)
		return cmd_misuse(
		    &command_line, "--home has a format of its own");
	if (!options.home)
		options.name = argv[optind++];
	if (optind < argc && strcmp(argv[optind], "-") != 0)
		options.file = argv[optind];
	if (options.format == NULL)
		options.format = "modern";
	if (options.force && options.file == NULL)
		return cmd_misuse(&command_line, "--force needs a FILE");
	if ((session = session_begin(invocation, false, &code)) == NULL)
		return code;
	if (options.home)
		return session_end(session, export_home(session, &options));
	order = calloc(1, sizeof(*order));
	status = order != NULL ? export_one(session, &options, order)
			       : STATUS_MEMORY;
	free(order);
	return session_end(session, status);
}

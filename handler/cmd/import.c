/* import.c - mailcert import: take in certificates from elsewhere */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "acme/bundle.h"
#include "answer/confirm.h"
#include "base/text.h"
#include "cmd/deploying.h"
#include "cmd/home_file.h"
#include "cmd/passphrase.h"
#include "cmd/session.h"
#include "order/import.h"

struct options {
	bool passphrase;
	bool json;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	{ "passphrase", NULL, AT(passphrase),
	    .help = "encrypt the key in the home with a passphrase" },
	{ "json", NULL, AT(json), .help = "print JSON" }, { 0 }
};

static const struct cmd_line command_line = {
	.name = "import",
	.operands = "[FILE...]",
	.most = IMPORT_FILES_MAX,
	.options = rows,
	.about =
	    "Take in certificates that mailcert did not order: PKCS #12, PEM or DER, key\n"
	    "and certificate in one file or in several, the chain in any sequence.  A\n"
	    "certificate alone finds its key in the home: that of mailcert csr, or of an\n"
	    "older certificate.  A missing FILE or \"-\" is standard input.\n"
	    "A FILE of mailcert export --home becomes the home, if that is empty.\n",
};

enum { TRIES = 3 };

/* The files of the command line, and those that stand in for pipes. */
struct files {
	char **name; /* "-" or a path */
	size_t count;
	int held[IMPORT_FILES_MAX]; /* -1: none */
};

static const char *
shown_name(const char *name)
{
	return strcmp(name, "-") == 0 ? "standard input" : name;
}

static enum status
system_failed(const char *name, struct note *note)
{
	const int error = errno;
	char shown[150];

	text_show_in(shown, sizeof(shown), span_of(shown_name(name)),
	    text_locale_is_utf8());
	return note_set(note, error == EACCES ? STATUS_PERMISSION : STATUS_IO,
	    "%s: %s", shown, strerror(error));
}

/* A pipe can be read once, and a wrong passphrase wants another look.  The
 * kernel moves the octets: they do not pass through this process. */
static enum status
keep_pipe(int from, const char *name, int *out, struct note *note)
{
	size_t total = 0;
	ssize_t n = 1;

	*out = memfd_create("import", MFD_CLOEXEC);
	while (*out >= 0 && n > 0 && total <= BUNDLE_SIZE_MAX) {
		n = splice(from, NULL, *out, NULL, 64 * 1024, 0);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			total += (size_t)n;
	}
	return *out >= 0 && n >= 0 ? STATUS_OK : system_failed(name, note);
}

/* Anything but a regular file: mailcert-key opens what we hold. */
static enum status
hold(struct files *files, size_t i, int fd, struct note *note)
{
	const char *name = files->name[i];
	struct stat st;

	if (fstat(fd, &st) != 0)
		return system_failed(name, note);
	if (S_ISREG(st.st_mode)) {
		files->held[i] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		return files->held[i] >= 0 ? STATUS_OK
					   : system_failed(name, note);
	}
	if (S_ISFIFO(st.st_mode))
		return keep_pipe(fd, name, &files->held[i], note);
	return note_set(note, STATUS_USAGE,
	    "%.150s is neither a file nor a pipe; name a file",
	    shown_name(name));
}

/* Where mailcert-key finds it. */
static enum status
find_file(struct files *files, size_t i, char out[IMPORT_PATH_SIZE],
    struct note *note)
{
	const char *name = files->name[i];
	enum status status;
	struct stat st;
	int fd = STDIN_FILENO, len;

	if (strcmp(name, "-") != 0) {
		if (stat(name, &st) != 0)
			return system_failed(name, note);
		if (S_ISREG(st.st_mode))
			return span_copy(span_of(name), out, IMPORT_PATH_SIZE)
			    ? STATUS_OK
			    : note_set(note, STATUS_USAGE,
				  "the name of a file is too long");
		fd = open(name, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return system_failed(name, note);
	}
	status = hold(files, i, fd, note);
	if (fd != STDIN_FILENO)
		(void)close(fd);
	len = snprintf(out, IMPORT_PATH_SIZE, "/proc/%ld/fd/%d", (long)getpid(),
	    files->held[i]);
	return status == STATUS_OK && len < IMPORT_PATH_SIZE ? STATUS_OK
							     : status;
}

/* Try the file without a passphrase, then ask for it. */
static enum status
inspect(
    struct session *session, struct import *import, size_t i, const char *name)
{
	struct note *note = &session->note;
	struct buf *passphrase = &import->file[i].passphrase;
	struct note asked = { "" };
	enum status status, got;
	int tries;

	status = import_inspect(import, i, note);
	for (tries = 0; status == STATUS_BAD_PASSPHRASE && tries < TRIES;
	     tries++) {
		buf_wipe(passphrase);
		got = passphrase_of_file(&session->config, shown_name(name),
		    tries > 0, passphrase, &asked);
		/* Nobody can be asked again: say what was wrong. */
		if (got == STATUS_NO_PERSON && tries > 0)
			break;
		if (got != STATUS_OK) {
			*note = asked;
			return got;
		}
		status = import_inspect(import, i, note);
		if (status == STATUS_BAD_PASSPHRASE && tries + 1 < TRIES)
			cmd_say(note);
	}
	return status;
}

/* Say which file it was. */
static enum status
name_file(enum status status, const char *name, struct note *note)
{
	const struct note said = *note;
	char shown[150];

	if (status != STATUS_BAD_FILE && status != STATUS_BAD_PASSPHRASE &&
	    status != STATUS_PERMISSION && status != STATUS_IO)
		return status;
	text_show_in(shown, sizeof(shown), span_of(shown_name(name)),
	    text_locale_is_utf8());
	return note_set(
	    note, status, "%s: %.160s", shown, note_text(&said, status));
}

static enum status
inspect_all(struct session *session, struct files *files, struct import *import)
{
	enum status status = STATUS_OK;
	size_t i;

	for (i = 0; status == STATUS_OK && i < files->count; i++) {
		import->files++;
		status =
		    find_file(files, i, import->file[i].path, &session->note);
		if (status == STATUS_OK)
			status = name_file(
			    inspect(session, import, i, files->name[i]),
			    files->name[i], &session->note);
	}
	return status == STATUS_OK ? import_list(import, &session->note)
				   : status;
}

/* What was imported, in both forms. */
struct report {
	struct json_writer *json; /* or NULL */
	size_t done;
	enum status status; /* of the first that could not be taken */
	struct note why;
};

static void
tell(struct session *session, const struct report *report,
    enum import_outcome outcome, const struct order *order, int64_t now)
{
	static const char *const said[] = { "imported the certificate",
		"imported the certificate that was requested",
		"the home already has this certificate",
		"restored the private key of the certificate" };
	static const char *const names[] = { "imported", "completed",
		"unchanged", "restored" };
	struct buf line;
	size_t i;

	buf_init(&line, 16 * 1024);
	buf_addf(&line, "%s: %s for", order->id, said[outcome]);
	for (i = 0; i < order->addresses; i++)
		buf_addf(&line, " %s", order->address[i]);
	buf_add_text(&line, ", valid until ");
	confirm_add_time(&line, order->expires, now);
	if (report->json == NULL) {
		text_show(&session->out, buf_span(&line), TEXT_NO_LIMIT,
		    text_locale_is_utf8());
		buf_add_byte(&session->out, '\n');
	} else {
		json_open_object(report->json, NULL);
		json_add_text(report->json, "id", order->id);
		json_add_text(report->json, "result", names[outcome]);
		json_open_array(report->json, "addresses");
		for (i = 0; i < order->addresses; i++)
			json_add_text(report->json, NULL, order->address[i]);
		json_close(report->json);
		cmd_add_time(report->json, "expires", order->expires);
		json_add_filled(report->json, "why", order->why);
		json_close(report->json);
	}
	buf_clear(&line);
}

static void
warn(const char *what)
{
	struct note warning;

	note_say(&warning, "warning: %.290s", what);
	cmd_say(&warning);
}

static void
warn_limits(const struct order *order)
{
	char text[300];

	if (order->why[0] == '\0')
		return;
	(void)snprintf(
	    text, sizeof(text), "the certificate %.250s", order->why);
	warn(text);
}

/* The one whose key is missing. */
static void
tell_no_key(const struct order *order, struct note *note)
{
	char shown[100];

	text_show_in(shown, sizeof(shown), span_of(order->address[0]),
	    text_locale_is_utf8());
	note_say(note,
	    "the private key of the certificate for %s is neither here nor in "
	    "the home; name its file, too: mailcert import KEY CERTIFICATE",
	    shown);
}

/* How the key is locked in the home: with the passphrase of --passphrase, or
 * as it was. */
static struct span
lock_of(const struct import *import, const char *public, struct span chosen)
{
	const struct import_key *key = import_find_key(import, public);

	return chosen.len > 0 || key == NULL || !key->locked
	    ? chosen
	    : buf_span(&import->file[key->file].passphrase);
}

/* As after a renewal.  What fails is tried again by renew. */
static void
install(struct session *session, const struct order *order)
{
	struct note note = { "" };

	if (deploying_new(&session->config, &session->home, order, &note) !=
	    STATUS_OK)
		warn(note.text);
}

/* One certificate; false: the next one need not be tried. */
static bool
import_one(struct session *session, struct import *import, const char *public,
    struct span lock, struct report *report)
{
	const int64_t now = (int64_t)time(NULL);
	struct order *order = calloc(1, sizeof(*order));
	enum import_outcome outcome = IMPORT_NEW;
	struct note note = { "" };
	enum status status = STATUS_MEMORY;
	bool go_on;

	if (order != NULL)
		status = import_leaf(import, public,
		    lock_of(import, public, lock), now, &outcome, order, &note);
	if (status == STATUS_OK) {
		report->done++;
		tell(session, report, outcome, order, now);
		if (outcome != IMPORT_KNOWN)
			warn_limits(order);
		install(session, order);
	} else if (status == STATUS_NO) {
		tell_no_key(order, &note);
		status = STATUS_BAD_FILE;
	}
	go_on = status == STATUS_OK || status == STATUS_BAD_FILE;
	if (status != STATUS_OK && (report->status == STATUS_OK || !go_on)) {
		report->status = status;
		report->why = note;
	}
	free(order);
	return go_on;
}

/* A key whose certificate is in none of the files. */
static bool
has_lone_key(const struct import *import)
{
	size_t i, j;

	for (i = 0; i < import->keys; i++) {
		for (j = 0; j < import->leaves; j++)
			if (strcmp(import->leaf[j], import->key[i].public) == 0)
				break;
		if (j == import->leaves)
			return true;
	}
	return false;
}

static enum status
judge(struct session *session, const struct import *import,
    const struct report *report)
{
	if (report->status != STATUS_OK &&
	    (report->done == 0 || report->status != STATUS_BAD_FILE)) {
		session->note = report->why;
		return report->status;
	}
	if (import->leaves == 0)
		return note_set(&session->note, STATUS_BAD_FILE,
		    import->keys > 0
			? "there is a private key, but no certificate; name "
			  "both files: mailcert import KEY CERTIFICATE"
			: "there is neither a private key nor a certificate "
			  "in it");
	if (report->status != STATUS_OK)
		warn(report->why.text);
	if (has_lone_key(import))
		warn("a private key without its certificate was left out");
	return STATUS_OK;
}

static enum status
import_all(struct session *session, struct import *import,
    const struct options *options, struct report *report)
{
	struct buf lock;
	enum status status = STATUS_OK;
	size_t i;

	for (i = 0; i < import->warnings; i++)
		warn(import->warning[i].text);
	buf_init(&lock, PASSPHRASE_MAX);
	if (import->keys > 0 && import->leaves > 0 &&
	    (options->passphrase || session->config.lock_keys))
		status = passphrase_get(
		    &session->config, true, &lock, &session->note);
	for (i = 0; status == STATUS_OK && i < import->leaves; i++)
		if (!import_one(session, import, import->leaf[i],
			buf_span(&lock), report))
			break;
	buf_wipe(&lock);
	return status == STATUS_OK ? judge(session, import, report) : status;
}

static enum status
take_home(struct session *session, const struct files *files,
    struct import *import, const struct options *options)
{
	if (files->count != 1 || options->passphrase)
		return note_set(&session->note, STATUS_USAGE,
		    "an exported home is imported alone, and its keys stay as "
		    "they are");
	return name_file(home_file_import(session, &import->file[0],
			     shown_name(files->name[0]), options->json),
	    files->name[0], &session->note);
}

static enum status
run(struct session *session, struct files *files, const struct options *options)
{
	struct import *import = calloc(1, sizeof(*import));
	struct json_writer json;
	struct report report = { .json = NULL };
	enum status status;

	if (import == NULL)
		return STATUS_MEMORY;
	import_init(&session->home, import);
	status = inspect_all(session, files, import);
	if (import->is_home) {
		if (status == STATUS_OK)
			status = take_home(session, files, import, options);
		import_clear(import);
		free(import);
		return status;
	}
	if (options->json) {
		json = json_begin(&session->out);
		json_open_array(&json, "certificates");
		report.json = &json;
	}
	if (status == STATUS_OK)
		status = import_all(session, import, options, &report);
	if (options->json) {
		json_close(&json);
		json_close(&json);
		/* Then the error is the object. */
		if (report.done == 0)
			buf_cut(&session->out, 0);
	}
	import_clear(import);
	free(import);
	return status;
}

int
cmd_import(const struct invocation *invocation, int argc, char *argv[])
{
	static char standard_input[] = "-";
	char *fallback[] = { standard_input };
	struct files files = { .name = fallback, .count = 1 };
	struct options options = { 0 };
	struct session *session;
	enum status status;
	int code = 0;
	size_t i;

	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	if (optind < argc)
		files = (struct files){ .name = argv + optind,
			.count = (size_t)(argc - optind) };
	for (i = 0; i < IMPORT_FILES_MAX; i++)
		files.held[i] = -1;
	if ((session = session_begin(invocation, true, &code)) == NULL)
		return code;
	status = run(session, &files, &options);
	for (i = 0; i < IMPORT_FILES_MAX; i++)
		if (files.held[i] >= 0)
			(void)close(files.held[i]);
	return session_end(session, status);
}

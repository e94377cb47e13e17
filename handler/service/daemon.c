/* daemon.c - the mail servers that certificates go into: see daemon.h */
#include "service/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "install/program.h"
#include "install/textfile.h"

enum { PRINTED_MAX = 64 * 1024 };

const struct daemon_kind *const daemon_kinds[] = { &daemon_dovecot,
	&daemon_postfix, &daemon_exim, NULL };

const struct daemon_kind *
daemon_find(const char *name)
{
	size_t i;

	for (i = 0; daemon_kinds[i] != NULL; i++)
		if (strcmp(daemon_kinds[i]->name, name) == 0)
			return daemon_kinds[i];
	return NULL;
}

bool
daemon_program(const char *name, char *out, size_t size)
{
	static const char *const directories[] = { "/usr/local/sbin",
		"/usr/sbin", "/sbin" };
	char path[DAEMON_PATH_SIZE];
	size_t i;

	if (program_find(name, out, size))
		return true;
	for (i = 0; i < sizeof(directories) / sizeof(*directories); i++) {
		(void)snprintf(
		    path, sizeof(path), "%s/%.100s", directories[i], name);
		if (program_find(path, out, size))
			return true;
	}
	return false;
}

enum status
daemon_run(const char *name, const char *const *argv, struct buf *out,
    struct note *note)
{
	char path[DAEMON_PATH_SIZE];
	const struct program program = {
		.name = daemon_program(name, path, sizeof(path)) ? path : name,
		.argv = argv,
		.seconds = DAEMON_SECONDS
	};
	struct note said = { "" };
	struct buf printed;
	enum status status;
	int code = 0;

	buf_init(&printed, PRINTED_MAX);
	status = program_run(&program, &printed, &said, &code, note);
	if (status == STATUS_OK && code != 0)
		status = note_set(note, STATUS_NO,
		    "%s ends with status %d%s%.200s", name, code,
		    said.text[0] != '\0' ? ": " : "", said.text);
	if (status == STATUS_OK && out != NULL) {
		buf_add(out, span_trim(buf_span(&printed)));
		status = buf_status(out);
	}
	buf_clear(&printed);
	return status;
}

void
daemon_directory(const char *path, char out[DAEMON_PATH_SIZE])
{
	const char *slash = strrchr(path, '/');

	(void)snprintf(out, DAEMON_PATH_SIZE, "%.*s",
	    slash == NULL ? 1 : (int)(slash - path),
	    slash == NULL ? "." : path);
}

enum status
daemon_owner(const struct daemon_site *site, uid_t *uid, gid_t *gid,
    mode_t *mode, struct note *note)
{
	struct stat st;

	if (stat(site->config, &st) != 0)
		return note_set(note, STATUS_NO, "%.200s: %s", site->config,
		    strerror(errno));
	*uid = st.st_uid;
	*gid = st.st_gid;
	*mode = 0600;
	return STATUS_OK;
}

enum status
daemon_write(struct daemon_site *site, const char *path, struct span text,
    struct note *note)
{
	enum status status;
	mode_t mode = 0644;
	struct buf old;
	uid_t uid;
	gid_t gid;
	bool same;

	buf_init(&old, TEXTFILE_MAX);
	status = textfile_read(path, &old, &mode, note);
	same = status == STATUS_OK && span_eq(buf_span(&old), text);
	buf_clear(&old);
	if (status == STATUS_OK &&
	    !journal_has(&site->changes.journal, "file", path))
		return note_set(note, STATUS_CREATE,
		    "%.200s exists and was not made by mailcert; move it away",
		    path);
	if (same)
		return STATUS_OK;
	if (status == STATUS_OK || status == STATUS_MISSING)
		status = daemon_owner(site, &uid, &gid, &mode, note);
	if (status == STATUS_OK)
		status = journal_add(
		    &site->changes.journal, "file", path, SPAN(""), note);
	if (status == STATUS_OK)
		status = textfile_replace(path, 0644, text, note);
	if (status == STATUS_OK && geteuid() == 0 && chown(path, uid, gid) != 0)
		status = note_set(
		    note, STATUS_IO, "%.200s: %s", path, strerror(errno));
	return status;
}

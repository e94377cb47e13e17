/* dovecot.c - change the configuration of Dovecot: see dovecot.h */
#include "service/dovecot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "install/textfile.h"

enum { VALUE_MAX = 16 * 1024, TEXT_MAX = 8 * 1024 };

#define OUR_FILE "99-mailcert-tls.conf"

/* doveconf -c FILE [-f protocol=P] -h SETTING: the bare value. */
static enum status
ask(const char *file, const char *protocol, const char *setting,
    struct buf *out, struct note *note)
{
	const char *argv[8];
	char filter[64];
	size_t n = 0;

	argv[n++] = "-c";
	argv[n++] = file;
	if (protocol != NULL) {
		(void)snprintf(filter, sizeof(filter), "protocol=%s", protocol);
		argv[n++] = "-f";
		argv[n++] = filter;
	}
	argv[n++] = "-h";
	argv[n++] = setting;
	argv[n] = NULL;
	return daemon_run("doveconf", argv, out, note);
}

enum status
dovecot_get(const struct daemon_site *site, const char *protocol,
    const char *setting, struct buf *out, struct note *note)
{
	return ask(site->config, protocol, setting, out, note);
}

/* doveconf -n reads all of it. */
static enum status
accepts(const char *file, struct note *note)
{
	const char *const argv[] = { "-c", file, "-n", NULL };

	return daemon_run("doveconf", argv, NULL, note);
}

/* A file with the configuration and the text, in the home: the directory of
 * the server is not touched. */
static enum status
write_trial(const struct daemon_site *site, struct span text, const char *path,
    struct note *note)
{
	char real[4096];
	enum status status;
	struct buf whole;

	if (realpath(site->config, real) == NULL)
		return note_set(note, STATUS_NO, "%.200s: %s", site->config,
		    strerror(errno));
	buf_init(&whole, TEXT_MAX + sizeof(real));
	buf_addf(&whole, "!include %s\n", real);
	buf_add(&whole, text);
	status = buf_status(&whole);
	if (status == STATUS_OK)
		status = textfile_replace(path, 0600, buf_span(&whole), note);
	buf_clear(&whole);
	return status;
}

enum status
dovecot_try(const struct daemon_site *site, struct span text,
    const char *protocol, const char *setting, struct buf *out,
    struct note *note)
{
	char path[DAEMON_PATH_SIZE];
	enum status status;

	(void)snprintf(path, sizeof(path), "%.900s/dovecot.trial",
	    site->changes.journal.home->path);
	status = write_trial(site, text, path, note);
	if (status == STATUS_OK)
		status = accepts(path, note);
	if (status == STATUS_OK)
		status = ask(path, protocol, setting, out, note);
	(void)unlink(path);
	return status;
}

enum status
dovecot_path(const struct daemon_site *site, const char *name,
    char out[DAEMON_PATH_SIZE], struct note *note)
{
	char directory[DAEMON_PATH_SIZE];
	struct stat st;

	daemon_directory(site->config, directory);
	(void)snprintf(
	    out, DAEMON_PATH_SIZE, "%.900s/conf.d/%s", directory, name);
	(void)snprintf(directory + strlen(directory),
	    sizeof(directory) - strlen(directory), "/conf.d");
	return stat(directory, &st) == 0 && S_ISDIR(st.st_mode)
	    ? STATUS_OK
	    : note_set(note, STATUS_NO,
		  "%.200s does not exist; make it, and add \"!include_try "
		  "conf.d/*.conf\" to the end of %.200s",
		  directory, site->config);
}

/* Is the configuration good, and does the setting have that value? */
static enum status
has_taken(const struct daemon_site *site, const char *protocol,
    const char *setting, struct span wanted, struct note *note)
{
	enum status status;
	struct buf value;

	buf_init(&value, VALUE_MAX);
	status = accepts(site->config, note);
	if (status == STATUS_OK)
		status = dovecot_get(site, protocol, setting, &value, note);
	if (status == STATUS_OK && !span_eq(buf_span(&value), wanted))
		status = note_set(note, STATUS_NO,
		    "%s of %.150s does not change; does it end with "
		    "\"!include_try conf.d/*.conf\"?",
		    setting, site->config);
	buf_clear(&value);
	return status;
}

enum status
dovecot_put(struct daemon_site *site, const char *path, struct span text,
    const char *protocol, const char *setting, struct span wanted,
    struct note *note)
{
	struct note unheard = { "" };
	enum status status, back;
	mode_t mode = 0644;
	struct buf old;
	bool was;

	buf_init(&old, TEXTFILE_MAX);
	status = textfile_read(path, &old, &mode, note);
	was = status == STATUS_OK;
	if (was || status == STATUS_MISSING)
		status = daemon_write(site, path, text, note);
	if (status == STATUS_OK) {
		status = has_taken(site, protocol, setting, wanted, note);
		if (status != STATUS_OK) {
			back = was ? textfile_replace(
					 path, mode, buf_span(&old), &unheard)
			    : unlink(path) == 0 ? path_sync_parent(path)
						: STATUS_IO;
			if (back != STATUS_OK)
				status = note_set(note, back,
				    "%.200s is wrong, and cannot be restored",
				    path);
		}
	}
	buf_clear(&old);
	return status;
}

enum status
dovecot_reload(const struct daemon_site *site, struct note *note)
{
	const char *const argv[] = { "-c", site->config, "reload", NULL };

	return daemon_run("doveadm", argv, NULL, note);
}

/* --- certificates ------------------------------------------------------------ */

static enum status
use(struct daemon_site *site, bool *manual, struct note *note)
{
	char path[DAEMON_PATH_SIZE], wanted[DAEMON_PATH_SIZE + 2];
	struct buf text, value;
	enum status status;

	*manual = false;
	buf_init(&text, TEXT_MAX);
	buf_init(&value, VALUE_MAX);
	buf_addf(&text,
	    "# mailcert service install --remove dovecot takes this away\n"
	    "ssl_cert = <%s\nssl_key = <%s\n",
	    site->pair, site->pair);
	(void)snprintf(wanted, sizeof(wanted), "<%s", site->pair);
	status = dovecot_path(site, OUR_FILE, path, note);
	if (status == STATUS_OK && site->changes.dry_run) {
		change_say(&site->changes, "wrote", "write", path);
	} else if (status == STATUS_OK) {
		status = dovecot_try(
		    site, buf_span(&text), NULL, "ssl_cert", &value, note);
		if (status == STATUS_OK)
			status = dovecot_put(site, path, buf_span(&text), NULL,
			    "ssl_cert", span_of(wanted), note);
	}
	buf_clear(&value);
	buf_clear(&text);
	return status;
}

const struct daemon_kind daemon_dovecot = {
	.name = "dovecot",
	.journal = "server-dovecot",
	.config = "/etc/dovecot/dovecot.conf",
	.serves = { [SERVICE_IMAP] = true,
	    [SERVICE_POP3] = true,
	    [SERVICE_LMTP] = true },
	.owner = daemon_owner,
	.use = use,
	.reload = dovecot_reload,
};

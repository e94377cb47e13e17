/* deliver.c - delivery of the draft: see deliver.h */
#include "deliver/deliver.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "mail/date.h"
#include "process/run.h"

enum {
	SENDMAIL_ARGS_MAX = 32,
	/* One that talks SMTP itself has this long for a command (RFC 5321
	 * section 4.5.3.2), and a delivery agent waits longer for us. */
	SENDMAIL_SECONDS = 300
};

/* A name that no other process makes (maildir(5)). */
static enum status
unique_name(char *out, size_t size)
{
	unsigned char random[8];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return STATUS_IO;
	(void)snprintf(out, size,
	    "%lld.R%02x%02x%02x%02x%02x%02x%02x%02x.mailcert",
	    (long long)time(NULL), random[0], random[1], random[2], random[3],
	    random[4], random[5], random[6], random[7]);
	return STATUS_OK;
}

/* Its entry in the directory: until that is durable the draft may be there or
 * not. */
static enum status
settle_draft(enum status synced, const char *path, enum outcome *outcome,
    struct note *note)
{
	*outcome = synced == STATUS_OK ? OUTCOME_DRAFTED : OUTCOME_DOUBT;
	return synced == STATUS_OK
	    ? STATUS_OK
	    : note_set(note, synced, "%.200s: cannot sync its directory: %s",
		  path, strerror(errno));
}

static enum status
deliver_file(const char *path, struct span message, enum outcome *outcome,
    struct note *note)
{
	enum status status = file_create(AT_FDCWD, path, message, note);

	return status == STATUS_OK
	    ? settle_draft(path_sync_parent(path), path, outcome, note)
	    : status;
}

/* fsync dir/name. */
static enum status
sync_below(int dir, const char *name)
{
	enum status status;
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno == EACCES ? STATUS_OK : STATUS_IO;
	status = dir_sync(fd);
	(void)close(fd);
	return status;
}

/* Into tmp, then renamed: a reader sees the whole draft or none. */
static enum status
deliver_maildir(const char *path, const char *to, const char *flags,
    struct span message, enum outcome *outcome, struct note *note)
{
	char name[80], temporary[96], final[128];
	enum status status;
	int dir;

	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return note_set(
		    note, STATUS_CREATE, "%.200s: %s", path, strerror(errno));
	status = unique_name(name, sizeof(name));
	(void)snprintf(temporary, sizeof(temporary), "tmp/%s", name);
	(void)snprintf(final, sizeof(final), "%s/%s%s", to, name, flags);
	if (status == STATUS_OK)
		status = file_create(dir, temporary, message, note);
	if (status == STATUS_OK && renameat(dir, temporary, dir, final) != 0) {
		status = note_set(note, STATUS_CREATE, "%.200s/%s: %s", path,
		    to, strerror(errno));
		(void)unlinkat(dir, temporary, 0);
	}
	if (status == STATUS_OK)
		status = settle_draft(sync_below(dir, to), path, outcome, note);
	(void)close(dir);
	return status;
}

/* Both locks, as others may look at one only.  A file system that lacks one of
 * them leaves us the other; STATUS_IO: it lacks both. */
static enum status
lock_mbox(int fd, struct note *note)
{
	const struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	const bool by_flock = flock(fd, LOCK_EX | LOCK_NB) == 0;
	const int no_flock = by_flock ? 0 : errno;
	const bool by_fcntl = fcntl(fd, F_SETLK, &whole) == 0;
	const int no_fcntl = by_fcntl ? 0 : errno;

	if (no_flock == EWOULDBLOCK || no_fcntl == EAGAIN || no_fcntl == EACCES)
		return note_set(note, STATUS_AGAIN,
		    "another program has locked the mbox; try again later");
	if (!by_flock && !by_fcntl)
		return note_set(note, STATUS_IO, "cannot lock the mbox: %s",
		    strerror(no_fcntl));
	return STATUS_OK;
}

static enum status
append_mbox(int fd, struct span message, struct note *note)
{
	enum status status;
	time_t now = time(NULL);
	struct tm tm;
	struct buf text;
	char date[40];
	off_t end;

	if ((status = lock_mbox(fd, note)) != STATUS_OK)
		return status;
	if ((end = lseek(fd, 0, SEEK_END)) < 0)
		return STATUS_IO;
	buf_init(&text, message.len + 256);
	(void)gmtime_r(&now, &tm);
	(void)strftime(date, sizeof(date), "%a %b %e %H:%M:%S %Y", &tm);
	buf_addf(&text, "From MAILER-DAEMON %s\n", date);
	buf_add(&text, message);
	buf_add_byte(&text, '\n');
	status = fd_write(fd, buf_span(&text));
	if (status == STATUS_OK && fsync(fd) != 0)
		status = STATUS_IO;
	if (status != STATUS_OK) {
		(void)note_set(note, status, "cannot write to the mbox: %s",
		    strerror(errno));
		if (ftruncate(fd, end) != 0)
			status = STATUS_IO;
	}
	buf_clear(&text);
	return status;
}

static enum status
deliver_mbox(const char *path, struct span message, enum outcome *outcome,
    struct note *note)
{
	enum status status;
	struct stat st;
	int fd;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
	if (fd < 0)
		return note_set(
		    note, STATUS_CREATE, "%.200s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		status = note_set(
		    note, STATUS_CREATE, "%.200s is not a regular file", path);
	else
		status = append_mbox(fd, message, note);
	/* It may be new. */
	if (status == STATUS_OK)
		status =
		    settle_draft(path_sync_parent(path), path, outcome, note);
	(void)close(fd);
	return status;
}

/* "/usr/sbin/sendmail -x -y" in words; no shell, no quotes. */
static size_t
split_words(char *text, const char *argv[], size_t size)
{
	size_t n = 0;
	char *at = text;

	while (*at != '\0' && n < size) {
		while (*at == ' ')
			*at++ = '\0';
		if (*at == '\0')
			break;
		argv[n++] = at;
		while (*at != '\0' && *at != ' ')
			at++;
	}
	return n;
}

/*
 * What the exit of a sendmail says about the message; docs/leniency.md has the
 * reasons.  Only these say that it was not taken: a usage, an address, a
 * configuration or permission that is wrong, a server that will not have it,
 * and "later".  Software, system, I/O and protocol errors (70, 71, 74, 76) may
 * come after the message was handed on; so may whatever is no sysexits status,
 * 127 of a shell script, and a signal.  With several recipients one status
 * cannot speak for all.
 */
static enum outcome
outcome_of_exit(int code, size_t recipients)
{
	switch (code) {
	case EX_OK:
		return OUTCOME_SENT;
	case EX_USAGE:
	case EX_DATAERR:
	case EX_NOINPUT:
	case EX_NOUSER:
	case EX_NOHOST:
	case EX_UNAVAILABLE:
	case EX_TEMPFAIL:
	case EX_NOPERM:
	case EX_CONFIG:
		return recipients == 1 ? OUTCOME_NOTHING : OUTCOME_DOUBT;
	default:
		return OUTCOME_DOUBT;
	}
}

/* Whether somebody sits there whom a sendmail could ask for a password. */
static bool
has_terminal(void)
{
	const int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);

	if (tty >= 0)
		(void)close(tty);
	return tty >= 0;
}

static enum status
deliver_sendmail(const struct delivery *delivery, struct span message,
    enum outcome *outcome, struct note *note)
{
	const struct challenge *challenge = match_challenge(delivery->match);
	const char *argv[SENDMAIL_ARGS_MAX + 16];
	struct run run = { .argv = argv,
		.environment = RUN_MAIL,
		.input = message,
		.seconds = SENDMAIL_SECONDS };
	struct note said = { "" };
	char command[1024];
	enum status status;
	size_t n, i;
	int code = 0;

	if (!span_copy(span_of(delivery->sendmail), command, sizeof(command)))
		return STATUS_CONFIG;
	n = split_words(command, argv, SENDMAIL_ARGS_MAX);
	/* No -t: the envelope is ours, not what a parser makes of the
	 * header. */
	argv[n++] = "-oi";
	argv[n++] = "-f";
	argv[n++] = match_expectation(delivery->match)->address;
	argv[n++] = "--";
	for (i = 0; i < challenge->reply_to_count; i++)
		argv[n++] = challenge->reply_to_written[i];
	argv[n] = NULL;
	run.shares = has_terminal();
	status = process_run(&run, NULL, &said, &code, note);
	if (status == STATUS_CREATE)
		return note_set(
		    note, STATUS_CREATE, "cannot start %.200s", argv[0]);
	*outcome = status == STATUS_OK
	    ? outcome_of_exit(code, challenge->reply_to_count)
	    : OUTCOME_DOUBT;
	if (*outcome == OUTCOME_SENT)
		return said.text[0] == '\0'
		    ? STATUS_OK
		    : note_set(note, STATUS_OK, "%.100s: %.200s", argv[0],
			  said.text);
	if (status != STATUS_OK)
		return STATUS_IO;
	return note_set(note,
	    *outcome == OUTCOME_NOTHING && code == EX_TEMPFAIL ? STATUS_AGAIN
							       : STATUS_IO,
	    "%.100s exited with status %d%s%.100s%s", argv[0], code,
	    said.text[0] != '\0' ? ": " : "", said.text,
	    *outcome == OUTCOME_NOTHING ? "; the reply was not sent" : "");
}

/* Run the mail program on the draft file, in our terminal, with the user's
 * own environment.  A pipe on stdin would make it a batch job. */
static enum status
run_mua(const struct mua *mua, const char *draft, int *code, struct note *note)
{
	static const char settings[] =
	    "set resume_draft_files=yes crypt_autosign=no crypt_autoencrypt=no "
	    "autoedit=no edit_headers=no editor=true abort_unmodified=no "
	    "realname=''";
	/* neomutt fills an empty realname from the password file after -e; the
	 * From of the reply is the bare address. */
	static const char hook[] = "send2-hook ~A \"set realname=''\"";
	const char *argv[MUA_ARGS_MAX + 8];
	struct run run = { .argv = argv,
		.environment = RUN_USER,
		.terminal = RUN_ON_SCREEN,
		.shares = true };
	enum status status;
	size_t n = 0, i;

	argv[n++] = mua->path;
	for (i = 0; i < mua->args; i++)
		argv[n++] = mua->arg[i];
	argv[n++] = "-e";
	argv[n++] = settings;
	argv[n++] = "-e";
	argv[n++] = hook;
	argv[n++] = "-H";
	argv[n++] = draft;
	argv[n] = NULL;
	if ((run.tty = open("/dev/tty", O_RDWR | O_CLOEXEC)) < 0)
		return note_set(note, STATUS_CREATE,
		    "cannot start %.200s: there is no terminal", mua->path);
	status = process_run(&run, NULL, NULL, code, note);
	(void)close(run.tty);
	return status;
}

static enum status
deliver_mua(const struct delivery *delivery, struct span message,
    enum outcome *outcome, struct note *note)
{
	char unique[80], name[120], path[1200];
	enum status status;
	int dir = -1, code = 0;

	status = home_subdir(delivery->home, "drafts", true, &dir, note);
	if (status != STATUS_OK)
		return status;
	/* Gone when the mail program ends, or swept where we do not live to see
	 * that. */
	status = unique_name(unique, sizeof(unique));
	file_temporary_name(unique, name, sizeof(name));
	if (status == STATUS_OK)
		status = file_create(dir, name, message, note);
	if (status != STATUS_OK) {
		(void)close(dir);
		return status;
	}
	(void)snprintf(
	    path, sizeof(path), "%s/drafts/%s", delivery->home->path, name);
	status = run_mua(delivery->mua, path, &code, note);
	if (status != STATUS_OK) {
		;
	} else if (code == 0) {
		*outcome = OUTCOME_SENT;
	} else {
		/* Postponed or dropped: only the user knows. */
		*outcome = OUTCOME_DRAFTED;
		note_say(note,
		    "%s did not send the reply; answer the challenge again if "
		    "you did not postpone it",
		    delivery->mua->name);
	}
	(void)unlinkat(dir, name, 0);
	(void)close(dir);
	return status;
}

void
stage_path(const struct home *home, const struct mua *mua, struct buf *out)
{
	buf_addf(out, "%.900s/stage/", home->path);
	if (mua->pid > 0)
		buf_addf(out, "%ld", (long)mua->pid);
	else
		buf_add_text(out, "shared");
}

static void
remove_below(int dir, const char *name)
{
	struct dirent *entry;
	DIR *stream;
	int fd;

	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || (stream = fdopendir(fd)) == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while ((entry = readdir(stream)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			(void)unlinkat(dirfd(stream), entry->d_name, 0);
	(void)closedir(stream);
	(void)unlinkat(dir, name, AT_REMOVEDIR);
}

/* Remove one stage Maildir, draft and all. */
static void
stage_remove(int stages, const char *name)
{
	static const char *const boxes[] = { "tmp", "new", "cur" };
	int dir;
	size_t i;

	dir = openat(
	    stages, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return;
	for (i = 0; i < 3; i++)
		remove_below(dir, boxes[i]);
	(void)close(dir);
	/* What a mail program keeps beside (.mh_sequences ...) goes too. */
	remove_below(stages, name);
}

/* Stages of mail programs that are gone. */
static void
stage_sweep(int stages)
{
	struct dirent *entry;
	DIR *stream;
	long pid;
	int fd;

	if ((fd = openat(stages, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return;
	if ((stream = fdopendir(fd)) == NULL) {
		(void)close(fd);
		return;
	}
	while ((entry = readdir(stream)) != NULL) {
		pid = strtol(entry->d_name, NULL, 10);
		if (pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH)
			stage_remove(stages, entry->d_name);
	}
	(void)closedir(stream);
}

void
stage_clear(const struct home *home, const struct mua *mua)
{
	struct buf path;
	int stages = -1;

	buf_init(&path, 1024);
	stage_path(home, mua, &path);
	if (buf_status(&path) == STATUS_OK &&
	    home_subdir(home, "stage", false, &stages, NULL) == STATUS_OK &&
	    stages >= 0) {
		stage_sweep(stages);
		stage_remove(stages, strrchr(path.at, '/') + 1);
		(void)close(stages);
	}
	buf_clear(&path);
}

static enum status
deliver_stage(const struct delivery *delivery, struct span message,
    enum outcome *outcome, struct note *note)
{
	static const char *const boxes[] = { "", "/tmp", "/new", "/cur" };
	enum status status;
	struct buf path;
	char below[1100];
	int stages = -1;
	size_t i;

	status = home_subdir(delivery->home, "stage", true, &stages, note);
	if (status != STATUS_OK)
		return status;
	buf_init(&path, 1024);
	stage_path(delivery->home, delivery->mua, &path);
	/* Exactly one draft, so that the mail program opens it unasked. */
	stage_clear(delivery->home, delivery->mua);
	for (i = 0; i < 4 && status == STATUS_OK; i++) {
		(void)snprintf(below, sizeof(below), "%s%s", path.at, boxes[i]);
		status = path_make(below);
		if (status != STATUS_OK)
			(void)note_set(
			    note, status, "%.200s: %s", below, strerror(errno));
	}
	if (status == STATUS_OK)
		status =
		    deliver_maildir(path.at, "new", "", message, outcome, note);
	buf_clear(&path);
	(void)close(stages);
	return status;
}

bool
stage_has_draft(const struct home *home, const struct mua *mua)
{
	struct dirent *entry;
	struct buf path;
	bool found = false;
	DIR *stream;

	buf_init(&path, 1100);
	stage_path(home, mua, &path);
	buf_add_text(&path, "/new");
	stream = buf_status(&path) == STATUS_OK ? opendir(path.at) : NULL;
	while (stream != NULL && !found && (entry = readdir(stream)) != NULL)
		found = entry->d_name[0] != '.';
	if (stream != NULL)
		(void)closedir(stream);
	buf_clear(&path);
	return found;
}

enum status
deliver_check(const struct delivery *delivery, struct note *note)
{
	const char *path = delivery->destination->path;
	struct stat st;

	switch (delivery->destination->kind) {
	case DESTINATION_MUA:
		if (delivery->mua->pid == 0)
			return note_set(note, STATUS_USAGE,
			    "no mail program started mailcert; use another "
			    "--draft");
		return STATUS_OK;
	case DESTINATION_FILE:
		if (lstat(path, &st) == 0)
			return note_set(note, STATUS_CREATE,
			    "%.200s already exists; name another file", path);
		return STATUS_OK;
	case DESTINATION_MAILDIR:
		if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
			return note_set(note, STATUS_CREATE,
			    "%.200s is not a Maildir", path);
		return STATUS_OK;
	case DESTINATION_STAGE:
	case DESTINATION_STDOUT:
	case DESTINATION_MBOX:
	case DESTINATION_SENDMAIL:
		break;
	}
	return STATUS_OK;
}

enum status
deliver(const struct delivery *delivery, struct span message,
    enum outcome *outcome, struct note *note)
{
	const char *path = delivery->destination->path;
	enum status status;

	*outcome = OUTCOME_NOTHING;
	switch (delivery->destination->kind) {
	case DESTINATION_MUA:
		return deliver_mua(delivery, message, outcome, note);
	case DESTINATION_STAGE:
		return deliver_stage(delivery, message, outcome, note);
	case DESTINATION_FILE:
		return deliver_file(path, message, outcome, note);
	case DESTINATION_MAILDIR:
		return deliver_maildir(
		    path, "cur", ":2,DS", message, outcome, note);
	case DESTINATION_MBOX:
		return deliver_mbox(path, message, outcome, note);
	case DESTINATION_SENDMAIL:
		return deliver_sendmail(delivery, message, outcome, note);
	case DESTINATION_STDOUT:
		break;
	}
	status = delivery->hold_stdout ? STATUS_OK
				       : fd_write(STDOUT_FILENO, message);
	*outcome = status == STATUS_OK ? OUTCOME_DRAFTED : OUTCOME_DOUBT;
	return status;
}

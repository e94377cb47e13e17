/* install.c - mailcert install mailcap: write our entries into ~/.mailcap */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cmd.h"

#define BEGIN_MARK "# BEGIN mailcert"
#define END_MARK "# END mailcert"

struct options {
	bool remove;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	{ "remove", NULL, AT(remove), .help = "remove them" }, { 0 }
};

static const struct cmd_line command_line = {
	.name = "install",
	.operands = "mailcap",
	.least = 1,
	.most = 1,
	.options = rows,
	.about =
	    "Put our entries into ~/.mailcap, between markers, or update them there.\n"
	    "--remove removes them.  Nothing else in the file changes.\n",
};

/* "%" stands for the command that runs mailcert. */
static const char *const entries[] = {
	BEGIN_MARK " (mailcert install --remove mailcap takes this out)",
	"application/acme; % handle --type %t -- %s",
	"application/acme; % show --type %t -- %s; copiousoutput",
	"text/acme; % handle --type %t -- %s",
	"text/acme; % show --type %t -- %s; copiousoutput",
	"text/plain; % handle --type %t -- %s; test=% is-challenge",
	END_MARK,
};

enum { MAILCAP_MAX = 1024 * 1024 };

/* The command that runs us from mailcap's shell: our name if PATH leads to us,
 * else our path. */
static enum status
own_name(char *out, size_t size, struct note *note)
{
	const char *paths = getenv("PATH");
	char self[512], found[600];
	struct stat mine, other;
	struct span rest, dir;
	ssize_t len;
	size_t i, end;

	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[len > 0 ? len : 0] = '\0';
	if (len <= 0 || stat(self, &mine) != 0)
		return note_set(
		    note, STATUS_IO, "/proc/self/exe: %s", strerror(errno));
	rest = span_of(paths != NULL ? paths : "");
	while (rest.len > 0) {
		end = span_find_byte(rest, ':');
		dir = span_cut(rest, 0, end);
		rest = span_cut(rest, end + 1, rest.len);
		(void)snprintf(found, sizeof(found), "%.*s/mailcert",
		    (int)dir.len, dir.at);
		if (dir.len > 0 && stat(found, &other) == 0) {
			if (other.st_dev == mine.st_dev &&
			    other.st_ino == mine.st_ino)
				return span_copy(SPAN("mailcert"), out, size)
				    ? STATUS_OK
				    : STATUS_BUG;
			break;
		}
	}
	for (i = 0; self[i] != '\0'; i++)
		if (!ascii_is_alnum(self[i]) &&
		    !span_has_byte(SPAN("/._+-@"), self[i]))
			return note_set(note, STATUS_CONFIG,
			    "%.200s has characters in its path that mailcap "
			    "cannot carry; put mailcert on the PATH",
			    self);
	return span_copy(span_of(self), out, size) ? STATUS_OK : STATUS_CONFIG;
}

static void
add_entries(struct buf *out, const char *name)
{
	const char *at;
	size_t i;

	for (i = 0; i < sizeof(entries) / sizeof(*entries); i++) {
		for (at = entries[i]; *at != '\0'; at++) {
			if (*at == '%' && at[1] == ' ')
				buf_add_text(out, name);
			else
				buf_add_byte(out, *at);
		}
		buf_add_byte(out, '\n');
	}
}

/* Copy the text without our markers and the lines between them. */
static enum status
strip(struct span text, struct buf *out, struct note *note)
{
	bool inside = false;
	struct span line;
	size_t end;

	while (text.len > 0) {
		end = span_find_byte(text, '\n');
		line = span_cut(text, 0, end + 1);
		text = span_cut(text, end + 1, text.len);
		if (span_starts(line, SPAN(BEGIN_MARK)))
			inside = true;
		else if (inside && span_starts(line, SPAN(END_MARK)))
			inside = false;
		else if (!inside)
			buf_add(out, line);
	}
	if (inside)
		return note_set(note, STATUS_CONFIG,
		    "~/.mailcap has \"" BEGIN_MARK "\" without \"" END_MARK
		    "\"; repair it by hand");
	return buf_status(out);
}

/* Replace the file, keeping its mode and following a link to it. */
static enum status
write_back(const char *path, mode_t mode, struct span text, struct note *note)
{
	char temporary[1200], real[PATH_MAX], dir_name[1200];
	enum status status;
	const char *target = path;
	int dir;

	if (realpath(path, real) != NULL)
		target = real;
	(void)snprintf(temporary, sizeof(temporary), "%.1000s.mailcert.%ld",
	    target, (long)getpid());
	status = file_create(AT_FDCWD, temporary, text, note);
	if (status != STATUS_OK)
		return status;
	if (chmod(temporary, mode) != 0)
		status = note_set(
		    note, STATUS_IO, "%.200s: %s", temporary, strerror(errno));
	if (status == STATUS_OK && rename(temporary, target) != 0)
		status = note_set(
		    note, STATUS_CREATE, "%.200s: %s", target, strerror(errno));
	if (status != STATUS_OK) {
		(void)unlink(temporary);
		return status;
	}
	(void)snprintf(dir_name, sizeof(dir_name), "%.1000s", target);
	dir = open(dirname(dir_name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0) {
		(void)fsync(dir);
		(void)close(dir);
	}
	return STATUS_OK;
}

static enum status
read_mailcap(const char *path, struct buf *out, mode_t *mode, struct note *note)
{
	struct stat st;
	enum status status = STATUS_OK;
	int fd;

	*mode = 0644;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return errno == ENOENT ? STATUS_OK
				       : note_set(note, STATUS_IO, "%.200s: %s",
					     path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_size >= MAILCAP_MAX || !buf_reserve(out, (size_t)st.st_size))
		status = note_set(note, STATUS_IO,
		    "%.200s is not a regular file, or too large", path);
	else if (read(fd, out->at, (size_t)st.st_size) != st.st_size)
		status = note_set(
		    note, STATUS_IO, "%.200s: %s", path, strerror(errno));
	if (status == STATUS_OK) {
		out->len = (size_t)st.st_size;
		out->at[out->len] = '\0';
		*mode = st.st_mode & 07777;
	}
	(void)close(fd);
	return status;
}

static enum status
install_mailcap(bool install, struct note *note)
{
	const char *user = getenv("HOME");
	char path[1024], name[512];
	struct buf old, text, kept;
	enum status status;
	mode_t mode;

	if (user == NULL || user[0] != '/')
		return note_set(note, STATUS_CONFIG, "HOME is not set");
	(void)snprintf(path, sizeof(path), "%.1000s/.mailcap", user);
	buf_init(&old, MAILCAP_MAX);
	buf_init(&kept, MAILCAP_MAX);
	buf_init(&text, MAILCAP_MAX + 8192);
	status = read_mailcap(path, &old, &mode, note);
	if (status == STATUS_OK)
		status = strip(buf_span(&old), &kept, note);
	if (status == STATUS_OK && install)
		status = own_name(name, sizeof(name), note);
	/* Ours come first: mailcap takes the first entry that matches. */
	if (status == STATUS_OK && install)
		add_entries(&text, name);
	buf_add(&text, buf_span(&kept));
	if (status == STATUS_OK)
		status = buf_status(&text);
	if (status == STATUS_OK && !span_eq(buf_span(&text), buf_span(&old)))
		status = write_back(path, mode, buf_span(&text), note);
	buf_clear(&text);
	buf_clear(&kept);
	buf_clear(&old);
	return status;
}

int
cmd_install(const struct invocation *invocation, int argc, char *argv[])
{
	struct note note = { "" };
	enum status status;
	struct options options = { 0 };
	int code;

	(void)invocation;
	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	if (strcmp(argv[optind], "mailcap") != 0)
		return cmd_misuse(&command_line,
		    "cannot install into %.100s; use mailcap", argv[optind]);
	status = install_mailcap(!options.remove, &note);
	return status == STATUS_OK ? 0 : cmd_fail(status, &note);
}

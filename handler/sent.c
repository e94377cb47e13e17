/* sent.c - was the drafted reply sent: see sent.h.  Input: hostile (copies of
 * what others wrote), searched in a child that is shut in. */
#include "sent.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "mail/header.h"
#include "mail/mbox.h"
#include "process/child.h"

enum {
	HEAD_MAX = 64 * 1024,       /* of one message */
	TAIL_MAX = 4 * 1024 * 1024, /* of an mbox: what is new is last */
	CLOCK_SECONDS = 60,         /* file times are a little off */
	FILES_MAX = 1000000
};

struct search {
	struct span text;
	bool mbox;
	struct span message_id; /* of the challenge; empty: it had none */
	struct span part1;
};

struct found {
	uint32_t found;
};

static bool
holds(struct span text, struct span part)
{
	return part.len == 0 || span_find(text, part) < text.len;
}

static bool
is_reply(struct span message, const struct search *search)
{
	static struct header header;

	header_parse(message, &header);
	return holds(header_body(&header, SPAN("Subject")), search->part1) &&
	    span_starts(span_trim(header_body(&header, SPAN("Subject"))),
		SPAN("Re: ACME: ")) &&
	    holds(
		header_body(&header, SPAN("In-Reply-To")), search->message_id);
}

static void
search_in_child(const void *arg, void *report)
{
	const struct search *search = arg;
	struct found *out = report;
	struct span rest = search->text, message;

	if (!search->mbox) {
		out->found = is_reply(rest, search);
		return;
	}
	while (out->found == 0 && mbox_take(&rest, &message))
		out->found = is_reply(message, search);
}

static enum status
search_text(
    struct span text, bool mbox, const struct order *order, struct note *note)
{
	const struct search search = { text, mbox, span_of(order->message_id),
		span_of(order->part1) };
	struct found found = { 0 };
	enum status status;

	/* Most copies are of something else. */
	if (search.part1.len == 0 || !holds(text, search.part1))
		return STATUS_NO;
	status = child_run(
	    search_in_child, &search, &found, sizeof(found), NULL, 0, note);
	if (status != STATUS_OK)
		return status;
	return found.found == 1 ? STATUS_OK : STATUS_NO;
}

/* Changed since the answer was drafted? */
static bool
is_new(const struct stat *st, const struct order *order)
{
	return (int64_t)st->st_mtime + CLOCK_SECONDS >= order->answered;
}

/* The first octets of a file. */
static enum status
read_head(int fd, struct buf *out)
{
	static char head[HEAD_MAX];
	ssize_t len = pread(fd, head, sizeof(head), 0);

	if (len > 0)
		buf_add(out, (struct span){ head, (size_t)len });
	return buf_status(out);
}

static enum status
search_file(
    int dir, const char *name, const struct order *order, struct note *note)
{
	enum status status;
	struct buf text;
	struct stat st;
	int fd;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISREG(st.st_mode) || !is_new(&st, order))
		return STATUS_NO;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return STATUS_NO;
	buf_init(&text, HEAD_MAX);
	if ((status = read_head(fd, &text)) == STATUS_OK)
		status = search_text(buf_span(&text), false, order, note);
	buf_clear(&text);
	(void)close(fd);
	return status;
}

/* "cur" or "new" of a Maildir. */
static enum status
search_box(
    int maildir, const char *name, const struct order *order, struct note *note)
{
	enum status status = STATUS_NO;
	struct dirent *entry;
	DIR *stream = NULL;
	size_t files = 0;
	struct stat st;
	int dir;

	/* A directory to which nothing was added is not read. */
	dir = openat(maildir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fstat(dir, &st) != 0 || !is_new(&st, order) ||
	    (stream = fdopendir(dir)) == NULL) {
		if (dir >= 0)
			(void)close(dir);
		return STATUS_NO;
	}
	while (status == STATUS_NO && files++ < FILES_MAX &&
	    (entry = readdir(stream)) != NULL)
		if (entry->d_name[0] != '.')
			status = search_file(
			    dirfd(stream), entry->d_name, order, note);
	(void)closedir(stream);
	return status;
}

static enum status
search_maildir(const char *path, const struct order *order, struct note *note)
{
	enum status status;
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return STATUS_NO;
	status = search_box(dir, "cur", order, note);
	if (status == STATUS_NO)
		status = search_box(dir, "new", order, note);
	(void)close(dir);
	return status;
}

/* The end of an mbox, from the first message that begins in it. */
static enum status
search_mbox(const char *path, const struct order *order, struct note *note)
{
	enum status status = STATUS_NO;
	struct span rest;
	struct buf text;
	struct stat st;
	size_t start;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return STATUS_NO;
	buf_init(&text, TAIL_MAX + 65536);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && is_new(&st, order) &&
	    (st.st_size <= TAIL_MAX ||
		lseek(fd, st.st_size - TAIL_MAX, SEEK_SET) >= 0) &&
	    fd_read(fd, &text, 5) == STATUS_OK) {
		rest = buf_span(&text);
		start = span_starts(rest, SPAN("From "))
		    ? 0
		    : span_find(rest, SPAN("\nFrom ")) + 1;
		status = search_text(
		    span_cut(rest, start, rest.len), true, order, note);
	}
	buf_clear(&text);
	(void)close(fd);
	return status;
}

enum status
sent_find(const struct destination *folder, const struct order *order,
    struct note *note)
{
	if (folder->kind == DESTINATION_MAILDIR)
		return search_maildir(folder->path, order, note);
	if (folder->kind == DESTINATION_MBOX)
		return search_mbox(folder->path, order, note);
	return STATUS_NO;
}

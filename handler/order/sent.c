/*
 * sent.c - find the sent reply: see sent.h
 *
 * Input: hostile (copies of what others wrote), judged in a child that is
 * sandboxed.
 *
 * The message says whether it is the reply.  Times of files do not: a file
 * server has its own clock.  They only say what is looked at first.
 */
#include "order/sent.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/walk.h"
#include "mail/header.h"
#include "mail/mbox.h"
#include "process/child.h"

enum {
	HEAD_MAX = 64 * 1024,    /* of one message: its header is in there */
	REPLY_MAX = 1024 * 1024, /* no reply of three lines is larger */
	CHUNK = 1024 * 1024,     /* of an mbox */
	CLOCK_SECONDS = 60,      /* file times are a little off */
	TICK_SECONDS = 3,        /* the coarsest time of a file system is 2 */
	LOOKS = 16
};

struct search {
	struct span text;
	bool mbox;
	struct span message_id; /* of the challenge; empty: it had none */
	struct span part1;
	struct span to;   /* address_normal(); empty: not known */
	struct span not ; /* the Message-ID of one that bounced; or empty */
};

struct found {
	uint32_t found;
	char reply_id[MSGID_MAX + 1]; /* or empty */
};

/* What the functions below look for, and where they leave its Message-ID. */
struct sought {
	const struct expectation *expectation;
	char *reply_id;
};

static bool
holds(struct span text, struct span part)
{
	return part.len == 0 || span_find(text, part) < text.len;
}

/* "Re: ACME: token", folded or not (RFC 8823 section 3.2). */
static bool
is_subject(struct span subject, struct span part1)
{
	static const char prefix[] = "Re:ACME:";
	char bare[sizeof(prefix) + TOKEN_TEXT_SIZE];
	size_t i, n = 0;

	for (i = 0; i < subject.len && n < sizeof(bare); i++)
		if (!ascii_is_space(subject.at[i]))
			bare[n++] = subject.at[i];
	return i == subject.len &&
	    span_starts((struct span){ bare, n }, SPAN(prefix)) &&
	    span_eq((struct span){ bare + 8, n - 8 }, part1);
}

/* Does the reply go to where ours goes?  What is not ASCII is not judged: the
 * child can load nothing. */
static bool
is_to(struct span body, struct span to)
{
	static struct address_list list;
	char normal[ADDRESS_SIZE];
	size_t i;

	if (to.len == 0 || !span_is_ascii(body))
		return true;
	if (address_list_parse(body, &list) != STATUS_OK)
		return false;
	for (i = 0; i < list.count; i++)
		if (address_normal(&list.mailbox[i], normal) == STATUS_OK &&
		    address_compare(span_of(normal), to) != ADDRESS_OTHER)
			return true;
	return false;
}

/* The Message-ID of a field, or of our own record of one. */
static bool
take_id(struct span field, char out[MSGID_MAX + 1])
{
	struct span id;

	return msgid_parse(field, &id) && span_copy(id, out, MSGID_MAX + 1);
}

static bool
is_reply(
    struct span message, const struct search *search, char id[MSGID_MAX + 1])
{
	static struct header header;

	header_parse(message, &header);
	if (!take_id(header_body(&header, SPAN("Message-ID")), id))
		id[0] = '\0';
	if (search->not .len > 0 && span_eq(search->not, span_of(id)))
		return false;
	return is_subject(
		   header_body(&header, SPAN("Subject")), search->part1) &&
	    holds(header_body(&header, SPAN("In-Reply-To")),
		search->message_id) &&
	    is_to(header_body(&header, SPAN("To")), search->to);
}

static void
search_in_child(const void *arg, void *report)
{
	const struct search *search = arg;
	struct found *out = report;
	struct span rest = search->text, message;

	if (!search->mbox) {
		out->found = is_reply(rest, search, out->reply_id);
		return;
	}
	while (out->found == 0 && mbox_take(&rest, &message))
		out->found = is_reply(message, search, out->reply_id);
}

static enum status
search_text(
    struct span text, bool mbox, const struct sought *sought, struct note *note)
{
	const struct expectation *expectation = sought->expectation;
	const struct search search = { text, mbox,
		span_of(expectation->message_id), span_of(expectation->part1),
		span_of(expectation->reply_to),
		span_of(expectation->bounced_id) };
	struct found found = { 0 };
	enum status status;

	/* Most copies are other mail. */
	if (search.part1.len == 0 || !holds(text, search.part1))
		return STATUS_MISSING;
	status = child_run(
	    search_in_child, &search, &found, sizeof(found), NULL, 0, note);
	if (status != STATUS_OK)
		return status;
	if (found.found != 1)
		return STATUS_MISSING;
	/* Another process wrote it. */
	found.reply_id[MSGID_MAX] = '\0';
	if (!take_id(span_of(found.reply_id), sought->reply_id))
		sought->reply_id[0] = '\0';
	return STATUS_OK;
}

/* Files that this process searched in vain are not read again before they
 * change.  A file system's clock ticks slowly, so the same state is looked
 * through once more after a while. */
struct look {
	char expectation[RECORD_ID_SIZE];
	struct stat st;
	time_t since; /* monotonic */
	bool again;
};

static struct look looks[LOOKS];
static size_t next_look;

static time_t
ticks(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Was that looked through in this very state?  Notes that it is now. */
static bool
is_known(const struct stat *st, const struct expectation *expectation)
{
	struct look *look;
	size_t i;

	for (i = 0; i < LOOKS; i++) {
		look = &looks[i];
		if (strcmp(look->expectation, expectation->id) != 0 ||
		    !is_same(&look->st, st))
			continue;
		if (look->again)
			return true;
		look->again = ticks() - look->since >= TICK_SECONDS;
		return !look->again;
	}
	look = &looks[next_look++ % LOOKS];
	*look = (struct look){ .st = *st, .since = ticks() };
	(void)strcpy(look->expectation, expectation->id);
	return false;
}

static bool
is_recent(const struct stat *st, const struct expectation *expectation)
{
	return (int64_t)st->st_mtime + CLOCK_SECONDS >= expectation->answered;
}

/* The letters behind "2," in the name of a Maildir's file: D is a draft. */
static bool
is_draft(const char *name)
{
	const char *flags = strrchr(name, ',');

	return flags != NULL && strchr(flags, 'D') != NULL;
}

static enum status
search_file(int dir, const char *name, bool recent, const struct sought *sought,
    struct note *note)
{
	static char head[HEAD_MAX];
	enum status status = STATUS_MISSING;
	struct stat st;
	ssize_t len;
	int fd;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISREG(st.st_mode) || st.st_size > REPLY_MAX ||
	    is_recent(&st, sought->expectation) != recent || is_draft(name))
		return STATUS_MISSING;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return STATUS_MISSING;
	len = pread(fd, head, sizeof(head), 0);
	if (len > 0)
		status = search_text(
		    (struct span){ head, (size_t)len }, false, sought, note);
	(void)close(fd);
	return status;
}

/* "cur" or "new" of a Maildir; what is recent first. */
static enum status
search_box(int maildir, const char *name, const struct sought *sought,
    struct note *note)
{
	enum status status = STATUS_MISSING;
	const char *file;
	struct walk walk;
	struct stat st;
	int dir, pass;
	bool known;

	dir = openat(maildir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Ask once: is_known() remembers this look as the last one. */
	known = dir < 0 || fstat(dir, &st) != 0 ||
	    is_known(&st, sought->expectation);
	for (pass = 0; pass < 2 && !known && status == STATUS_MISSING; pass++) {
		if (walk_begin(&walk,
			openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) ==
		    STATUS_OK)
			while (status == STATUS_MISSING &&
			    (file = walk_next(&walk)) != NULL)
				if (file[0] != '.')
					status = search_file(walk.dir, file,
					    pass == 0, sought, note);
		(void)walk_end(&walk);
	}
	if (dir >= 0)
		(void)close(dir);
	return status;
}

static enum status
search_maildir(const char *path, const struct sought *sought, struct note *note)
{
	enum status status;
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return STATUS_MISSING;
	status = search_box(dir, "cur", sought, note);
	if (status == STATUS_MISSING)
		status = search_box(dir, "new", sought, note);
	(void)close(dir);
	return status;
}

/* Where the first message begins in a piece of an mbox. */
static size_t
first_message(struct span piece, bool is_front)
{
	const size_t from = span_find(piece, SPAN("\nFrom ")),
		     mark = span_find(piece, SPAN("\n\1\1\1\1\n"));

	if (is_front)
		return 0;
	return (from < mark ? from : mark) + 1;
}

/* The messages round an octet that token-part1 begins at. */
static enum status
search_round(int fd, off_t hit, const struct sought *sought, struct note *note)
{
	static char piece[2 * HEAD_MAX];
	const off_t from = hit > HEAD_MAX ? hit - HEAD_MAX : 0;
	const ssize_t len = pread(fd, piece, sizeof(piece), from);
	struct span all = { piece, len > 0 ? (size_t)len : 0 };

	return search_text(
	    span_cut(all, first_message(all, from == 0), all.len), true, sought,
	    note);
}

/* All of it: what was sent need not be last. */
static enum status
search_mbox_file(int fd, const struct sought *sought, struct note *note)
{
	static char chunk[CHUNK];
	const struct span part1 = span_of(sought->expectation->part1);
	enum status status = STATUS_MISSING;
	struct span rest;
	off_t at = 0;
	ssize_t len;
	size_t hit;

	while (status == STATUS_MISSING && part1.len > 0 &&
	    (len = pread(fd, chunk, sizeof(chunk), at)) >= (ssize_t)part1.len) {
		rest = (struct span){ chunk, (size_t)len };
		hit = span_find(rest, part1);
		if (hit < rest.len) {
			at += (off_t)hit;
			status = search_round(fd, at, sought, note);
			at += (off_t)part1.len;
		} else {
			/* It may lie across the end of the chunk. */
			at += (off_t)(rest.len - (part1.len - 1));
		}
	}
	return status;
}

static enum status
search_mbox(const char *path, const struct sought *sought, struct note *note)
{
	enum status status = STATUS_MISSING;
	struct stat st;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return STATUS_MISSING;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    !is_known(&st, sought->expectation))
		status = search_mbox_file(fd, sought, note);
	(void)close(fd);
	return status;
}

enum status
sent_find(const struct destination *folder,
    const struct expectation *expectation, char reply_id[MSGID_MAX + 1],
    struct note *note)
{
	const struct sought sought = { expectation, reply_id };

	if (folder->kind == DESTINATION_MAILDIR)
		return search_maildir(folder->path, &sought, note);
	if (folder->kind == DESTINATION_MBOX)
		return search_mbox(folder->path, &sought, note);
	return STATUS_MISSING;
}

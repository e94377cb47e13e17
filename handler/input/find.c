/*
 * find.c - the message that a part belongs to: see find.h
 *
 * Input: hostile, searched in a sandboxed child.
 */
#include "input/find.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sandbox.h"
#include "base/walk.h"
#include "mail/mbox.h"
#include "mail/mime.h"
#include "mail/word.h"
#include "process/child.h"

enum {
	CANDIDATES_MAX = 64,
	CANDIDATE_SIZE_MAX = 256 * 1024 * 1024,
	HITS_MAX = 16
};

struct candidates {
	int fd[CANDIDATES_MAX]; /* owned */
	struct stat st[CANDIDATES_MAX];
	size_t count;
};

static bool
is_known(const struct candidates *files, const struct stat *st)
{
	size_t i;

	for (i = 0; i < files->count; i++)
		if (files->st[i].st_dev == st->st_dev &&
		    files->st[i].st_ino == st->st_ino)
			return true;
	return false;
}

/* Reopen one entry of /proc/PID/fd: never read through the mail program's own
 * descriptor, since reading moves its offset. */
static void
add_candidate(
    struct candidates *files, const char *path, const struct input *part)
{
	struct stat st;
	int fd;

	if (files->count == CANDIDATES_MAX || stat(path, &st) != 0 ||
	    !S_ISREG(st.st_mode) || st.st_size == 0 ||
	    st.st_size > CANDIDATE_SIZE_MAX || is_known(files, &st))
		return;
	if (part != NULL && part->inode == st.st_ino &&
	    part->device == st.st_dev)
		return;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) < 0)
		return;
	files->fd[files->count] = fd;
	files->st[files->count++] = st;
}

static void
add_process(
    struct candidates *files, const char *process, const struct input *part)
{
	char path[300];
	const char *name;
	struct walk walk;

	(void)snprintf(path, sizeof(path), "/proc/%s/fd", process);
	if (walk_begin(&walk, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) !=
	    STATUS_OK)
		return;
	while ((name = walk_next(&walk)) != NULL) {
		if (!ascii_is_digit(name[0]) || strtol(name, NULL, 10) <= 2)
			continue;
		(void)snprintf(
		    path, sizeof(path), "/proc/%s/fd/%.16s", process, name);
		add_candidate(files, path, part);
	}
	(void)walk_end(&walk);
}

static void
close_candidates(struct candidates *files)
{
	while (files->count > 0)
		(void)close(files->fd[--files->count]);
}

struct search {
	const struct candidates *files;
	struct span part;
	const struct challenge_rules *rules; /* NULL: search for the part */
};

struct found {
	uint32_t matches; /* distinct messages */
	uint32_t file;
	uint64_t offset;
	uint64_t length;
};

/* Skip a CR before LF. */
static size_t
skip_cr(struct span s, size_t i)
{
	return i + 1 < s.len && s.at[i] == '\r' && s.at[i + 1] == '\n' ? i + 1
								       : i;
}

/* Is it the same text, apart from line ends and empty lines at the end? */
static bool
same_text(struct span a, struct span b)
{
	size_t i = 0, j = 0;

	while (
	    a.len > 0 && (a.at[a.len - 1] == '\n' || a.at[a.len - 1] == '\r'))
		a.len--;
	while (
	    b.len > 0 && (b.at[b.len - 1] == '\n' || b.at[b.len - 1] == '\r'))
		b.len--;
	for (; i < a.len && j < b.len; i++, j++) {
		i = skip_cr(a, i);
		j = skip_cr(b, j);
		if (a.at[i] != b.at[j])
			return false;
	}
	return i == a.len && j == b.len;
}

static bool
holds_part(struct span message, struct span part, struct mime *mime)
{
	struct buf decoded;
	bool found = false;
	size_t i;

	/* A cheap test first: a part is never much longer than its message. */
	if (part.len > message.len || mime_walk(message, mime) != STATUS_OK)
		return false;
	for (i = 0; i < mime->count && !found; i++) {
		if (!mime->part[i].leaf ||
		    mime->part[i].body.len + 2 < part.len / 2)
			continue;
		buf_init(&decoded, mime->part[i].body.len + 1);
		found = part_decode(&mime->part[i], &decoded) == STATUS_OK &&
		    same_text(buf_span(&decoded), part);
		buf_clear(&decoded);
	}
	return found;
}

/* A message that contains the part, or that the rules call a challenge. */
struct hit {
	struct span message;
	struct span file;
	uint32_t index;  /* of the file */
	bool unlinked;   /* the file has no name any more */
	bool is_view;    /* of another hit */
	uint32_t viewed; /* how many views of it there are */
};

struct hits {
	struct hit hit[HITS_MAX];
	size_t count; /* distinct messages; may exceed HITS_MAX */
};

static void
look_at(const struct search *search, struct hit candidate, struct mime *mime,
    struct hits *hits)
{
	size_t i;
	bool is_hit;

	if (search->rules != NULL)
		is_hit = challenge_is_one(candidate.message, search->rules);
	else
		is_hit = holds_part(candidate.message, search->part, mime);
	if (!is_hit)
		return;
	/* A message that is open twice is one message. */
	for (i = 0; i < hits->count && i < HITS_MAX; i++) {
		if (!same_text(hits->hit[i].message, candidate.message))
			continue;
		candidate.viewed = hits->hit[i].viewed +
		    (candidate.unlinked || hits->hit[i].unlinked);
		if (candidate.unlinked)
			hits->hit[i].viewed = candidate.viewed;
		else
			hits->hit[i] = candidate;
		return;
	}
	if (hits->count < HITS_MAX)
		hits->hit[hits->count] = candidate;
	hits->count++;
}

/* Write a value as a mail program shows it: decoded, in one line.  False: it
 * uses another character set, or is too long. */
static bool
shown_value(struct span body, struct buf *out)
{
	struct words words;
	struct buf text;
	bool good;
	size_t i;

	buf_init(&text, HEADER_FIELD_MAX);
	good = words_decode(&text, body, &words) == STATUS_OK &&
	    !words.other_charset;
	for (i = 0; i < text.len; i++)
		if (!ascii_is_space(text.at[i]))
			buf_add_byte(out, text.at[i]);
		else if (out->len > 0 && out->at[out->len - 1] != ' ')
			buf_add_byte(out, ' ');
	buf_clear(&text);
	return good && buf_status(out) == STATUS_OK;
}

/* Values that cannot be compared count as the same. */
static bool
same_value(struct span a, struct span b)
{
	struct buf shown_a, shown_b;
	bool same;

	buf_init(&shown_a, HEADER_FIELD_MAX);
	buf_init(&shown_b, HEADER_FIELD_MAX);
	same = !shown_value(a, &shown_a) || !shown_value(b, &shown_b) ||
	    span_eq(buf_span(&shown_a), buf_span(&shown_b));
	buf_clear(&shown_b);
	buf_clear(&shown_a);
	return same;
}

/* Does `view` contain nothing but fields of the original?  A pager's copy has
 * some of them, decoded and refolded. */
static bool
is_view_of(const struct hit *view, const struct hit *original,
    struct header *some, struct header *all)
{
	static const char *const telling[] = { "Subject", "Message-ID",
		"Date" };
	size_t i;

	header_parse(view->message, some);
	header_parse(original->message, all);
	for (i = 0; i < some->count; i++)
		if (header_count(all, some->field[i].name) <
		    header_count(some, some->field[i].name))
			return false;
	for (i = 0; i < sizeof(telling) / sizeof(*telling); i++)
		if (header_count(some, span_of(telling[i])) > 0 &&
		    !same_value(header_body(some, span_of(telling[i])),
			header_body(all, span_of(telling[i]))))
			return false;
	return some->count > 0;
}

/*
 * While mutt and neomutt show a message in the pager, they keep their own copy
 * of it open in an unlinked file.  The message itself may be in such a file,
 * too (neomutt, IMAP); it then comes first.
 */
static void
mark_views(struct hits *hits, struct header *some, struct header *all)
{
	struct hit *view, *original;
	size_t i, j;

	for (i = hits->count; i > 0; i--)
		for (j = 0; j < hits->count; j++) {
			view = &hits->hit[i - 1];
			original = &hits->hit[j];
			if (j == i - 1 || !view->unlinked ||
			    original->is_view ||
			    !is_view_of(view, original, some, all))
				continue;
			view->is_view = true;
			original->viewed++;
		}
}

/* Choose the message that is meant: the only one or, of several, the only one
 * that the user is viewing. */
static void
choose(const struct hits *hits, struct found *out)
{
	const struct hit *only = NULL, *viewed = NULL;
	size_t i, originals = 0, views = 0;

	for (i = 0; i < hits->count; i++) {
		if (hits->hit[i].is_view)
			continue;
		originals++;
		only = &hits->hit[i];
		if (hits->hit[i].viewed > 0) {
			views++;
			viewed = &hits->hit[i];
		}
	}
	out->matches = (uint32_t)originals;
	if (originals > 1 && views == 1) {
		only = viewed;
		out->matches = 1;
	}
	if (only == NULL)
		return;
	out->file = only->index;
	out->offset = (uint64_t)(only->message.at - only->file.at);
	out->length = only->message.len;
}

/* Look at every message of one file. */
static void
look_into(const struct search *search, struct hit candidate, struct mime *mime,
    struct hits *hits)
{
	struct span rest = candidate.file;

	if (!mbox_take(&rest, &candidate.message)) {
		candidate.message = mbox_strip(candidate.file);
		look_at(search, candidate, mime, hits);
		return;
	}
	do
		look_at(search, candidate, mime, hits);
	while (mbox_take(&rest, &candidate.message));
}

static void
search_all(const void *arg, void *report)
{
	const struct search *search = arg;
	struct mime *mime = malloc(sizeof(*mime));
	struct hits *hits = calloc(1, sizeof(*hits));
	struct header *headers = malloc(2 * sizeof(*headers));
	struct found *found = report;
	size_t i, size;
	void *map;

	for (i = 0; mime != NULL && hits != NULL && headers != NULL &&
	     i < search->files->count;
	     i++) {
		size = (size_t)search->files->st[i].st_size;
		/* If another program truncates the file, a signal kills this
		 * child, and nothing else. */
		map = mmap(NULL, size, PROT_READ, MAP_PRIVATE,
		    search->files->fd[i], 0);
		if (map == MAP_FAILED)
			continue;
		look_into(search,
		    (struct hit){ .file = { map, size },
			.index = (uint32_t)i,
			.unlinked = search->files->st[i].st_nlink == 0 },
		    mime, hits);
	}
	if (hits != NULL && hits->count > HITS_MAX)
		found->matches = (uint32_t)hits->count;
	else if (hits != NULL && headers != NULL) {
		mark_views(hits, &headers[0], &headers[1]);
		choose(hits, found);
	}
	free(headers);
	free(hits);
	free(mime);
}

static enum status
read_range(int fd, uint64_t offset, uint64_t length, struct buf *out,
    struct note *note)
{
	ssize_t n;

	if (length > out->ceiling)
		return note_set(note, STATUS_BAD_SIZE,
		    "the message is larger than max_message (%zu bytes)",
		    out->ceiling);
	if (!buf_reserve(out, length))
		return buf_status(out);
	while (out->len < length) {
		n = pread(fd, out->at + out->len, length - out->len,
		    (off_t)(offset + out->len));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return note_set(note, STATUS_IO,
			    "the mailbox changed while it was read; try again");
		out->len += (size_t)n;
		out->at[out->len] = '\0';
	}
	return STATUS_OK;
}

enum status
find_message(const struct input *part, const struct mua *mua, struct buf *out,
    struct note *note)
{
	struct candidates files = { .count = 0 };
	struct search search = { &files, buf_span(&part->bytes), NULL };
	struct found found = { 0 };
	enum status status;
	char process[24];

	add_process(&files, "self", part);
	if (mua->pid > 0) {
		(void)snprintf(process, sizeof(process), "%ld", (long)mua->pid);
		add_process(&files, process, part);
	}
	if (files.count == 0 || part->bytes.len == 0) {
		close_candidates(&files);
		return note_set(note, STATUS_BAD_PART,
		    "the input is only a part, and no mail program has its "
		    "message open; pipe in the whole message");
	}
	status = child_run(search_all, &search, &found, sizeof(found), files.fd,
	    files.count, note);
	if (status != STATUS_OK)
		;
	else if (found.matches == 0)
		status = note_set(note, STATUS_BAD_PART,
		    "the input is only a part, and its message was not found; "
		    "pipe in the whole message");
	else if (found.matches > 1)
		status = note_set(note, STATUS_BAD_PART,
		    "%u messages contain this part; pipe in the right one",
		    (unsigned)found.matches);
	else if (found.file >= files.count ||
	    found.length > CANDIDATE_SIZE_MAX ||
	    found.offset > CANDIDATE_SIZE_MAX)
		status = STATUS_BUG;
	else
		status = read_range(files.fd[found.file], found.offset,
		    found.length, out, note);
	close_candidates(&files);
	return status;
}

bool
find_any_challenge(const struct mua *mua, const struct challenge_rules *rules)
{
	struct candidates files = { .count = 0 };
	struct search search = { &files, SPAN(""), rules };
	struct found found = { 0 };
	char process[24];

	add_process(&files, "self", NULL);
	if (files.count == 0 && mua->pid > 0) {
		(void)snprintf(process, sizeof(process), "%ld", (long)mua->pid);
		add_process(&files, process, NULL);
	}
	if (files.count == 0)
		return false;
	(void)sandbox_enter();
	search_all(&search, &found);
	return found.matches > 0;
}

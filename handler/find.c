/* find.c - the whole message that a part belongs to: see find.h.
 * Input: hostile, searched in a child that is shut in. */
#include "find.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sandbox.h"
#include "mail/mbox.h"
#include "mail/mime.h"
#include "process/child.h"

enum { CANDIDATES_MAX = 64, CANDIDATE_SIZE_MAX = 256 * 1024 * 1024 };

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

/* Open one entry of /proc/PID/fd anew: never read through the old one, whose
 * offset belongs to the mail program. */
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
	struct dirent *entry;
	char path[300];
	DIR *stream;

	(void)snprintf(path, sizeof(path), "/proc/%s/fd", process);
	if ((stream = opendir(path)) == NULL)
		return;
	while ((entry = readdir(stream)) != NULL) {
		if (!ascii_is_digit(entry->d_name[0]) ||
		    strtol(entry->d_name, NULL, 10) <= 2)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%s/fd/%.16s", process,
		    entry->d_name);
		add_candidate(files, path, part);
	}
	(void)closedir(stream);
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

/* Skip a CR that stands before LF. */
static size_t
skip_cr(struct span s, size_t i)
{
	return i + 1 < s.len && s.at[i] == '\r' && s.at[i + 1] == '\n' ? i + 1
								       : i;
}

/* The same text, whatever the line ends and the last empty lines? */
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

	/* Cheap: a part is never much longer than its message. */
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

static void
look_at(const struct search *search, struct span file, uint32_t index,
    struct span message, struct mime *mime, struct found *found,
    struct span *first)
{
	bool hit;

	if (search->rules != NULL)
		hit = challenge_is_one(message, search->rules);
	else
		hit = holds_part(message, search->part, mime);
	if (!hit)
		return;
	/* The same message, open twice, is one message. */
	if (found->matches > 0 && same_text(*first, message))
		return;
	if (found->matches++ == 0) {
		*first = message;
		found->file = index;
		found->offset = (uint64_t)(message.at - file.at);
		found->length = message.len;
	}
}

static void
search_all(const void *arg, void *report)
{
	const struct search *search = arg;
	struct mime *mime = malloc(sizeof(*mime));
	struct found *found = report;
	struct span first = SPAN(""), file, rest, message;
	size_t i, size;
	void *map;

	if (mime == NULL)
		return;
	for (i = 0; i < search->files->count; i++) {
		size = (size_t)search->files->st[i].st_size;
		/* Another program may cut the file: then this child dies,
		 * and nothing else. */
		map = mmap(NULL, size, PROT_READ, MAP_PRIVATE,
		    search->files->fd[i], 0);
		if (map == MAP_FAILED)
			continue;
		rest = file = (struct span){ map, size };
		if (!mbox_take(&rest, &message)) {
			look_at(search, file, (uint32_t)i, mbox_strip(file),
			    mime, found, &first);
			continue;
		}
		do
			look_at(search, file, (uint32_t)i, message, mime, found,
			    &first);
		while (mbox_take(&rest, &message));
	}
	free(mime);
}

static enum status
read_range(int fd, uint64_t offset, uint64_t length, struct buf *out,
    struct note *note)
{
	ssize_t n;

	if (length > out->ceiling)
		return note_set(note, STATUS_BAD_SIZE,
		    "the message is larger than max_message (%zu octets)",
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
			    "the mailbox changed while it was read");
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
		    "only a part is here, and no mail program has its message "
		    "open; pipe the whole message in");
	}
	status = child_run(search_all, &search, &found, sizeof(found), files.fd,
	    files.count, note);
	if (status != STATUS_OK)
		;
	else if (found.matches == 0)
		status = note_set(note, STATUS_BAD_PART,
		    "only a part is here, and its message was not found; "
		    "pipe the whole message in");
	else if (found.matches > 1)
		status = note_set(note, STATUS_BAD_PART,
		    "%u messages hold this very part; pipe the right one in",
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

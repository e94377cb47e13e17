/* index.c - look into an index: see index.h */
#include "store/index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "store/index_p.h"

enum { PAUSE = 5 * 1000 * 1000, PAUSES = 400 }; /* ns; two seconds */

static uint64_t
mix(uint64_t sum)
{
	sum *= 0x9e3779b97f4a7c15U;
	return sum ^ sum >> 29;
}

uint64_t
index_sum(const void *bytes, size_t len, uint64_t seed)
{
	const char *at = bytes;
	uint64_t sum = seed ^ len, word = 0;
	size_t i;

	for (i = 0; i + sizeof(word) <= len; i += sizeof(word)) {
		(void)memcpy(&word, at + i, sizeof(word));
		sum = mix(sum ^ word);
	}
	if (i < len) {
		word = 0;
		(void)memcpy(&word, at + i, len - i);
	}
	return mix(i < len ? sum ^ word : sum);
}

uint64_t
index_key(const char *what, struct span text, struct span more)
{
	uint64_t key = index_sum(what, strlen(what), 0);

	key = index_sum(text.at, text.len, key);
	return index_sum(more.at, more.len, key);
}

uint64_t
index_key_damaged(void)
{
	return index_key("damaged", SPAN(""), SPAN(""));
}

uint64_t
index_key_live(void)
{
	return index_key("live", SPAN(""), SPAN(""));
}

uint64_t
index_key_removed(void)
{
	return index_key("removed", SPAN(""), SPAN(""));
}

void
index_ids_add(struct index_ids *ids, const char *id, bool *failed)
{
	const size_t room = ids->room == 0 ? 64 : 2 * ids->room;
	char(*more)[RECORD_ID_SIZE];

	if (ids->count == ids->room) {
		more = reallocarray(ids->at, room, sizeof(*more));
		if (more == NULL) {
			*failed = true;
			return;
		}
		ids->at = more;
		ids->room = room;
	}
	(void)snprintf(ids->at[ids->count++], RECORD_ID_SIZE, "%.*s",
	    RECORD_ID_SIZE - 1, id);
}

void
index_ids_clear(struct index_ids *ids)
{
	free(ids->at);
	*ids = (struct index_ids){ .count = 0 };
}

static int
by_id(const void *left, const void *right)
{
	return strcmp(left, right);
}

void
index_ids_sort(struct index_ids *ids)
{
	size_t i, kept = 0;

	if (ids->count < 2)
		return;
	qsort(ids->at, ids->count, sizeof(*ids->at), by_id);
	for (i = 1; i < ids->count; i++)
		if (strcmp(ids->at[i], ids->at[kept]) != 0)
			(void)memcpy(
			    ids->at[++kept], ids->at[i], sizeof(*ids->at));
	ids->count = kept + 1;
}

size_t
index_blocks(uint64_t entries)
{
	return (size_t)((entries + INDEX_IN_BLOCK - 1) / INDEX_IN_BLOCK);
}

uint64_t
index_blocks_at(uint64_t entries)
{
	const uint64_t end = sizeof(struct index_header) +
	    index_blocks(entries) * sizeof(struct index_fence) +
	    sizeof(uint64_t);

	return (end + INDEX_BLOCK - 1) / INDEX_BLOCK * INDEX_BLOCK;
}

uint64_t
index_changes_at(uint64_t entries)
{
	return index_blocks_at(entries) + index_blocks(entries) * INDEX_BLOCK;
}

bool
index_lock(int dir, bool shared)
{
	const struct timespec pause = { .tv_nsec = PAUSE };
	int i;

	for (i = 0; i < PAUSES; i++) {
		if (flock(dir, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		(void)nanosleep(&pause, NULL);
	}
	return false;
}

void
index_unlock(int dir)
{
	(void)flock(dir, LOCK_UN);
}

static bool
read_at(int fd, void *out, size_t len, uint64_t at)
{
	char *to = out;
	ssize_t got;

	while (len > 0) {
		got = pread(fd, to, len, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		to += got;
		len -= (size_t)got;
		at += (uint64_t)got;
	}
	return true;
}

static bool
header_ok(const struct index_header *header, uint64_t size)
{
	const int64_t now = (int64_t)time(NULL);

	return memcmp(header->magic, INDEX_MAGIC, sizeof(header->magic)) == 0 &&
	    header->sum ==
	    index_sum(header, offsetof(struct index_header, sum), 0) &&
	    header->made <= now && now - header->made < INDEX_AGE_MOST &&
	    header->count <= size / sizeof(struct index_entry) &&
	    index_changes_at(header->count) <= size &&
	    size - index_changes_at(header->count) <= INDEX_CHANGES_MOST;
}

bool
index_next_change(struct span *rest, struct index_change_head *head,
    struct span *entries, uint64_t seed)
{
	uint64_t sum;

	if (rest->len < sizeof(*head))
		return false;
	(void)memcpy(head, rest->at, sizeof(*head));
	*rest = span_cut(*rest, sizeof(*head), rest->len);
	if (head->count > rest->len / sizeof(struct index_entry))
		return false;
	*entries = span_cut(
	    *rest, 0, (size_t)head->count * sizeof(struct index_entry));
	*rest = span_cut(*rest, entries->len, rest->len);
	sum = index_sum(entries->at, entries->len, seed);
	return head->sum ==
	    index_sum(head, offsetof(struct index_change_head, sum), sum);
}

/* The newest mark; false: they are not whole. */
static bool
read_changes(struct index *index, uint64_t size)
{
	const uint64_t at = index_changes_at(index->header.count);
	struct index_change_head head;
	struct span rest, entries;

	if (!buf_reserve(&index->changes, (size_t)(size - at)) ||
	    !read_at(index->fd, index->changes.at, (size_t)(size - at), at))
		return size == at;
	index->changes.len = (size_t)(size - at);
	rest = buf_span(&index->changes);
	while (rest.len > 0) {
		if (!index_next_change(
			&rest, &head, &entries, index->header.sum))
			return false;
		index->mark = head.mark;
	}
	return true;
}

int
index_file_for(const struct home *home, const char *kind, int flags)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "index/%s", kind);
	return openat(
	    home->dir, path, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
}

int
index_file(const struct home *home, const char *kind)
{
	return index_file_for(home, kind, O_RDONLY);
}

bool
index_read(int fd, struct index *out)
{
	struct stat st;

	*out = (struct index){ .fd = fd };
	buf_init(&out->changes, INDEX_CHANGES_MOST);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    !read_at(fd, &out->header, sizeof(out->header), 0) ||
	    !header_ok(&out->header, (uint64_t)st.st_size))
		return false;
	out->mark = out->header.mark;
	return read_changes(out, (uint64_t)st.st_size);
}

void
index_close(struct index *index)
{
	if (index->fd >= 0)
		(void)close(index->fd);
	index->fd = -1;
	buf_clear(&index->changes);
}

/* Does the block that begins there stand wholly before what is looked for? */
static bool
is_before(const struct index_fence *fence, const struct index_range *range)
{
	return fence->key < range->key ||
	    (fence->key == range->key && fence->value > range->high);
}

static size_t
first_block(const struct index_fence *fences, size_t blocks,
    const struct index_range *range)
{
	size_t low = 0, high = blocks, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (is_before(&fences[middle], range))
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? low - 1 : 0;
}

bool
index_is_in(const struct index_entry *entry, const struct index_range *range)
{
	return entry->key == range->key && entry->value >= range->low &&
	    entry->value <= range->high;
}

bool
index_take(const struct index_entry *entry, struct index_ids *out)
{
	char id[RECORD_ID_SIZE] = "";
	bool failed = false;

	(void)memcpy(id, entry->id, sizeof(entry->id));
	if (!jsonfile_id_ok(span_of(id)))
		return false;
	index_ids_add(out, id, &failed);
	return !failed;
}

/* The sorted entries of a range, and no more blocks than they are in. */
static bool
look_in_blocks(const struct index *index, const struct index_fence *fences,
    const struct index_latest *changed, const struct index_range *range,
    struct index_ids *out)
{
	const size_t blocks = index_blocks(index->header.count);
	const uint64_t at = index_blocks_at(index->header.count);
	const size_t before = out->count;
	struct index_block block;
	const struct index_entry *entry;
	size_t i, j;

	for (i = first_block(fences, blocks, range); i < blocks; i++) {
		if (!read_at(index->fd, &block, sizeof(block),
			at + i * INDEX_BLOCK) ||
		    block.sum !=
			index_sum(&block, offsetof(struct index_block, sum),
			    index->header.sum + i))
			return false;
		for (j = 0; j < INDEX_IN_BLOCK &&
		     i * INDEX_IN_BLOCK + j < index->header.count;
		     j++) {
			entry = &block.entry[j];
			if (entry->key > range->key ||
			    (entry->key == range->key &&
				entry->value < range->low))
				return true;
			if (!index_is_in(entry, range) ||
			    index_latest_has(changed, entry->id))
				continue;
			if (!index_take(entry, out))
				return false;
			if (range->most > 0 &&
			    out->count - before == range->most)
				return true;
		}
	}
	return true;
}

static struct index_fence *
read_fences(const struct index *index)
{
	const size_t len =
	    index_blocks(index->header.count) * sizeof(struct index_fence);
	struct index_fence *fences = malloc(len + sizeof(uint64_t));
	uint64_t sum;

	if (fences == NULL)
		return NULL;
	if (read_at(index->fd, fences, len + sizeof(sum),
		sizeof(struct index_header))) {
		(void)memcpy(&sum, (char *)fences + len, sizeof(sum));
		if (sum == index_sum(fences, len, index->header.sum))
			return fences;
	}
	free(fences);
	return NULL;
}

bool
index_look(int fd, int dir, const struct index_range *ranges, size_t count,
    struct index_ids *out)
{
	struct index_latest changed = { .count = 0 };
	struct index_fence *fences = NULL;
	struct index index;
	bool good;
	size_t i;

	*out = (struct index_ids){ .count = 0 };
	/* Under the lock nobody is between a change and its entry.  What is
	 * read later does not change: a file that is replaced stays as it was.
	 */
	if (!index_lock(dir, true)) {
		(void)close(fd);
		return false;
	}
	good = index_read(fd, &index) && dir_mark_is(dir, &index.mark);
	index_unlock(dir);
	if (good)
		fences = read_fences(&index);
	good = fences != NULL && index_latest_read(&index, &changed);
	for (i = 0; good && i < count; i++)
		good =
		    look_in_blocks(&index, fences, &changed, &ranges[i], out) &&
		    index_latest_look(&changed, &ranges[i], out);
	index_latest_clear(&changed);
	free(fences);
	index_close(&index);
	if (!good)
		index_ids_clear(out);
	return good;
}

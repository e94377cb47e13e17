/* index_write.c - write an index, and keep it in step: see index.h */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "store/index_p.h"

void
index_add(struct index_entries *entries, uint64_t key, int64_t value)
{
	const size_t room = entries->room == 0 ? 64 : 2 * entries->room;
	struct index_entry *entry;

	if (entries->count == entries->room) {
		entry = reallocarray(entries->at, room, sizeof(*entry));
		if (entry == NULL) {
			entries->failed = true;
			return;
		}
		entries->at = entry;
		entries->room = room;
	}
	entry = &entries->at[entries->count++];
	*entry = (struct index_entry){ .key = key, .value = value };
	(void)memcpy(
	    entry->id, entries->id, strnlen(entries->id, sizeof(entry->id)));
}

void
index_entries_clear(struct index_entries *entries)
{
	free(entries->at);
	*entries = (struct index_entries){ .count = 0 };
}

struct dir_trail *
index_begin(const struct home *home, const char *kind, int dir,
    struct index_change *out)
{
	const int fd = index_file_for(home, kind, O_RDWR | O_APPEND);
	struct dir_trail *trail = NULL;
	struct index index;

	*out = (struct index_change){ .index = -1, .dir = dir };
	if (fd < 0)
		return NULL;
	if (!index_lock(dir, false)) {
		(void)close(fd);
		return NULL;
	}
	if (index_read(fd, &index) && dir_mark_is(dir, &index.mark)) {
		out->index = fd;
		out->seed = index.header.sum;
		out->trail.mark = index.mark;
		trail = &out->trail;
		index.fd = -1;
	} else {
		index_unlock(dir);
	}
	index_close(&index);
	return trail;
}

/* Append the entries and the new mark, in one write.  What is cut short makes
 * the index malformed, so it is in doubt. */
static void
append(const struct index_change *change, const struct index_entries *entries)
{
	const struct span bytes = { (char *)entries->at,
		entries->count * sizeof(*entries->at) };
	struct index_change_head head = { .count = bytes.len /
		    sizeof(struct index_entry),
		.mark = change->trail.mark };
	struct buf out;

	head.sum = index_sum(&head, offsetof(struct index_change_head, sum),
	    index_sum(bytes.at, bytes.len, change->seed));
	buf_init(&out, INDEX_CHANGES_MOST);
	buf_add(&out, (struct span){ (char *)&head, sizeof(head) });
	buf_add(&out, bytes);
	if (buf_status(&out) == STATUS_OK)
		(void)!fd_write(change->index, buf_span(&out));
	buf_clear(&out);
}

void
index_end(struct index_change *change, const struct index_entries *entries)
{
	if (change->index < 0)
		return;
	if (!change->trail.lost && entries != NULL && !entries->failed)
		append(change, entries);
	(void)close(change->index);
	change->index = -1;
	index_unlock(change->dir);
}

/* Do directories of that file system tell of every change, whoever makes it?
 * A server's may be seen seconds later. */
static bool
tells_changes(int dir)
{
	static const uint32_t known[] = {
		0xef53,     /* ext2, ext3, ext4 */
		0x58465342, /* xfs */
		0x9123683e, /* btrfs */
		0x01021994, /* tmpfs */
		0xf2f52010, /* f2fs */
		0xca451a4e, /* bcachefs */
		0x2fc12fc1, /* zfs */
		0x794c7630, /* overlayfs */
		0xf15f,     /* ecryptfs */
	};
	struct statfs st;
	size_t i;

	if (fstatfs(dir, &st) != 0)
		return false;
	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if ((uint32_t)st.f_type == known[i])
			return true;
	return false;
}

static int
by_key(const void *left, const void *right)
{
	const struct index_entry *a = left, *b = right;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->value != b->value)
		return a->value > b->value ? -1 : 1;
	return memcmp(a->id, b->id, sizeof(a->id));
}

static void
add_bytes(struct buf *out, const void *bytes, size_t len)
{
	buf_add(out, (struct span){ bytes, len });
}

static void
add_fences(const struct index_entries *entries, uint64_t seed, struct buf *out)
{
	const size_t at = out->len;
	struct index_fence fence;
	uint64_t sum;
	size_t i;

	for (i = 0; i < entries->count; i += INDEX_IN_BLOCK) {
		fence = (struct index_fence){ entries->at[i].key,
			entries->at[i].value };
		add_bytes(out, &fence, sizeof(fence));
	}
	if (out->failed != STATUS_OK)
		return;
	sum = index_sum(out->at + at, out->len - at, seed);
	add_bytes(out, &sum, sizeof(sum));
}

static void
add_blocks(const struct index_entries *entries, uint64_t seed, struct buf *out)
{
	struct index_block block;
	size_t i, some;

	while (out->failed == STATUS_OK && out->len % INDEX_BLOCK != 0)
		buf_add_byte(out, '\0');
	for (i = 0; i < entries->count; i += INDEX_IN_BLOCK) {
		some = entries->count - i < INDEX_IN_BLOCK ? entries->count - i
							   : INDEX_IN_BLOCK;
		(void)memset(&block, 0, sizeof(block));
		(void)memcpy(
		    block.entry, entries->at + i, some * sizeof(*block.entry));
		block.sum = index_sum(&block, offsetof(struct index_block, sum),
		    seed + i / INDEX_IN_BLOCK);
		add_bytes(out, &block, sizeof(block));
	}
}

/* Does what is there say the same? */
static bool
is_current(const struct home *home, const char *kind,
    const struct index_header *header)
{
	const int fd = index_file(home, kind);
	struct index index;
	bool same;

	if (fd < 0)
		return false;
	same = index_read(fd, &index) && index.header.count == header->count &&
	    index.header.content == header->content && index.changes.len == 0 &&
	    memcmp(&index.mark, &header->mark, sizeof(index.mark)) == 0;
	index_close(&index);
	return same;
}

static void
write_file(const struct home *home, const char *kind,
    const struct index_header *header, const struct index_entries *entries)
{
	struct buf out;
	int place = -1;

	buf_init(&out, SIZE_MAX / 4);
	add_bytes(&out, header, sizeof(*header));
	add_fences(entries, header->sum, &out);
	add_blocks(entries, header->sum, &out);
	if (buf_status(&out) == STATUS_OK &&
	    home_subdir(home, "index", true, &place, NULL) == STATUS_OK &&
	    place >= 0) {
		dir_sweep(place); /* these are large */
		(void)!file_replace(place, kind, buf_span(&out), NULL);
	}
	if (place >= 0)
		(void)close(place);
	buf_clear(&out);
}

void
index_write(const struct home *home, const char *kind, int dir,
    const struct dir_mark *since, bool doubted, struct index_entries *entries)
{
	struct index_header header = { .count = entries->count,
		.made = (int64_t)time(NULL),
		.mark = *since };

	if (entries->failed || entries->count == 0 || !tells_changes(dir))
		return;
	qsort(entries->at, entries->count, sizeof(*entries->at), by_key);
	(void)memcpy(header.magic, INDEX_MAGIC, sizeof(header.magic));
	header.content =
	    index_sum(entries->at, entries->count * sizeof(*entries->at), 0);
	header.sum = index_sum(&header, offsetof(struct index_header, sum), 0);
	if (!index_lock(dir, false))
		return;
	if (dir_mark_is(dir, since) &&
	    (doubted || !is_current(home, kind, &header)))
		write_file(home, kind, &header, entries);
	index_unlock(dir);
}

/*
 * index_p.h - the file of an index: what its reader and its writer share
 *
 *	header		what the directory was, how many entries there are
 *	fences		the first entry of each block, and a sum over them
 *	blocks		entries, sorted by key, then from the highest value down
 *	changes		since then, one after the other: a head and entries
 *
 * In the byte order of the machine.  A sum stands beside all that is read, so
 * damage is seen by who would be misled by it.
 */
#ifndef STORE_INDEX_P_H
#define STORE_INDEX_P_H
#include <assert.h>

#include "store/index.h"

/* The digit is the format, and which keys records have: another one is in
 * doubt. */
#define INDEX_MAGIC "mailcert index 3"
enum {
	INDEX_BLOCK = 4096,
	INDEX_IN_BLOCK = 127, /* entries */
	INDEX_CHANGES_MOST = 256 * 1024,
	INDEX_AGE_MOST = 24 * 3600
};

struct index_header {
	char magic[16];
	uint64_t count;   /* of entries */
	uint64_t content; /* the sum of all of them */
	int64_t made;
	struct dir_mark mark;
	uint64_t sum; /* of what stands before it */
};

struct index_fence {
	uint64_t key;
	int64_t value;
};

struct index_block {
	struct index_entry entry[INDEX_IN_BLOCK];
	uint64_t rest[3];
	uint64_t sum;
};

struct index_change_head {
	uint64_t count; /* entries that follow */
	struct dir_mark mark;
	uint64_t sum; /* of the entries, and of what stands before it */
};

static_assert(sizeof(struct index_entry) == 32, "entries have no gaps");
static_assert(sizeof(struct index_block) == INDEX_BLOCK, "nor have blocks");
static_assert(sizeof(struct dir_mark) == 48, "nor have marks");
static_assert(sizeof(struct index_header) == 96, "nor has the header");
static_assert(sizeof(struct index_change_head) == 64, "nor has a change");

/* A sum over bytes, eight at a time: against damage, not against people. */
uint64_t index_sum(const void *bytes, size_t len, uint64_t seed);
size_t index_blocks(uint64_t entries);
/* Where the blocks begin, and the changes. */
uint64_t index_blocks_at(uint64_t entries);
uint64_t index_changes_at(uint64_t entries);

/* An index that is open. */
struct index {
	int fd; /* owned */
	struct index_header header;
	struct dir_mark mark; /* the newest */
	struct buf changes;
};
/* index_file(), to be read or appended to. */
int index_file_for(const struct home *home, const char *kind, int flags);
/*
 * Read what is needed to look into it; index_close() also where this fails.
 * False: it is not whole, or not made within the last day.  Whether the
 * directory still has its mark is for who holds the lock to ask.
 */
bool index_read(int fd, struct index *out) MUST_CHECK;
void index_close(struct index *index);

/* One change after the other; false at the end, or where one is malformed. */
bool index_next_change(struct span *rest, struct index_change_head *head,
    struct span *entries, uint64_t seed) MUST_CHECK;
bool index_is_in(
    const struct index_entry *entry, const struct index_range *range);
/* Add its id.  False: it is not one, or no memory. */
bool index_take(
    const struct index_entry *entry, struct index_ids *out) MUST_CHECK;

/*
 * What the changes since say: of each record the last one, which takes the
 * place of its sorted entries.  They could take the place of others where not
 * all are asked for.
 */
struct index_latest {
	struct index_latest_change *at; /* owned; by id */
	size_t count;
	size_t room;
};
bool index_latest_read(
    const struct index *index, struct index_latest *out) MUST_CHECK;
bool index_latest_has(const struct index_latest *latest, const char *id);
/* Add the ids of a range. */
bool index_latest_look(const struct index_latest *latest,
    const struct index_range *range, struct index_ids *out) MUST_CHECK;
void index_latest_clear(struct index_latest *latest);

/* Lock the directory of a kind, shared or alone; false: another process keeps
 * it for longer than anything here takes. */
bool index_lock(int dir, bool shared) MUST_CHECK;
void index_unlock(int dir);
#endif

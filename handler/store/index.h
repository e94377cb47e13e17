/*
 * index.h - an index over the records of a large home: which may be meant
 *
 * HOME/index/KIND, for a directory with INDEX_LEAST records or more; smaller
 * ones are read faster than looked up.  It is a cache: each record has a few
 * keys, and a look-up gives the ids of at least those that have a key.  They
 * are read, and judged by what they say, so an entry too many costs time only.
 * An entry too few would be a record that is missed.  So the index counts only
 * while the directory has the mark (store/file.h) that was set with its last
 * entry.  Where anything is in doubt there is no index: every record is read,
 * and the index written again.
 *
 * What no mark tells is that a file was edited in place.  So each look-up also
 * gives the INDEX_LIVE records that live longest: whoever has no more than that
 * sees every edit of one at once.  Of others the entries are those of what was
 * read last, for a day at most, or until every record is read again (mailcert
 * status, doctor).
 */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H
#include <stdint.h>

#include "store/jsonfile.h"

enum {
	INDEX_LEAST = 256,
	INDEX_LIVE = 16,
	INDEX_LOOK_MOST = 24 /* keys in one look-up */
};

/* A key: what it is (a name from the table of its kind), and up to two texts.
 * Two of them may give one number: see above. */
uint64_t index_key(const char *what, struct span text, struct span more);
/* Every kind has these: records that cannot be read, and those that something
 * may still happen to, the value being the time until then. */
uint64_t index_key_damaged(void);
uint64_t index_key_live(void);
/* Nobody looks for it: the only one of a record that was removed. */
uint64_t index_key_removed(void);

struct index_entry {
	uint64_t key;
	int64_t value; /* of the record, to look for a part of a key's entries
			*/
	char id[RECORD_ID_SIZE - 1]; /* not terminated, if it is the longest */
};

/* Entries of records, in the making. */
struct index_entries {
	struct index_entry *at; /* owned */
	size_t count;
	size_t room;
	bool failed;    /* no memory: they are not complete */
	const char *id; /* borrowed: of the record that index_add() is for */
};
void index_add(struct index_entries *entries, uint64_t key, int64_t value);
void index_entries_clear(struct index_entries *entries);

/* Entries with a key and a value from low to high; most: the highest of them
 * are enough; 0: all. */
struct index_range {
	uint64_t key;
	int64_t low;
	int64_t high;
	size_t most;
};

struct index_ids {
	char (*at)[RECORD_ID_SIZE]; /* owned */
	size_t count;
	size_t room;
};
void index_ids_add(struct index_ids *ids, const char *id, bool *failed);
void index_ids_sort(struct index_ids *ids); /* each once */
void index_ids_clear(struct index_ids *ids);

/* Open the index of a kind; -1: it has no index. */
int index_file(const struct home *home, const char *kind);
/*
 * Look for ranges in an index; its descriptor is closed.  dir is the directory
 * of the records.  *out is owned by the caller.  False: it is in doubt.
 */
bool index_look(int index, int dir, const struct index_range *ranges,
    size_t count, struct index_ids *out) MUST_CHECK;

/* A change of one record, or of another file in its directory. */
struct index_change {
	int index; /* owned; -1: no index, or it is in doubt */
	int dir;   /* borrowed; locked */
	uint64_t seed;
	struct dir_trail trail;
};
/* Before it.  The trail for the change, or NULL: nothing to be followed. */
struct dir_trail *index_begin(const struct home *home, const char *kind,
    int dir, struct index_change *out);
/* After it, with the entries of the record as it is now.  They take the place
 * of those that it had, so one that was removed has index_key_removed(), and
 * another file none.  NULL: the change failed, so that nobody knows; the index
 * is in doubt, unless the directory is what it was. */
void index_end(
    struct index_change *change, const struct index_entries *entries);

/*
 * Write the index after every record was read; since is the mark that the
 * directory had before; doubted: index_look() failed.  Best effort: nothing is
 * written where the directory changed meanwhile, or where an index that was not
 * doubted says the same.
 */
void index_write(const struct home *home, const char *kind, int dir,
    const struct dir_mark *since, bool doubted, struct index_entries *entries);
#endif

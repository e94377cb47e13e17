/*
 * record.h - store records: one JSON object a file, HOME/KIND/ID.json
 *
 * One way for every kind to be loaded, listed, changed and removed.  A kind is
 * a table of its members and where they are in its struct, which begins with
 * the id.  What is read is ours, yet every value is checked: a disk, a backup
 * or an editor may have damaged it.
 *
 * Format 1 kept some kinds in other directories, under other member names.  A
 * record that lies there is read as well, unless the new directory has one of
 * that id: that one counts.  Saving a record moves it, and records_migrate()
 * moves the rest.
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "store/home.h"
#include "store/index.h"
#include "store/jsonfile.h"

enum member_type {
	MEMBER_TEXT,   /* char[]: fits, and holds no NUL */
	MEMBER_ID,     /* char[]: jsonfile_id_ok(), or empty */
	MEMBER_URL,    /* char[]: acme_url_ok(), or empty */
	MEMBER_BASE64, /* char[]: base64url, or empty */
	MEMBER_TIME,   /* int64_t: DATE_LEAST to DATE_MOST; 0: not known */
	MEMBER_COUNT,  /* int64_t: 0 to 2^31 - 1 */
	MEMBER_FLAG    /* bool, written as 0 or 1 */
};

struct member {
	const char *name;
	enum member_type type;
	bool required; /* an older file may lack the others: 0, or empty */
	size_t offset;
	size_t size;
	const char *old; /* its name in format 1, if that was different */
};

#define RENAMED_MEMBER(structure, member, name, old, type, required)     \
	{                                                                \
		(name), (type), (required), offsetof(structure, member), \
		    sizeof(((structure *)NULL)->member), (old)           \
	}
#define MEMBER(structure, member, name, type, required) \
	RENAMED_MEMBER(structure, member, name, NULL, type, required)

struct record_kind {
	const char *directory;     /* "expectations" */
	const char *old_directory; /* in format 1, if that was different */
	int64_t format;            /* the newest: the one to write */
	size_t size;               /* of the struct */
	size_t created; /* the offset of its int64_t time of creation */
	bool own_lock;  /* home_lock_on() its id; else home_lock() */
	const struct member *members;
	size_t count;
	/* Read members that are not in the table, and check what must fit
	 * together; return the name of the member that is wrong, or NULL. */
	const char *(*read)(const struct json *json, void *record);
	/* False: no memory. */
	bool (*write)(const void *record, struct json *json);
	/* Add its keys to the index; NULL: the kind has none. */
	void (*keys)(const void *record, struct index_entries *out);
};

/* Make a random id: eight letters and digits that are hard to confuse. */
enum status record_new_id(char out[RECORD_ID_SIZE]) MUST_CHECK;
/* The same from eight random bytes, such as those of a digest. */
void record_id_of(const unsigned char random[8], char out[RECORD_ID_SIZE]);
/* The same from what the record is about; two may have one id. */
void record_id_about(const char *what, struct span text, struct span more,
    char out[RECORD_ID_SIZE]);

/*
 * Load the record with that id.  STATUS_MISSING: it does not exist.
 * STATUS_DAMAGED, _PERMISSION, _IO: it is damaged; the note names file, reason
 * and cure, and it is left alone. id may point into *out, which is written only
 * on STATUS_OK.
 */
enum status record_load(const struct home *home, const struct record_kind *kind,
    const char *id, void *out, struct note *note) MUST_CHECK;

/*
 * Which records a filter may want: those with an id or in a range of the index.
 * Every record that it wants is among them; others may be.
 */
struct record_search {
	const char *id[INDEX_LOOK_MOST]; /* borrowed; not an id: none */
	size_t ids;
	struct index_range range[INDEX_LOOK_MOST];
	size_t ranges;
	bool all; /* more than could be named */
};
void record_search_id(struct record_search *search, const char *id);
/* Those with that key and a value from low to high; most: see index.h. */
void record_search_range(struct record_search *search, uint64_t key,
    int64_t low, int64_t high, size_t most);
/* Those with that key. */
void record_search_key(struct record_search *search, uint64_t key);

typedef bool record_filter(const void *record, const void *arg);
/*
 * Load every record, or those that the filter accepts, the oldest first; only
 * these use memory.  A damaged one is skipped, with a home_warn().  In a large
 * home, if search is not NULL and the index is not in doubt, only what it names
 * is read; otherwise every record, and the index is written again.  The caller
 * owns *out: free(); it is NULL for an empty list.  STATUS_IO,
 * STATUS_PERMISSION: the directory cannot be read; STATUS_MEMORY.
 */
enum status records_load(const struct home *home,
    const struct record_kind *kind, const struct record_search *search,
    record_filter *wanted, const void *arg, void **out, size_t *count,
    struct note *note) MUST_CHECK;

/* Save a record; it is durable when this returns STATUS_OK, and in the new
 * directory only.  The caller holds the lock of a record that exists. */
enum status record_save(const struct home *home, const struct record_kind *kind,
    const void *record, struct note *note) MUST_CHECK;
/* Replace another file beside the records, durably. */
enum status record_save_beside(const struct home *home,
    const struct record_kind *kind, const char *name, struct span bytes,
    struct note *note) MUST_CHECK;

typedef enum status record_changer(
    void *record, const void *arg, struct note *note);
/*
 * Load a record under its lock, call change() with it, and save it if that
 * returns STATUS_OK.  STATUS_UNCHANGED from change(): success, without saving
 * it.  *out, unless NULL, is the record as it is now; id may point into it.
 */
enum status record_change(const struct home *home,
    const struct record_kind *kind, const char *id, record_changer *change,
    const void *arg, void *out, struct note *note) MUST_CHECK;

/* Remove a record, damaged or not, durably; the caller holds its lock.
 * STATUS_MISSING: it does not exist. */
enum status record_forget(const struct home *home,
    const struct record_kind *kind, const char *id,
    struct note *note) MUST_CHECK;

/*
 * Move the records that are still in the directory of format 1, each under its
 * own lock, so that the caller must hold none.  Best effort: a record that is
 * damaged, or locked by another process, stays where it is and is read there.
 */
void records_migrate(const struct home *home, const struct record_kind *kind);
#endif

/* jsonfile.h - one JSON object a file, below a directory of the home */
#ifndef STORE_JSONFILE_H
#define STORE_JSONFILE_H
#include "base/json.h"
#include "store/home.h"

enum { JSONFILE_ID_SIZE = 17 };

/* Letters and digits, not too many: what may become a file name. */
bool jsonfile_id_ok(struct span id);
/* Is that file name "ID.json"?  Others (temporary ones) are none of ours. */
bool jsonfile_id_of(const char *name, char out[JSONFILE_ID_SIZE]);
/* Read ID.json in an open directory; as jsonfile_load(). */
enum status jsonfile_read(int dir, const char *directory, const char *id,
    struct json **out, struct note *note) MUST_CHECK;
/* home/DIRECTORY/ID.json.  STATUS_NO: not there; STATUS_CONFIG with a note:
 * not to be read, and left alone.  *out is owned by the caller. */
enum status jsonfile_load(const struct home *home, const char *directory,
    const char *id, struct json **out, struct note *note) MUST_CHECK;
/* Durable when it returns STATUS_OK. */
enum status jsonfile_save(const struct home *home, const char *directory,
    const char *id, const struct json *json, struct note *note) MUST_CHECK;
/* The ids that are there, at most `most` of them, in no order. */
enum status jsonfile_list(const struct home *home, const char *directory,
    char (*ids)[JSONFILE_ID_SIZE], size_t most, size_t *count,
    struct note *note) MUST_CHECK;
#endif

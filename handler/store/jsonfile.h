/* jsonfile.h - name, read and write the file of one record: see record.h */
#ifndef STORE_JSONFILE_H
#define STORE_JSONFILE_H
#include "base/json.h"
#include "store/home.h"

enum { RECORD_ID_SIZE = 17 };

/* Is it an id that may become a file name: letters and digits, not too many? */
bool jsonfile_id_ok(struct span id);
/* Is the file name "ID.json"?  Others are temporary files. */
bool jsonfile_id_of(const char *name, char out[RECORD_ID_SIZE]);
/* Write home/DIRECTORY/ID.json; durable when it returns STATUS_OK. */
enum status jsonfile_save(const struct home *home, const char *directory,
    const char *id, const struct json *json, struct note *note) MUST_CHECK;
#endif

/* jsonfile.h - the name of the file of one record: see record.h */
#ifndef STORE_JSONFILE_H
#define STORE_JSONFILE_H
#include "store/home.h"

enum { RECORD_ID_SIZE = 17 };

/* Is it an id that may become a file name: letters and digits, not too many? */
bool jsonfile_id_ok(struct span id);
/* Is the file name "ID.json"?  Others are temporary files. */
bool jsonfile_id_of(const char *name, char out[RECORD_ID_SIZE]);
#endif

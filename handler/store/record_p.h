/* record_p.h - read one file of a directory of records: see record.h */
#ifndef STORE_RECORD_P_H
#define STORE_RECORD_P_H
#include "store/record.h"

/* An open directory of records. */
struct record_place {
	const struct home *home;
	const char *directory;
	int dir;
};

/* Read one file.  STATUS_MISSING; STATUS_DAMAGED, _PERMISSION or _IO with a
 * note: it is damaged, or could not be read. */
enum status record_read(const struct record_place *place,
    const struct record_kind *kind, const char *id, void *out,
    struct note *note) MUST_CHECK;
#endif

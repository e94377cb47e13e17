/*
 * last_name.h - name a file so that its directory lists it last
 *
 * alpine reads the keys in the order of readdir(3) and signs with the last one
 * of an address.  That order belongs to the file system: by a hash of the name
 * (ext4), or by age.  So names are tried in a directory beside it.
 */
#ifndef INSTALL_LAST_NAME_H
#define INSTALL_LAST_NAME_H
#include "install/change.h"

/*
 * Write a name "BASE.N" whose file "NAME.key" in directory would come behind
 * all others there, but as shortly behind them as can be.  beside: where the
 * names are tried, in a directory that is removed again; verb "scratch" in the
 * journal.  Where no name comes last, it is one that is free.
 */
enum status last_name(struct changes *changes, const char *beside,
    const char *directory, const char *base, char *out, size_t size,
    struct note *note) MUST_CHECK;
/* Does NAME.key come behind the keys that the journal names for the same
 * BASE? */
bool last_name_is(
    const char *directory, const struct journal *journal, const char *name);
/* Remove what is left of a trial. */
void last_name_clean(const char *scratch);
#endif

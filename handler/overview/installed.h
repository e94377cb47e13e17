/*
 * installed.h - which mail programs have which certificate
 */
#ifndef OVERVIEW_INSTALLED_H
#define OVERVIEW_INSTALLED_H
#include "install/journal.h"

enum { INSTALLED_MAX = 16 };

struct installed {
	struct journal journal[INSTALLED_MAX]; /* owned */
	size_t count;
};

/* Read the journals of the home; what cannot be read counts as empty. */
void installed_load(const struct home *home, struct installed *out);
void installed_clear(struct installed *installed);
/* Append "mutt, thunderbird"; nothing: in no program.  For struct
 * overview_world: context is the struct installed. */
void installed_add(const void *context, const char *id, struct buf *out);
#endif

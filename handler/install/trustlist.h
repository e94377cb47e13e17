/*
 * trustlist.h - the roots that gpg-agent trusts: trustlist.txt
 *
 * A root a line: "SHA1 FLAGS".  One malformed line, and gpg-agent trusts no
 * certificate: the list is checked before a line is added.
 */
#ifndef INSTALL_TRUSTLIST_H
#define INSTALL_TRUSTLIST_H
#include "install/change.h"

/* Is that root in the list?  STATUS_CONFIG with a note: a line is malformed. */
enum status trustlist_has(const char *path, const char *sha1, bool *out,
    struct note *note) MUST_CHECK;
/* Append it, and tell the agent; undone with the other lines. */
enum status trustlist_add(struct changes *changes, const char *path,
    const char *sha1, struct note *note) MUST_CHECK;
/* Have an agent that runs read the list now; none is started. */
void trustlist_reload(void);
#endif

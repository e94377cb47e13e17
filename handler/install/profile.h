/*
 * profile.h - find a profile of Thunderbird, and see that nothing runs with it
 */
#ifndef INSTALL_PROFILE_H
#define INSTALL_PROFILE_H
#include "base/buf.h"

/*
 * The directory of the profile that Thunderbird starts with: the default one
 * of its installation, else the one marked as default, else the only one.
 * Looked for in ~/.thunderbird, then where its Snap and its Flatpak keep them.
 * STATUS_NO with a note that says what to do: no profile is found, or
 * several and no default.
 */
enum status profile_find(char *out, size_t size, struct note *note) MUST_CHECK;
/* Is that directory a profile?  STATUS_NO with a note. */
enum status profile_check(const char *directory, struct note *note) MUST_CHECK;
/* Has a program started with that profile?  Then the databases in it are in
 * use, whoever made them. */
bool profile_is_started(const char *directory);

/*
 * Keep programs from starting with that profile: *out, which the caller
 * closes, or -1 where no program has used that directory as a profile.
 * STATUS_AGAIN with a note: one runs with it.  program: for the note.
 */
enum status profile_lock(const char *directory, const char *program, int *out,
    struct note *note) MUST_CHECK;
#endif

/*
 * folder.h - drafts in a file, a Maildir or an mbox
 */
#ifndef DELIVER_FOLDER_H
#define DELIVER_FOLDER_H
#include "deliver/delivery.h"

/* A name that no other process makes (maildir(5)). */
enum status folder_unique_name(char *out, size_t size) MUST_CHECK;

/* A new file; STATUS_CREATE if it exists. */
enum status deliver_file(const char *path, struct span message,
    enum outcome *outcome, struct note *note) MUST_CHECK;
/* Into tmp, then renamed: a reader sees the whole draft or none.  to: "new" or
 * "cur"; flags: ":2,DS" or "". */
enum status deliver_maildir(const char *path, const char *to, const char *flags,
    struct span message, enum outcome *outcome, struct note *note) MUST_CHECK;
/* Appended under the locks that mail programs take. */
enum status deliver_mbox(const char *path, struct span message,
    enum outcome *outcome, struct note *note) MUST_CHECK;
#endif

/* theirs.h - libopendkim, whose dkim_verify() is not ours */
#ifndef THEIRS_H
#define THEIRS_H
#include <stdbool.h>
#include <stddef.h>

void theirs_open(void);
bool theirs(const char *message, size_t len);
/* The key record of a name, or NULL; in dkim.c. */
const char *find_record(const char *name);
#endif

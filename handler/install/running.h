/*
 * running.h - does a mail program run that would overwrite what we write?
 */
#ifndef INSTALL_RUNNING_H
#define INSTALL_RUNNING_H
#include <stdbool.h>

/* Does a process of that name run, of this user and with the same HOME?  Where
 * that cannot be seen, the name alone counts. */
bool program_is_running(const char *name);
#endif

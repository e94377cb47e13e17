/*
 * follow_home.h - notice what other processes change in the home
 */
#ifndef OVERVIEW_FOLLOW_HOME_H
#define OVERVIEW_FOLLOW_HOME_H
#include <stdbool.h>

/* Begin; the descriptor becomes readable on a change.  path is that of the
 * home, which need not exist.  -1: the kernel cannot tell. */
int follow_home(const char *path);
/* Take what happened, and watch directories that came. */
void follow_home_again(int fd, const char *path);
#endif

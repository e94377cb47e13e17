/* hijack.h - the attacks, for the program with nothing round them */
#ifndef FAULT_HIJACK_H
#define FAULT_HIJACK_H
#include <poll.h>
#include <stdbool.h>

void hijack_list(void); /* name, TAB, kind; a line each */
int hijack_count(void);
void hijack_try(int which);

/* Without a system call that the filters refuse. */
static inline int
poll_forever(void)
{
	return poll(NULL, 0, -1);
}
#endif

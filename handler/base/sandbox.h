/*
 * sandbox.h - give up files, network, signals and programs for good
 *
 * For the processes that read strangers' bytes.  Afterwards nothing can be
 * opened, connected or started; open descriptors stay usable, memory can
 * still be had.  Landlock and seccomp, as far as the kernel has them; the
 * limits of setrlimit(2) everywhere.
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H
#include <stdbool.h>

struct sandbox {
	bool landlock; /* the kernel shut the file system */
	bool seccomp;  /* the kernel filters system calls */
};

/* Cannot be undone.  Tells what the kernel gave. */
struct sandbox sandbox_enter(void);
#endif

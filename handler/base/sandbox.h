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

/*
 * The tightest and cheapest form, for a parser whose input is in memory
 * already: seccomp's strict mode leaves read, write and exit, and memory of
 * SANDBOX_MEMORY bytes is had before.  Whoever needs more is killed.
 * Where the kernel has no strict mode it is sandbox_enter().
 */
enum { SANDBOX_MEMORY = 4 * 1024 * 1024 };
void sandbox_enter_strict(void);
/* End the process: what exit(3) needs is not allowed any more. */
_Noreturn void sandbox_exit(int code);
#endif

/*
 * sandbox.h - give up files, network, signals and programs for good
 *
 * For the processes that read strangers' bytes, hold keys or talk to the
 * network.  Landlock says which files are left, seccomp which system calls;
 * setrlimit(2) limits the rest.  Afterwards nothing can be started, traced or
 * signalled, no memory can be made executable, nothing can be opened but what
 * the rules name; open descriptors stay usable, memory can still be allocated.
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H
#include <stdbool.h>
#include <stddef.h>

struct sandbox {
	bool landlock; /* the kernel restricts the file system */
	bool seccomp;  /* the kernel filters system calls */
};

/* What a program may keep; zero is nothing. */
struct sandbox_rules {
	/* Files, and directories with all below them, that may be read; what
	 * is not there is left out. */
	const char *const *readable;
	size_t readables;
	/* An open directory in which files may be made, replaced and removed,
	 * but not read; 0: none. */
	int writable;
	size_t written; /* octets of such a file; 0: what a key needs */
	/* Internet sockets, and threads as resolvers want them. */
	bool network;
	int cpu_seconds; /* 0: a few */
};

/*
 * First thing in a helper's main(): nobody may look into its memory, no core
 * is written, and it ends with the program that started it.
 */
void sandbox_early(void);

/* Cannot be undone.  Returns what the kernel enforces. */
struct sandbox sandbox_enter(void); /* with no rules: nothing is left */
struct sandbox sandbox_enter_with(const struct sandbox_rules *rules);

/*
 * The tightest and cheapest form, for a parser whose input is in memory
 * already: seccomp's strict mode leaves read, write and exit, and
 * SANDBOX_MEMORY bytes are allocated before.  A process that needs more is
 * killed.  If the kernel or the C library lacks it, this is sandbox_enter().
 */
enum { SANDBOX_MEMORY = 4 * 1024 * 1024 };
void sandbox_enter_strict(void);
/* End the process: what exit(3) needs is not allowed any more. */
_Noreturn void sandbox_exit(int code);

/*
 * What this kernel can give to a process that asks; two system calls.
 * Landlock counts from its first version: rules for the network, which came
 * with the fourth, are not needed, because seccomp refuses sockets.
 */
struct sandbox sandbox_kernel(void);
/* What it lacks: "landlock", "seccomp filters", both, or "". */
const char *sandbox_lacks(void);
/* Landlock's version; 0: this kernel has none, or it is switched off. */
int sandbox_landlock_version(void);
#endif

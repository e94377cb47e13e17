/* sandbox.c - landlock, seccomp, limits: see sandbox.h */
#include "base/sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CPU_SECONDS = 10, MEMORY_BYTES = 512 * 1024 * 1024 };

static void
set_limit(int what, rlim_t most)
{
	struct rlimit limit;

	if (getrlimit(what, &limit) != 0 ||
	    (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < most))
		return;
	limit.rlim_cur = limit.rlim_max = most;
	(void)setrlimit(what, &limit);
}

void
sandbox_exit(int code)
{
	for (;;)
		(void)syscall(SYS_exit, code);
}

#ifdef MAILCERT_SANITIZE
void
sandbox_enter_strict(void)
{
	(void)sandbox_enter();
}

/* AddressSanitizer needs memory and system calls that the filter refuses. */
struct sandbox
sandbox_enter(void)
{
	set_limit(RLIMIT_CPU, 10 * CPU_SECONDS);
	set_limit(RLIMIT_FSIZE, 0);
	return (struct sandbox){ 0 };
}
#else

/* Kernel headers may be older than the kernel: linux/landlock.h by hand. */
struct landlock_rules {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

static bool
enter_landlock(void)
{
	/* File system rights by ABI version, 1 to 5; size of the struct. */
	static const unsigned rights[] = { 13, 14, 15, 15, 16 };
	struct landlock_rules rules = { 0 };
	size_t size = sizeof(uint64_t);
	long abi, fd;
	bool done;

	abi = syscall(444, NULL, 0, 1UL); /* landlock_create_ruleset */
	if (abi < 1)
		return false;
	rules.handled_access_fs = (1ULL << rights[abi > 5 ? 4 : abi - 1]) - 1;
	if (abi >= 4) {
		rules.handled_access_net = 3; /* bind and connect, TCP */
		size = 2 * sizeof(uint64_t);
	}
	if (abi >= 6) {
		rules.scoped = 3; /* abstract sockets, signals */
		size = sizeof(rules);
	}
	fd = syscall(444, &rules, size, 0UL);
	if (fd < 0)
		return false;
	done = syscall(446, fd, 0UL) == 0; /* landlock_restrict_self */
	(void)close((int)fd);
	return done;
}

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef ARCH
#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
/* Return `what` for the system call nr, else go on. */
#define CALL(nr, what) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), RETURN(what)
/* Memory may not be made executable: look at the third argument. */
#define NO_EXEC(nr)                                                     \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 4), LOAD(args[2]), \
	    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),      \
	    RETURN(REFUSE), RETURN(SECCOMP_RET_ALLOW)
#define REFUSE (SECCOMP_RET_ERRNO | EPERM)

static bool
enter_seccomp(void)
{
	static struct sock_filter filter[] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		CALL(__NR_read, SECCOMP_RET_ALLOW),
		CALL(__NR_write, SECCOMP_RET_ALLOW),
		CALL(__NR_close, SECCOMP_RET_ALLOW),
		CALL(__NR_fstat, SECCOMP_RET_ALLOW),
		CALL(__NR_newfstatat, SECCOMP_RET_ALLOW),
		CALL(__NR_lseek, SECCOMP_RET_ALLOW),
		CALL(__NR_pread64, SECCOMP_RET_ALLOW),
		CALL(__NR_munmap, SECCOMP_RET_ALLOW),
		CALL(__NR_mremap, SECCOMP_RET_ALLOW),
		CALL(__NR_madvise, SECCOMP_RET_ALLOW),
		CALL(__NR_brk, SECCOMP_RET_ALLOW),
		CALL(__NR_futex, SECCOMP_RET_ALLOW),
		CALL(__NR_ppoll, SECCOMP_RET_ALLOW),
#ifdef __NR_poll
		CALL(__NR_poll, SECCOMP_RET_ALLOW),
#endif
		CALL(__NR_getrandom, SECCOMP_RET_ALLOW),
		CALL(__NR_clock_gettime, SECCOMP_RET_ALLOW),
		CALL(__NR_rt_sigreturn, SECCOMP_RET_ALLOW),
		CALL(__NR_rt_sigprocmask, SECCOMP_RET_ALLOW),
		CALL(__NR_exit, SECCOMP_RET_ALLOW),
		CALL(__NR_exit_group, SECCOMP_RET_ALLOW),
		CALL(__NR_execve, SECCOMP_RET_KILL_PROCESS),
		CALL(__NR_execveat, SECCOMP_RET_KILL_PROCESS),
		CALL(__NR_ptrace, SECCOMP_RET_KILL_PROCESS),
		NO_EXEC(__NR_mmap),
		NO_EXEC(__NR_mprotect),
		RETURN(REFUSE),
	};
	struct sock_fprog program = { .len = sizeof(filter) / sizeof(*filter),
		.filter = filter };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}
#else
static bool
enter_seccomp(void)
{
	return false;
}
#endif

struct sandbox
sandbox_enter(void)
{
	struct sandbox got = { 0 };

	set_limit(RLIMIT_CPU, CPU_SECONDS);
	set_limit(RLIMIT_AS, MEMORY_BYTES);
	set_limit(RLIMIT_FSIZE, 0);
	set_limit(RLIMIT_CORE, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return got;
	got.landlock = enter_landlock();
	got.seccomp = enter_seccomp();
	return got;
}

void
sandbox_enter_strict(void)
{
	/* One heap, grown now and never given back: malloc(3) must not ask the
	 * kernel again. */
	(void)mallopt(M_MMAP_THRESHOLD, SANDBOX_MEMORY);
	(void)mallopt(M_TRIM_THRESHOLD, 2 * SANDBOX_MEMORY);
	(void)mallopt(M_TOP_PAD, SANDBOX_MEMORY);
	/* volatile: the compiler may not see that nothing comes of it. */
	void *volatile first = malloc(256 * 1024);

	free(first);
	set_limit(RLIMIT_CPU, CPU_SECONDS);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
		(void)sandbox_enter();
}
#endif

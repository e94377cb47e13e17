/* sandbox.c - landlock, seccomp, limits: see sandbox.h */
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	CPU_SECONDS = 10,
	MEMORY_BYTES = 512 * 1024 * 1024,
	WRITTEN_BYTES = 1024 * 1024 /* a key, where one may be written */
};

/* Processors whose system calls are those of <asm-generic/unistd.h> by name,
 * with their arguments in the same order. */
#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#endif

/* Kernel headers may be older than the kernel: linux/landlock.h by hand. */
enum {
	LANDLOCK_CREATE = 444,
	LANDLOCK_ADD_RULE = 445,
	LANDLOCK_RESTRICT = 446,
	LANDLOCK_VERSION_FLAG = 1,
	LANDLOCK_PATH_BENEATH = 1,
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_REMOVE_FILE = 1 << 5,
	FS_MAKE_REG = 1 << 8,
	NET_TCP = 3,    /* bind and connect; version 4 */
	SCOPED_ALL = 3, /* abstract sockets, signals; version 6 */
	VERSION_NET = 4,
	VERSION_SCOPED = 6
};

struct landlock_ruleset {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

struct landlock_path {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));

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

int
sandbox_landlock_version(void)
{
	const long version = syscall(
	    LANDLOCK_CREATE, NULL, (size_t)0, (long)LANDLOCK_VERSION_FLAG);

	return version > 0 ? (int)version : 0;
}

struct sandbox
sandbox_kernel(void)
{
	struct sandbox can = { 0 };

	can.landlock = sandbox_landlock_version() >= 1;
#ifdef ARCH
	/* A filter that is not there: seccomp(2) says EFAULT if filters are. */
	can.seccomp = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) != 0 &&
	    errno == EFAULT;
#endif
	return can;
}

const char *
sandbox_lacks(void)
{
	const struct sandbox can = sandbox_kernel();

	if (!can.landlock && !can.seccomp)
		return "landlock, seccomp filters";
	return !can.landlock ? "landlock"
	    : !can.seccomp   ? "seccomp filters"
			     : "";
}

struct sandbox
sandbox_enter(void)
{
	const struct sandbox_rules nothing = { .readable = NULL };

	return sandbox_enter_with(&nothing);
}

static rlim_t
written_bytes(const struct sandbox_rules *rules)
{
	if (rules->writable <= 0)
		return 0;
	return rules->written > 0 ? rules->written : WRITTEN_BYTES;
}

#ifdef MAILCERT_SANITIZE
/* AddressSanitizer needs memory and system calls that the filter refuses, and
 * LeakSanitizer traces its own process. */
void
sandbox_early(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void
sandbox_enter_strict(void)
{
	(void)sandbox_enter();
}

struct sandbox
sandbox_enter_with(const struct sandbox_rules *rules)
{
	const int seconds =
	    rules->cpu_seconds > 0 ? rules->cpu_seconds : CPU_SECONDS;

	set_limit(RLIMIT_CPU, (rlim_t)(10 * seconds));
	set_limit(RLIMIT_FSIZE, written_bytes(rules));
	return (struct sandbox){ 0 };
}
#else

void
sandbox_early(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	set_limit(RLIMIT_CORE, 0);
}

/* Allow some access to a file, or to a directory and all below it. */
static void
add_path(int ruleset, int fd, uint64_t access)
{
	struct landlock_path path = { access, fd };
	struct stat st;

	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		path.allowed_access &= FS_READ_FILE | FS_WRITE_FILE;
	(void)syscall(
	    LANDLOCK_ADD_RULE, ruleset, LANDLOCK_PATH_BENEATH, &path, 0UL);
}

static bool
enter_landlock(const struct sandbox_rules *rules)
{
	/* File system rights by version, 1 to 5; size of the struct. */
	static const unsigned rights[] = { 13, 14, 15, 15, 16 };
	const int version = sandbox_landlock_version();
	struct landlock_ruleset handled = { 0 };
	size_t size = sizeof(uint64_t), i;
	bool done;
	long set;
	int fd;

	if (version < 1)
		return false;
	handled.handled_access_fs =
	    (1ULL << rights[version > 5 ? 4 : version - 1]) - 1;
	if (version >= VERSION_NET) {
		handled.handled_access_net = rules->network ? 0 : NET_TCP;
		size = 2 * sizeof(uint64_t);
	}
	if (version >= VERSION_SCOPED) {
		handled.scoped = SCOPED_ALL;
		size = sizeof(handled);
	}
	set = syscall(LANDLOCK_CREATE, &handled, size, 0UL);
	if (set < 0)
		return false;
	for (i = 0; i < rules->readables; i++) {
		fd = open(rules->readable[i], O_PATH | O_CLOEXEC);
		if (fd < 0)
			continue;
		add_path((int)set, fd, FS_READ_FILE | FS_READ_DIR);
		(void)close(fd);
	}
	if (rules->writable > 0)
		add_path((int)set, rules->writable,
		    FS_WRITE_FILE | FS_MAKE_REG | FS_REMOVE_FILE);
	done = syscall(LANDLOCK_RESTRICT, (int)set, 0UL) == 0;
	(void)close((int)set);
	return done;
}

#ifdef ARCH
/* What every program needs whose files are open or in memory. */
static const int calls_of_all[] = { __NR_read, __NR_write, __NR_close,
	__NR_fstat, __NR_newfstatat, __NR_lseek, __NR_pread64, __NR_munmap,
	__NR_mremap, __NR_madvise, __NR_brk, __NR_futex, __NR_ppoll,
#ifdef __NR_poll
	__NR_poll,
#endif
	__NR_getrandom, __NR_clock_gettime, __NR_rt_sigreturn,
	__NR_rt_sigprocmask, __NR_restart_syscall, __NR_exit, __NR_exit_group };

/* What makes a file and makes it durable; landlock says where. */
static const int calls_to_write[] = { __NR_openat, __NR_fchmod, __NR_fsync,
	__NR_fdatasync, __NR_unlinkat, __NR_linkat, __NR_getpid,
#ifdef __NR_renameat
	__NR_renameat,
#endif
	__NR_renameat2 };

/* What libcurl and libunbound do after their start, threads and all. */
static const int calls_of_network[] = { __NR_openat, __NR_fcntl, __NR_statx,
	__NR_faccessat, __NR_readv, __NR_writev, __NR_connect, __NR_bind,
	__NR_sendto, __NR_sendmsg, __NR_sendmmsg, __NR_recvfrom, __NR_recvmsg,
	__NR_shutdown, __NR_getsockname, __NR_getpeername, __NR_setsockopt,
	__NR_getsockopt, __NR_socketpair, __NR_pipe2, __NR_eventfd2,
	__NR_epoll_create1, __NR_epoll_ctl, __NR_epoll_pwait, __NR_pselect6,
	__NR_timerfd_create, __NR_timerfd_settime,
#ifdef __NR_epoll_wait
	__NR_epoll_wait, __NR_select, __NR_access, __NR_stat, __NR_time,
#endif
	__NR_gettimeofday, __NR_clock_getres, __NR_nanosleep,
	__NR_clock_nanosleep, __NR_sched_yield, __NR_sched_getaffinity,
	__NR_set_robust_list,
#ifdef __NR_rseq
	__NR_rseq,
#endif
	__NR_rt_sigaction, __NR_sigaltstack, __NR_getpid, __NR_gettid,
	__NR_getuid, __NR_geteuid, __NR_getgid, __NR_getegid, __NR_uname,
	__NR_sysinfo };

/* Whoever tries these was taken over. */
static const int calls_that_kill[] = { __NR_execve, __NR_execveat, __NR_ptrace,
	__NR_process_vm_readv, __NR_process_vm_writev };

enum { FILTER_MAX = 256 };
#define REFUSE (SECCOMP_RET_ERRNO | EPERM)
#define COUNT(list) (sizeof(list) / sizeof(*(list)))
/* The lower half of an argument: none of those we look at has an upper one. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARGUMENT(n) (offsetof(struct seccomp_data, args[0]) + 8 * (n))
#else
#define ARGUMENT(n) (offsetof(struct seccomp_data, args[0]) + 8 * (n) + 4)
#endif

/* A filter under construction; it stays in order, first match wins. */
struct filter {
	struct sock_filter at[FILTER_MAX];
	unsigned short len;
};

static void
put(struct filter *filter, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	if (filter->len < FILTER_MAX)
		filter->at[filter->len++] =
		    (struct sock_filter){ code, yes, no, k };
}

static void
put_load(struct filter *filter, size_t offset)
{
	put(filter, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void
put_return(struct filter *filter, uint32_t what)
{
	put(filter, BPF_RET | BPF_K, what, 0, 0);
}

static void
put_calls(struct filter *filter, const int calls[], size_t count, uint32_t what)
{
	size_t i;

	for (i = 0; i < count; i++) {
		put(filter, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i], 0,
		    1);
		put_return(filter, what);
	}
}

/* This call, where the argument is one of the values; else refuse it. */
static void
put_if_equal(struct filter *filter, int call, unsigned argument,
    const uint32_t values[], uint8_t count)
{
	uint8_t i;

	put(filter, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0,
	    (uint8_t)(count + 3));
	put_load(filter, ARGUMENT(argument));
	for (i = 0; i < count; i++)
		put(filter, BPF_JMP | BPF_JEQ | BPF_K, values[i],
		    (uint8_t)(count - i), 0);
	put_return(filter, REFUSE);
	put_return(filter, SECCOMP_RET_ALLOW);
}

/* This call, where the argument has the bit, or has it not. */
static void
put_if_bit(
    struct filter *filter, int call, unsigned argument, uint32_t bit, bool set)
{
	put(filter, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 4);
	put_load(filter, ARGUMENT(argument));
	put(filter, BPF_JMP | BPF_JSET | BPF_K, bit, set ? 1 : 0, set ? 0 : 1);
	put_return(filter, REFUSE);
	put_return(filter, SECCOMP_RET_ALLOW);
}

static void
put_network(struct filter *filter)
{
	/* No local sockets: they lead to agents and buses. */
	static const uint32_t families[] = { AF_INET, AF_INET6, AF_NETLINK };
	static const uint32_t requests[] = { FIONBIO, FIONREAD };
	static const int clone3[] = { __NR_clone3 };
	const uint32_t self[] = { (uint32_t)getpid() }, zero[] = { 0 };

	put_calls(filter, calls_of_network, COUNT(calls_of_network),
	    SECCOMP_RET_ALLOW);
	put_if_equal(filter, __NR_socket, 0, families, COUNT(families));
	put_if_equal(filter, __NR_ioctl, 1, requests, COUNT(requests));
	put_if_equal(filter, __NR_tgkill, 0, self, COUNT(self));
	put_if_equal(filter, __NR_prlimit64, 0, zero, COUNT(zero));
	/* Threads, not processes.  clone3(2) hides its flags from us; without
	 * it the C library takes clone(2). */
	put_if_bit(filter, __NR_clone, 0, CLONE_THREAD, true);
	put_calls(filter, clone3, 1, SECCOMP_RET_ERRNO | ENOSYS);
}

static bool
enter_seccomp(const struct sandbox_rules *rules)
{
	struct filter filter = { .len = 0 };
	struct sock_fprog program = { .filter = filter.at };

	put_load(&filter, offsetof(struct seccomp_data, arch));
	put(&filter, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	put_return(&filter, SECCOMP_RET_KILL_PROCESS);
	put_load(&filter, offsetof(struct seccomp_data, nr));
	put_calls(
	    &filter, calls_of_all, COUNT(calls_of_all), SECCOMP_RET_ALLOW);
	put_calls(&filter, calls_that_kill, COUNT(calls_that_kill),
	    SECCOMP_RET_KILL_PROCESS);
	if (rules->writable > 0)
		put_calls(&filter, calls_to_write, COUNT(calls_to_write),
		    SECCOMP_RET_ALLOW);
	if (rules->network)
		put_network(&filter);
	/* Memory may not be made executable. */
	put_if_bit(&filter, __NR_mmap, 2, PROT_EXEC, false);
	put_if_bit(&filter, __NR_mprotect, 2, PROT_EXEC, false);
	put_return(&filter, REFUSE);
	program.len = filter.len;
	return filter.len < FILTER_MAX &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}
#else
static bool
enter_seccomp(const struct sandbox_rules *rules)
{
	(void)rules;
	return false;
}
#endif

struct sandbox
sandbox_enter_with(const struct sandbox_rules *rules)
{
	const int seconds =
	    rules->cpu_seconds > 0 ? rules->cpu_seconds : CPU_SECONDS;
	struct sandbox got = { 0 };

	set_limit(RLIMIT_CPU, (rlim_t)seconds);
	set_limit(RLIMIT_AS, MEMORY_BYTES);
	set_limit(RLIMIT_FSIZE, written_bytes(rules));
	set_limit(RLIMIT_CORE, 0);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return got;
	got.landlock = enter_landlock(rules);
	got.seccomp = enter_seccomp(rules);
	return got;
}

/* One heap, grown now and never given back: malloc(3) must not ask the kernel
 * again.  False where the C library cannot promise that. */
static bool
grow_heap(void)
{
#ifdef __GLIBC__
	/* volatile: the compiler may not see that nothing comes of it. */
	void *volatile first;

	(void)mallopt(M_MMAP_THRESHOLD, SANDBOX_MEMORY);
	(void)mallopt(M_TRIM_THRESHOLD, 2 * SANDBOX_MEMORY);
	(void)mallopt(M_TOP_PAD, SANDBOX_MEMORY);
	first = malloc(256 * 1024);
	free(first);
	return true;
#else
	return false;
#endif
}

void
sandbox_enter_strict(void)
{
	if (!grow_heap()) {
		(void)sandbox_enter();
		return;
	}
	set_limit(RLIMIT_CPU, CPU_SECONDS);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
		(void)sandbox_enter();
}
#endif

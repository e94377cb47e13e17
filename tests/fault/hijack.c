/*
 * hijack.c - a program that was taken over (test build only)
 *
 * Linked with --wrap: where the program would parse a stranger's octets, talk
 * to a server or use a key, this tries to get out instead.  hijack.conf beside
 * the program, read before the sandbox, says what is to be had and which
 * attacks to try; what becomes of each is written to memory shared with
 * tests/fault/sandbox.py: a process that may do nothing at all can still say
 * so.
 *
 * The attacks harm nothing but what hijack.conf names.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "hijack.h"

enum { SOFT = -1, HANGS = -2, FLOODS = -3, LIES = -4 };

extern char **environ;
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

static char loot[512], beside[512], board_path[600];
static int port, landlock = -1, attack = SOFT;
/* What it answers where it lies: hijack.lie beside hijack.conf. */
static char lie[64 * 1024];
static size_t lie_size;
static volatile char *board;
/* Attacks on memory that may fault must not: it would look like a refusal. */
static char stolen[64];

static const char *
in_loot(const char *name)
{
	static char path[600];

	(void)snprintf(path, sizeof(path), "%s/%s", loot, name);
	return path;
}

static bool
reads(const char *path)
{
	const int fd = open(path, O_RDONLY | O_NONBLOCK);

	return fd >= 0 && read(fd, stolen, sizeof(stolen)) > 0;
}

static bool
read_secret(void)
{
	return reads(in_loot("secret"));
}

static bool
read_beside(void)
{
	return reads(beside);
}

static bool
read_passwd(void)
{
	return reads("/etc/passwd");
}

static bool
read_parent(void)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/environ", (int)getppid());
	return reads(path);
}

static bool
list_files(void)
{
	return open(loot, O_RDONLY | O_DIRECTORY) >= 0;
}

static bool
make_file(void)
{
	return open(in_loot("made"), O_CREAT | O_RDWR, 0600) >= 0;
}

static bool
append(void)
{
	return open(in_loot(".bashrc"), O_CREAT | O_WRONLY | O_APPEND, 0600) >=
	    0;
}

static bool
change(void)
{
	return open(in_loot("secret"), O_RDWR) >= 0 ||
	    truncate(in_loot("secret"), 0) == 0;
}

static bool
make_directory(void)
{
	return mkdir(in_loot("directory"), 0700) == 0;
}

static bool
make_link(void)
{
	return symlink("/", in_loot("symlink")) == 0 ||
	    link(in_loot("secret"), in_loot("link")) == 0;
}

static bool
make_fifo(void)
{
	return mknod(in_loot("fifo"), S_IFIFO | 0600, 0) == 0;
}

static bool
rename_file(void)
{
	return rename(in_loot("old"), in_loot("new")) == 0;
}

static bool
remove_file(void)
{
	return unlink(in_loot("spare")) == 0;
}

static bool
change_mode(void)
{
	return chmod(in_loot("mode"), 0777) == 0;
}

static bool
reach_tcp(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0;
}

static bool
reach_udp(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };
	const int fd = socket(AF_INET, SOCK_DGRAM, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sendto(fd, "LOOT", 4, 0, (struct sockaddr *)&in, sizeof(in)) ==
	    4;
}

static bool
reach_agent(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)memcpy(un.sun_path, in_loot("s"),
	    strnlen(in_loot("s"), sizeof(un.sun_path) - 1));
	return connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0;
}

static bool
serve(void)
{
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd >= 0 && listen(fd, 1) == 0;
}

static bool
signal_parent(void)
{
	return kill(getppid(), 0) == 0;
}

static bool
signal_thread(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0) == 0;
}

static bool
start_process(void)
{
	const long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static bool
run_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool
make_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page != MAP_FAILED &&
	    mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool
go_round(void)
{
	return syscall(SYS_io_uring_setup, 8, stolen) >= 0 ||
	    syscall(SYS_bpf, 0, NULL, 0) >= 0 ||
	    syscall(SYS_userfaultfd, 0) >= 0 ||
	    syscall(SYS_keyctl, 0, 0, 0, 0, 0) >= 0 ||
	    syscall(SYS_memfd_create, "x", 0) >= 0;
}

static bool
open_terminal(void)
{
	return open("/dev/tty", O_RDWR) >= 0;
}

/* What we were started with; the verifier sets its own time zone. */
static bool
know_environment(void)
{
	size_t i;

	for (i = 0; environ[i] != NULL; i++)
		if (strcmp(environ[i], "TZ=UTC0") != 0)
			return true;
	return false;
}

/* Mailboxes, connections and terminals of whoever started mailcert. */
static bool
use_descriptor(void)
{
	struct stat st;
	int fd;

	for (fd = 0; fd < 256; fd++)
		if (fstat(fd, &st) == 0 &&
		    (S_ISREG(st.st_mode) || S_ISCHR(st.st_mode) ||
			(S_ISSOCK(st.st_mode) && fd < 3)))
			return true;
	return false;
}

static bool
trace_parent(void)
{
	return ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0;
}

static bool
read_memory(void)
{
	struct iovec here = { stolen, 1 }, there = { stolen, 1 };

	return process_vm_readv(getppid(), &here, 1, &there, 1, 0) == 1;
}

static bool
write_memory(void)
{
	struct iovec here = { stolen, 1 }, there = { stolen, 1 };

	return process_vm_writev(getppid(), &here, 1, &there, 1, 0) == 1;
}

static bool
start_program(void)
{
	char *const argv[] = { (char *)"touch", (char *)in_loot("executed"),
		NULL };

	(void)execve("/usr/bin/touch", argv, NULL);
	return false;
}

static const struct attack {
	const char *name;
	bool (*works)(void);
	const char *kind; /* sure: works unless prevented; maybe; ends: the
			   * filter ends the process */
} attacks[] = {
	{ "read a file", read_secret, "sure" },
	{ "read a file beside its own", read_beside, "sure" },
	{ "read /etc/passwd", read_passwd, "sure" },
	{ "read the environment of its parent", read_parent, "maybe" },
	{ "list files", list_files, "sure" },
	{ "make a file", make_file, "sure" },
	{ "append to a file", append, "sure" },
	{ "change a file", change, "sure" },
	{ "make a directory", make_directory, "sure" },
	{ "make a link", make_link, "sure" },
	{ "make a FIFO", make_fifo, "sure" },
	{ "rename a file", rename_file, "sure" },
	{ "remove a file", remove_file, "sure" },
	{ "change a mode", change_mode, "sure" },
	{ "reach a TCP port", reach_tcp, "sure" },
	{ "reach a UDP port", reach_udp, "sure" },
	{ "reach an agent", reach_agent, "sure" },
	{ "listen", serve, "sure" },
	{ "signal its parent", signal_parent, "sure" },
	{ "signal a thread of its parent", signal_thread, "sure" },
	{ "start a process", start_process, "sure" },
	{ "get executable memory", run_code, "sure" },
	{ "make memory executable", make_code, "sure" },
	{ "go round the filter", go_round, "maybe" },
	{ "open the terminal", open_terminal, "maybe" },
	{ "know the environment", know_environment, "sure" },
	{ "use a descriptor of others", use_descriptor, "sure" },
	{ "trace its parent", trace_parent, "ends" },
	{ "read the memory of its parent", read_memory, "ends" },
	{ "write the memory of its parent", write_memory, "ends" },
	{ "start a program", start_program, "ends" },
};
enum { ATTACKS = sizeof(attacks) / sizeof(*attacks) };

static void
try_one(int i)
{
	board[i] = 's';
	board[i] = attacks[i].works() ? 'w' : 'r';
}

static void
read_lie(char *conf)
{
	ssize_t n;
	int fd;

	(void)strcpy(strrchr(conf, '/'), "/hijack.lie");
	if ((fd = open(conf, O_RDONLY | O_CLOEXEC)) < 0)
		return;
	n = read(fd, lie, sizeof(lie));
	lie_size = n > 0 ? (size_t)n : 0;
	(void)close(fd);
}

/* hijack.conf: one value a line. */
__attribute__((constructor)) static void
prepare(void)
{
	char path[600], text[2048] = "", *line, *rest = text;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 20);
	int fd, i;

	path[n > 0 ? n : 0] = '\0';
	if (strrchr(path, '/') == NULL)
		return;
	(void)strcpy(strrchr(path, '/'), "/hijack.conf");
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	read_lie(path);
	for (i = 0; (line = strsep(&rest, "\n")) != NULL && n > 0; i++) {
		if (i == 0)
			(void)snprintf(loot, sizeof(loot), "%s", line);
		else if (i == 1)
			(void)snprintf(beside, sizeof(beside), "%s", line);
		else if (i == 2)
			(void)snprintf(
			    board_path, sizeof(board_path), "%s", line);
		else if (i == 3)
			port = (int)strtol(line, NULL, 10);
		else if (i == 4)
			attack = (int)strtol(line, NULL, 10);
		else if (i == 5 && line[0] != '\0')
			landlock = (int)strtol(line, NULL, 10);
	}
	fd = open(board_path, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		board =
		    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		(void)close(fd);
}

/* A kernel with an older landlock: what is asked of this one is what that one
 * knows. */
long
__wrap_syscall(long number, ...)
{
	long a[6];
	va_list args;
	int i;

	va_start(args, number);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == 444 && (a[2] & 1) != 0 && landlock >= 0)
		return landlock;
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

void
hijack_list(void)
{
	int i;

	for (i = 0; i < ATTACKS; i++)
		(void)printf("%s\t%s\n", attacks[i].name, attacks[i].kind);
}

void
hijack_try(int which)
{
	if (board != NULL && board != MAP_FAILED && which < ATTACKS)
		try_one(which);
}

int
hijack_count(void)
{
	return ATTACKS;
}

/* Here the program is in other hands. */
static int
get_out(void)
{
	static const char escapes[] = "\033]0;owned\007\033[31m\n";
	int i;

	if (board == NULL || board == MAP_FAILED)
		return 1;
	if (attack >= 0) {
		try_one(attack);
		return 1;
	}
	if (attack == LIES) {
		(void)!write(STDOUT_FILENO, lie, lie_size);
		_exit(0);
	}
	(void)!write(STDERR_FILENO, escapes, sizeof(escapes) - 1);
	board[ATTACKS] = 't'; /* taken over */
	for (i = 0; attack == SOFT && i < ATTACKS; i++)
		if (strcmp(attacks[i].kind, "ends") != 0)
			try_one(i);
	while (attack == FLOODS)
		(void)!write(STDOUT_FILENO, escapes, sizeof(escapes) - 1);
	while (attack == HANGS)
		(void)poll_forever();
	return 1;
}

#define TAKEN(name)               \
	int __wrap_##name(void);  \
	int __wrap_##name(void)   \
	{                         \
		return get_out(); \
	}
TAKEN(challenge_parse)
TAKEN(jmap_ids_parse)
TAKEN(authres_dkim)
TAKEN(authres_smime)
TAKEN(response_compute)
TAKEN(dns_look_up)
TAKEN(http_send)
TAKEN(connect_open)
TAKEN(jwk_thumbprint)
TAKEN(jws_sign)
TAKEN(jws_bind)
TAKEN(jws_roll_over)
TAKEN(key_generate)
TAKEN(key_unlock)
TAKEN(bundle_read)
TAKEN(sealed_build)
TAKEN(sealed_open)
TAKEN(foreign_read)

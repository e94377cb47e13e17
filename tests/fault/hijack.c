/*
 * hijack.c - a parser that was taken over (test build only)
 *
 * Linked with --wrap: where the program would parse a stranger's bytes, this
 * tries to get out instead, in every way it knows: to read or change $HOME, to
 * connect to the port that $XDG_RUNTIME_DIR names (what our children may know
 * of their environment), to start, kill or trace something.
 * tests/fault/sandbox.py looks for what worked.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "reply/authres.h"

void hijack_try(void); /* files and network: harmless to the machine */
int __wrap_challenge_parse(void);
int __wrap_authres_dkim(void);
int __wrap_authres_smime(void);

/* Set before the sandbox: getenv(3) needs no system call, but be sure. */
static char loot[512];
static int port;

__attribute__((constructor)) static void
remember(void)
{
	const char *home = getenv("HOME"), *number = getenv("XDG_RUNTIME_DIR");

	(void)snprintf(loot, sizeof(loot), "%s", home != NULL ? home : "/");
	port = number != NULL ? (int)strtol(number, NULL, 10) : 1;
}

static void
try_files(void)
{
	char path[600];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/secret", loot);
	if ((fd = open(path, O_RDONLY)) >= 0)
		(void)!write(STDOUT_FILENO, "LOOT", 4);
	(void)snprintf(path, sizeof(path), "%s/made", loot);
	(void)mkdir(path, 0700);
	(void)!open(path, O_CREAT | O_RDWR, 0600);
	(void)!symlink("/", path);
	(void)snprintf(path, sizeof(path), "%s/secret", loot);
	(void)unlink(path);
	(void)!truncate(path, 0);
	(void)chmod(loot, 0);
}

static void
try_network(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	(void)connect(fd, (struct sockaddr *)&in, sizeof(in));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	(void)sendto(fd, "LOOT", 4, 0, (struct sockaddr *)&in, sizeof(in));
	(void)memcpy(un.sun_path, "/dev/log", 9);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	(void)connect(fd, (struct sockaddr *)&un, sizeof(un));
}

static void
try_others(void)
{
	char *const argv[] = { (char *)"/bin/rm", (char *)"-rf", loot, NULL };

	(void)kill(getppid(), SIGKILL);
	(void)syscall(SYS_bpf, 0, NULL, 0);
	(void)syscall(SYS_io_uring_setup, 8, NULL);
	(void)syscall(SYS_userfaultfd, 0);
	(void)syscall(SYS_keyctl, 0, 0);
	(void)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	(void)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	(void)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
	(void)execve(argv[0], argv, NULL);
}

void
hijack_try(void)
{
	try_files();
	try_network();
}

static int
get_out(void)
{
	hijack_try();
	try_others();
	return STATUS_OK;
}

int
__wrap_challenge_parse(void)
{
	return get_out();
}

int
__wrap_authres_dkim(void)
{
	return get_out();
}

int
__wrap_authres_smime(void)
{
	return get_out();
}

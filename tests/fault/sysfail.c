/*
 * sysfail.c - run a program with system calls that fail, as on file systems
 * and in containers that lack them
 *
 * sysfail CALL ERRNO [ARGUMENT VALUE] -- PROGRAM [ARGUMENTS]
 *
 * A seccomp filter, which children inherit; with ARGUMENT only the calls whose
 * argument of that number has that value.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	unsigned number;
} calls[] = {
	{ "flock", SYS_flock },
	{ "fcntl", SYS_fcntl },
	{ "fsync", SYS_fsync },
};

static unsigned
number_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (strcmp(calls[i].name, name) == 0)
			return calls[i].number;
	(void)fprintf(stderr, "sysfail: no such call: %s\n", name);
	exit(99);
}

int
main(int argc, char *argv[])
{
	const int words = argc > 3 && strcmp(argv[3], "--") == 0 ? 3 : 5;
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, args)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(*filter),
		filter };

	if (argc < words + 2 || strcmp(argv[words], "--") != 0)
		return 99;
	filter[1].k = number_of(argv[1]);
	filter[4].k |= (unsigned)strtoul(argv[2], NULL, 10);
	if (words == 5) {
		filter[2].k += 8 * (unsigned)strtoul(argv[3], NULL, 10);
		filter[3].k = (unsigned)strtoul(argv[4], NULL, 10);
	} else {
		filter[3].jf = 0; /* whatever the argument */
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
		perror("sysfail");
		return 99;
	}
	(void)execvp(argv[words + 1], argv + words + 1);
	perror(argv[words + 1]);
	return 99;
}

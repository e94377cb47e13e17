/*
 * oldkernel.c - run a program as on a kernel that confines less
 *
 * oldkernel landlock|seccomp|both PROGRAM [ARGUMENT...]
 *
 * A filter that is inherited answers ENOSYS to landlock's system calls, and
 * EINVAL to prctl(PR_SET_SECCOMP).
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define UNLESS(value, skip) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))
#define FAIL(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))

int
main(int argc, char *argv[])
{
	const int all = argc > 2 && strcmp(argv[1], "both") == 0;
	const int landlock = all || (argc > 2 && argv[1][0] == 'l');
	const int seccomp = all || (argc > 2 && argv[1][0] == 's');
	struct sock_filter filter[] = {
		LOAD(nr),
		UNLESS(landlock ? 444U : ~0U, 1),
		FAIL(ENOSYS),
		UNLESS(seccomp ? (unsigned)__NR_prctl : ~0U, 3),
		LOAD(args[0]),
		UNLESS(PR_SET_SECCOMP, 1),
		FAIL(EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(filter) / sizeof(*filter),
		filter };

	if (!landlock && !seccomp)
		return 99;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
		perror("oldkernel");
		return 99;
	}
	(void)execv(argv[2], argv + 2);
	perror(argv[2]);
	return 99;
}

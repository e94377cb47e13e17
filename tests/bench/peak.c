/* peak.c - run a program and print its peak memory in KiB
 *
 * A small parent: the kernel carries a parent's peak over fork and exec. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
	struct rusage usage;
	int status;
	pid_t pid;

	if (argc < 2 || (pid = fork()) < 0)
		return 1;
	if (pid == 0) {
		(void)close(1);
		(void)dup2(2, 1);
		(void)execv(argv[1], argv + 1);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &usage) != pid)
		return 1;
	printf("%ld\n", usage.ru_maxrss);
	return 0;
}

/* hijack_free.c - the attacks of hijack.c with nothing round them: a test that
 * cannot fail would prove nothing */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hijack.h"

int
main(int argc, char *argv[])
{
	int i;

	if (argc > 1 && strcmp(argv[1], "list") == 0) {
		hijack_list();
		return 0;
	}
	for (i = 0; i < hijack_count(); i++) {
		const pid_t pid = fork();

		if (pid == 0) {
			hijack_try(i);
			_exit(0);
		}
		(void)waitpid(pid, NULL, 0);
	}
	return 0;
}

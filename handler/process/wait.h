/*
 * wait.h - wait for deadlines and for children that end
 *
 * For the files of process/ only.
 */
#ifndef PROCESS_WAIT_H
#define PROCESS_WAIT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct deadline {
	int64_t at_ms; /* on the monotonic clock; 0: none */
};

/* 0 seconds: no deadline. */
void deadline_set(struct deadline *deadline, int seconds);
bool deadline_over(const struct deadline *deadline);

/* Return a descriptor that poll(2) finds readable once the child has exited;
 * -1: the kernel has none, so call wait_try() now and then. */
int wait_open(pid_t pid);
/* How long poll(2) may wait, with that descriptor or without. */
int wait_ms(const struct deadline *deadline, int watch);
/* Reap it if it has ended: *waited is as waitpid(2) gives it. */
bool wait_try(pid_t pid, int *waited);
/* Reap it when it ends; false at the deadline. */
bool wait_until(pid_t pid, const struct deadline *deadline, int *waited);
/* Kill it, with its process group if it leads one, and reap it. */
void wait_kill(pid_t pid, bool group, int *waited);

/* Close every descriptor but those; keep[] is sorted here. */
void close_others(int keep[], size_t kept);
/* Whatever is open from 3 on is closed by the next exec. */
void close_on_exec(void);
#endif

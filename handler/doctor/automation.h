/*
 * automation.h - what runs mailcert without a person: systemd, cron
 */
#ifndef DOCTOR_AUTOMATION_H
#define DOCTOR_AUTOMATION_H
#include <stdbool.h>
#include <sys/types.h>

enum automation_state {
	AUTOMATION_NONE,    /* nothing that we know of runs it */
	AUTOMATION_RUNS,    /* at its times, or all the time */
	AUTOMATION_STOPPED, /* its unit is enabled, but is not active */
	AUTOMATION_FAILED   /* systemd has given up, or the last run failed */
};

struct automation {
	enum automation_state state;
	const char *by; /* static: "mailcert-renew.timer", "your crontab" */
	/* A unit of the user, which ends when the user logs out. */
	bool until_logout;
};

/*
 * What runs "renew" or "watch"?  Asks systemctl, of the user's units and of the
 * system's, and crontab; each gets a few seconds.  What cannot be asked runs
 * nothing.
 */
void automation_find(const char *command, struct automation *out);

/* The same by a process of its own, for those who cannot wait. */
struct automation_search {
	pid_t pid; /* 0: none is under way */
	int fd;    /* readable once it has ended */
};

/* Begin; *search is zero.  False: there is no process for it. */
bool automation_begin(const char *command, struct automation_search *search);
/* Take what it found, once fd is readable.  False: nothing. */
bool automation_take(struct automation_search *search, struct automation *out);
/* End it, if it is under way. */
void automation_drop(struct automation_search *search);
#endif

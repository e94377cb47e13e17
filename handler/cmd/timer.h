/*
 * timer.h - turn the renewal of certificates on: systemd, cron
 *
 * What setup and the overview offer.  Whether something renews already is for
 * automation.h to say.
 */
#ifndef CMD_TIMER_H
#define CMD_TIMER_H
#include "base/buf.h"

/* The command that turns the unit of mailcap/ on. */
#define TIMER_SYSTEMD "systemctl --user enable --now mailcert-renew.timer"

struct timer_ways {
	bool systemd, cron;   /* could */
	char cron_line[2048]; /* that would be added to the user's crontab */
};

/* Look for the programs; nothing is run. */
void timer_find_ways(const char *home, struct timer_ways *out);
/* Run the command, and give it its time.  *code is its exit status; if it is
 * not 0, note says why.  As program_run(). */
enum status timer_turn_systemd_on(int *code, struct note *note) MUST_CHECK;
/* Add the line to the user's crontab, in the same way. */
enum status timer_add_cron_line(
    const struct timer_ways *ways, int *code, struct note *note) MUST_CHECK;
#endif

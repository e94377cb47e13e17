/* timer.c - turn the renewal of certificates on: see timer.h */
#include "cmd/timer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "install/program.h"

enum { SECONDS = 30, PRINTED_MOST = 256 * 1024 };

void
timer_find_ways(const char *home, struct timer_ways *out)
{
	char self[512], path[1024];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	*out = (struct timer_ways){ .cron = false };
	out->systemd = program_find("systemctl", path, sizeof(path));
	if (len <= 0)
		return;
	self[len] = '\0';
	/* cron makes line ends of percent signs. */
	out->cron = program_find("crontab", path, sizeof(path)) &&
	    strpbrk(self, "'%\n") == NULL && strpbrk(home, "'%\n") == NULL;
	(void)snprintf(out->cron_line, sizeof(out->cron_line),
	    "17 */6 * * * '%s' -C '%s' renew", self, home);
}

enum status
timer_turn_systemd_on(int *code, struct note *note)
{
	static const char *const enable[] = { "--user", "enable", "--now",
		"mailcert-renew.timer", NULL };
	const struct program systemctl = { "systemctl", enable, { NULL, 0 },
		SECONDS };
	struct note said = { "" };
	enum status status;
	struct buf printed;

	buf_init(&printed, PRINTED_MOST);
	status = program_run(&systemctl, &printed, &said, code, note);
	buf_clear(&printed);
	if (status == STATUS_OK && *code != 0)
		note_say(note, "systemctl: %.300s", said.text);
	return status;
}

enum status
timer_add_cron_line(const struct timer_ways *ways, int *code, struct note *note)
{
	static const char *const list[] = { "-l", NULL };
	static const char *const take[] = { "-", NULL };
	struct program crontab = { "crontab", list, { NULL, 0 }, SECONDS };
	struct note said = { "" };
	enum status status;
	struct buf text, printed;

	buf_init(&text, PRINTED_MOST);
	buf_init(&printed, PRINTED_MOST);
	/* Who has none gets 1, and nothing on standard output. */
	status = program_run(&crontab, &text, &said, code, note);
	if (status == STATUS_OK && text.len > 0 &&
	    text.at[text.len - 1] != '\n')
		buf_add_byte(&text, '\n');
	buf_addf(&text, "%s\n", ways->cron_line);
	crontab.argv = take;
	crontab.input = buf_span(&text);
	if (status == STATUS_OK)
		status = buf_status(&text);
	if (status == STATUS_OK)
		status = program_run(&crontab, &printed, &said, code, note);
	if (status == STATUS_OK && *code != 0)
		note_say(note, "crontab: %.300s", said.text);
	buf_clear(&printed);
	buf_clear(&text);
	return status;
}

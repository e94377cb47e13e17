/* deploying.c - run the user's command for each certificate: see deploying.h */
#include "cmd/deploying.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cmd/installing.h"
#include "cmd/publishing.h"
#include "mail/date.h"
#include "process/run.h"

enum { HOOK_SECONDS = 600 };

static bool
is_undeployed(const void *record, const void *arg)
{
	const struct order *order = record;
	const int64_t *now = arg;

	return order->undeployed && order_is_current(order) &&
	    order->expires > *now;
}

static enum status
set_deployed(void *record, const void *arg, struct note *note)
{
	struct order *order = record;

	(void)arg;
	(void)note;
	if (!order->undeployed)
		return STATUS_UNCHANGED;
	order->undeployed = false;
	return STATUS_OK;
}

/* What the command learns, in its environment: nothing of it is secret. */
static enum status
describe(const struct home *home, const struct order *order, struct note *note)
{
	char key[1200], certificate[1200];
	enum status status;
	struct buf text;
	size_t i;
	bool done;

	status =
	    order_paths(home, order->id, key, certificate, sizeof(key), note);
	if (status != STATUS_OK)
		return status;
	buf_init(&text, 64 * 1024);
	for (i = 0; i < order->addresses; i++)
		buf_addf(&text, "%s%s", i > 0 ? " " : "", order->address[i]);
	done = buf_status(&text) == STATUS_OK &&
	    setenv("MAILCERT_ADDRESSES", text.at, 1) == 0 &&
	    setenv("MAILCERT_CERTIFICATE", certificate, 1) == 0 &&
	    setenv("MAILCERT_KEY", key, 1) == 0 &&
	    setenv("MAILCERT_ID", order->id, 1) == 0;
	buf_clear(&text);
	buf_init(&text, 64);
	date_add_iso(&text, order->expires);
	done = done && buf_status(&text) == STATUS_OK &&
	    setenv("MAILCERT_EXPIRES", text.at, 1) == 0;
	buf_clear(&text);
	return done ? STATUS_OK : STATUS_MEMORY;
}

static enum status
run_hook(const struct config *config, const struct home *home,
    const struct order *order, struct note *note)
{
	const char *const argv[] = { "/bin/sh", "-c", config->deploy_hook,
		NULL };
	const struct run run = {
		.argv = argv, .environment = RUN_USER, .seconds = HOOK_SECONDS
	};
	struct note said = { "" }, why = { "" };
	enum status status;
	int code = 0;

	status = describe(home, order, note);
	if (status != STATUS_OK)
		return status;
	status = process_run(&run, NULL, &said, &code, &why);
	if (status == STATUS_OK && code == 0)
		return order_change(
		    home, order->id, set_deployed, NULL, NULL, note);
	if (status == STATUS_OK)
		note_say(&why, "exited with status %d%s%.150s", code,
		    said.text[0] != '\0' ? ": " : "", said.text);
	return note_set(note, STATUS_NO,
	    "deploy_hook for certificate %s: %.200s; mailcert renew runs it "
	    "again",
	    order->id, note_text(&why, status));
}

enum status
deploying(
    const struct config *config, const struct home *home, struct note *note)
{
	const int64_t now = (int64_t)time(NULL);
	struct record_search search = { .ids = 0 };
	struct order *all = NULL;
	enum status status, first = STATUS_OK;
	struct note one = { "" };
	size_t count = 0, i;
	int lock = -1;

	if (config->deploy_hook[0] == '\0')
		return STATUS_OK;
	status = home_lock_on(home, "deploy", 0, &lock, note);
	if (status == STATUS_AGAIN)
		return STATUS_OK;
	order_search_undeployed(&search);
	if (status == STATUS_OK)
		status = orders_find(
		    home, &search, is_undeployed, &now, &all, &count, note);
	for (i = 0; i < count; i++) {
		status = run_hook(config, home, &all[i], &one);
		if (status == STATUS_OK)
			continue;
		home_log(home, note_text(&one, status));
		if (first == STATUS_OK && note != NULL)
			*note = one;
		if (first == STATUS_OK)
			first = status;
	}
	free(all);
	if (lock >= 0)
		(void)close(lock);
	return count > 0 ? first : status;
}

enum status
deploying_new(const struct config *config, const struct home *home,
    const struct order *order, struct note *note)
{
	enum status status = installing_again(config, home, order, note);
	struct note why = { "" };
	enum status more = publishing_new(config, home, order, &why);

	if (status == STATUS_OK && more != STATUS_OK)
		status = note_set(note, more, "%s", note_text(&why, more));
	more = deploying(config, home, &why);
	return status == STATUS_OK && more != STATUS_OK
	    ? note_set(note, more, "%s", note_text(&why, more))
	    : status;
}

/*
 * overview.c - the overview on the user's terminal: see overview.h
 *
 * It reads the home and nothing else: no network, no keys, no mail.  What the
 * user wants done is another command of mailcert, which has the terminal
 * meanwhile.
 */
#include "cmd/overview.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "cmd/mail_guess.h"
#include "cmd/on_screen.h"
#include "cmd/own_command.h"
#include "cmd/timer.h"
#include "doctor/automation.h"
#include "overview/follow_home.h"
#include "overview/gather.h"
#include "overview/listing.h"
#include "overview/panel.h"
#include "tui/prompt.h"

/* After a change: others often follow at once. */
enum { SETTLE_MS = 100, TICK_MS = 60 * 1000, LINE_SIZE = 1024 };

struct live {
	struct config config;
	const struct invocation *invocation;
	struct overview overview; /* owned */
	struct decisions decisions;
	struct panel panel;
	struct mail_guess mail;
	int changes; /* follow_home() */
	bool every;  /* all of the home was read */
	/* What renews certificates; looked for behind the first frame. */
	struct automation_search search;
	struct automation automation;
	bool searched;
	struct timer_ways ways;
	int64_t reload_at; /* 0: nothing has changed */
	int64_t stale_at;  /* from then on, what was judged is another */
	struct note note;
};

/* A large home has an index: what is urgent comes from it, the rest later. */
static bool
is_large(const struct home *home)
{
	int fd;

	if (home->dir < 0 || (fd = index_file(home, "certificates")) < 0)
		return false;
	(void)close(fd);
	return true;
}

/* When does the first challenge end, or certificate become due? */
static int64_t
first_deadline(const struct overview *overview, int64_t now)
{
	const struct overview_item *item;
	int64_t first = INT64_MAX;
	size_t i;

	for (i = 0; i < overview->count; i++) {
		item = &overview->item[i];
		if (item->when > now && item->when < first)
			first = item->when;
		if (item->renewal > now && item->renewal < first)
			first = item->renewal;
	}
	return first;
}

static void
add_timer(struct live *live)
{
	const struct automation *found = &live->automation;

	if (live->panel.renewal == PANEL_UNKNOWN ||
	    live->panel.renewal == PANEL_BY_ITSELF ||
	    !overview_renews(&live->overview))
		return;
	overview_add_timer(&live->overview,
	    found->state == AUTOMATION_NONE ? NULL : found->by);
	overview_settle(&live->overview);
}

/* Read the home.  What cannot be read is in the overview itself; where nothing
 * can, what was read before stays. */
static void
load(struct live *live, bool every)
{
	const int64_t now = (int64_t)time(NULL);
	struct gathering records = { .orders = NULL };
	struct home home = { .dir = -1 };
	enum status status;
	size_t i;

	live->note.text[0] = '\0';
	status = home_open(live->config.home, false, &home, &live->note);
	every = every || !is_large(&home);
	if (status == STATUS_OK)
		status = gather_load(
		    &live->config, &home, every, now, &records, &live->note);
	if (status == STATUS_OK)
		status = gather_judge(&records, &live->config, &home, now);
	if (status == STATUS_OK) {
		overview_clear(&live->overview);
		live->overview = records.overview;
		records.overview = (struct overview){ .count = 0 };
		/* The records go. */
		for (i = 0; i < live->overview.count; i++) {
			live->overview.item[i].order = NULL;
			live->overview.item[i].expectations = NULL;
			live->overview.item[i].expectation_count = 0;
		}
		add_timer(live);
		decisions_load(&home, &live->decisions);
	}
	gather_clear(&records);
	home_close(&home);
	live->every = every;
	live->panel.reading = !every;
	live->panel.now = now;
	live->stale_at = first_deadline(&live->overview, now);
	panel_update(&live->panel);
	if (status != STATUS_OK)
		text_show_in(live->panel.message, sizeof(live->panel.message),
		    span_of(note_text(&live->note, status)), false);
}

static const char about_timer[] =
    "Certificates expire unless mailcert renew runs now and then, and nothing "
    "runs it: mailcert-renew.timer of systemd is not active, and your crontab "
    "has no line for it.";

/* The latest decisions that name it. */
static void
add_decisions(const struct live *live, const struct overview_item *item,
    const struct listing *listing, struct buf *out)
{
	const struct decision *decision;
	struct buf line;
	size_t i;

	for (i = 0; i < live->decisions.count; i++) {
		decision = &live->decisions.decision[i];
		if (span_find(decision->text, span_of(item->id)) >=
		    decision->text.len)
			continue;
		buf_init(&line, 2 * DECISIONS_TAIL);
		text_show(&line, decision->at, TEXT_NO_LIMIT, listing->utf8);
		buf_add_byte(&line, ' ');
		text_show(&line, decision->text, TEXT_NO_LIMIT, listing->utf8);
		if (line.at != NULL)
			listing_add_text(listing, 4, line.at, out);
		buf_clear(&line);
	}
}

/* Everything about one item, from its records. */
static void
add_details(void *context, const struct overview_item *item, size_t columns,
    struct buf *out)
{
	struct live *live = context;
	const struct listing listing = { .config = &live->config,
		.now = live->panel.now,
		.width = columns,
		.utf8 = text_locale_is_utf8(),
		.named = true,
		.over = true };
	struct gathering records = { .orders = NULL };
	struct home home = { .dir = -1 };
	struct note note = { "" };
	enum status status;
	size_t i;

	if (item->id[0] == '\0') {
		listing_add(&listing, item, out);
		if ((item->can & OVERVIEW_TIMER) != 0)
			listing_add_text(&listing, 4, about_timer, out);
		return;
	}
	status = home_open(live->config.home, false, &home, &note);
	if (status == STATUS_OK)
		status = gather_load_one(&home, item->id, &records, &note);
	if (status == STATUS_OK)
		status = gather_judge(
		    &records, &live->config, &home, live->panel.now);
	for (i = 0; status == STATUS_OK && i < records.overview.count; i++)
		if (strcmp(records.overview.item[i].id, item->id) == 0)
			listing_add(&listing, &records.overview.item[i], out);
	if (status != STATUS_OK)
		buf_addf(out, "%s\n", note_text(&note, status));
	else if (records.order_count == 1 && records.orders->starts != 0)
		buf_addf(out,
		    "    certificate: %s/certificates/%s.pem\n"
		    "    key: %s/keys/%s.pem\n",
		    home.path, item->id, home.path, item->id);
	add_decisions(live, item, &listing, out);
	gather_clear(&records);
	home_close(&home);
}

/* --- what renews -----------------------------------------------------------*/

/* It asks other programs, which may take seconds: not before the user sees
 * something, and not where nothing could renew. */
static bool
wants_search(const struct live *live)
{
	return live->every && !live->searched &&
	    overview_renews(&live->overview);
}

static void
begin_search(struct live *live)
{
	live->searched = true;
	(void)automation_begin("renew", &live->search);
}

static void
take_search(struct live *live)
{
	static const enum panel_renewal renewals[] = { [AUTOMATION_NONE] =
							   PANEL_BY_HAND,
		[AUTOMATION_RUNS] = PANEL_BY_ITSELF,
		[AUTOMATION_STOPPED] = PANEL_STOPPED,
		[AUTOMATION_FAILED] = PANEL_STOPPED };
	bool again;

	if (!automation_take(&live->search, &live->automation))
		return;
	/* What was found before stands among the items. */
	again = live->panel.renewal != PANEL_UNKNOWN;
	live->panel.renewal = renewals[live->automation.state];
	if (again) {
		load(live, true);
		return;
	}
	add_timer(live);
	panel_update(&live->panel);
}

/* --- the screen ------------------------------------------------------------*/

static void
watch(void *context, struct terminal_watch *out)
{
	struct live *live = context;
	const int64_t now = terminal_now_ms();

	if (live->search.pid != 0)
		out->fd[out->count++] =
		    (struct pollfd){ .fd = live->search.fd, .events = POLLIN };

	if (live->changes >= 0)
		out->fd[out->count++] =
		    (struct pollfd){ .fd = live->changes, .events = POLLIN };
	if (!live->every || wants_search(live))
		out->pause_ms = 0;
	else if (live->reload_at != 0)
		out->pause_ms =
		    live->reload_at > now ? live->reload_at - now : 0;
	else if (live->overview.count > 0)
		out->pause_ms = TICK_MS;
}

static bool
is_ready(const struct terminal_watch *ready, int fd)
{
	size_t i;

	for (i = 0; i < ready->count; i++)
		if (ready->fd[i].fd == fd && ready->fd[i].revents != 0)
			return true;
	return false;
}

static enum screen_next
wake(void *context, const struct terminal_watch *ready, int64_t now_ms)
{
	struct live *live = context;

	if (live->search.pid != 0 && is_ready(ready, live->search.fd))
		take_search(live);
	if (is_ready(ready, live->changes)) {
		follow_home_again(live->changes, live->config.home);
		if (live->reload_at == 0)
			live->reload_at = now_ms + SETTLE_MS;
	}
	if (!live->every || (int64_t)time(NULL) >= live->stale_at ||
	    (live->reload_at != 0 && live->reload_at <= now_ms)) {
		live->reload_at = 0;
		load(live, true);
	} else {
		live->panel.now = (int64_t)time(NULL);
	}
	if (wants_search(live))
		begin_search(live);
	return SCREEN_STAY;
}

static void
draw(void *context, struct page *out)
{
	struct live *live = context;

	panel_draw(&live->panel, out);
}

static enum screen_next
press(void *context, const struct stroke *stroke, int64_t now_ms)
{
	struct live *live = context;

	return panel_press(&live->panel, stroke, now_ms);
}

/* What the user types after the last word.  False: nothing. */
static bool
ask_word(int tty, const char *label, bool path, char out[LINE_SIZE])
{
	struct buf typed;
	bool good;

	buf_init(&typed, LINE_SIZE - 1);
	good = prompt_line(tty, label, &typed) == STATUS_OK;
	if (good && path)
		good = path_expand(buf_span(&typed), out, LINE_SIZE);
	else if (good)
		good = span_copy(span_trim(buf_span(&typed)), out, LINE_SIZE);
	buf_clear(&typed);
	return good && out[0] != '\0';
}

static bool
say(int tty, const char *text)
{
	return fd_write(tty, span_of(text)) == STATUS_OK;
}

/* What was shown as a choice is done. */
static void
turn_timer_on(struct live *live, int tty, const char *way)
{
	struct note note = { "" }, line;
	enum status status;
	int code = 0;

	(void)say(tty, "Turning the timer on...\n");
	status = strcmp(way, "cron") == 0
	    ? timer_add_cron_line(&live->ways, &code, &note)
	    : timer_turn_systemd_on(&code, &note);
	if (status == STATUS_OK && code == 0)
		note_say(&line, "It is on; mailcert doctor looks after it.\n");
	else
		note_say(
		    &line, "It is not on: %.300s\n", note_text(&note, status));
	(void)say(tty, line.text);
}

/* Run what the user wants; on the terminal, which is ours again afterwards. */
static void
run(struct live *live, int tty)
{
	const struct panel_command *command = &live->panel.command;
	const char *words[PANEL_WORDS + 3] = { NULL };
	char typed[LINE_SIZE];
	enum status status = STATUS_OK;
	struct buf ignored;
	size_t n;
	int code = 0;

	for (n = 0; n < PANEL_WORDS && command->word[n] != NULL; n++)
		words[n] = command->word[n];
	if (command->ask != NULL) {
		if (!ask_word(tty, command->ask, command->path, typed))
			return;
		words[n++] = "--";
		words[n++] = typed;
	}
	if (command->mail)
		status = mail_guess_run(&live->mail, NULL, NULL, tty, &code);
	else if (command->timer != NULL)
		turn_timer_on(live, tty, command->timer);
	else
		status = own_command_on(
		    tty, live->invocation, &live->config, words, &code);
	if (status == STATUS_OK && command->mail)
		return;
	if (status != STATUS_OK && !say(tty, "it could not be started\n"))
		return;
	buf_init(&ignored, LINE_SIZE);
	(void)!prompt_line(
	    tty, "\nPress Enter to go back to the overview. ", &ignored);
	buf_clear(&ignored);
}

static int
converse(struct live *live, int tty)
{
	const struct screen screen = { .context = live,
		.draw = draw,
		.press = press,
		.watch = watch,
		.wake = wake };
	enum status status;
	int number = 0;

	for (;;) {
		status = on_screen(&screen, &live->config, tty, &number);
		terminal_obey(number);
		if (status != STATUS_OK)
			return status == STATUS_UNABLE ? -1
						       : status_exit(status);
		if (panel_leaves(&live->panel))
			return 0;
		automation_drop(&live->search);
		run(live, tty);
		live->searched = false;
		live->panel.command = (struct panel_command){ .ask = NULL };
		live->panel.page = PANEL_LIST;
		load(live, false);
	}
}

static int
print_listing(const struct invocation *invocation)
{
	char status[] = "status";
	char *argv[] = { status, NULL };

	optind = 0;
	return cmd_status(invocation, 1, argv);
}

static void
offer_ways(struct live *live)
{
	struct panel *panel = &live->panel;

	if (live->ways.systemd)
		panel->way[panel->ways++] =
		    (struct panel_way){ "systemd", TIMER_SYSTEMD };
	if (live->ways.cron)
		panel->way[panel->ways++] =
		    (struct panel_way){ "cron", live->ways.cron_line };
}

int
overview_run(const struct invocation *invocation, bool plain)
{
	static struct live live;
	int code = -1, tty = -1;

	if (plain || (tty = fd_terminal()) < 0)
		return print_listing(invocation);
	live.invocation = invocation;
	if (cmd_config(invocation, &live.config, &code)) {
		panel_init(&live.panel);
		mail_guess(&live.mail);
		live.panel.overview = &live.overview;
		live.panel.decisions = &live.decisions;
		live.panel.mail = live.mail.name;
		live.panel.program = live.mail.name;
		live.panel.mailboxes = live.config.watch[0] != '\0';
		live.panel.details = add_details;
		live.panel.context = &live;
		timer_find_ways(live.config.home, &live.ways);
		offer_ways(&live);
		live.changes = follow_home(live.config.home);
		load(&live, false);
		code = converse(&live, tty);
		automation_drop(&live.search);
		panel_clear(&live.panel);
		overview_clear(&live.overview);
		if (live.changes >= 0)
			(void)close(live.changes);
		if (code < 0)
			code = print_listing(invocation);
	}
	(void)close(tty);
	return code;
}

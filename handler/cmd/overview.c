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
	int changes;       /* follow_home() */
	bool every;        /* all of the home was read */
	int64_t reload_at; /* 0: nothing has changed */
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
		decisions_load(&home, &live->decisions);
	}
	gather_clear(&records);
	home_close(&home);
	live->every = every;
	live->panel.reading = !every;
	live->panel.now = now;
	panel_update(&live->panel);
	if (status != STATUS_OK)
		text_show_in(live->panel.message, sizeof(live->panel.message),
		    span_of(note_text(&live->note, status)), false);
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
	gather_clear(&records);
	home_close(&home);
}

static void
watch(void *context, struct terminal_watch *out)
{
	struct live *live = context;
	const int64_t now = terminal_now_ms();

	if (live->changes >= 0)
		out->fd[out->count++] =
		    (struct pollfd){ .fd = live->changes, .events = POLLIN };
	if (!live->every)
		out->pause_ms = 0;
	else if (live->reload_at != 0)
		out->pause_ms =
		    live->reload_at > now ? live->reload_at - now : 0;
	else if (live->overview.count > 0)
		out->pause_ms = TICK_MS;
}

static enum screen_next
wake(void *context, const struct terminal_watch *ready, int64_t now_ms)
{
	struct live *live = context;

	if (ready->count > 0 && ready->fd[0].revents != 0) {
		follow_home_again(live->changes, live->config.home);
		if (live->reload_at == 0)
			live->reload_at = now_ms + SETTLE_MS;
	}
	if (live->every && live->reload_at == 0) {
		live->panel.now = (int64_t)time(NULL);
	} else if (!live->every || live->reload_at <= now_ms) {
		live->reload_at = 0;
		load(live, true);
	}
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

/* Run what the user wants; on the terminal, which is ours again afterwards. */
static void
run(struct live *live, int tty)
{
	const struct panel_command *command = &live->panel.command;
	const char *words[PANEL_WORDS + 3] = { NULL };
	char typed[LINE_SIZE];
	enum status status;
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
		status = mail_guess_run(&live->mail, NULL, tty, &code);
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
		if (live->panel.command.word[0] == NULL &&
		    !live->panel.command.mail)
			return 0;
		run(live, tty);
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
		live.changes = follow_home(live.config.home);
		load(&live, false);
		code = converse(&live, tty);
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

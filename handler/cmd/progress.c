/* progress.c - what is being waited for: see progress.h */
#include "cmd/progress.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/on_screen.h"
#include "tui/terminal.h"
#include "tui/waiting.h"

enum { CTRL_C = 3, SECOND = 1000 };

static struct progress *current; /* what is on the terminal */
static volatile sig_atomic_t interrupted;

static void
on_interrupt(int number)
{
	interrupted = number;
}

/* By a signal that ends us, which arrived while keys were read. */
static void
interrupted_by(int number)
{
	if (number == SIGINT)
		interrupted = number;
	else
		terminal_obey(number);
}

static void
put(struct span text)
{
	/* If standard error is closed, nobody can be told. */
	(void)!fd_write(STDERR_FILENO, text);
}

static void
get_size(size_t *width, size_t *height)
{
	struct winsize size;

	*width = 80;
	*height = 24;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 &&
	    size.ws_row > 0) {
		*width = size.ws_col;
		*height = size.ws_row;
	}
}

int64_t
progress_ticks(void)
{
	return terminal_now_ms() / 1000;
}

void
progress_begin(struct progress *progress, const struct config *config,
    bool quiet, void (*draw)(void *context, struct page *out), void *context)
{
	size_t width, height;

	*progress = (struct progress){ .tty = -1,
		.quiet = quiet,
		.live = !quiet && !config->plain &&
		    isatty(STDERR_FILENO) == 1 && !on_screen_is_dumb(),
		.color = on_screen_has_colors(config),
		.utf8 = text_locale_is_utf8(),
		.draw = draw,
		.context = context,
		.began = progress_ticks() };
	get_size(&width, &height);
	/* In a tiny window, and without memory, it is as on any other file. */
	if (width <= PAGE_COLUMNS_MIN || height <= PAGE_ROWS_MIN)
		progress->live = false;
	if (progress->live &&
	    (progress->page = malloc(sizeof(*progress->page))) == NULL)
		progress->live = false;
	current = progress->live ? progress : NULL;
	if (progress->live)
		progress->tty = fd_terminal();
}

/* Go back to where the first row begins, and clear from there on.  A window
 * that became narrower has wrapped them. */
static void
add_hide(struct progress *progress, size_t width, struct buf *out)
{
	size_t i, up = 0;

	for (i = 0; i < progress->rows; i++)
		up += progress->width[i] > width
		    ? (progress->width[i] + width - 1) / width
		    : 1;
	if (up > 0)
		buf_addf(out, "\r\033[%zuA\033[J", up);
	progress->rows = 0;
}

static void
add_row(const struct progress *progress, const struct page_row *row,
    struct buf *out)
{
	static const char *const bold[] = { [ROLE_TITLE] = "1",
		[ROLE_BAD] = "1",
		[ROLE_SELECT] = "7",
		[ROLE_KEY] = "1" };
	static const char *const color[] = { [ROLE_TITLE] = "1",
		[ROLE_GOOD] = "32",
		[ROLE_DUE] = "33",
		[ROLE_BAD] = "1;31",
		[ROLE_WAIT] = "36",
		[ROLE_DIM] = "2",
		[ROLE_STRANGER] = "2",
		[ROLE_SELECT] = "7",
		[ROLE_KEY] = "1" };
	const struct page_run *run;
	const char *code;
	size_t i;

	for (i = 0; i < row->runs; i++) {
		run = &row->run[i];
		code = progress->color ? color[run->role] : bold[run->role];
		if (code != NULL)
			buf_addf(out, "\033[%sm", code);
		buf_add(out, (struct span){ row->text + run->from, run->len });
		if (code != NULL)
			buf_add_text(out, "\033[m");
	}
	buf_add_text(out, "\r\n");
}

static void
draw_said(const struct progress *progress, struct page *out)
{
	struct page_row *row = page_add(out);
	struct buf elapsed;

	buf_init(&elapsed, 64);
	waiting_add_elapsed(&elapsed, progress_ticks() - progress->began);
	row_add_in(row, ROLE_PLAIN, span_of(progress->last),
	    out->width - elapsed.len - 2);
	(void)row_right(row, ROLE_DIM, buf_span(&elapsed));
	buf_clear(&elapsed);
}

static void
paint(struct progress *progress)
{
	struct page *page = progress->page;
	size_t width, height, i;
	struct buf out;

	get_size(&width, &height);
	buf_init(&out, 256 * 1024);
	add_hide(progress, width, &out);
	/* The last column stays free, so that no terminal wraps; a row below
	 * the last one is where the cursor waits. */
	height = height > PROGRESS_ROWS_MAX ? PROGRESS_ROWS_MAX : height - 1;
	if (page_begin(page, width - 1, height, progress->utf8)) {
		if (progress->draw != NULL)
			progress->draw(progress->context, page);
		else
			draw_said(progress, page);
		for (i = 0; i < page->rows; i++) {
			add_row(progress, &page->row[i], &out);
			progress->width[i] = page->row[i].width;
		}
		progress->rows = i;
	}
	if (buf_status(&out) == STATUS_OK)
		put(buf_span(&out));
	buf_clear(&out);
}

void
progress_hide(void)
{
	size_t width, height;
	struct buf out;

	if (current == NULL || current->rows == 0)
		return;
	get_size(&width, &height);
	buf_init(&out, 64);
	add_hide(current, width, &out);
	put(buf_span(&out));
	buf_clear(&out);
}

void
progress_tick(void)
{
	if (current != NULL && current->rows > 0)
		paint(current);
}

/* "18:52:11 challenge received" */
static void
say_plain(const struct progress *progress, const char *text)
{
	const time_t now = time(NULL);
	char clock[16] = "";
	struct buf line;
	struct tm tm;

	if (localtime_r(&now, &tm) != NULL)
		(void)strftime(clock, sizeof(clock), "%H:%M:%S ", &tm);
	buf_init(&line, 4096);
	buf_add_text(&line, clock);
	text_show(&line, span_of(text), 300, progress->utf8);
	buf_add_byte(&line, '\n');
	put(buf_span(&line));
	buf_clear(&line);
}

void
progress_say(struct progress *progress, const char *text)
{
	/* Of a longer text only that much is kept. */
	const bool again =
	    strncmp(text, progress->last, sizeof(progress->last) - 1) == 0;

	(void)snprintf(progress->last, sizeof(progress->last), "%s", text);
	if (progress->live)
		paint(progress);
	else if (!progress->quiet && progress->draw != NULL && !again)
		say_plain(progress, text);
}

/* Without keys, for a second at most. */
static void
sleep_once(const struct progress *progress, int64_t end)
{
	const struct sigaction ours = { .sa_handler = on_interrupt };
	struct sigaction before;
	struct timespec pause;
	int64_t rest;

	(void)sigaction(SIGINT, NULL, &before);
	if (before.sa_handler == SIG_DFL)
		(void)sigaction(SIGINT, &ours, NULL);
	rest = end - terminal_now_ms();
	if (rest > 0 && interrupted == 0) {
		if (progress->live && rest > SECOND)
			rest = SECOND;
		pause.tv_sec = (time_t)(rest / 1000);
		pause.tv_nsec = (long)(rest % 1000) * 1000000;
		(void)nanosleep(&pause, NULL);
	}
	if (before.sa_handler == SIG_DFL)
		(void)sigaction(SIGINT, &before, NULL);
}

static bool
is_leave(const struct stroke *stroke)
{
	return stroke->kind == STROKE_ESCAPE ||
	    (stroke->kind == STROKE_TYPED &&
		(stroke->byte == 'q' || stroke->byte == CTRL_C));
}

/* With keys, until the end, or until the terminal wants to be painted in another
 * way; what follows is the same again.  False: there are no keys. */
static bool
listen_until(struct progress *progress, int64_t end)
{
	struct terminal terminal;
	struct terminal_watch watch;
	enum terminal_event event = TERMINAL_NOISE;
	struct stroke stroke;
	int64_t rest;

	/* In the background, it would be stopped for touching the terminal. */
	if (progress->tty < 0 || tcgetpgrp(progress->tty) != getpgrp() ||
	    terminal_open(&terminal, progress->tty, false) != STATUS_OK)
		return false;
	terminal.hide = progress_hide;
	terminal.yields = true;
	do {
		rest = end - terminal_now_ms();
		watch = (struct terminal_watch){ .pause_ms = rest < 0 ? 0
			    : rest > SECOND                           ? SECOND
								      : rest };
		event = terminal_wait(&terminal, &watch, &stroke);
		if (event == TERMINAL_STROKE && is_leave(&stroke))
			interrupted = SIGINT;
		if (event == TERMINAL_REDRAW || event == TERMINAL_WAKE)
			paint(progress);
	} while (event != TERMINAL_GONE && interrupted == 0 &&
	    (terminal_now_ms() < end || terminal_has_more(&terminal)));
	if (event == TERMINAL_GONE && progress->rows > 0 &&
	    tcgetpgrp(progress->tty) == getpgrp())
		progress_hide();
	interrupted_by(terminal_close(&terminal, interrupted != 0));
	return event != TERMINAL_GONE || interrupted != 0;
}

void
progress_sleep(struct progress *progress, int64_t seconds, const char *left)
{
	const int64_t end = terminal_now_ms() + seconds * SECOND;

	interrupted = 0;
	if (!listen_until(progress, end))
		while (terminal_now_ms() < end && interrupted == 0) {
			sleep_once(progress, end);
			if (progress->live && interrupted == 0)
				paint(progress);
		}
	if (interrupted == 0)
		return;
	/* Nothing else ends the line in which the terminal shows ^C. */
	if (!progress->live && !progress->quiet)
		put(SPAN("\n"));
	progress_hide();
	if (!progress->quiet)
		put(span_of(left));
	(void)raise(SIGINT);
}

void
progress_end(struct progress *progress)
{
	progress_hide();
	current = NULL;
	if (progress->tty >= 0)
		(void)close(progress->tty);
	progress->tty = -1;
	free(progress->page);
	progress->page = NULL;
	progress->live = false;
}

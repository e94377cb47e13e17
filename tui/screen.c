/* screen.c - the event loop: see screen.h */
#include "tui/screen.h"

#include <stdlib.h>

enum { CTRL_C = 3, CTRL_L = 12 };

struct run {
	struct terminal terminal;
	const struct screen *screen;
	const struct painter *paint;
	bool utf8;
	struct page *page; /* owned */
};

/* False: the window is too small. */
static bool
paint(struct run *run)
{
	size_t width, height;

	run->paint->size(&width, &height);
	if (!page_begin(run->page, width, height, run->utf8))
		return false;
	run->screen->draw(run->screen->context, run->page);
	run->paint->show(run->page);
	return true;
}

/* Keys typed before it was shown are not meant for it. */
static bool
paint_fresh(struct run *run)
{
	if (!paint(run))
		return false;
	terminal_flush(&run->terminal);
	if (run->screen->shown != NULL)
		run->screen->shown(run->screen->context, terminal_now_ms());
	return true;
}

static enum screen_next
press(struct run *run, struct stroke *stroke)
{
	if (stroke->kind > STROKE_PASTED)
		return run->screen->press(
		    run->screen->context, stroke, terminal_now_ms());
	if (stroke->byte == CTRL_C ||
	    terminal_is_key(&run->terminal, stroke->byte, VINTR))
		*stroke = (struct stroke){ STROKE_TYPED, CTRL_C, false };
	else
		stroke->more = terminal_has_more(&run->terminal);
	if (stroke->kind == STROKE_TYPED && stroke->byte == CTRL_L) {
		run->paint->again();
		return SCREEN_STAY;
	}
	return run->screen->press(
	    run->screen->context, stroke, terminal_now_ms());
}

static enum status
converse(struct run *run)
{
	const struct screen *screen = run->screen;
	struct terminal_watch watch;
	enum screen_next next = SCREEN_FRESH;
	enum terminal_event event;
	struct stroke stroke;

	for (;;) {
		if (!(next == SCREEN_FRESH ? paint_fresh(run) : paint(run)))
			return STATUS_UNABLE;
		watch = (struct terminal_watch){ .pause_ms = -1 };
		if (screen->watch != NULL)
			screen->watch(screen->context, &watch);
		next = SCREEN_STAY;
		do
			event = terminal_wait(&run->terminal, &watch, &stroke);
		while (event == TERMINAL_NOISE);
		switch (event) {
		case TERMINAL_STROKE:
			next = press(run, &stroke);
			break;
		case TERMINAL_REDRAW:
			run->paint->again();
			next = SCREEN_FRESH;
			break;
		case TERMINAL_WAKE:
			next = screen->wake(
			    screen->context, &watch, terminal_now_ms());
			break;
		case TERMINAL_NOISE:
		case TERMINAL_GONE:
			return STATUS_IO;
		}
		if (next == SCREEN_END)
			return STATUS_OK;
	}
}

enum status
screen_run(const struct screen *screen, const struct painter *paint_with,
    const struct screen_options *options, int *number)
{
	struct run run = {
		.screen = screen, .paint = paint_with, .utf8 = options->utf8
	};
	enum status status;

	*number = 0;
	if ((run.page = malloc(sizeof(*run.page))) == NULL)
		return STATUS_MEMORY;
	status = terminal_open(&run.terminal, options->tty, true);
	if (status == STATUS_OK) {
		status = paint_with->open(options->tty, options->color);
		if (status == STATUS_OK) {
			run.terminal.hide = paint_with->hide;
			status = converse(&run);
			run.terminal.hide = NULL;
			paint_with->close();
		}
		*number = terminal_close(&run.terminal, true);
	}
	free(run.page);
	return status;
}

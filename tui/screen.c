/* screen.c - rows to curses, keys to the model: see screen.h */
#include "tui/screen.h"

#include <curses.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "tui/terminal.h"
#include "tui/view.h"

/* Last: it defines words like "columns" and "lines". */
#include <term.h>

enum { CTRL_C = 3, CTRL_L = 12 };

static int64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int
attributes_of(const struct view_row *row, bool color)
{
	switch (row->style) {
	case VIEW_TITLE:
		return A_BOLD;
	case VIEW_WARNING:
		return A_BOLD | (color ? COLOR_PAIR(1) : 0);
	case VIEW_BUTTONS:
		return A_BOLD;
	case VIEW_PLAIN:
	case VIEW_FACT:
	case VIEW_HELP:
		break;
	}
	return A_NORMAL;
}

/* Returns false where the window is too small for the view. */
static bool
paint(struct model *model, const struct screen_options *options, bool color,
    struct view *view)
{
	int height, width, i, attributes;
	const struct view_row *row;

	getmaxyx(stdscr, height, width);
	view_draw(model, width > 0 ? (size_t)width : 0,
	    height > 0 ? (size_t)height : 0, options->utf8, view);
	if (view->rows == 0)
		return false;
	(void)werase(stdscr);
	for (i = 0; i < (int)view->rows; i++) {
		row = &view->row[i];
		attributes = attributes_of(row, color);
		(void)attrset(attributes);
		(void)mvaddstr(i, 0, row->text);
		if (row->style == VIEW_FACT && row->mark > 0) {
			(void)attrset(A_BOLD);
			(void)mvaddnstr(i, 0, row->text, (int)row->mark);
		}
		(void)attrset(A_NORMAL);
	}
	/* A screen reader follows the cursor: put it on the question. */
	(void)wmove(stdscr, (int)view->rows - 2, model->yes_selected ? 13 : 4);
	(void)refresh();
	return true;
}

static enum press
press_of_byte(unsigned char byte)
{
	switch (byte) {
	case 'y':
	case 'Y':
		return PRESS_YES;
	case 'n':
	case 'N':
	case CTRL_C:
		return PRESS_NO;
	case '\r':
	case '\n':
		return PRESS_ENTER;
	case '\t':
	case 'h':
	case 'l':
		return PRESS_SELECT;
	case 'k':
		return PRESS_LINE_UP;
	case 'j':
		return PRESS_LINE_DOWN;
	case '-':
		return PRESS_PAGE_UP;
	case ' ':
		return PRESS_PAGE_DOWN;
	case 'd':
	case '?':
		return PRESS_DETAILS;
	case 'q':
		return PRESS_BACK;
	default:
		return PRESS_OTHER;
	}
}

static enum press
press_of(struct terminal *terminal, const struct stroke *stroke)
{
	enum press press;

	switch (stroke->kind) {
	case STROKE_TYPED:
		if (terminal_is_key(terminal, stroke->byte, VINTR))
			return PRESS_NO;
		press = press_of_byte(stroke->byte);
		/* Who types one letter does not send ten at once: a paste,
		 * on a terminal that does not bracket it. */
		if (press == PRESS_YES && terminal_has_more(terminal)) {
			terminal_flush(terminal);
			return PRESS_OTHER;
		}
		return press;
	case STROKE_ESCAPE:
		return PRESS_ESCAPE;
	case STROKE_LEFT:
	case STROKE_RIGHT:
		return PRESS_SELECT;
	case STROKE_UP:
		return PRESS_LINE_UP;
	case STROKE_DOWN:
		return PRESS_LINE_DOWN;
	case STROKE_PAGE_UP:
		return PRESS_PAGE_UP;
	case STROKE_PAGE_DOWN:
		return PRESS_PAGE_DOWN;
	default: /* pasted: it answers nothing, ^C aside */
		return stroke->kind == STROKE_PASTED && stroke->byte == CTRL_C
		    ? PRESS_NO
		    : PRESS_OTHER;
	}
}

/* Leave the screen as it was; one that cannot be brought back stays, and
 * what comes next begins below it. */
static void
hide(const struct terminal *terminal)
{
	(void)endwin();
	if ((enter_ca_mode == NULL || exit_ca_mode == NULL) &&
	    fd_write(terminal->tty, SPAN("\n")) != STATUS_OK)
		return; /* nobody is there to see it */
}

static void
fit_window(int tty)
{
	struct winsize size;

	if (ioctl(tty, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
	    size.ws_col > 0 && is_term_resized(size.ws_row, size.ws_col))
		(void)resizeterm(size.ws_row, size.ws_col);
	(void)clearok(stdscr, TRUE);
}

static enum status
converse(struct model *model, struct terminal *terminal,
    const struct screen_options *options, bool color)
{
	static struct view view;
	enum terminal_event event;
	struct stroke stroke;

	if (!paint(model, options, color, &view))
		return STATUS_UNABLE;
	/* Keys typed before the question was shown do not answer it. */
	terminal_flush(terminal);
	model->shown_at = now_ms();
	while (model->result == MODEL_OPEN) {
		event = terminal_read(terminal, &stroke);
		if (event == TERMINAL_GONE)
			return STATUS_DECLINED;
		if (event == TERMINAL_NOISE)
			continue;
		if (event == TERMINAL_REDRAW) {
			fit_window(terminal->tty);
			model->shown_at = now_ms();
		} else if (stroke.kind == STROKE_TYPED &&
		    stroke.byte == CTRL_L) {
			(void)clearok(stdscr, TRUE);
		} else {
			model_press(
			    model, press_of(terminal, &stroke), now_ms());
		}
		if (!paint(model, options, color, &view))
			return STATUS_UNABLE;
	}
	return model->result == MODEL_APPROVED ? STATUS_OK : STATUS_DECLINED;
}

/* The modes and the signals are terminal.c's; curses paints. */
static enum status
ask(const struct dialog *dialog, const struct screen_options *options,
    struct terminal *terminal, FILE *in, FILE *out)
{
	enum status status = STATUS_UNABLE;
	struct model model;
	SCREEN *screen = newterm(NULL, out, in);
	bool color = false;

	if (screen == NULL)
		return STATUS_UNABLE;
	if (tigetstr("cup") == NULL || tigetstr("cup") == (char *)-1) {
		(void)endwin();
		delscreen(screen);
		return STATUS_UNABLE;
	}
	terminal->hide = hide;
	(void)raw();
	(void)noecho();
	(void)typeahead(-1); /* paint all of it, whatever is typed */
	if (options->color && has_colors()) {
		(void)start_color();
		(void)use_default_colors();
		color = init_pair(1, COLOR_RED, -1) == OK;
	}
	model_init(&model, dialog, now_ms());
	status = converse(&model, terminal, options, color);
	model_clear(&model);
	hide(terminal);
	terminal->hide = NULL;
	delscreen(screen);
	return status;
}

enum status
screen_ask(const struct dialog *dialog, const struct screen_options *options)
{
	struct terminal terminal;
	enum status status = STATUS_UNABLE;
	FILE *in = NULL, *out = NULL;

	(void)setlocale(LC_CTYPE, "");
	/* mutt sets these, and curses would never see another size. */
	(void)unsetenv("COLUMNS");
	(void)unsetenv("LINES");
	if ((in = fdopen(dup(options->tty), "r")) != NULL &&
	    (out = fdopen(dup(options->tty), "w")) != NULL &&
	    terminal_open(&terminal, options->tty, true) == STATUS_OK) {
		status = ask(dialog, options, &terminal, in, out);
		/* A signal is a No: what it was told ends with it. */
		(void)terminal_close(&terminal, true);
	}
	if (in != NULL)
		(void)fclose(in);
	if (out != NULL)
		(void)fclose(out);
	return status;
}

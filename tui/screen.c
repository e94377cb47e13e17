/*
 * screen.c - rows to curses, keys to the model: see screen.h
 *
 * raw() rather than cbreak(): under mutt the kernel's ^C and ^Z would reach
 * mutt, the shell and us at once, and whoever stops last grabs the terminal.
 */
#include "tui/screen.h"

#include <curses.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "tui/view.h"

/* Last: it defines words like "columns" and "lines". */
#include <term.h>

enum { CTRL_C = 3, CTRL_L = 12, CTRL_Z = 26, LOOK_UP_MS = 200 };

static volatile sig_atomic_t stop_wanted;

static void
on_stop(int number)
{
	(void)number;
	stop_wanted = 1;
}

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
key_of(int c)
{
	switch (c) {
	case 'y':
	case 'Y':
		return PRESS_YES;
	case 'n':
	case 'N':
	case CTRL_C:
		return PRESS_NO;
	case '\r':
	case '\n':
	case KEY_ENTER:
		return PRESS_ENTER;
	case '\t':
	case KEY_LEFT:
	case KEY_RIGHT:
	case 'h':
	case 'l':
		return PRESS_SELECT;
	case KEY_UP:
	case 'k':
		return PRESS_LINE_UP;
	case KEY_DOWN:
	case 'j':
		return PRESS_LINE_DOWN;
	case KEY_PPAGE:
	case '-':
		return PRESS_PAGE_UP;
	case KEY_NPAGE:
	case ' ':
		return PRESS_PAGE_DOWN;
	case 'd':
	case '?':
		return PRESS_DETAILS;
	case 27:
	case 'q':
		return PRESS_BACK;
	default:
		return PRESS_OTHER;
	}
}

static void
suspend_all(void)
{
	struct sigaction stop = { .sa_handler = SIG_DFL }, old;

	(void)endwin();
	/* Not curses' handler: it would save and restore a second time. */
	(void)sigemptyset(&stop.sa_mask);
	(void)sigaction(SIGTSTP, &stop, &old);
	(void)kill(0, SIGTSTP);
	(void)sigaction(SIGTSTP, &old, NULL);
	(void)reset_prog_mode();
	(void)clearok(stdscr, TRUE);
	(void)flushinp();
}

/* Has the terminal hung up? */
static bool
is_gone(int tty)
{
	struct pollfd state = { .fd = tty };

	return poll(&state, 1, 0) > 0 &&
	    (state.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

static enum status
converse(struct model *model, const struct screen_options *options, bool color)
{
	static struct view view;
	int c;

	if (!paint(model, options, color, &view))
		return STATUS_NO;
	/* What was typed before the question was seen is no answer. */
	(void)flushinp();
	model->shown_at = now_ms();
	/* A signal that comes just before getch() must not wait for a key. */
	timeout(LOOK_UP_MS);
	while (model->result == MODEL_OPEN) {
		c = getch();
		if (stop_wanted || is_gone(options->tty))
			return STATUS_DECLINED;
		if (c == ERR)
			continue;
		if (c == CTRL_Z) {
			suspend_all();
			model->shown_at = now_ms();
		} else if (c == CTRL_L) {
			(void)clearok(stdscr, TRUE);
		} else if (c != KEY_RESIZE) {
			model_press(model, key_of(c), now_ms());
		}
		if (!paint(model, options, color, &view))
			return STATUS_NO;
	}
	return model->result == MODEL_APPROVED ? STATUS_OK : STATUS_DECLINED;
}

/* SIGINT and friends set a flag: the screen is restored on every way out. */
static void
catch_signals(struct sigaction old[3])
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction action = { .sa_handler = on_stop };
	size_t i;

	(void)sigemptyset(&action.sa_mask);
	for (i = 0; i < 3; i++)
		(void)sigaction(numbers[i], &action, &old[i]);
}

static void
restore_signals(const struct sigaction old[3])
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGTERM };
	size_t i;

	for (i = 0; i < 3; i++)
		(void)sigaction(numbers[i], &old[i], NULL);
}

enum status
screen_ask(const struct dialog *dialog, const struct screen_options *options)
{
	struct sigaction old[3];
	enum status status = STATUS_NO;
	struct model model;
	SCREEN *screen = NULL;
	FILE *in = NULL, *out = NULL;
	bool color = false;

	(void)setlocale(LC_CTYPE, "");
	/* mutt sets these, and curses would never see another size. */
	(void)unsetenv("COLUMNS");
	(void)unsetenv("LINES");
	if ((in = fdopen(dup(options->tty), "r")) == NULL ||
	    (out = fdopen(dup(options->tty), "w")) == NULL ||
	    (screen = newterm(NULL, out, in)) == NULL)
		goto out;
	if (tigetstr("cup") == NULL || tigetstr("cup") == (char *)-1) {
		(void)endwin();
		goto out;
	}
	catch_signals(old);
	(void)raw();
	(void)noecho();
	(void)nonl();
	(void)keypad(stdscr, TRUE);
	(void)set_escdelay(100);
	if (options->color && has_colors()) {
		(void)start_color();
		(void)use_default_colors();
		color = init_pair(1, COLOR_RED, -1) == OK;
	}
	model_init(&model, dialog, now_ms());
	status = converse(&model, options, color);
	model_clear(&model);
	(void)flushinp();
	(void)endwin();
	restore_signals(old);
out:
	if (screen != NULL)
		delscreen(screen);
	if (in != NULL)
		(void)fclose(in);
	if (out != NULL)
		(void)fclose(out);
	return status;
}

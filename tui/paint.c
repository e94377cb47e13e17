/* paint.c - pages to curses: see paint.h */
#include "tui/paint.h"

#include <curses.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/fd.h"

/* Last: it defines words like "columns" and "lines". */
#include <term.h>

enum { ROLE_COUNT = ROLE_KEY + 1 };

static struct {
	int tty; /* borrowed */
	FILE *in, *out;
	SCREEN *screen;
	int attributes[ROLE_COUNT];
} at = { .tty = -1 };

/* A colour of the 256 that can be read on black and on white; of the eight,
 * the user's own palette is left to decide. */
static const struct {
	enum role role;
	short many, few;
} colors[] = { { ROLE_GOOD, 34, COLOR_GREEN }, { ROLE_DUE, 136, COLOR_YELLOW },
	{ ROLE_BAD, 160, COLOR_RED }, { ROLE_WAIT, 31, COLOR_CYAN } };

static void
make_attributes(bool color)
{
	size_t i;
	short pair;

	(void)memset(at.attributes, 0, sizeof(at.attributes));
	at.attributes[ROLE_TITLE] = at.attributes[ROLE_KEY] =
	    at.attributes[ROLE_BAD] = A_BOLD;
	at.attributes[ROLE_SELECT] = A_REVERSE;
	if (!color || !has_colors() || start_color() != OK ||
	    use_default_colors() != OK)
		return;
	at.attributes[ROLE_DIM] = at.attributes[ROLE_STRANGER] = A_DIM;
	for (i = 0; i < sizeof(colors) / sizeof(*colors); i++) {
		pair = (short)(i + 1);
		if (init_pair(pair,
			COLORS >= 256 ? colors[i].many : colors[i].few,
			-1) == OK)
			at.attributes[colors[i].role] |= COLOR_PAIR(pair);
	}
}

/* A screen that cannot be brought back stays, and what comes next begins below
 * it. */
static void
hide(void)
{
	(void)endwin();
	if ((enter_ca_mode == NULL || exit_ca_mode == NULL) &&
	    fd_write(at.tty, SPAN("\n")) != STATUS_OK)
		return; /* nobody is there to see it */
}

static void
drop(void)
{
	if (at.screen != NULL)
		delscreen(at.screen);
	if (at.in != NULL)
		(void)fclose(at.in);
	if (at.out != NULL)
		(void)fclose(at.out);
	at.screen = NULL;
	at.in = at.out = NULL;
}

/* Our text is UTF-8 or ASCII; a locale that is named, but not installed, must
 * not turn it into something else. */
static void
set_locale(void)
{
	if (setlocale(LC_CTYPE, "") == NULL || MB_CUR_MAX == 1)
		(void)setlocale(LC_CTYPE, "C.UTF-8");
}

static enum status
open_screen(int tty, bool color)
{
	set_locale();
	/* mutt sets these, and curses would never see another size. */
	(void)unsetenv("COLUMNS");
	(void)unsetenv("LINES");
	at.tty = tty;
	if ((at.in = fdopen(dup(tty), "r")) == NULL ||
	    (at.out = fdopen(dup(tty), "w")) == NULL ||
	    (at.screen = newterm(NULL, at.out, at.in)) == NULL) {
		drop();
		return STATUS_UNABLE;
	}
	if (tigetstr("cup") == NULL || tigetstr("cup") == (char *)-1) {
		(void)endwin();
		drop();
		return STATUS_UNABLE;
	}
	(void)raw();
	(void)noecho();
	(void)typeahead(-1); /* paint all of it, whatever is typed */
	make_attributes(color);
	return STATUS_OK;
}

static void
close_screen(void)
{
	hide();
	drop();
}

static void
get_size(size_t *width, size_t *height)
{
	*width = COLS > 0 ? (size_t)COLS : 0;
	*height = LINES > 0 ? (size_t)LINES : 0;
}

static void
again(void)
{
	struct winsize size;

	if (ioctl(at.tty, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
	    size.ws_col > 0 && is_term_resized(size.ws_row, size.ws_col))
		(void)resizeterm(size.ws_row, size.ws_col);
	(void)clearok(stdscr, TRUE);
}

/* The C library may find a character wider than base/text.h does: what would
 * wrap into the next row is left out. */
static void
put(struct span text, int attributes, int *column, int width)
{
	mbstate_t state = { 0 };
	wchar_t wide[2] = L"";
	size_t len;
	int cells;

	(void)attrset(attributes);
	while (text.len > 0) {
		len = mbrtowc(wide, text.at, text.len, &state);
		if (len == 0 || len > text.len) { /* or an error */
			len = 1;
			(void)memset(&state, 0, sizeof(state));
			wide[0] = L'?';
		}
		text = span_cut(text, len, text.len);
		if ((cells = wcwidth(wide[0])) < 0) {
			wide[0] = L'?';
			cells = 1;
		}
		if (*column + cells > width)
			return;
		(void)addwstr(wide);
		*column += cells;
	}
}

static void
put_row(const struct page_row *row, int y, int width)
{
	const struct page_run *run;
	int column = 0, attributes;
	size_t i;

	(void)move(y, 0);
	for (i = 0; i < row->runs; i++) {
		run = &row->run[i];
		attributes = at.attributes[run->role];
		if (row->selected)
			attributes |= A_REVERSE;
		put((struct span){ row->text + run->from, run->len },
		    attributes, &column, width);
	}
	(void)attrset(A_NORMAL);
}

static void
show(const struct page *page)
{
	int i, height, width;

	getmaxyx(stdscr, height, width);
	(void)werase(stdscr);
	for (i = 0; i < (int)page->rows && i < height; i++)
		put_row(&page->row[i], i, width);
	(void)move((int)page->cursor_row, (int)page->cursor_column);
	(void)refresh();
}

const struct painter painter = { open_screen, get_size, show, again, hide,
	close_screen };

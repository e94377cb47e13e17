/*
 * page.h - a screenful of text in roles, as every screen lays it out
 *
 * Pure: no terminal, no clock.  A screen adds rows from the top; paint.c gives
 * the roles their colours.  Every text that goes into a row is made safe once
 * more (base/text.h) and is cut, with an ellipsis, where the row ends: a row
 * is never wider than the page, and a page never wider than 100 columns.
 *
 * All screens look alike: page_title(), then the screen's own rows, then
 * page_keys().
 */
#ifndef TUI_PAGE_H
#define TUI_PAGE_H
#include <stdint.h>

#include "base/buf.h"

enum {
	PAGE_COLUMNS_MAX = 100,
	PAGE_ROWS_MAX = 200,
	PAGE_COLUMNS_MIN = 30, /* below: the plain prompts */
	PAGE_ROWS_MIN = 6,
	PAGE_RUNS_MAX = 12,
	/* A character has four octets at most, and one mark. */
	PAGE_TEXT_SIZE = 8 * PAGE_COLUMNS_MAX + 1,
	LINES_MAX = 4000
};

/* A colour repeats what a word says. */
enum role {
	ROLE_PLAIN,
	ROLE_TITLE,    /* bold */
	ROLE_GOOD,     /* green: "ok" */
	ROLE_DUE,      /* yellow: "due", "in 9 days" */
	ROLE_BAD,      /* bold red: "failed", "expired" */
	ROLE_WAIT,     /* cyan: "waiting" */
	ROLE_DIM,      /* what matters less */
	ROLE_STRANGER, /* a stranger's own words, in quotation marks */
	ROLE_SELECT,   /* reverse: the chosen button */
	ROLE_KEY       /* bold */
};

struct page_run {
	enum role role;
	uint16_t from, len; /* octets of the row's text */
};

struct page_row {
	uint16_t columns; /* that it may have */
	uint16_t width;   /* columns that it has */
	uint16_t len;     /* octets of text */
	uint16_t runs;
	uint16_t tag; /* for who laid it out */
	bool utf8;
	bool full;     /* something was cut at its end: nothing follows */
	bool selected; /* all of it in reverse; it begins with ">" */
	struct page_run run[PAGE_RUNS_MAX];
	char text[PAGE_TEXT_SIZE];
};

struct page {
	size_t width, height;
	bool utf8;
	size_t rows;
	/* Where a screen reader looks: the selected line, the question. */
	size_t cursor_row, cursor_column;
	struct page_row row[PAGE_ROWS_MAX + 1]; /* one takes what is over */
};

/* Begin an empty page.  False: the terminal is too small for any. */
bool page_begin(struct page *page, size_t width, size_t height, bool utf8);
/* Is it 40x10 rather than 80x24?  Then empty lines and rules go, and labels
 * stand above what they name. */
bool page_is_narrow(const struct page *page);
bool page_is_low(const struct page *page);
/* The next row, empty.  What is added below the last one is not shown. */
struct page_row *page_add(struct page *page);
/* How many rows are free. */
size_t page_room(const struct page *page);
void page_cursor(struct page *page, size_t row, size_t column);

/* The top: the title, what may stand at the right end (or ""), a rule. */
void page_title(struct page *page, const char *title, const char *right);
void page_rule(struct page *page);
/* Rows that are empty, until `below` more end at the bottom. */
void page_fill(struct page *page, size_t below);

/* One table for the key line and for the help. */
struct page_key {
	const char *key;  /* "y" */
	const char *does; /* "yes"; NULL: in the help only */
	const char *help; /* "Send the answer." */
	bool stays;       /* on the line, where others are dropped */
};
/* The last line: the most used first; what does not fit is dropped from the
 * right. */
void page_keys(struct page *page, const struct page_key *keys, size_t count);
/* "[ No ]     Yes", and the cursor on it. */
void page_buttons(struct page *page, const char *const names[], size_t count,
    size_t selected);
/* The text of all rows, each with a line end. */
void page_print(const struct page *page, struct buf *out);

/* Add to the end of a row. */
void row_add(struct page_row *row, enum role role, struct span text);
void row_addf(struct page_row *row, enum role role, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* At most that many columns of it. */
void row_add_in(
    struct page_row *row, enum role role, struct span text, size_t columns);
/* An address in at most that many columns: cut in the middle of its local
 * part, never in its domain.  False, and nothing is added: not even so. */
bool row_add_address(
    struct page_row *row, enum role role, struct span address, size_t columns);
/* Blanks up to that column. */
void row_pad(struct page_row *row, size_t column);
/* At the right end, if two columns stay free before it. */
bool row_right(struct page_row *row, enum role role, struct span text);

/* More lines than a page has rows: what scrolls. */
struct lines {
	struct page_row *row; /* owned */
	size_t count, room, columns;
	bool utf8;
	bool cut; /* no memory, or more than LINES_MAX */
};

void lines_init(struct lines *lines, const struct page *page);
void lines_clear(struct lines *lines);
/* Valid until the next line is added; NULL: see cut. */
struct page_row *lines_add(struct lines *lines);
/* Continue the last line with text that is wrapped at blanks; the lines that
 * follow are indented. */
void lines_flow(
    struct lines *lines, enum role role, struct span text, size_t indent);
/* Text with line ends, each line wrapped. */
void lines_text(struct lines *lines, enum role role, struct span text);
/* What each key does. */
void lines_keys(struct lines *lines, const struct page_key *keys, size_t count);
/* Copy `count` of them, from one on, into the page. */
void page_lines(
    struct page *page, const struct lines *lines, size_t from, size_t count);
#endif

/*
 * reader.h - read a text: scroll, search, go back
 *
 * Pure.  For details, and for the help of a screen, whose text is its table of
 * keys.
 */
#ifndef TUI_READER_H
#define TUI_READER_H
#include "tui/keys.h"
#include "tui/page.h"

enum { READER_NEEDLE_MAX = 60 };

struct reader {
	const char *title; /* constant text */
	/* One of the two, borrowed. */
	struct span text; /* safe text in lines */
	const struct page_key *table;
	size_t keys;
	/* Any key but those that scroll ends it. */
	bool any_key;

	bool helping;      /* its own keys are shown */
	size_t top;        /* the first line on the screen */
	size_t page, last; /* set by reader_draw() */
	char needle[READER_NEEDLE_MAX + 1];
	size_t needle_len;
	bool typing; /* the needle is being typed */
	int find;    /* 1: the next line with it, -1: the one before */
	bool found;  /* line `at` of the text has it */
	size_t at;
	const char *says; /* about the search; constant text, or NULL */
};

void reader_open(struct reader *reader, const char *title, struct span text);
void reader_open_help(
    struct reader *reader, const struct page_key *table, size_t keys);
/* False: it is to be left. */
bool reader_press(struct reader *reader, const struct stroke *stroke);
void reader_draw(struct reader *reader, struct page *out);
#endif

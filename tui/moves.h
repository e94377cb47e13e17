/*
 * moves.h - the keys that move and scroll, the same on every screen
 *
 * vi's, the arrows, and those of mutt's pager.
 */
#ifndef TUI_MOVES_H
#define TUI_MOVES_H
#include "tui/keys.h"

enum move {
	MOVE_NONE,
	MOVE_UP,        /* k, arrow */
	MOVE_DOWN,      /* j, arrow */
	MOVE_PAGE_UP,   /* -, PgUp, ^B */
	MOVE_PAGE_DOWN, /* Space, PgDn, ^F */
	MOVE_HALF_UP,   /* ^U */
	MOVE_HALF_DOWN, /* ^D */
	MOVE_FIRST,     /* g, Home */
	MOVE_LAST       /* G, End */
};

enum move move_of(const struct stroke *stroke);
/* Where a move leads from `at`, between 0 and last. */
size_t move_to(enum move move, size_t at, size_t last, size_t page);
/* The octet that was typed; 0: it was not a typed one. */
unsigned char move_typed(const struct stroke *stroke);
#endif

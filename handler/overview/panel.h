/*
 * panel.h - the overview on a screen: its state, its keys, its rows
 *
 * Pure: no terminal, no clock, no home.  What to run comes out as words for the
 * command line; whoever runs it comes back with another overview, and the
 * selection follows its item.
 */
#ifndef OVERVIEW_PANEL_H
#define OVERVIEW_PANEL_H
#include "overview/decisions.h"
#include "overview/overview.h"
#include "tui/reader.h"
#include "tui/screen.h"

enum { PANEL_WORDS = 6, PANEL_CHOICES_MAX = 16, PANEL_WAYS = 2 };

/* What the user wants to be run. */
struct panel_command {
	const char *word[PANEL_WORDS]; /* after "mailcert"; NULL: the end */
	/* Ask for the last word with this label; NULL: it is complete. */
	const char *ask;
	bool path; /* that word is a path */
	bool mail; /* run the mail program instead */
	/* or turn the timer on, in that way: the value of a struct panel_way */
	const char *timer;
};

/* How renewal could be turned on. */
struct panel_way {
	const char *value; /* "systemd" */
	const char *about; /* the command, or the line that is added */
};

enum panel_renewal {
	PANEL_UNKNOWN, /* whether anything renews */
	PANEL_BY_ITSELF,
	PANEL_BY_HAND, /* there is no timer */
	PANEL_STOPPED  /* there is one, which does not run */
};

struct panel_choice {
	const char *key;   /* "n" */
	const char *label; /* "get one for my address" */
	const char *about; /* "from a CA that answers by mail" */
	struct panel_command command;
};

enum panel_page { PANEL_LIST, PANEL_CHOICES, PANEL_TEXT };

struct panel {
	/* Set by the caller; borrowed. */
	const struct overview *overview;
	const struct decisions *decisions;
	const char *mail;    /* "neomutt": the user's mail program; or NULL */
	const char *program; /* that certificates may go into: the same; or
				NULL */
	bool mailboxes;      /* watch is configured */
	bool reading;        /* the overview is not complete yet */
	enum panel_renewal renewal;
	struct panel_way way[PANEL_WAYS];
	size_t ways;
	int64_t now;
	/* Append safe text in lines of that many columns about the item. */
	void (*details)(void *context, const struct overview_item *item,
	    size_t columns, struct buf *out);
	void *context;

	enum panel_page page;
	struct overview_item selected; /* a copy, to find it again */
	size_t at;                     /* its place among the items shown */
	size_t top;                    /* the first row that is shown */
	size_t room, columns;          /* of the screen, set by draw */
	struct buf text;               /* owned: details */
	struct reader reader;          /* of the details, or of the help */
	enum panel_page before;        /* the page below that text */
	char subtitle[200];            /* "Details: alice@example.org" */
	const char *title;             /* of the choices */
	struct panel_choice choice[PANEL_CHOICES_MAX];
	size_t choices, chosen;
	char subject[RECORD_ID_SIZE]; /* the id that the choices are about */
	bool general;                 /* they are not about an item */
	bool gone; /* the selected item went, and nobody has moved since */
	bool finding;
	char find[64];
	char message[160];
	struct panel_command command; /* after SCREEN_END; see panel_leaves() */
};

void panel_init(struct panel *panel);
void panel_clear(struct panel *panel);
/* overview, decisions or now are others. */
void panel_update(struct panel *panel);
/* After SCREEN_END: is there nothing to run? */
bool panel_leaves(const struct panel *panel);
/* Fill the choices of a home that has nothing to list. */
void panel_offer_beginning(struct panel *panel);
/* For struct screen; context is the panel. */
void panel_draw(void *context, struct page *out);
enum screen_next panel_press(
    void *context, const struct stroke *stroke, int64_t now_ms);
#endif

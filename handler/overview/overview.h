/*
 * overview.h - what there is in a home: what needs the user, what goes on
 *
 * Pure: records and a moment give items, worst first.  status prints them and
 * the overview screen shows them, so that they agree.  All text of an item is
 * safe (base/text.h).
 */
#ifndef OVERVIEW_OVERVIEW_H
#define OVERVIEW_OVERVIEW_H
#include "config/config.h"
#include "store/expectation.h"
#include "store/order.h"

/* In the order in which they are shown. */
enum overview_section {
	OVERVIEW_NEEDS_YOU,
	OVERVIEW_ON_ITS_WAY,
	OVERVIEW_CERTIFICATES,
	OVERVIEW_OVER
};
enum { OVERVIEW_SECTIONS = OVERVIEW_OVER + 1 };

/* Worse ones are greater. */
enum overview_grade {
	OVERVIEW_DIM,
	OVERVIEW_GOOD,
	OVERVIEW_WAITS,
	OVERVIEW_DUE,
	OVERVIEW_BAD
};

/* What the user can do about it, by one key. */
enum overview_act {
	OVERVIEW_NOTHING = 0,
	OVERVIEW_ANSWER = 1,
	OVERVIEW_FINISH = 2,
	OVERVIEW_RENEW = 4,
	OVERVIEW_INSTALL = 8,
	OVERVIEW_ORDER = 16,
	OVERVIEW_IMPORT = 32,
	OVERVIEW_DOCTOR = 64,
	OVERVIEW_TIMER = 128
};

struct overview_item {
	char id[RECORD_ID_SIZE]; /* the one that users see; empty: damaged, or
				  * what is said of all of them */
	enum overview_section section;
	enum overview_grade grade;
	const char *word;        /* constant: "waiting", "ok", "[2/4]" */
	char address[160];       /* "alice@example.org and 2 more" */
	char what[320];          /* one clause */
	int64_t when;            /* 0: nothing to tell */
	bool since;              /* when has passed; else it is a deadline */
	unsigned can;            /* acts */
	enum overview_act first; /* what to do now */
	int64_t created;
	int64_t renewal;               /* of a certificate, or 0 */
	char replaces[RECORD_ID_SIZE]; /* of an order that renews, or empty */
	bool failed;
	bool last;                 /* in its section: it is not urgent */
	const struct order *order; /* borrowed, as the next */
	const struct expectation *expectations;
	size_t expectation_count;
};

/* What is known beside the record that is judged. */
struct overview_world {
	const struct config *config;
	int64_t now;
	bool utf8;
	/* Append the programs that the certificate is installed in, "mutt,
	 * Thunderbird"; NULL: nobody knows. */
	void (*installed)(const void *context, const char *id, struct buf *out);
	const void *context;
};

struct overview {
	struct overview_item *item; /* owned */
	size_t count;
	size_t room;
	bool failed; /* no memory: it is not complete */
};

/* Add an order with its challenges, which need not be all: those that the CA
 * is content with may be missing. */
void overview_add_order(struct overview *overview,
    const struct overview_world *world, const struct order *order,
    const struct expectation *expectations, size_t count);
/* Add a challenge whose order is not there: another client has it. */
void overview_add_challenge(struct overview *overview,
    const struct overview_world *world, const struct expectation *expectation);
/* Add what could not be read. */
void overview_add_damage(
    struct overview *overview, const char *text, bool utf8);
/* Add that certificates do not renew by themselves; by: the timer that should
 * renew them, and does not; NULL: nothing should. */
void overview_add_timer(struct overview *overview, const char *by);
/* After all were added: weigh them against each other and sort them, worst
 * first within each section. */
void overview_settle(struct overview *overview);
void overview_clear(struct overview *overview);

/* Return how many are in the section. */
size_t overview_count(
    const struct overview *overview, enum overview_section section);
/* Is there anything that could renew by itself? */
bool overview_renews(const struct overview *overview);
/* The certificate that is renewed next; NULL: none. */
const struct overview_item *overview_next_renewal(
    const struct overview *overview);
const char *overview_heading(enum overview_section section);
/* "18:52" of today, " 3 Mar" of before, "2027-03-03"; or nothing. */
void overview_short_time(int64_t when, int64_t now, char *out, size_t size);
/* "88 days left", "14 min left", "since 18:52"; nothing if it has no time. */
void overview_add_when(
    const struct overview_item *item, int64_t now, struct buf *out);
#endif

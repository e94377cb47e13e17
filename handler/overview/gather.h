/*
 * gather.h - read what the overview is made of from the home
 */
#ifndef OVERVIEW_GATHER_H
#define OVERVIEW_GATHER_H
#include "overview/overview.h"

/* The records; all are owned, and sorted by gather_judge(). */
struct gathering {
	struct order *orders;
	size_t order_count;
	struct expectation *expectations;
	size_t expectation_count;
	struct overview overview; /* borrows from them */
};

/*
 * Load the records that need somebody, or are on their way, by the index of a
 * large home; every: all but the challenges that a CA is content with.  As
 * records_load().
 */
enum status gather_load(const struct config *config, const struct home *home,
    bool every, int64_t now, struct gathering *out,
    struct note *note) MUST_CHECK;
/* Load one order, or a challenge that has none, with all its challenges. */
enum status gather_load_one(const struct home *home, const char *id,
    struct gathering *out, struct note *note) MUST_CHECK;
/* Fill the overview with what was loaded, by whomever, and with what could not
 * be read.  STATUS_MEMORY. */
enum status gather_judge(struct gathering *gathering,
    const struct config *config, const struct home *home,
    int64_t now) MUST_CHECK;
void gather_clear(struct gathering *gathering);
#endif

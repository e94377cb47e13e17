/*
 * golden.h - the states of the screens that are kept as files
 *
 * Each screen has a table of its states (question.c, ...); main.c draws them
 * at every size.  tests/flow/golden.py compares, `make golden` writes the
 * files.
 */
#ifndef GOLDEN_H
#define GOLDEN_H
#include "tui/page.h"

struct golden {
	const char *name; /* of the file, "question-asked" */
	/* Draw that state; *out has begun. */
	void (*draw)(struct page *out);
};

/* Each ends with a NULL name. */
extern const struct golden golden_question[], golden_waiting[],
    golden_overview[], golden_setup[];
#endif

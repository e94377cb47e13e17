/*
 * problem.h - explain a CA's problem document (RFC 8555 section 6.7)
 *
 * The CA's own words, cut to fit, and what the user can do about it.
 */
#ifndef ORDER_PROBLEM_H
#define ORDER_PROBLEM_H
#include "acme/object.h"
#include "base/status.h"

/* What to do about a problem of that type; empty where there is nothing to
 * say. */
const char *problem_advice(const char *type);
/* "badCSR: the CA's words (of each part)", cut to fit. */
void problem_describe(
    const struct acme_problem *problem, char *out, size_t size);
/* All of that in one sentence, with the HTTP code, when to try again (seconds;
 * -1: not said) and an advice. */
void problem_tell(const struct acme_problem *problem, int64_t code,
    int64_t retry_after, const char *advice, struct note *note);
#endif

/*
 * parse.h - read what a message claims, in a sandboxed child (stage 2)
 *
 * A stranger wrote the message, so a sandboxed child reads it, and what the
 * child reports is checked again.
 */
#ifndef ANSWER_PARSE_H
#define ANSWER_PARSE_H
#include "answer/rules.h"
#include "reply/authres.h"
#include "reply/challenge.h"

struct answer_claims {
	struct challenge challenge;
	struct authres_query query; /* what could prove the sender */
};

/* STATUS_OK; a refusal of challenge_parse() or authres_query_build();
 * STATUS_BUG: the child's report is malformed; or what child_run() gives. */
enum status answer_parse(struct span message, const struct rules *rules,
    int64_t now, struct answer_claims *out, struct note *note) MUST_CHECK;
#endif

/*
 * subject.h - read the Subject of a challenge (RFC 8823 section 3.1)
 */
#ifndef REPLY_SUBJECT_H
#define REPLY_SUBJECT_H
#include "mail/header.h"
#include "reply/challenge.h"

/*
 * Is any Subject that of a challenge?  A message that never claims to be one is
 * "not-a-challenge", whatever else is wrong with it.  STATUS_NO_CHALLENGE;
 * STATUS_BAD_REPLY: a reply prefix stands before "ACME:".
 */
enum status subject_check(
    const struct header *header, struct note *note) MUST_CHECK;
/*
 * Read the token (item 1) from the body of a Subject into out->part1, and
 * out->subject_shown.  STATUS_BAD_TOKEN, _BAD_CHARSET, _BAD_SYNTAX.
 */
enum status subject_take_token(
    struct span body, struct challenge *out, struct note *note) MUST_CHECK;
#endif

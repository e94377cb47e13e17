/*
 * challenge.h - read what a challenge message claims (RFC 8823 section 3.1)
 *
 * Every rule of section 3.1 that the message itself can show is checked here;
 * none of it proves anything: the values are claims until an authres
 * says who made them.  The struct is flat and of fixed size, because it
 * crosses from the process that parses strangers' bytes to the one that acts,
 * which checks every field again with challenge_ok().
 */
#ifndef REPLY_CHALLENGE_H
#define REPLY_CHALLENGE_H
#include <stdint.h>

#include "acme/token.h"
#include "base/span.h"
#include "base/status.h"
#include "mail/address.h"
#include "mail/msgid.h"

enum {
	REPLY_TO_MAX = 4, /* our limit: one challenge, few mails */
	SHOWN_MAX = 256
};

/* Odd, though not forbidden: a person may accept them, a program may not. */
enum challenge_warning {
	WARNING_REPLY_TO_DOMAIN = 1 << 0, /* Reply-To in another domain */
	WARNING_REPLY_TO_MANY = 1 << 1,   /* more than one Reply-To address */
	WARNING_DISPLAY = 1 << 2,         /* hidden or look-alike characters */
	WARNING_MESSAGE_ID = 1 << 3,      /* a Message-ID nobody should copy */
	WARNING_THREADED = 1 << 4,        /* In-Reply-To or References */
	WARNING_RESENT = 1 << 5,          /* Resent-* fields */
	/* set by match_find() */
	WARNING_SPELLING = 1 << 6, /* To differs by case or quoting */
	WARNING_TWO_EXPECTATIONS = 1 << 7,
	WARNING_OTHER_TOKEN = 1 << 8, /* another token was answered already */
	WARNING_IN_DOUBT = 1 << 9,    /* an earlier answer may have been sent */
	WARNING_WEAK_KEY = 1 << 10,   /* DKIM with RSA below 2048 bits */
	/* set by challenge_parse() again */
	WARNING_NO_DATE = 1 << 11 /* Date is missing or malformed */
};
enum { WARNING_COUNT = 12 };

/* The stable name ("reply-to-domain") and the sentence of one warning bit. */
const char *warning_name(unsigned warning);
const char *warning_sentence(unsigned warning);

struct challenge {
	char claimed_from[ADDRESS_SIZE]; /* normal form: address_normal() */
	char claimed_from_written[ADDRESS_SIZE]; /* as it stands */
	char claimed_to[ADDRESS_SIZE];
	char reply_to[REPLY_TO_MAX][ADDRESS_SIZE]; /* where the answer goes */
	char reply_to_written[REPLY_TO_MAX][ADDRESS_SIZE];
	uint32_t reply_to_count; /* at least 1: From where no Reply-To is */
	char part1[TOKEN_PART_MAX + 1]; /* white space removed, "=" kept */
	char message_id[MSGID_MAX + 1]; /* or empty */
	char references[REFERENCES_MAX + MSGID_MAX + 2];
	char from_shown[SHOWN_MAX];    /* safe text: display name */
	char subject_shown[SHOWN_MAX]; /* safe text */
	char date_shown[SHOWN_MAX];    /* safe text, as it stands */
	int64_t date;                  /* 0: missing or malformed */
	int64_t delivered; /* of the topmost Received; 0 without one */
	uint32_t warnings;
	uint32_t type_acme;    /* 1: Auto-Submitted carries type=acme */
	uint32_t has_reply_to; /* 1: the answer goes to Reply-To */
};

/* What challenge_parse() demands; RFC 8823 rules that a CA is known to break
 * and the user chose to relax for it (docs/leniency.md). */
struct challenge_rules {
	bool auto_submitted; /* section 3.1, item 5; a CA that leaves it out
	                      * may leave the Date out too */
};

/*
 * Parse a whole message.  *out is written only on STATUS_OK; note tells which
 * field is at fault.  STATUS_NO_CHALLENGE, _BAD_REPLY, _BAD_TOKEN,
 * _BAD_CHARSET, _BAD_SYNTAX, _BAD_HEADER, _BAD_SIZE, _BAD_ENCODING,
 * _BAD_AUTO, _BAD_FROM, _BAD_TO, _BAD_LIST, _BAD_REPLY_TO.
 */
enum status challenge_parse(struct span message,
    const struct challenge_rules *rules, struct challenge *out,
    struct note *note) MUST_CHECK;

/* Does the message say that it is a challenge: Subject with a token, and
 * Auto-Submitted as the rules demand it?  For filters and mailcap's test=. */
bool challenge_is_one(struct span message, const struct challenge_rules *rules);

/* Is every field of a struct that came from another process what
 * challenge_parse() could have written? */
bool challenge_ok(const struct challenge *challenge);
#endif

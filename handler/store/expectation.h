/*
 * expectation.h - store the challenges that are expected, and their states
 *
 * One JSON file each, home/expectations/ID.json (in format 1
 * home/orders/ID.json).  The account key is not here, only its thumbprint:
 * the process that answers cannot sign.
 */
#ifndef STORE_EXPECTATION_H
#define STORE_EXPECTATION_H
#include <stdint.h>

#include "acme/object.h"
#include "acme/token.h"
#include "mail/address.h"
#include "mail/bounce.h"
#include "store/record.h"

/*
 * pending    no challenge was answered
 * answering  the answer may have been sent: written before the act
 * drafted    a draft was handed over; we do not know whether it was sent
 * sent       a mail system accepted the answer
 * bounced    a report says that the answer was not delivered
 */
enum expectation_state {
	EXPECTATION_PENDING,
	EXPECTATION_ANSWERING,
	EXPECTATION_DRAFTED,
	EXPECTATION_SENT,
	EXPECTATION_BOUNCED
};

struct expectation {
	char id[RECORD_ID_SIZE];
	char address[ADDRESS_SIZE];        /* exactly as ordered */
	char address_normal[ADDRESS_SIZE]; /* address_normal() of it */
	char from[ADDRESS_SIZE];           /* the challenge object's "from" */
	char from_normal[ADDRESS_SIZE];
	char part2[TOKEN_TEXT_SIZE]; /* the challenge object's "token" */
	char thumbprint[44];
	char note[256]; /* the user's own words */
	char ca[32];    /* expect --ca: a name of the configuration; or empty */
	enum token_join join;
	int64_t created;
	int64_t expires; /* 0: not known */
	enum expectation_state state;
	/* From EXPECTATION_ANSWERING on: */
	char part1[TOKEN_TEXT_SIZE];
	char message_id[MSGID_MAX + 1];
	char reply_to[ADDRESS_SIZE];  /* whom it goes to: address_normal() */
	char draft[256];              /* where the answer went */
	char reply_id[MSGID_MAX + 1]; /* its Message-ID; or empty: not known */
	/* Of the last answer that bounced: its Message-ID, and why; or empty. */
	char bounced_id[MSGID_MAX + 1];
	char bounce[BOUNCE_REASON_SIZE];
	int64_t answered; /* the last time */
	int64_t answers;  /* how many; an older record says 0 */
	/* Of our own certificate order; empty where expect made it: */
	char order[RECORD_ID_SIZE];
	char authorization_url[ACME_URL_SIZE];
	char challenge_url[ACME_URL_SIZE];
	int64_t told; /* when the CA was told of the answer; 0: not yet */
	int64_t met;  /* when the CA was content with it; 0: not yet */
};

/*
 * What to search for: those for an address, in whatever spelling; those that a
 * challenge from and to these addresses may belong to, or that were answered
 * with that token-part1, and some that are near; those of an order; those that
 * the CA is not content with at that time, for an address; those for which an
 * answer may be out that another client told of; the one of an authorization;
 * the one with that token-part2; those that a challenge is awaited for, at that
 * time; those that were answered since then; the one whose answer has that
 * Message-ID; those answered since then whose answer, if it comes back, nobody
 * else learns of.
 */
void expectation_search_for(struct record_search *search, const char *address);
void expectation_search_match(struct record_search *search, const char *from,
    const char *to, const char *part1);
void expectation_search_of(struct record_search *search, const char *order);
void expectation_search_unmet(
    struct record_search *search, const char *address, int64_t now);
void expectation_search_doubt(struct record_search *search, int64_t now);
void expectation_search_authorization(
    struct record_search *search, const char *url);
void expectation_search_part2(struct record_search *search, const char *part2);
void expectation_search_awaited(struct record_search *search, int64_t now);
void expectation_search_answered(struct record_search *search, int64_t since);
void expectation_search_reply(struct record_search *search, const char *id);
void expectation_search_undelivered(
    struct record_search *search, int64_t since);

/* Is a challenge awaited for it? */
bool expectation_is_awaited(const struct expectation *expectation, int64_t now);
/* May its answer still come back?  Only if mailcert placed the order, and until
 * the CA accepts the answer. */
bool expectation_may_bounce(const struct expectation *expectation);
const char *expectation_state_name(enum expectation_state state);
/* The id that users see: its certificate order's, so that both have the same,
 * or its own if another client ordered it. */
const char *expectation_shown_id(const struct expectation *expectation);

/*
 * Load every expectation, the oldest first, or the one with that id: see
 * record.h.  A damaged one is skipped with a warning; STATUS_DAMAGED if its id
 * was asked for.  An empty home is STATUS_OK with a count of 0; an unknown id
 * is STATUS_MISSING.  The caller owns *out: free().
 */
enum status expectations_load(const struct home *home, struct expectation **out,
    size_t *count, struct note *note) MUST_CHECK;
enum status expectation_load(const struct home *home, const char *id,
    struct expectation *out, struct note *note) MUST_CHECK;
/* Load those that the filter accepts (its record is a struct expectation), and
 * those of a certificate order. */
enum status expectations_load_if(const struct home *home, record_filter *wanted,
    const void *arg, struct expectation **out, size_t *count,
    struct note *note) MUST_CHECK;
/* The same of those that are searched for: see records_load(). */
enum status expectations_find(const struct home *home,
    const struct record_search *search, record_filter *wanted, const void *arg,
    struct expectation **out, size_t *count, struct note *note) MUST_CHECK;
enum status expectations_load_of(const struct home *home, const char *order,
    struct expectation **out, size_t *count, struct note *note) MUST_CHECK;
/* Save it; it is durable when this returns STATUS_OK. */
enum status expectation_save(const struct home *home,
    const struct expectation *expectation, struct note *note) MUST_CHECK;
/* Change one under the lock of the home: see record_change(). */
enum status expectation_change(const struct home *home, const char *id,
    record_changer *change, const void *arg, struct expectation *out,
    struct note *note) MUST_CHECK;
/* Remove it, durably; the caller holds the lock. */
enum status expectation_forget(
    const struct home *home, const char *id, struct note *note) MUST_CHECK;
/* Was one skipped?  See home_skipped(). */
enum status expectations_skipped(
    const struct home *home, struct note *warning) MUST_CHECK;
/* See records_migrate(). */
void expectations_migrate(const struct home *home);
#endif

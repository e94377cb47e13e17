/*
 * sight.h - look at a mail server as a CA would
 *
 * Through mailcert-mail, which checks nothing and keeps nothing from us.  What
 * a server says is a stranger's: each text here is safe to show, or marked as
 * hostile.
 */
#ifndef SERVICE_SIGHT_H
#define SERVICE_SIGHT_H
#include "acme/service.h"
#include "config/config.h"
#include "process/helper.h"
#include "store/order.h"

enum {
	SIGHT_ANSWER_MAX = 4 * 1024 * 1024,
	SIGHT_ADDRESSES_MAX = 16 /* named by the user */
};

/* Addresses that an order names.  It points into itself: not to be copied. */
struct sight_addresses {
	char text[ORDER_LOOK_AT_SIZE];
	const char *address[SIGHT_ADDRESSES_MAX];
	size_t count; /* 0: those of the host */
};

/* Where to look. */
struct sight_of {
	const char *host;
	struct service_at at;
	/* Only at these addresses; none: at all that the host has. */
	const char *const *address;
	size_t addresses;
};

/* What is to be seen at one address. */
struct sighting {
	struct span address;
	struct span fault;                /* what went wrong, or empty */
	bool listed_before, listed_after; /* it said what it can do */
	bool starttls;
	struct span leaf;     /* SHA-256 of the certificate in hexadecimal, or
				 empty: none was seen */
	struct span public;   /* of its public key */
	struct span distrust; /* why no known root leads to it, or empty */
	bool fits;            /* it is for that host */
	struct span chain;    /* in PEM, hostile; or empty */
	int64_t expires;
	struct span frames; /* "before", "after": values, hostile; "name": of
			       the certificate, safe */
};

/* What a value that a CA looks for meets there. */
enum sight_verdict {
	SIGHT_ANNOUNCED,   /* wherever the server lists what it can do */
	SIGHT_BEFORE_ONLY, /* before STARTTLS, not inside TLS */
	SIGHT_AFTER_ONLY,
	SIGHT_OTHER, /* another value */
	SIGHT_NONE,  /* no value */
	SIGHT_FAULT  /* the server could not be asked */
};

void sight_addresses(const struct order *order, struct sight_addresses *out);
/*
 * Look.  answer, with its ceiling, takes what sight_next() reads.  kept: see
 * helper_ask_kept().  STATUS_NET with a note: the host has no address; others:
 * helper_ask().
 */
enum status sight_look(const struct config *config, const struct sight_of *of,
    struct helper_kept *kept, struct buf *answer, struct note *note) MUST_CHECK;
/* Walk the addresses: *rest begins as the answer.  False: nothing is left. */
bool sight_next(struct span *rest, struct sighting *out);

/* What it shows of a value, in constant time for each that is announced.  With
 * padding (draft-ietf-acme-email-tls counts 44 octets), it is the same. */
enum sight_verdict sight_judge(
    const struct sighting *sighting, struct span value);
/* "announced", "before-only", ... */
const char *sight_verdict_name(enum sight_verdict verdict);
/* Append one sentence about it: the reason, with what is announced instead. */
void sight_explain(const struct sighting *sighting, enum sight_verdict verdict,
    struct buf *out);
#endif

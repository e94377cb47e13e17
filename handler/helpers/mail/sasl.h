/*
 * sasl.h - prove to a server who we are (RFC 4422)
 *
 * A pure state machine: the dialogue of SMTP or IMAP carries its answers, in
 * base64.  The best of what the server offers is chosen once; where that fails,
 * nothing weaker is tried, or whoever can make it fail could choose.
 *
 * Passwords are sent as they are: SASLprep (RFC 4013) is not applied, which
 * matters to passwords that are not ASCII and to SCRAM only.
 */
#ifndef HELPERS_MAIL_SASL_H
#define HELPERS_MAIL_SASL_H
#include <stdint.h>

#include "base/buf.h"

/* In the order in which they are chosen. */
enum sasl_mechanism {
	SASL_OAUTHBEARER,   /* RFC 7628; the secret is a token */
	SASL_XOAUTH2,       /* Google's and Microsoft's; the same */
	SASL_SCRAM_SHA_256, /* RFC 5802, 7677 */
	SASL_PLAIN,         /* RFC 4616 */
	SASL_LOGIN,         /* draft-murchison-sasl-login */
	SASL_MECHANISMS
};

enum {
	SASL_NONCE_SIZE = 33,
	SASL_CHALLENGE_MAX = 8 * 1024, /* in base64 */
	SASL_RESPONSE_MAX = 64 * 1024, /* a token may be long */
	/* Iterations that SCRAM agrees to: fewer are too weak (RFC 7677
	 * section 4), more only keep us busy. */
	SASL_ITERATIONS_LEAST = 4096,
	SASL_ITERATIONS_MOST = 10000000
};

struct sasl_account {
	struct span user;   /* borrowed */
	struct span secret; /* borrowed: the password, or the token */
	bool token;
	struct span host; /* borrowed */
	uint16_t port;
};

struct sasl {
	enum sasl_mechanism mechanism;
	const struct sasl_account *account; /* borrowed */
	int step;
	char nonce[SASL_NONCE_SIZE];
	struct buf first;         /* owned; SCRAM's client-first-bare */
	unsigned char server[32]; /* the signature that SCRAM expects */
	bool proven;              /* it came, or none is needed */
	struct note refusal;      /* what OAuth's error says; or empty */
};

/* Add the mechanism of that name to the set, if we have it. */
void sasl_add_offered(unsigned *offered, struct span name);
/* Choose for a password or a token.  False: none of the set fits. */
bool sasl_choose(unsigned offered, bool token, enum sasl_mechanism *out);
const char *sasl_name(enum sasl_mechanism mechanism); /* as on the wire */
/* Does the client speak first? */
bool sasl_is_first(enum sasl_mechanism mechanism);

/* nonce: SASL_NONCE_SIZE - 1 characters that are printable and no comma, for
 * tests; NULL: random ones.  STATUS_CRYPTO. */
enum status sasl_init(struct sasl *sasl, enum sasl_mechanism mechanism,
    const struct sasl_account *account, const char *nonce) MUST_CHECK;
/*
 * First of all: append the initial response, in base64; nothing unless
 * sasl_is_first().  It holds secrets: wipe it.
 * STATUS_LOGIN: user or secret cannot be said with this mechanism;
 * STATUS_MEMORY.
 */
enum status sasl_start(
    struct sasl *sasl, struct buf *out, struct note *note) MUST_CHECK;
/*
 * Append the response to a challenge; both in base64, and perhaps empty.
 * Secrets are in it: wipe it.  STATUS_LOGIN: the challenge is not one that this
 * mechanism has, or the server does not know the password; then cancel.
 * STATUS_CRYPTO, STATUS_MEMORY.
 */
enum status sasl_answer(struct sasl *sasl, struct span challenge,
    struct buf *out, struct note *note) MUST_CHECK;
/* The server says that we are in: STATUS_LOGIN if it should have proved that it
 * knows the password, and has not. */
enum status sasl_accepted(
    const struct sasl *sasl, struct note *note) MUST_CHECK;
void sasl_clear(struct sasl *sasl); /* wipes */
#endif

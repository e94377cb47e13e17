/* issuer_p.h - what issuer.c and issuer_key.c share */
#ifndef ORDER_ISSUER_P_H
#define ORDER_ISSUER_P_H
#include "order/issuer.h"

enum { BODY_MAX = 2 * 1024 * 1024, ACCOUNT_LOCK_SECONDS = 60 };

/* What a CA says of a key (RFC 8555 section 7.3.1). */
enum issuer_word {
	ISSUER_KNOWN,  /* it has an account of that key */
	ISSUER_CLOSED, /* which is deactivated or revoked */
	ISSUER_UNKNOWN /* it has none */
};

/*
 * Ask whether the CA has an account of the key in that file; url is set where
 * it has.  STATUS_OK: *word is the CA's own.  All else says nothing of the
 * key.
 */
enum status issuer_ask_about(struct issuer *issuer, const char *key,
    enum issuer_word *word, char url[ACME_URL_SIZE],
    struct note *note) MUST_CHECK;
/* The key that counts, and the URL that goes with it. */
enum status issuer_set_key(struct issuer *issuer, struct note *note) MUST_CHECK;
/* Is the key file not there? */
bool issuer_key_is_lost(const struct issuer *issuer);
/* Ready to be used: where a roll-over was cut short, find out which key
 * counts. */
enum status issuer_settle_key(
    struct issuer *issuer, struct note *note) MUST_CHECK;
#endif

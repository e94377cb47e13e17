/* client_p.h - what the files of client.h share: account keys, contacts */
#ifndef ORDER_CLIENT_P_H
#define ORDER_CLIENT_P_H
#include "order/client.h"

enum { BODY_MAX = 2 * 1024 * 1024, ACCOUNT_LOCK_SECONDS = 60 };

/* The account in the home, if there is one: else its id is empty. */
enum status client_find_account(
    struct client *client, struct note *note) MUST_CHECK;
/* Append the member "contact" of an account (section 7.3). */
void client_add_contact(
    const char *const *contact, size_t count, struct buf *out);

/* What a CA says of a key (RFC 8555 section 7.3.1). */
enum client_word {
	CLIENT_KNOWN,  /* it has an account of that key */
	CLIENT_CLOSED, /* which is deactivated or revoked */
	CLIENT_UNKNOWN /* it has none */
};

/*
 * Ask whether the CA has an account of the key in that file; url is set if so.
 * STATUS_OK: *word is the CA's own.  Any other status says nothing about the
 * key.
 */
enum status client_ask_about(struct client *client, const char *key,
    enum client_word *word, char url[ACME_URL_SIZE],
    struct note *note) MUST_CHECK;
/* The key that counts, and the URL that goes with it. */
enum status client_set_key(struct client *client, struct note *note) MUST_CHECK;
/* Is the key file not there? */
bool client_key_is_lost(const struct client *client);
/* Make the key ready for use: after an interrupted roll-over, find out which of
 * the two counts. */
enum status client_settle_key(
    struct client *client, struct note *note) MUST_CHECK;
#endif

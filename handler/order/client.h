/*
 * client.h - our account at a CA, and its directory (RFC 8555 section 7.3)
 *
 * The key of an account is durable before the CA sees it, and so is the key
 * that it rolls over to.  After a crash the CA says which of two keys counts.
 */
#ifndef ORDER_CLIENT_H
#define ORDER_CLIENT_H
#include "order/ca.h"
#include "store/account.h"

struct client {
	const struct config *config;
	const struct home *home;
	struct config_ca settings;
	struct account account; /* id empty: none */
	struct ca ca;
};

/* Does the user agree to those terms?  Safe text, an URL mostly. */
typedef bool client_agrees(const char *terms);

struct client_options {
	client_agrees *agrees;
	const char *eab_kid; /* NULL: what the configuration says */
	const char *eab_key_file;
	enum key_kind key;          /* of a new account */
	const char *key_file;       /* a copy of this one instead; or NULL */
	const char *const *contact; /* mail addresses */
	size_t contacts;
	bool only_existing; /* make none at the CA (section 7.3.1) */
	bool agreed;        /* to whatever terms the CA has */
};

/* Fetch the directory, and find our account in the home if there is one.
 * STATUS_CONFIG, STATUS_NET, STATUS_BAD_CA. */
enum status client_reach(
    struct client *client, const char *ca, struct note *note) MUST_CHECK;
/*
 * Register an account unless the home has one; after client_reach().
 * STATUS_NO_PERSON: terms that nobody agreed to; STATUS_CA: the CA refuses the
 * account, or with only_existing has no account for that key.
 */
enum status client_enroll(struct client *client,
    const struct client_options *options, struct note *note) MUST_CHECK;
/*
 * Retire an account that cannot be used any more: its key file is gone, or the
 * CA says, to the account and to its key, that it is closed or unknown. Then
 * client->account is empty, and client_enroll() makes another. STATUS_CA: the
 * CA says no, but not for such a reason; STATUS_NET.
 */
enum status client_retire_if_gone(
    struct client *client, struct note *note) MUST_CHECK;
/* STATUS_CA with a note: a 200 that says "deactivated" is not a success. */
enum status client_is_closed(struct note *note);
/* Use an account of the home by its id, even a deactivated one. asking: fetch
 * the directory. */
enum status client_reopen(struct client *client, const char *account,
    bool asking, struct note *note) MUST_CHECK;

/* Fetch the account object. */
enum status client_ask(struct client *client, struct acme_account *out,
    struct note *note) MUST_CHECK;
/* Replace all contact addresses (section 7.3.2); the list may be empty. */
enum status client_set_contact(struct client *client,
    const char *const *contact, size_t count, struct acme_account *out,
    struct note *note) MUST_CHECK;
/*
 * Section 7.3.5.  The caller has made sure that no challenge is pending: the
 * key's thumbprint goes into answers.  Whatever the CA answers, the key that it
 * accepts stays.  STATUS_AGAIN: nobody can say now which one that is, and both
 * stay.
 */
enum status client_roll_over(
    struct client *client, enum key_kind kind, struct note *note) MUST_CHECK;
/* Section 7.3.6; for good. */
enum status client_deactivate(
    struct client *client, struct note *note) MUST_CHECK;
#endif

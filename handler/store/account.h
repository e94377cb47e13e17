/*
 * account.h - store our accounts at CAs (RFC 8555 section 7.1.2)
 *
 * One JSON file for each account, home/accounts/ID.json, with its private key
 * beside it as ID.pem, or ID.n.pem after the n-th roll-over: only the key
 * holder opens that.  The JSON file alone says which key counts, so that a
 * roll-over is one rename.
 */
#ifndef STORE_ACCOUNT_H
#define STORE_ACCOUNT_H
#include <stdint.h>

#include "acme/object.h"
#include "store/record.h"

enum { ACCOUNT_KEYS_MAX = 9999 };

/*
 * Why an account is out of use; its key stays all the same.
 *
 * deactivated  by us (RFC 8555 section 7.3.6)
 * closed       the CA says that it is deactivated or revoked
 * unknown      the CA does not know it
 * key-lost     its key file is missing
 * forgotten    the user does not want it any more
 */
enum account_end {
	ACCOUNT_IN_USE,
	ACCOUNT_DEACTIVATED,
	ACCOUNT_CLOSED,
	ACCOUNT_UNKNOWN,
	ACCOUNT_KEY_LOST,
	ACCOUNT_FORGOTTEN
};

struct account {
	char id[RECORD_ID_SIZE];
	char directory[ACME_URL_SIZE]; /* of the CA */
	char url[ACME_URL_SIZE];       /* empty: not registered yet */
	char thumbprint[44];
	int64_t rolled; /* how often its key was rolled over */
	int64_t created;
	enum account_end end;
	int64_t deactivated; /* when it went out of use, or 0 */
};

const char *account_end_name(enum account_end end);

/* Find the account in use at the CA with that directory; STATUS_MISSING.
 * STATUS_DAMAGED: no account fits, but a damaged record may be the one; the
 * note names it. */
enum status account_find(const struct home *home, const char *directory,
    struct account *out, struct note *note) MUST_CHECK;
enum status account_load(const struct home *home, const char *id,
    struct account *out, struct note *note) MUST_CHECK;
/* Load all accounts, the oldest first: see record.h.  The caller owns *out:
 * free(). */
enum status accounts_load(const struct home *home, struct account **out,
    size_t *count, struct note *note) MUST_CHECK;
enum status account_save(const struct home *home, const struct account *account,
    struct note *note) MUST_CHECK;
/* Remove the record, then all its keys, durably.  The caller knows that nothing
 * needs the keys any more. */
enum status account_forget(const struct home *home,
    const struct account *account, struct note *note) MUST_CHECK;
/* Write the path of its key after that many roll-overs, and make the
 * directory. */
enum status account_key_path(const struct home *home,
    const struct account *account, int64_t rolled, char *out, size_t size,
    struct note *note) MUST_CHECK;
#endif

/*
 * issuance.h - a certificate that is being got: the order at the CA, and what
 * became of it (RFC 8555 section 7.1.3)
 *
 * One JSON file each, home/issuances/ID.json; the certificate key is
 * home/keys/ID.pem, the chain home/certificates/ID.pem.  Its challenges are
 * orders of store/order.h that name it.
 */
#ifndef STORE_ISSUANCE_H
#define STORE_ISSUANCE_H
#include <stdint.h>

#include "acme/key_kind.h"
#include "acme/object.h"
#include "acme/url.h"
#include "store/record.h"

/*
 * new         its key is there; the CA may have heard of it
 * ordered     the CA knows of it; challenges are open
 * finalizing  the signing request may have been sent
 * issued      the certificate is on disk
 * failed      the CA said no for good
 * revoked     the certificate is revoked
 */
enum issuance_state {
	ISSUANCE_NEW,
	ISSUANCE_ORDERED,
	ISSUANCE_FINALIZING,
	ISSUANCE_ISSUED,
	ISSUANCE_FAILED,
	ISSUANCE_REVOKED
};

/* When to renew, as the CA would have it (RFC 9773). */
struct issuance_window {
	int64_t start; /* 0: the CA has not said */
	int64_t end;
	int64_t chosen;    /* our moment in it */
	int64_t ask_again; /* not before */
};

struct issuance {
	char id[JSONFILE_ID_SIZE];
	char account[JSONFILE_ID_SIZE];
	char order_url[ACME_URL_SIZE]; /* empty in ISSUANCE_NEW */
	char address[ACME_IDENTIFIERS_MAX][ACME_VALUE_SIZE]; /* normal forms */
	size_t addresses;
	enum key_kind key;
	enum csr_usage usage;
	bool locked;       /* the key wants a passphrase */
	char csr[8192];    /* signing request, DER in base64url */
	char public[1024]; /* SubjectPublicKeyInfo, likewise */
	enum issuance_state state;
	bool queued; /* of ISSUANCE_NEW: the CA has not been asked */
	/* Safe text: why the CA said no; of ISSUANCE_ISSUED: what the
	 * certificate cannot do. */
	char why[ACME_TEXT_SIZE];
	int64_t refused; /* since when the CA will not issue; 0: it may */
	char replaces[JSONFILE_ID_SIZE]; /* the one it renews, or empty */
	int64_t created;
	int64_t expires; /* of the order, then of the certificate; 0: unknown */
	/* From ISSUANCE_ISSUED on: */
	int64_t starts;                  /* notBefore */
	char cert_id[ACME_ID_SIZE];      /* RFC 9773 section 4.1; or empty */
	char replaced[JSONFILE_ID_SIZE]; /* by that one, or empty */
	struct issuance_window window;
	int64_t revoked; /* when, or 0 */
};

/* Is there still something to be done for it? */
bool issuance_is_open(const struct issuance *issuance);

const char *issuance_state_name(enum issuance_state state);

enum status issuance_load(const struct home *home, const char *id,
    struct issuance *out, struct note *note) MUST_CHECK;
enum status issuance_save(const struct home *home,
    const struct issuance *issuance, struct note *note) MUST_CHECK;
/* Change one under its own lock: see record_change(). */
typedef record_changer issuance_changer;
enum status issuance_change(const struct home *home, const char *id,
    issuance_changer *change, const void *arg, struct issuance *out,
    struct note *note) MUST_CHECK;
/* Every one, or those that the filter wants, in the order of their making; a
 * damaged one is skipped with a warning: see record.h.  *out is owned by the
 * caller: free(). */
enum status issuances_load(const struct home *home, struct issuance **out,
    size_t *count, struct note *note) MUST_CHECK;
typedef record_filter issuance_filter;
enum status issuances_load_if(const struct home *home, issuance_filter *wanted,
    const void *arg, struct issuance **out, size_t *count,
    struct note *note) MUST_CHECK;
/* Remove it and its key, durably.  STATUS_USAGE: there is a certificate. */
enum status issuance_forget(
    const struct home *home, const char *id, struct note *note) MUST_CHECK;
/* Paths of key and certificate chain; the directories are made. */
enum status issuance_paths(const struct home *home, const char *id, char *key,
    char *certificate, size_t size, struct note *note) MUST_CHECK;
#endif

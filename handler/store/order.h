/*
 * order.h - store orders and certificates (RFC 8555 section 7.1.3)
 *
 * One JSON file each, home/certificates/ID.json (in format 1
 * home/issuances/ID.json), the chain beside it as ID.pem; the certificate key
 * is home/keys/ID.pem.  Its challenges are expectations of store/expectation.h
 * that name it.
 */
#ifndef STORE_ORDER_H
#define STORE_ORDER_H
#include <stdint.h>

#include "acme/key_kind.h"
#include "acme/object.h"
#include "acme/service.h"
#include "acme/url.h"
#include "store/record.h"

/*
 * new         its key is there; the CA may have heard of it
 * ordered     the CA knows of it; challenges are open
 * finalizing  the signing request may have been sent
 * issued      the certificate is on disk
 * failed      the CA said no for good
 * revoked     the certificate is revoked
 * requested   the signing request is for a CA that mailcert does not talk to;
 *             the user brings its certificate
 *
 * What mailcert did not order has no account: an order that was requested, and
 * then issued, or a certificate that was imported.
 */
enum order_state {
	ORDER_NEW,
	ORDER_PLACED,
	ORDER_FINALIZING,
	ORDER_ISSUED,
	ORDER_FAILED,
	ORDER_REVOKED,
	ORDER_REQUESTED
};

/* Nobody waits for longer than that until a CA is asked again. */
enum { ORDER_ASK_MOST = 24 * 3600, ORDER_LOOK_AT_SIZE = 512 };

/* When to renew, as the CA suggests (RFC 9773). */
struct order_window {
	int64_t start; /* 0: the CA has not said */
	int64_t end;
	int64_t chosen;    /* our moment in it */
	int64_t ask_again; /* not before */
};

/*
 * How a host is proved to its CA: the order's one authorization, and the
 * challenge in it that was chosen.  Without urls nothing but the user's choice
 * is known.
 */
struct order_proof {
	bool chosen;
	enum proof kind;
	/* From ORDER_PLACED on; of a valid authorization they stay empty: */
	char authorization_url[ACME_URL_SIZE];
	char challenge_url[ACME_URL_SIZE];
	char token[TOKEN_TEXT_SIZE];
	char thumbprint[44]; /* of the account key when it was ordered */
	/* What stands in the DNS, or what the server announces; of each
	 * service. */
	char value[SERVICES_MAX][SERVICE_VALUE_SIZE];
	int64_t published; /* when mailcert began to put it there, or 0 */
	int64_t vouched;   /* the user says that it is there, or 0 */
	int64_t told;      /* when the CA was told to look; 0: not yet */
	int64_t met;       /* when the CA accepted it; 0: not yet */
};

struct order {
	char id[RECORD_ID_SIZE];
	char account[RECORD_ID_SIZE]; /* empty: mailcert did not order it */
	char ca[32]; /* its name, where it is a program (ca.NAME.command) */
	char url[ACME_URL_SIZE]; /* empty in ORDER_NEW, and without account */
	/* Normal forms; of CSR_SERVER one host, as host_normal() writes it. */
	char address[ACME_IDENTIFIERS_MAX][ACME_VALUE_SIZE];
	size_t addresses;
	enum key_kind key; /* without account: one of at least that strength */
	enum csr_usage usage;
	bool locked;       /* the key wants a passphrase */
	char csr[8192];    /* signing request, DER in base64url */
	char public[1024]; /* SubjectPublicKeyInfo, likewise */
	enum order_state state;
	bool queued; /* of ORDER_NEW: the CA has not been asked */
	/* Safe text: why the CA said no; of ORDER_ISSUED: what the
	 * certificate cannot do. */
	char why[ACME_TEXT_SIZE];
	int64_t refused; /* since when the CA will not issue; 0: it may */
	char replaces[RECORD_ID_SIZE]; /* the one it renews, or empty */
	int64_t created;
	int64_t expires; /* of the order, then of the certificate; 0: unknown */
	/* From ORDER_ISSUED on: */
	int64_t starts;                /* notBefore */
	char cert_id[ACME_ID_SIZE];    /* RFC 9773 section 4.1; or empty */
	char replaced[RECORD_ID_SIZE]; /* by that one, or empty */
	struct order_window window;
	int64_t revoked; /* when, or 0 */
	bool undeployed; /* deploy_hook has not seen the certificate */
	/* Of CSR_SERVER: */
	struct service_at service[SERVICES_MAX]; /* each once */
	size_t services;
	bool srv_id; /* the certificate names the services (RFC 4985) */
	/* Where the services are looked at, if not at the addresses of the
	 * host: words; or empty. */
	char look_at[ORDER_LOOK_AT_SIZE];
	struct order_proof proof;
};

/* Does anything remain to be done for it at its CA? */
bool order_is_open(const struct order *order);
/* Did it come from elsewhere?  Then mailcert cannot renew or revoke it. */
bool order_is_foreign(const struct order *order);
/* Is it a certificate, not revoked, and nothing has taken its place? */
bool order_is_current(const struct order *order);
/* Is it for a mail server, not for mail addresses? */
bool order_is_server(const struct order *order);
/* Is it for that address, in whatever spelling, or for that host? */
bool order_is_for(const struct order *order, const char *address);

/* What to search for: those for an address, in whatever spelling; with that
 * public key; the open ones and requests that wait; certificates in use that
 * may be due at that time, or that the CA may be asked about again:
 * renew_before is the user's, as configured. */
void order_search_for(struct record_search *search, const char *address);
/* Made then or later. */
void order_search_for_since(
    struct record_search *search, const char *address, int64_t since);
void order_search_public(struct record_search *search, const char *public);
void order_search_open(struct record_search *search);
void order_search_due(
    struct record_search *search, int64_t now, int64_t renew_before);
/* Those in use that deploy_hook has not seen. */
void order_search_undeployed(struct record_search *search);

const char *order_state_name(enum order_state state);

enum status order_load(const struct home *home, const char *id,
    struct order *out, struct note *note) MUST_CHECK;
enum status order_save(const struct home *home, const struct order *order,
    struct note *note) MUST_CHECK;
/* Change one under its own lock: see record_change(). */
enum status order_change(const struct home *home, const char *id,
    record_changer *change, const void *arg, struct order *out,
    struct note *note) MUST_CHECK;
/* Load all orders, or those that the filter accepts, in the order in which they
 * were made.  A damaged one is skipped with a warning: see record.h.  The
 * caller owns *out: free(). */
enum status orders_load(const struct home *home, struct order **out,
    size_t *count, struct note *note) MUST_CHECK;
enum status orders_load_if(const struct home *home, record_filter *wanted,
    const void *arg, struct order **out, size_t *count,
    struct note *note) MUST_CHECK;
/* The same of those that are searched for: see records_load(). */
enum status orders_find(const struct home *home,
    const struct record_search *search, record_filter *wanted, const void *arg,
    struct order **out, size_t *count, struct note *note) MUST_CHECK;
/* Write its chain of certificates, durably. */
enum status order_save_chain(const struct home *home, const char *id,
    struct span chain, struct note *note) MUST_CHECK;
/* Append it.  STATUS_MISSING and others, with a note: it cannot be read. */
enum status order_load_chain(const struct home *home, const char *id,
    struct buf *out, struct note *note) MUST_CHECK;
/* Was one skipped?  See home_skipped(). */
enum status orders_skipped(
    const struct home *home, struct note *warning) MUST_CHECK;
/* See records_migrate(). */
void orders_migrate(const struct home *home);
/* Remove it and its key, durably.  STATUS_USAGE: there is a certificate. */
enum status order_forget(
    const struct home *home, const char *id, struct note *note) MUST_CHECK;
/* Write the paths of key and certificate chain, and make the directories. */
enum status order_paths(const struct home *home, const char *id, char *key,
    char *certificate, size_t size, struct note *note) MUST_CHECK;
#endif

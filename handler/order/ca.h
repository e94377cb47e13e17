/*
 * ca.h - talk to a CA: nonces, signed requests, retries (RFC 8555)
 *
 * Each request is signed by the key holder and sent by the network program; a
 * sandboxed child parses what comes back.  This module handles nonces and
 * badNonce, and follows URLs only within the CA's own origin.
 */
#ifndef ORDER_CA_H
#define ORDER_CA_H
#include "acme/object.h"
#include "base/buf.h"
#include "config/config.h"

/* Tries of one request with fresh nonces: at a CA that rejects every second
 * nonce, one request in a thousand fails. */
enum { CA_TRIES_MAX = 10, CA_ALTERNATES_MAX = 4, CA_PAGES_MAX = 256 };

struct ca {
	char name[CONFIG_NAME_SIZE]; /* in the configuration; or empty */
	char directory_url[ACME_URL_SIZE];
	char file[1024];        /* certificates to trust its server; or empty */
	char proxy[1024];       /* as curl(1) takes it; or empty */
	char no_proxy[1024];    /* hosts that need none; or empty */
	char key[1200];         /* path of the account key */
	struct span passphrase; /* of that key, or empty */
	char new_key[1200];     /* to which ca_roll_over() goes; else empty */
	char account[ACME_URL_SIZE]; /* its URL, or empty */
	char nonce[1024];
	/* To name in the header of requests, as long as ca_post_services() runs. */
	const struct service_at *service;
	size_t services;
	int64_t pause; /* what the last answer said of waiting; or -1 */
	struct acme_directory directory;
};

/* An answer, whatever its code. */
struct ca_answer {
	int64_t code;
	char location[ACME_URL_SIZE];
	int64_t retry_after; /* seconds; -1: not said */
	char alternate[CA_ALTERNATES_MAX][ACME_URL_SIZE]; /* section 7.4.2 */
	size_t alternates;
	char next[ACME_URL_SIZE];    /* page of a list (section 7.1.2.1) */
	struct buf body;             /* owned: buf_init() by the caller */
	struct acme_problem problem; /* where code is 400 or more */
};

/* Fetch the directory.  Everything above account is set.  STATUS_NET;
 * STATUS_BAD_CA; STATUS_CONFIG: the file or the proxy cannot be used. */
enum status ca_open(struct ca *ca, struct note *note) MUST_CHECK;
/*
 * POST a payload ("" for POST-as-GET), signed with the account, or where it
 * has no URL yet with the bare key.  STATUS_OK: an answer below 300.
 * STATUS_CA: the CA said no; the note tells it in its words.  STATUS_NET: no
 * answer, or one that waiting may change (5xx, 408, 425, 429).
 * STATUS_BAD_CA.
 */
enum status ca_post(struct ca *ca, const char *url, struct span payload,
    const char *accept, struct ca_answer *out, struct note *note) MUST_CHECK;

/* The same, where the protected header names services (draft-ietf-acme-email-tls
 * version 02); none: ca_post(). */
enum status ca_post_services(struct ca *ca, const char *url,
    struct span payload, const struct service_at *service, size_t services,
    struct ca_answer *out, struct note *note) MUST_CHECK;
/* keyChange (section 7.3.5) to the key in new_key; the answer's code tells a
 * conflict (409). */
enum status ca_roll_over(
    struct ca *ca, struct ca_answer *out, struct note *note) MUST_CHECK;
/* GET what needs no signature (RFC 8555 section 6.3); as ca_post(). */
enum status ca_get(struct ca *ca, const char *url, struct ca_answer *out,
    struct note *note) MUST_CHECK;

/*
 * Fetch one of the CA's objects (POST-as-GET, section 6.3) and parse it.
 * retry_after: when to look again, as in struct ca_answer; or NULL.
 */
enum status ca_fetch_order(struct ca *ca, const char *url,
    struct acme_order *out, int64_t *retry_after, struct note *note) MUST_CHECK;
enum status ca_fetch_authorization(struct ca *ca, const char *url,
    struct acme_authorization *out, int64_t *retry_after,
    struct note *note) MUST_CHECK;

/* For each URL of a list of orders; false ends it. */
typedef bool ca_each(const char *url, void *arg);
/* Walk a list of orders, page by page (section 7.1.2.1).  STATUS_OK: to its
 * end, or until each returned false. */
enum status ca_list_orders(struct ca *ca, const char *url, ca_each *each,
    void *arg, struct note *note) MUST_CHECK;

/* Does the URL lead to the origin of the directory? */
bool ca_is_own(const struct ca *ca, const char *url);
#endif

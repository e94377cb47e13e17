/*
 * request.h - the addresses, the key and the signing request of an order
 *
 * For a CA that speaks ACME (place.c), or for one whose web page wants the
 * request.
 */
#ifndef ORDER_REQUEST_H
#define ORDER_REQUEST_H
#include "store/order.h"

struct order_request {
	const char *const *addresses; /* as typed */
	size_t count;
	enum key_kind key;
	enum csr_usage usage;
	struct span passphrase; /* to lock the key with; or empty */
	const char *ca; /* the name of a CA that is a program; or NULL */
	bool another;   /* even if an open order is for the same */
	const struct order *replaces; /* the one it renews, or NULL */
	bool reuse_key; /* of that one; the passphrase is its own, too */
	/* Of CSR_SERVER, where the one address is a host: */
	const struct service_at *service;
	size_t services;
	bool srv_id;
	const char *look_at;     /* as in struct order, or NULL */
	const enum proof *proof; /* how to prove it; NULL: as is offered */
};

/* Could these be ordered?  The CA is not asked.  STATUS_USAGE. */
enum status order_check(
    const struct order_request *request, struct note *note) MUST_CHECK;

/* What a CA wants of the signing request. */
struct request_form {
	bool empty_subject;
	bool eku; /* extendedKeyUsage */
};

/* Put the addresses into *out as normal forms, each once, or the host with its
 * services.  STATUS_USAGE with a note. */
enum status request_addresses(const struct order_request *request,
    struct order *out, struct note *note) MUST_CHECK;
/* Find the newest, or the oldest, of the orders in progress that the filter
 * wants; it is given *out, which says what to look for.  STATUS_MISSING: there
 * is no such order. */
enum status request_search(const struct home *home, record_filter *wanted,
    bool newest, struct order *out, struct note *note) MUST_CHECK;
/* Are they for the same addresses, key and usage, and the same services?  Where
 * the other one says how to prove a host, also to be proved so. */
bool request_is_same(const struct order *one, const struct order *other);
/*
 * Have the key made, and its signing request, for what *out describes, and
 * save it under a new id; durable when it returns STATUS_OK.
 */
enum status request_make(const struct home *home,
    const struct order_request *request, const struct request_form *form,
    struct order *out, struct note *note) MUST_CHECK;

/* Find the newest request of request_place() for the same that waits for its
 * certificate.  STATUS_MISSING: none does. */
enum status request_find(const struct home *home,
    const struct order_request *request, struct order *out,
    struct note *note) MUST_CHECK;
/*
 * The same, or make a request (ORDER_REQUESTED) for a CA that does not speak
 * ACME.  *found: there was one; request->another makes one more.
 */
enum status request_place(const struct home *home,
    const struct order_request *request, const struct request_form *form,
    struct order *out, bool *found, struct note *note) MUST_CHECK;
/* Are they for the same services, in any order, with the same SRV-IDs? */
bool request_is_same_server(const struct order *one, const struct order *other);
/* Append the SRV-IDs of an order ("_imaps.HOST") as frames "srv", as the
 * signing request and the certificate have them. */
void request_add_srv_ids(const struct order *order, struct buf *out);
/* Append its signing request in PEM (RFC 7468 section 7). */
void request_add_pem(const struct order *order, struct buf *out);
#endif

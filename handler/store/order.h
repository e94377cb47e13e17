/*
 * order.h - orders: whom we expect a challenge from, and what became of it
 *
 * One JSON file an order, home/orders/ID.json.  The account key is not here,
 * only its thumbprint: whoever answers cannot sign.
 */
#ifndef STORE_ORDER_H
#define STORE_ORDER_H
#include <stdint.h>

#include "acme/object.h"
#include "acme/token.h"
#include "mail/address.h"
#include "mail/msgid.h"
#include "store/record.h"

enum { ORDER_ID_SIZE = JSONFILE_ID_SIZE };

/*
 * pending    no challenge was answered
 * answering  the answer may be out: written before the act, never after it
 * drafted    a draft was handed over; whether it was sent we do not know
 * sent       the answer was handed to a mail system that took it
 */
enum order_state { ORDER_PENDING, ORDER_ANSWERING, ORDER_DRAFTED, ORDER_SENT };

struct order {
	char id[ORDER_ID_SIZE];
	char address[ADDRESS_SIZE];        /* exactly as ordered */
	char address_normal[ADDRESS_SIZE]; /* address_normal() of it */
	char from[ADDRESS_SIZE];           /* the challenge object's "from" */
	char from_normal[ADDRESS_SIZE];
	char part2[TOKEN_TEXT_SIZE]; /* the challenge object's "token" */
	char thumbprint[44];
	char note[256]; /* the user's own words */
	char ca[32];    /* expect --ca: a name of the configuration; or empty */
	enum token_join join;
	int64_t created;
	int64_t expires; /* 0: not known */
	enum order_state state;
	/* From ORDER_ANSWERING on: */
	char part1[TOKEN_TEXT_SIZE];
	char message_id[MSGID_MAX + 1];
	char reply_to[ADDRESS_SIZE]; /* whom it goes to: address_normal() */
	char draft[256];             /* where the answer went */
	int64_t answered;
	/* Of an order of our own; empty where expect made it: */
	char issuance[ORDER_ID_SIZE];
	char authorization_url[ACME_URL_SIZE];
	char challenge_url[ACME_URL_SIZE];
	int64_t told; /* when the CA was told of the answer; 0: not yet */
	int64_t met;  /* when the CA was content with it; 0: not yet */
};

const char *order_state_name(enum order_state state);

/* A new random id. */
enum status order_new_id(char out[ORDER_ID_SIZE]) MUST_CHECK;
bool order_id_ok(const char *id);

/*
 * Load every order, the oldest first, or the one with that id: see record.h.
 * A damaged one is skipped with a warning, or STATUS_CONFIG where its id was
 * asked for.  A home without orders is STATUS_OK and none; an id that is not
 * there is STATUS_NO.  *out is owned by the caller: free().
 */
enum status orders_load(const struct home *home, struct order **out,
    size_t *count, struct note *note) MUST_CHECK;
enum status order_load(const struct home *home, const char *id,
    struct order *out, struct note *note) MUST_CHECK;
/* Those that the filter wants (a struct order is its record), and those of a
 * certificate order. */
typedef record_filter order_filter;
enum status orders_load_if(const struct home *home, order_filter *wanted,
    const void *arg, struct order **out, size_t *count,
    struct note *note) MUST_CHECK;
enum status orders_load_of(const struct home *home, const char *issuance,
    struct order **out, size_t *count, struct note *note) MUST_CHECK;
/* Durable when it returns STATUS_OK. */
enum status order_save(const struct home *home, const struct order *order,
    struct note *note) MUST_CHECK;
/* Change one under the lock of the home: see record_change(). */
typedef record_changer order_changer;
enum status order_change(const struct home *home, const char *id,
    order_changer *change, const void *arg, struct order *out,
    struct note *note) MUST_CHECK;
/* Remove it, durably; the caller holds the lock. */
enum status order_forget(
    const struct home *home, const char *id, struct note *note) MUST_CHECK;
#endif

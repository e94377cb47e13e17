/*
 * place.h - place an order for addresses at a CA (RFC 8555, RFC 8823)
 *
 * Every step is durable before the next one, and can be taken again.
 */
#ifndef ORDER_PLACE_H
#define ORDER_PLACE_H
#include "order/client.h"
#include "store/order.h"

struct order_request {
	const char *const *addresses; /* as typed */
	size_t count;
	enum key_kind key;
	enum csr_usage usage;
	struct span passphrase; /* to lock the key with; or empty */
	bool another;           /* even if an open order is for the same */
	const struct order *replaces; /* the one it renews, or NULL */
};

/* Could these be ordered?  Asks nobody.  STATUS_USAGE. */
enum status order_check(
    const struct order_request *request, struct note *note) MUST_CHECK;

/*
 * Order a certificate: newOrder, and the challenge of each address is expected
 * from then on. *out is saved.  While the challenge of another order for one of
 * the addresses is open, *out stays ORDER_NEW and order_advance() submits it
 * later: two challenge mails at once cannot be told apart (RFC 8823 section 3.1
 * gives them the same From and To).  If an open order for the same exists, it
 * is resumed and *resumed says so: running twice orders once.
 */
enum status order_place(struct client *client,
    const struct order_request *request, struct order *out, bool *resumed,
    struct note *note) MUST_CHECK;
#endif

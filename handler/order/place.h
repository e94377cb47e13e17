/*
 * place.h - place an order for addresses at a CA (RFC 8555, RFC 8823)
 *
 * Every step is durable before the next one, and can be taken again.
 */
#ifndef ORDER_PLACE_H
#define ORDER_PLACE_H
#include "order/client.h"
#include "order/request.h"

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

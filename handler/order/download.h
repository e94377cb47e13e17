/*
 * download.h - download the certificate (RFC 8555 section 7.4.2)
 *
 * The verifier says what it is.  A certificate for another key or another mail
 * address is refused; any other is stored, with a note on what it cannot do.
 */
#ifndef ORDER_DOWNLOAD_H
#define ORDER_DOWNLOAD_H
#include "order/client.h"
#include "store/order.h"

/*
 * Fetch the chain, and where the user prefers another one (ca.NAME.chain) the
 * alternates; check, store, and save *order as issued.  hint: what the user
 * should hear all the same.  STATUS_BAD_CA: it is not what was ordered, and
 * nothing was stored.
 */
enum status download(struct client *client, struct order *order,
    const char *url, int64_t now, struct note *hint,
    struct note *note) MUST_CHECK;
#endif

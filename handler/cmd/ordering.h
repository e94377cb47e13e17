/*
 * ordering.h - place an order and wait for its certificate
 */
#ifndef CMD_ORDERING_H
#define CMD_ORDERING_H
#include "cmd/session.h"
#include "order/place.h"

/* Reach the CA by its name or URL, NULL for the one of the configuration, and
 * warn of CAA records that forbid it: before the user is asked anything. */
enum status ordering_reach(struct session *session, const char *ca,
    const struct order_request *request) MUST_CHECK;
/*
 * Place the order at the CA of the session, or resume the same one.  Print its
 * id (no_wait), or wait and print where the certificate is.  The proof of a
 * host is printed on standard error.
 */
enum status ordering_one(struct session *session,
    const struct order_request *request, bool no_wait) MUST_CHECK;
#endif

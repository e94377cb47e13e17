/*
 * proof.h - prove the host of an order to its CA
 *
 * RFC 8555 section 8.4, and draft-ietf-acme-email-tls.
 * The order of a mail server has one authorization.  A challenge in it is
 * chosen once and recorded; its value stands in the DNS, or the server
 * announces it.  The CA is told when that can be seen from here, or when the
 * user says so.
 */
#ifndef ORDER_PROOF_H
#define ORDER_PROOF_H
#include "order/step.h"

/*
 * Choose a challenge of the order's authorization, unless one is recorded:
 * what the user wants, else dns-email-00, dns-01, or a capability, whichever
 * the CA offers first.  STATUS_CA with a note: it offers none that proves all
 * services.
 */
enum status proof_choose(struct client *client, struct order *order,
    const struct acme_order *acme, struct note *note) MUST_CHECK;
/* Take a step towards a valid authorization; *valid: the CA accepted it, or
 * nothing is chosen yet. */
enum status proof_advance(struct order_work *work, bool *valid) MUST_CHECK;
/*
 * Remove from the DNS what proof_advance() put there, if the order needs it no
 * more; it is done again until it succeeds.  hint: why it does not, yet.
 */
enum status proof_withdraw(struct client *client, struct order *order,
    struct note *hint, struct note *note) MUST_CHECK;
/*
 * Put the records of an order into the DNS now, and wait until every name
 * server shows them; or remove them, whatever the order needs.  *order is read
 * again under its lock.  Statuses of zone_update() and zone_wait().
 */
enum status proof_publish(const struct config *config, const struct home *home,
    struct order *order, struct note *note) MUST_CHECK;
enum status proof_unpublish(const struct config *config,
    const struct home *home, struct order *order, struct note *note) MUST_CHECK;
/* Record that the user says: the value is in place.  *order is read again. */
enum status proof_vouch(
    const struct home *home, struct order *order, struct note *note) MUST_CHECK;
/* Append what has to be put where, one line for each record or server.  Nothing:
 * no challenge is chosen. */
void proof_add_lines(const struct order *order, struct buf *out);
#endif

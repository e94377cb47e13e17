/*
 * renew.h - decide when to renew a certificate
 *
 * As the CA suggests (RFC 9773), else by its lifetime.  At most one new
 * order in 24 hours for the same addresses, whatever a CA or a clock says; of
 * certificates that live less than six days, in a sixth of their lifetime.
 */
#ifndef ORDER_RENEW_H
#define ORDER_RENEW_H
#include "order/client.h"
#include "store/order.h"

/* Can it be renewed at all: issued, not revoked, and nothing has taken its
 * place? */
bool renew_is_candidate(const struct order *order);
/* Are they for the same addresses, the same usage and the same services? */
bool renew_is_same(const struct order *a, const struct order *b);
/* Is it certain that there is nothing to do: it is not due, and the CA is not
 * to be asked again?  Of what order_search_due() leaves out it is. */
bool renew_is_quiet(
    const struct config *config, const struct order *order, int64_t now);
/*
 * How many seconds must lie between two orders for the same: a day, or less for
 * a short-lived certificate, so that one that failed is tried again before the
 * old one ends.  What lives less than six hours was issued by a CA that is
 * broken, or hostile (threats C16), and gets the day.
 */
int64_t renew_pause(const struct order *order);
/* Has the same been ordered within that time? */
bool renew_is_recent(const struct order *order, const struct order *all,
    size_t count, int64_t now);
/* When to renew it as far as is known here: the CA's window, or the
 * lifetime. */
int64_t renew_known(const struct config *config, const struct order *order);
/*
 * When to renew it.  Asks the CA's renewalInfo if that may be asked again, and
 * saves what it says in *order; without an answer the lifetime counts.
 * explanation (ACME_URL_SIZE): why the CA wants it, or empty.  STATUS_IO and
 * the like.
 */
enum status renew_time(struct client *client, struct order *order, int64_t now,
    int64_t *when, char *explanation, struct note *note) MUST_CHECK;
#endif

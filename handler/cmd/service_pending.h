/*
 * service_pending.h - find the order whose proof is to be published
 */
#ifndef CMD_SERVICE_PENDING_H
#define CMD_SERVICE_PENDING_H
#include "cmd/session.h"

struct service_pending {
	const char *named; /* an order, or its host; NULL: the only one */
	/* Is its proof published there?  It has one, and is pending, or left
	 * something behind. */
	bool (*wanted)(const struct order *order);
	const char *challenges; /* that are, for the message: "dns-01" */
};

/* STATUS_NO with a note: no order is such; STATUS_USAGE: several are. */
enum status service_pending(struct session *session,
    const struct service_pending *what, struct order *out) MUST_CHECK;
#endif

/*
 * service_dns.h - mailcert service publish dns: a proof goes into the DNS
 */
#ifndef CMD_SERVICE_DNS_H
#define CMD_SERVICE_DNS_H
#include "cmd/session.h"

struct service_dns {
	const char *named; /* an order or its host; NULL: the only one */
	bool remove;
	bool dry_run; /* print the lines of the zone */
};

/*
 * Put the records of a pending order into the DNS and wait until every name
 * server shows them, or remove them.  If mailcert may not change the DNS, print
 * what somebody has to put there.  STATUS_NO with a note: no order needs it.
 */
enum status service_dns(
    struct session *session, const struct service_dns *what) MUST_CHECK;
#endif

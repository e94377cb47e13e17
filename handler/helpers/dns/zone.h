/*
 * zone.h - find the zone of a name, and ask its name servers
 *
 * For whoever changes a zone: its servers are asked themselves, since a
 * resolver may have kept an older answer.
 */
#ifndef HELPERS_DNS_ZONE_H
#define HELPERS_DNS_ZONE_H
#include "helpers/dns/dns.h"

enum {
	ZONE_SERVERS_MAX = 16,
	ZONE_SERVER_SECONDS = 4, /* that one server is given */
	ZONE_SECONDS = 30        /* that all are given */
};

/*
 * Append the frames "name" (where a record of that type and name would stand:
 * aliases are followed), "zone" (that it lies in) and "server" (for each of the
 * zone's name servers its name and its addresses, with blanks between).
 * STATUS_DNS with a note: there is no answer, or none that DNSSEC accepts.
 */
enum status zone_find(struct dns *dns, const char *name, int type,
    struct buf *out, struct note *note) MUST_CHECK;

/*
 * Ask one server, "NAME ADDRESS[@PORT] ...": the first address that answers
 * with authority counts.  out->state is DNS_UNVALIDATED; DNS_TROUBLE: it did
 * not answer.  until: milliseconds of CLOCK_MONOTONIC.
 */
void zone_ask_server(struct span server, const char *name, int type,
    int64_t until, struct dns_answer *out);
#endif

/*
 * plain.h - ask the DNS without extensions, for resolvers that drop them
 *
 * Some routers answer plain queries (RFC 1035) and drop those with EDNS or the
 * DO bit, which every query of libunbound has.  Nothing vouches for the
 * answers.
 */
#ifndef HELPERS_DNS_PLAIN_H
#define HELPERS_DNS_PLAIN_H
#include "mail/dns_answer.h"

/*
 * Ask the resolvers ("ADDRESS[@PORT] ..."); the first answer counts.  Add the
 * records of that type, over aliases too, with their TTL to *out, which the
 * caller has set up.  until: milliseconds of CLOCK_MONOTONIC.  False: no
 * resolver answered, or could be asked.
 */
bool plain_ask(const char *resolvers, const char *name, int type, int64_t until,
    struct dns_answer *out);
/* The same of a server of the zone itself: only what it says with authority
 * (the AA bit) counts. */
bool plain_ask_server(const char *addresses, const char *name, int type,
    int64_t until, struct dns_answer *out);
#endif

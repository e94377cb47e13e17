/*
 * dns.h - the one door to libunbound
 *
 * Asynchronous with a deadline.  Three honest states: validated, unvalidated
 * (no anchor, an unsigned zone, or a resolver that passes no DNSSEC on), and
 * bogus.
 */
#ifndef NET_DNS_H
#define NET_DNS_H
#include "mail/dns_answer.h"

enum { DNS_SECONDS = 5 }; /* for one name */

enum dns_type { DNS_TXT = 16, DNS_SMIMEA = 53, DNS_CAA = 257 };

struct dns_options {
	const char *resolver; /* "system", or "ADDRESS[@PORT] ..." */
	const char *anchor;   /* a file of trust anchors, or "" */
};

/* Look one name up.  *out was set up by dns_answer_init(). */
void dns_look_up(const struct dns_options *options, const char *name,
    enum dns_type type, struct dns_answer *out);
/* Does the resolver answer, and does it pass DNSSEC on?  Asks for the root's
 * keys: DNS_SECURE, DNS_UNVALIDATED or DNS_TROUBLE. */
enum dns_state dns_check(const struct dns_options *options);
#endif

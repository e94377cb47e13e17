/*
 * dns.h - ask the DNS through libunbound
 *
 * Asynchronous with a deadline.  Three honest states: validated, unvalidated
 * (no anchor, an unsigned zone, or a resolver that passes no DNSSEC on), and
 * bogus.  A resolver that answers no query with DNSSEC in time, but a plain
 * one, counts among those that pass none on.
 */
#ifndef HELPERS_DNS_DNS_H
#define HELPERS_DNS_DNS_H
#include "mail/dns_answer.h"

enum {
	DNS_SECONDS = 10,      /* for one name */
	DNS_VALID_SECONDS = 6, /* of which DNSSEC may take */
	DNS_RESOLVERS_SIZE = 256
};

enum dns_type { DNS_TXT = 16, DNS_SMIMEA = 53, DNS_CAA = 257 };

struct dns_options {
	const char *resolver; /* "system", or "ADDRESS[@PORT] ..." */
	const char *anchor; /* a file of trust anchors, or another text: none */
	bool plain; /* it was learnt before that DNSSEC is not to be had */
};

/* What is kept from one name to the next. */
struct dns {
	const struct dns_options *options; /* borrowed */
	char resolvers[DNS_RESOLVERS_SIZE];
	struct ub_ctx *validating, *trusting; /* owned, made when needed */
	bool plain;
};

void dns_init(struct dns *dns, const struct dns_options *options);
void dns_clear(struct dns *dns);

/* Look one name up.  *out was set up by dns_answer_init(). */
void dns_look_up(struct dns *dns, const char *name, enum dns_type type,
    struct dns_answer *out);
/* Does the resolver answer, and does it pass DNSSEC on?  Asks for the root's
 * keys; the state, and why, go to *out. */
void dns_check(struct dns *dns, struct dns_answer *out);
#endif

/*
 * dns.h - ask the DNS through libunbound
 *
 * Asynchronous with a deadline.  There are three states: validated, unvalidated
 * (no anchor, an unsigned zone, or a resolver that does not pass DNSSEC on) and
 * bogus.  A resolver that answers plain queries in time, but none with DNSSEC,
 * counts as one that does not pass it on.
 */
#ifndef HELPERS_DNS_DNS_H
#define HELPERS_DNS_DNS_H
#include "mail/dns_answer.h"

enum {
	DNS_SECONDS = 10,      /* for one name */
	DNS_VALID_SECONDS = 6, /* of which DNSSEC may take ... */
	DNS_TCP_SECONDS = 3, /* and of which TCP may take, where it is tried */
	DNS_RESOLVERS_SIZE = 256
};

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_SOA = 6,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_SMIMEA = 53,
	DNS_CAA = 257
};

struct dns_options {
	const char *resolver; /* "system", or "ADDRESS[@PORT] ..." */
	const char *anchor; /* a file of trust anchors, or another text: none */
	bool plain; /* an earlier answer showed that DNSSEC does not pass */
};

/* State that is kept from one name to the next. */
struct dns {
	const struct dns_options *options; /* borrowed */
	char resolvers[DNS_RESOLVERS_SIZE];
	struct ub_ctx *validating, *trusting; /* owned, made when needed */
	bool plain;
	bool tcp; /* the contexts ask by TCP */
};

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t dns_now_ms(void);
void dns_init(struct dns *dns, const struct dns_options *options);
void dns_clear(struct dns *dns);

/* Look up one name; dns_answer_init() has set up *out.  SMIMEA records are
 * asked for by TCP first (RFC 8162 section 7). */
void dns_look_up(struct dns *dns, const char *name, enum dns_type type,
    struct dns_answer *out);
/* Find out whether the resolver answers and passes DNSSEC on: ask for the
 * root's keys, and write the state and the reason to *out. */
void dns_check(struct dns *dns, struct dns_answer *out);
#endif

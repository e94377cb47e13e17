/*
 * dns.h - TXT records through libunbound
 *
 * DNSSEC is validated where the resolver lets it be; where it strips the
 * records (a home router), an answer is "unvalidated", never "forged".
 */
#ifndef NET_DNS_H
#define NET_DNS_H
#include "base/buf.h"
#include "reply/authres.h"

struct dns_options {
	const char *resolver; /* "system", or "ADDRESS[@PORT] ..." */
	const char *anchor;   /* file of trust anchors, or "" */
};

enum { DNS_SECONDS = 5 };

/*
 * Look one name up.  out->record is set where state is DNS_SECURE or
 * DNS_UNVALIDATED.  Never blocks longer than DNS_SECONDS.
 */
void dns_txt(const struct dns_options *options, const char *name,
    struct authres_key *out);
#endif

/*
 * caa.h - CAA records: which CA may issue for a domain (RFC 8659, RFC 9495)
 */
#ifndef ACME_CAA_H
#define ACME_CAA_H
#include "base/span.h"

enum caa_verdict {
	CAA_FREE,      /* nothing is said about such certificates */
	CAA_PERMITTED, /* the CA is named */
	CAA_FORBIDDEN  /* others are named, or nobody is */
};

/* records: the data of the relevant CAA records, as they are on the wire.
 * names: what the CA calls itself ("caaIdentities"); without them, any named
 * CA may be it.  tag: "issuemail", or of a host "issue". */
enum caa_verdict caa_judge(const struct span *records, size_t count,
    const struct span *names, size_t named, struct span tag);
/* The issuer-domain-name of an issuemail or issue value; empty where it has none or
 * does not follow the grammar. */
struct span caa_issuer(struct span value);
#endif

/*
 * dane.h - judge a server's certificate by TLSA records (RFC 6698, RFC 7672)
 *
 * As a client does that trusts the records: DNSSEC is the caller's matter.
 * Lives in the verifier.
 */
#ifndef MAIL_DANE_H
#define MAIL_DANE_H
#include "base/span.h"
#include "base/status.h"

enum dane_verdict {
	DANE_FITS,
	DANE_DIFFERS,
	/* Malformed, or of a usage that clients of SMTP pass over: PKIX-TA and
	 * PKIX-EE (RFC 7672 section 3.1.3). */
	DANE_UNUSABLE
};

struct dane_question {
	struct span chain; /* PEM, the leaf first */
	struct span host;
	bool smtp;    /* the client is another mail server */
	bool trusted; /* by the roots of the system, for that host */
};

/*
 * What does one record say?  DANE-EE (3): it names the leaf, and neither dates
 * nor names count (RFC 7671 section 5.1).  DANE-TA (2): it names a certificate
 * of the chain above the leaf, or holds one, to which the chain leads, and the
 * leaf is for the host.  PKIX-EE (1) and PKIX-TA (0): in addition, the chain is
 * trusted.  STATUS_BAD_FILE: there is no certificate; STATUS_MEMORY.
 */
enum status dane_judge(const struct dane_question *question, struct span record,
    enum dane_verdict *out) MUST_CHECK;
/* "fits", "differs", "unusable". */
const char *dane_verdict_name(enum dane_verdict verdict);
#endif

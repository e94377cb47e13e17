/*
 * service_tlsa.h - say whether a server's certificate fits its TLSA records
 */
#ifndef CMD_SERVICE_TLSA_H
#define CMD_SERVICE_TLSA_H
#include "base/json.h"
#include "cmd/session.h"
#include "mail/dns_answer.h"
#include "service/sight.h"
#include "service/tlsa.h"

/* The records of one service. */
struct service_tlsa {
	const char *host;
	struct service_at at;
	struct dns_answer answer; /* owned */
	bool secure;              /* DNSSEC vouches for its zone */
	struct note unknown;      /* why the DNS does not say; or empty */
};

/* What they say of one certificate. */
struct service_tlsa_verdict {
	struct tlsa_count count;
	bool wrong;       /* others refuse it */
	struct note text; /* one sentence, safe */
};

/* Ask for the records.  That the DNS does not answer is a result, too.  The
 * caller clears it. */
void service_tlsa_find(const struct session *session, const char *host,
    const struct service_at *at, struct service_tlsa *out);
void service_tlsa_clear(struct service_tlsa *tlsa);
enum status service_tlsa_judge(const struct service_tlsa *tlsa,
    const struct sighting *sighting, struct service_tlsa_verdict *out,
    struct note *note) MUST_CHECK;
#endif

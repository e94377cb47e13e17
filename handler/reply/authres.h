/*
 * authres.h - what is proved about the sender: the authentication result
 *
 * RFC 8823 section 3.1, item 6: a challenge is signed by DKIM or S/MIME, or
 * ignored.  A struct authres is the permit to match a challenge with an
 * expectation.  It is opaque: only authres_admit() and authres_waive() make
 * one, where the user's policy is met.  What other processes say is a struct
 * authres_proof, which permits nothing.
 *
 * A proof goes through three processes that share nothing but what is here: the
 * sandboxed parser says what could prove the sender (authres_query_build), the
 * network program fetches what that takes, and the sandboxed verifier
 * checks (authres_dkim, authres_smime).  Authentication-Results fields (RFC
 * 8601) need neither network nor cryptography: the parser judges them.
 */
#ifndef REPLY_AUTHRES_H
#define REPLY_AUTHRES_H
#include "mail/dns_answer.h"
#include "reply/challenge.h"

struct trust;

enum {
	AUTHRES_QUERIES_MAX = 3, /* DNS look-ups for one message */
	AUTHRES_METHODS_MAX = 4,
	AUTHRES_DOMAIN_SIZE = 254,
	AUTHRES_PATHS_SIZE = 1024,
	AUTHRES_ISSUER_SIZE = 200
};

enum authres_method { AUTHRES_DKIM = 1, AUTHRES_SMIME, AUTHRES_RESULTS };

/* What the h= of a DKIM signature must list, the strictest first:
 * docs/leniency.md argues each. */
enum dkim_coverage {
	COVERAGE_RFC8823, /* thirteen fields, whether they are there or not */
	COVERAGE_RELAXED, /* each of these that is there, as often as it is */
	COVERAGE_MINIMAL  /* From, To, Subject, Date, Reply-To, likewise */
};
enum { COVERAGE_COUNT = 3 };
/* For VERB_SIGNATURE only, whose answer is not a proof: demands the twelve
 * fields of RFC 8823 section 3.2, item 9, or nothing.  Neither is a setting. */
#define COVERAGE_ANSWER ((enum dkim_coverage)COVERAGE_COUNT)
#define COVERAGE_ANY ((enum dkim_coverage)(COVERAGE_COUNT + 1))

const char *dkim_coverage_name(enum dkim_coverage coverage);
bool dkim_coverage_parse(struct span text, enum dkim_coverage *out);

struct authres_methods {
	bool none; /* the user switched the check off */
	enum authres_method method[AUTHRES_METHODS_MAX]; /* in order */
	size_t count;
	char results[256]; /* authserv-id that is trusted (RFC 8601) */
};

struct authres_policy {
	struct authres_methods by;
	enum dkim_coverage coverage;
	int64_t received;   /* Received fields of one's own servers that may
	                     * stand above Authentication-Results */
	char resolver[256]; /* "system", or "ADDRESS[@PORT] ..." */
	char anchor[256];   /* file of DNSSEC trust anchors, or "" */
	char smime_anchors[AUTHRES_PATHS_SIZE]; /* paths, "smimea" */
	char smime_crls[AUTHRES_PATHS_SIZE];    /* paths */
};

/* Flat, and of integers: it crosses from the processes that make it. */
struct authres_proof {
	uint32_t method;     /* enum authres_method */
	uint32_t dns;        /* enum dns_state; DNS_TROUBLE: not used */
	uint32_t weak;       /* 1: a DKIM key of RSA below 2048 bits */
	uint32_t protection; /* enum protect_form, for S/MIME */
	char domain[AUTHRES_DOMAIN_SIZE]; /* d=, or the address's */
	char signer[ADDRESS_SIZE];        /* S/MIME: normal form */
	char issuer[AUTHRES_ISSUER_SIZE]; /* S/MIME: safe text */
};

/* What the parser says could prove the sender; flat too. */
struct authres_query {
	char key_name[AUTHRES_QUERIES_MAX][DNS_NAME_SIZE];
	uint32_t count;
	uint32_t dkim_status; /* enum status; OK: count > 0 */
	uint32_t smime;       /* 1: there may be an S/MIME signature */
	uint32_t results_status;
	struct authres_proof results; /* valid where results_status is OK */
	uint32_t would;  /* where h= is at fault: the enum dkim_coverage that
	                 * would take it, or 0 */
	uint32_t passed; /* 1: above the first Received somebody says that the
	                  * DKIM signature passed */
	struct note dkim_note;
	struct note results_note;
};

/* What the verifier says.  Flat. */
struct authres_verdict {
	uint32_t status; /* enum status */
	struct note note;
	struct authres_proof proof; /* valid where status is OK */
	struct challenge challenge; /* S/MIME: as the protected fields say */
};

const char *authres_method_name(enum authres_method method);
/* "secure", "unvalidated", "n/a" ... */
const char *authres_dns_name(const struct authres_proof *proof);

struct authres;
/*
 * The permit for what from (a normal form) sent, by a proof that is for this
 * sender and by a method that the policy names.  Owned by the caller:
 * authres_free().  STATUS_BUG: the proof is not what another process may say of
 * that sender; STATUS_NO_AUTHRES: the policy does not want it; STATUS_MEMORY.
 */
enum status authres_admit(const struct authres_proof *proof, struct span from,
    const struct authres_methods *by, struct authres **out) MUST_CHECK;
/* The permit without a proof: the user switched the check off (by->none).
 * STATUS_NO_AUTHRES: no, the user did not. */
enum status authres_waive(
    const struct authres_methods *by, struct authres **out) MUST_CHECK;
/* NULL: no memory. */
struct authres *authres_copy(const struct authres *authres);
void authres_free(struct authres *authres);
/* What proves it, borrowed; NULL where the check was waived. */
const struct authres_proof *authres_proof(const struct authres *authres);

/*
 * What would prove that from (a normal form) sent this?  Only signatures
 * whose d= is its domain count, only results of the policy's authserv-id.
 * Statuses inside: STATUS_NO_AUTHRES: nothing of the kind;
 * STATUS_BAD_DKIM, _BAD_DKIM_DOMAIN, _BAD_DKIM_COVERAGE; _BAD_RESULTS,
 * _BAD_RESULTS_TWO, STATUS_DNS (their temperror).
 */
enum status authres_query_build(struct span message, struct span from,
    const struct authres_policy *policy, int64_t now,
    struct authres_query *out) MUST_CHECK;
/* Is it what authres_query_build() could have written? */
bool authres_query_ok(const struct authres_query *query);
/* The same for authres_dkim() and authres_smime(), about that sender. */
bool authres_verdict_ok(
    const struct authres_verdict *verdict, struct span from);

/* Of two refusals, did this one come nearer to a proof? */
bool authres_nearer(enum status status, enum status than);

/* What the verifier is asked: is that the sender of this message? */
struct authres_question {
	struct span message; /* raw, hostile */
	struct span from;    /* a normal form */
	int64_t when;        /* as of now (DKIM), as of delivery (S/MIME) */
	/* The keys that the query named; for S/MIME the first is what the DNS
	 * says of the sender's certificates. */
	const struct dns_answer *answer;
	size_t answers;
	enum dkim_coverage coverage;  /* DKIM */
	struct challenge_rules rules; /* S/MIME */
	struct trust *trust;          /* S/MIME; borrowed */
};

/*
 * In the verifier: find a DKIM signature that holds.  STATUS_OK, what
 * dkim_status can be, STATUS_BAD_DKIM_KEY, STATUS_DNS.
 */
enum status authres_dkim(const struct authres_question *question,
    struct authres_proof *out, struct note *note) MUST_CHECK;

/*
 * In the verifier: the S/MIME signature of the whole message, by the sender,
 * with the header protected; *proven is the challenge that the protected fields
 * make.  STATUS_NO_AUTHRES, _BAD_SMIME, _BAD_SIGNER_TRUST, _BAD_SIGNER_NAME,
 * _BAD_PROTECTION, _DNS, or what challenge_parse() gives.
 */
enum status authres_smime(const struct authres_question *question,
    struct authres_proof *out, struct challenge *proven,
    struct note *note) MUST_CHECK;
#endif

/*
 * authres.h - the authentication result: what is proved about the sender
 *
 * RFC 8823 section 3.1, item 6: a challenge is signed by DKIM or S/MIME, or
 * ignored.  Having a struct authres is the permit to match a challenge with
 * an order; it is only made where the user's policy is met.
 *
 * DKIM goes through three processes that share nothing but what is here: the
 * shut-in parser says which key records would matter (authres_query_build),
 * the network program fetches them, and the verifier, shut in again, checks
 * (authres_dkim).  S/MIME is not checked yet.
 */
#ifndef REPLY_AUTHRES_H
#define REPLY_AUTHRES_H
#include "reply/challenge.h"

enum {
	AUTHRES_QUERIES_MAX = 3, /* DNS look-ups for one message */
	AUTHRES_NAME_SIZE = 254,
	AUTHRES_RECORD_MAX = 4096
};

enum authres_method { AUTHRES_NONE, AUTHRES_DKIM };

/* What the DNS said, and how far that can be believed. */
enum dns_state {
	DNS_SECURE,      /* validated by DNSSEC */
	DNS_UNVALIDATED, /* an answer, but nobody vouches for it */
	DNS_ABSENT,      /* there is no such record */
	DNS_MANY,        /* more than one record: which counts, nobody says */
	DNS_TROUBLE      /* no answer, or one that DNSSEC calls bogus */
};

struct authres_policy {
	bool none;          /* the user switched the check off */
	bool dkim;          /* DKIM counts */
	bool relaxed;       /* dkim_headers = relaxed: docs/leniency.md */
	char resolver[256]; /* "system", or "ADDRESS[@PORT] ..." */
	char anchor[256];   /* file of DNSSEC trust anchors, or "" */
};

struct authres {
	enum authres_method method;
	enum dns_state dns;
	char domain[AUTHRES_NAME_SIZE]; /* d= */
	bool weak;                      /* an RSA key below 2048 bits */
};

/* Flat: it crosses from the parsing child. */
struct authres_query {
	char key_name[AUTHRES_QUERIES_MAX][AUTHRES_NAME_SIZE];
	uint32_t count;
};

struct authres_key {
	char name[AUTHRES_NAME_SIZE];
	enum dns_state state;
	char record[AUTHRES_RECORD_MAX]; /* the TXT strings, joined */
};

const char *authres_method_name(enum authres_method method);
const char *dns_state_name(enum dns_state state);
bool dns_state_parse(struct span text, enum dns_state *out);

/*
 * Which key records would prove that from (a normal form) sent this?  Only
 * signatures whose d= is its domain count.  STATUS_NO_AUTHRES: no signature;
 * STATUS_BAD_DKIM, _BAD_DKIM_DOMAIN, _BAD_DKIM_COVERAGE: none that counts.
 */
enum status authres_query_build(struct span message, struct span from,
    bool relaxed, int64_t now, struct authres_query *out,
    struct note *note) MUST_CHECK;
/* Is every name one that authres_query_build() could have written? */
bool authres_query_ok(const struct authres_query *query);

/*
 * In the verifier: find a signature that holds.  STATUS_OK, what
 * authres_query_build() gives, STATUS_BAD_DKIM_KEY, STATUS_DNS.
 */
enum status authres_dkim(struct span message, struct span from, bool relaxed,
    int64_t now, const struct authres_key *keys, size_t count,
    struct authres *out, struct note *note) MUST_CHECK;
#endif

/*
 * dns_answer.h - DNS answers, as the network program writes them down
 *
 * One line an answer: "NAME STATE TTL [?REASON] [RECORD...]", the reason and
 * each record's data in base64url.  Pure text: the network program writes it,
 * the home keeps it, the verifier reads it.
 */
#ifndef MAIL_DNS_ANSWER_H
#define MAIL_DNS_ANSWER_H
#include <stdint.h>

#include "base/buf.h"

enum {
	DNS_NAME_SIZE = 254,
	DNS_RECORDS_MAX = 5041, /* more do not fit into a message */
	DNS_RECORD_MAX = 65535,
	DNS_REASON_SIZE = 200,
	DNS_LINE_MAX = 96 * 1024,
	DNS_TTL_MAX = 24 * 3600
};

/* How far an answer can be believed. */
enum dns_state {
	DNS_SECURE,      /* validated by DNSSEC */
	DNS_UNVALIDATED, /* an answer that DNSSEC does not vouch for */
	DNS_BOGUS,       /* DNSSEC says that it is forged, or misconfigured */
	DNS_TROUBLE      /* no answer */
};

struct dns_answer {
	char name[DNS_NAME_SIZE];
	/* The name that it is an alias of; or empty.  Not written down. */
	char alias[DNS_NAME_SIZE];
	enum dns_state state;
	int64_t ttl;        /* seconds it may be kept; 0: not at all */
	size_t count;       /* of records; may be 0 */
	struct buf *record; /* owned, as each of them: dns_answer_clear() */
	/* Why it is bogus, trouble, or unvalidated though there is an anchor:
	 * safe text, or empty. */
	char reason[DNS_REASON_SIZE];
};

const char *dns_state_name(enum dns_state state);
bool dns_state_parse(struct span text, enum dns_state *out);

/* A name that may be asked for: labels of letters, digits, "-" and "_". */
bool dns_name_ok(struct span name);

void dns_answer_init(struct dns_answer *answer);
void dns_answer_clear(struct dns_answer *answer);
/* Add a record.  STATUS_BAD_SIZE, STATUS_MEMORY. */
enum status dns_answer_add(
    struct dns_answer *answer, struct span data) MUST_CHECK;
/* Append the line, with its line end. */
void dns_answer_write(const struct dns_answer *answer, struct buf *out);
/* Read one line, its line end removed.  STATUS_USAGE. */
enum status dns_answer_parse(
    struct span line, struct dns_answer *out) MUST_CHECK;
/* Join the strings of one TXT record (RFC 6376 section 3.6.2.2), all of
 * printable ASCII and white space.  STATUS_BAD_SYNTAX. */
enum status dns_txt_join(struct span data, struct buf *out) MUST_CHECK;
#endif

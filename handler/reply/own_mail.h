/*
 * own_mail.h - would a message like this one be accepted as an answer?
 *
 * The user has sent it to himself.
 * RFC 8823 section 3.2, item 9: the answer is signed by DKIM, d= is the domain
 * of From, and h= lists twelve names, whether the message has them or not.  The
 * mail servers on the way add that, so only a message that has passed them
 * shows it.
 */
#ifndef REPLY_OWN_MAIL_H
#define REPLY_OWN_MAIL_H
#include "base/buf.h"
#include "mail/address.h"
#include "mail/dns_answer.h"

enum {
	OWN_MAIL_NAMES = 12, /* that h= must list */
	OWN_MAIL_KEYS = 3    /* signatures of one domain that are looked at */
};

enum own_mail_body {
	OWN_BODY_PLAIN,    /* no ACME response in it: nothing to compare */
	OWN_BODY_RESPONSE, /* an ACME response and nothing else */
	OWN_BODY_MORE,     /* text before or after the response */
	OWN_BODY_ENCODED,  /* not 7bit, though ASCII was sent */
	OWN_BODY_PARTS,    /* multipart */
	OWN_BODY_SIGNED    /* by the sender: multipart, as it must be */
};
enum { OWN_BODY_COUNT = OWN_BODY_SIGNED + 1 };

/* Flat, and of integers: it crosses from the parsing child. */
struct own_mail {
	char from[ADDRESS_SIZE]; /* normal forms; or empty */
	char to[ADDRESS_SIZE];   /* the address of To, if it is just one */
	char return_path[ADDRESS_SIZE]; /* of the envelope, as it was noted */
	int64_t date;                   /* of Date; 0: it has none */
	uint32_t signatures;            /* DKIM-Signature fields */
	uint32_t count;                 /* of them by the domain of From */
	char key_name[OWN_MAIL_KEYS][DNS_NAME_SIZE];
	uint32_t missing; /* bits: own_mail_name(); of the best of them */
	char other[DNS_NAME_SIZE]; /* d= of another domain, or empty */
	struct note fault;         /* of one that counts for nothing */
	uint32_t body;             /* enum own_mail_body */
	uint32_t list;             /* 1: there is a List- field */
};

/* "From", "Sender" ...; index below OWN_MAIL_NAMES. */
const char *own_mail_name(size_t index);
/* Read a message, hostile.  STATUS_MEMORY; else what cannot be read is
 * empty. */
enum status own_mail_read(
    struct span message, int64_t now, struct own_mail *out) MUST_CHECK;
/* Is it what own_mail_read() could have written? */
bool own_mail_ok(const struct own_mail *own);

/* What the DNS says of a domain's mail.  Flat. */
struct mail_policy {
	uint32_t answered; /* 0: the DNS gave no answer that counts */
	uint32_t records;  /* of that kind; one is right */
	char text[200];    /* of the first, safe text */
};
/*
 * Find the records that begin with version ("v=spf1", "v=DMARC1") in what
 * resolve() appended for one name.
 */
void mail_policy_read(
    struct span frames, struct span version, struct mail_policy *out);
bool mail_policy_ok(const struct mail_policy *policy);
#endif

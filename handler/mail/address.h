/*
 * address.h - read address lists (RFC 5322 section 3.4, RFC 6532)
 *
 * Zero-copy and iterative; comments are counted, not recursed into.  Encoded
 * words are never address syntax.  Obsolete forms that readers take in
 * different ways (routes, blanks inside an address) are refused or flagged,
 * never repaired.
 */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H
#include "base/span.h"
#include "base/status.h"

enum {
	ADDRESS_SIZE = 320, /* octets of local@domain, and the NUL */
	ADDRESS_LIST_MAX = 64,
	COMMENT_DEPTH_MAX = 16,
	LOCAL_PART_MAX = 64, /* RFC 5321 section 4.5.3.1 */
	DOMAIN_MAX = 253
};

struct mailbox {
	struct span name;   /* display name as it stands, or empty */
	struct span local;  /* as it stands, with its quotes */
	struct span domain; /* as it stands */
	bool in_group;
};

struct address_list {
	struct mailbox mailbox[ADDRESS_LIST_MAX];
	size_t count;
	bool group; /* group syntax occurs, even an empty one */
};

/*
 * Parse the body of From, To, Reply-To ...  An empty list is STATUS_OK with
 * count 0.  STATUS_BAD_SYNTAX, or STATUS_BAD_SIZE beyond the limits above.
 */
enum status address_list_parse(
    struct span body, struct address_list *out) MUST_CHECK;

/*
 * One bare address such as a user types: local@domain, nothing around it.
 * STATUS_BAD_SYNTAX otherwise.
 */
enum status address_parse(struct span text, struct mailbox *out) MUST_CHECK;

/*
 * Write local@domain for comparing: the domain as A-labels in lower case
 * (RFC 5890), the local part untouched (RFC 9598 section 5).
 * STATUS_BAD_SYNTAX if the domain is not a domain name (a domain literal is
 * not), or the local part is too long.
 */
enum status address_normal(
    const struct mailbox *mailbox, char out[ADDRESS_SIZE]) MUST_CHECK;

/*
 * The address of a field that must hold one plain mailbox, as address_normal()
 * writes it.  STATUS_BAD_SYNTAX: none, several, a group ...; out is empty then.
 */
enum status address_sole(struct span body, char out[ADDRESS_SIZE]) MUST_CHECK;

enum address_match {
	ADDRESS_OTHER,
	ADDRESS_SPELLING, /* equal but for case or quoting of the local part */
	ADDRESS_SAME
};
/* Compare two normal forms. */
enum address_match address_compare(struct span a, struct span b);
/*
 * What is common to every spelling of a normal form: of two that
 * address_compare() does not call ADDRESS_OTHER, this is equal.  Into out, or,
 * if it does not fit, the address as it is.
 */
struct span address_fold(struct span normal, char out[ADDRESS_SIZE]);

/* Are two normal forms one mailbox?  Quotes and backslashes of the local part
 * do not count (RFC 5321 section 4.1.2), its case does. */
bool address_is_same(struct span a, struct span b);

/* Octets that no address book, shell, pipe or mailer reads as anything but an
 * address: what a reply may be sent to. */
bool address_is_plain(struct span normal);

/* The part after the last "@". */
struct span address_domain(struct span address);

/*
 * Skip comments and folding white space (RFC 5322 section 3.2.2) at the front
 * of *s.  STATUS_BAD_SYNTAX: unclosed; STATUS_BAD_SIZE: nested too deeply.
 */
enum status cfws_skip(struct span *s) MUST_CHECK;
#endif

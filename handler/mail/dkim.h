/*
 * dkim.h - verify one DKIM signature (RFC 6376)
 *
 * RFC 6376, 8301, 8463 (Ed25519), 8616 (IDN).  Stricter than those, because a
 * certificate depends on it: no SHA-1, no l=, no keys below 1024 or above 4096
 * bits, no testing keys, one key record.  The message may have LF or CRLF.
 * dkim_verify() lives in the verifier process, which is the one with
 * libcrypto; nothing here queries the DNS.
 */
#ifndef MAIL_DKIM_H
#define MAIL_DKIM_H
#include <stdint.h>

#include "base/buf.h"
#include "mail/header.h"

enum {
	DKIM_SIGNATURES_MAX = 10, /* looked at in one message */
	DKIM_TAGS_MAX = 32,
	DKIM_DIGITS_MAX = 12,     /* of t= and x= */
	DKIM_RSA_BITS_MIN = 1024, /* RFC 8301 section 3.2 */
	DKIM_RSA_BITS_MAX = 4096,
	DKIM_RECORD_MAX = 8192,    /* bytes of a key record: our limit */
	DKIM_RSA_BITS_GOOD = 2048, /* below: a warning */
	DKIM_SKEW = 24 * 3600      /* seconds a clock may be off */
};

struct dkim_tags {
	struct span name[DKIM_TAGS_MAX];
	struct span value[DKIM_TAGS_MAX]; /* without white space around it */
	size_t count;
};

/* RFC 6376 section 3.2.  STATUS_BAD_SYNTAX: not a tag list, or a name twice;
 * STATUS_BAD_SIZE. */
enum status dkim_tags_parse(struct span text, struct dkim_tags *out) MUST_CHECK;
/* The value, or NULL if the tag is missing. */
const struct span *dkim_tag(const struct dkim_tags *tags, struct span name);

struct dkim_signature {
	struct span field;     /* raw, as it stands in the message */
	struct span headers;   /* h= */
	struct span body_hash; /* bh=, base64 */
	struct span value;     /* b=, base64 */
	char domain[254];      /* d= as A-labels in lower case */
	char selector[254];    /* s= the same */
	char identity[254];    /* the domain of i=, likewise */
	bool ed25519;
	bool relaxed_header;
	bool relaxed_body;
	bool exact_identity; /* i= is in d= itself, not below it */
};

/*
 * Parse one DKIM-Signature field and check all that needs no key.
 * STATUS_BAD_DKIM (malformed, expired, an unsupported algorithm),
 * STATUS_BAD_DKIM_COVERAGE (l=, From not signed).
 */
enum status dkim_signature_parse(const struct field *field, int64_t now,
    struct dkim_signature *out, struct note *note) MUST_CHECK;

/* Take the next name off a colon list (h=, and lists of the key record). */
bool dkim_take_name(struct span *list, struct span *name);
/* Does a colon list hold that word?  Unknown words are ignored, as RFC 6376
 * sections 3.5 (q=) and 3.6.1 (h=, s=, t=) demand. */
bool dkim_list_has(struct span list, struct span word);
/* How often h= lists that name. */
size_t dkim_covers(const struct dkim_signature *signature, struct span name);

/* "selector._domainkey.domain", where the key record is. */
enum status dkim_key_name(
    const struct dkim_signature *signature, char *out, size_t size) MUST_CHECK;

struct dkim_evidence {
	bool weak;     /* an RSA key below DKIM_RSA_BITS_GOOD */
	unsigned bits; /* of the key */
};

/*
 * Verify over the message with a key record (the TXT strings joined).
 * unquote: the message may come from an mbox, even if nothing shows it; a line
 * that begins with ">From " may have been "From ", so both are tried.
 * STATUS_OK, STATUS_BAD_DKIM, STATUS_BAD_DKIM_KEY, STATUS_CRYPTO.
 */
enum status dkim_verify(const struct header *header,
    const struct dkim_signature *signature, struct span record, bool unquote,
    struct dkim_evidence *out, struct note *note) MUST_CHECK;
#endif

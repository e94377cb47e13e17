/*
 * smimea.h - read certificates for S/MIME from the DNS (RFC 8162)
 *
 * The name needs libcrypto; so does matching.  Pure otherwise.
 */
#ifndef MAIL_SMIMEA_H
#define MAIL_SMIMEA_H
#include "base/span.h"
#include "base/status.h"

enum smimea_usage {
	SMIMEA_PKIX_TA = 0,
	SMIMEA_PKIX_EE = 1,
	SMIMEA_DANE_TA = 2,
	SMIMEA_DANE_EE = 3
};

struct smimea {
	enum smimea_usage usage;
	unsigned selector; /* 0: the certificate, 1: its public key */
	unsigned matching; /* 0: exact, 1: SHA-256, 2: SHA-512 */
	struct span data;  /* borrowed */
};

/* Section 3: the owner name of an address, whose local part is as it stands
 * (quotes are removed) and whose domain is in A-labels.
 * STATUS_BAD_SYNTAX: not an address; STATUS_CRYPTO. */
enum status smimea_name(struct span address, char *out, size_t size) MUST_CHECK;
/* The name that draft-hoffman-dane-smime-02 gave it: the local part itself as
 * the first label, its special characters escaped as in a zone file.  Empty:
 * a label cannot be that long. */
enum status smimea_draft_name(
    struct span address, char *out, size_t size) MUST_CHECK;
/* RFC 6698 section 2.1.  STATUS_MISSING: not a usable record. */
enum status smimea_parse(struct span data, struct smimea *out) MUST_CHECK;
#endif

/*
 * foreign.h - read a certificate that mailcert did not order
 *
 * The certificate itself says whom it is for; the user who imports it trusts
 * it. Lives in the verifier.
 */
#ifndef ACME_FOREIGN_H
#define ACME_FOREIGN_H
#include "acme/certificate.h"

enum { FOREIGN_ADDRESS_SIZE = 320, FOREIGN_DIGEST_SIZE = 65 };

struct foreign {
	struct certificate facts;
	/* As it spells them: not normal forms, nor safe to show. */
	char address[CSR_ADDRESSES_MAX][FOREIGN_ADDRESS_SIZE];
	size_t addresses; /* 1 at least */
	enum csr_usage usage;
	/* Its own kind, or the next larger one that mailcert makes. */
	enum key_kind kind;
	char digest[FOREIGN_DIGEST_SIZE]; /* SHA-256 of the certificate, hex */
};

/*
 * Append to out, in frames of that name, the keys (SubjectPublicKeyInfo in
 * base64url) of the certificates that did not issue another one of these.
 * STATUS_BAD_FILE with a note: too many certificates.
 */
enum status foreign_leaves(struct span chain, const char *name, struct buf *out,
    struct note *note) MUST_CHECK;

/*
 * Read the certificate that holds this key (SubjectPublicKeyInfo, DER) among
 * those of a chain in PEM.  Appended to out: its chain, as by
 * certificate_check().  What it cannot do is a limit; an expired one is taken,
 * for old mail.
 *
 * STATUS_BAD_FILE with a note: it is a CA's, names no mail address or too
 * many, or is malformed.
 */
enum status foreign_read(struct span chain, struct span key, int64_t now,
    struct buf *out, struct foreign *found, struct note *note) MUST_CHECK;
#endif

/*
 * identity.h - the certificates of one address, as mail programs want them
 *
 * One signs, one encrypts (often the same), and every older one stays useful:
 * it decrypts old mail.  Facts about a certificate come from the verifier
 * (acme/chain.h), because mailcert itself reads no certificates.
 */
#ifndef INSTALL_IDENTITY_H
#define INSTALL_IDENTITY_H
#include "acme/chain.h"
#include "base/buf.h"
#include "store/order.h"

/* One certificate of a chain; the spans lie in the identity's answer. */
struct link_facts {
	struct span pem;
	struct span serial; /* octets */
	struct span issuer; /* DER */
	char subject[512];  /* safe text; empty: it has none */
	char sha1[41];
	char sha256[65];
	char hash[9];
	char key_id[41]; /* of NSS; or empty */
	char key[8];     /* "rsa", "ec", "ed25519", "other" */
	bool root;       /* self-signed */
	/* The URL of its revocation list, visible ASCII; or empty. */
	char place[CHAIN_PLACE_SIZE];
};

/* One generation. */
struct identity {
	struct order order;
	char key[1200];                     /* the path of its key file */
	struct buf facts;                   /* owned */
	struct link_facts link[CHAIN_MOST]; /* from the leaf upwards */
	size_t links;
};

/* All generations of an address, the oldest first. */
struct identities {
	struct identity *at; /* owned */
	size_t count;
	size_t signs;    /* the index of the one that signs */
	size_t encrypts; /* and of the one that others encrypt to */
};

/*
 * Load the certificates that share an address with the wanted one: an id, or
 * an address.  anchors: frames "file" and "anchor", where the roots are looked
 * for.  A certificate named by its id signs; else the newest that may.
 * STATUS_NO with a note: there is no such certificate.  Owned by the caller:
 * identities_clear().
 */
enum status identities_load(const struct home *home, const char *wanted,
    struct span anchors, struct identities *out, struct note *note) MUST_CHECK;
void identities_clear(struct identities *identities);

/* Load that one alone.  The caller clears its facts: buf_clear(). */
enum status identity_load(const struct home *home, const struct order *order,
    struct span anchors, struct identity *out, struct note *note) MUST_CHECK;
/* Describe a chain in PEM, the leaf first: the links of an identity that is
 * all zero.  The caller clears its facts: buf_clear(). */
enum status identity_describe(struct span chain, struct span anchors,
    struct identity *out, struct note *note) MUST_CHECK;

/* The root of its chain; NULL: it is not known. */
const struct link_facts *identity_root(const struct identity *identity);
/* Can openssl and what is made of it, or NSS, sign with its key: RSA or EC? */
bool identity_fits(const struct identity *identity);
/* STATUS_NO with a note: the program cannot sign with the key that signs. */
enum status identities_fit(const struct identities *identities,
    const char *program, struct note *note) MUST_CHECK;
/* Can the program encrypt to its key: RSA?  Else STATUS_NO with a note. */
enum status identity_is_rsa(const struct identity *identity,
    const char *program, struct note *note) MUST_CHECK;
/* Append the PEM of the links [from, to). */
void identity_add_pem(
    const struct identity *identity, size_t from, size_t to, struct buf *out);
#endif

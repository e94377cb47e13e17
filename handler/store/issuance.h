/*
 * issuance.h - a certificate that is being got: the order at the CA, and what
 * became of it (RFC 8555 section 7.1.3)
 *
 * One JSON file each, home/issuances/ID.json; the certificate key is
 * home/keys/ID.pem, the chain home/certificates/ID.pem.  Its challenges are
 * orders of store/order.h that name it.
 */
#ifndef STORE_ISSUANCE_H
#define STORE_ISSUANCE_H
#include <stdint.h>

#include "acme/key_kind.h"
#include "acme/object.h"
#include "store/jsonfile.h"

enum { ISSUANCES_MAX = 512 };

/*
 * ordered     the CA knows of it; challenges are open
 * finalizing  the signing request may have been sent
 * issued      the certificate is on disk
 * failed      the CA said no for good
 */
enum issuance_state {
	ISSUANCE_ORDERED,
	ISSUANCE_FINALIZING,
	ISSUANCE_ISSUED,
	ISSUANCE_FAILED
};

struct issuance {
	char id[JSONFILE_ID_SIZE];
	char account[JSONFILE_ID_SIZE];
	char order_url[ACME_URL_SIZE];
	char address[ACME_IDENTIFIERS_MAX][ACME_VALUE_SIZE]; /* normal forms */
	size_t addresses;
	enum key_kind key;
	enum csr_usage usage;
	enum issuance_state state;
	char why[ACME_TEXT_SIZE]; /* of ISSUANCE_FAILED: safe text */
	int64_t created;
	int64_t expires; /* of the order; 0: not known */
};

const char *issuance_state_name(enum issuance_state state);

enum status issuance_load(const struct home *home, const char *id,
    struct issuance *out, struct note *note) MUST_CHECK;
enum status issuance_save(const struct home *home,
    const struct issuance *issuance, struct note *note) MUST_CHECK;
/* Paths of key and certificate chain; the directories are made. */
enum status issuance_paths(const struct home *home, const char *id, char *key,
    char *certificate, size_t size, struct note *note) MUST_CHECK;
#endif

/* key_kind.h - the kinds of keys, and the uses of a certificate */
#ifndef ACME_KEY_KIND_H
#define ACME_KEY_KIND_H
#include "base/span.h"

enum key_kind {
	KEY_EC_P256,
	KEY_EC_P384,
	KEY_ED25519,
	KEY_RSA_2048,
	KEY_RSA_3072,
	KEY_RSA_4096
};

/* CSR_SERVER: for hosts, in TLS; the others for mail addresses. */
enum csr_usage { CSR_BOTH, CSR_SIGN, CSR_ENCRYPT, CSR_SERVER };

const char *key_kind_name(enum key_kind kind); /* "ec:p256" */
bool key_kind_parse(struct span text, enum key_kind *out);
const char *csr_usage_name(enum csr_usage usage); /* "both" */
bool csr_usage_parse(struct span text, enum csr_usage *out);
/* May a certificate of such a key be used so?  Ed25519 only signs, as servers
 * do. */
bool csr_usage_fits(enum key_kind kind, enum csr_usage usage);
#endif

/* key_p.h - what jws.c and csr.c share */
#ifndef ACME_KEY_P_H
#define ACME_KEY_P_H
#include "base/span.h"

struct evp_pkey_st;

/* A private key in PEM that is not encrypted; NULL: it is none.  Owned by the
 * caller: EVP_PKEY_free(). */
struct evp_pkey_st *key_read(struct span pem);
#endif

/* key_p.h - OpenSSL keys, shared by jws.c and csr.c */
#ifndef ACME_KEY_P_H
#define ACME_KEY_P_H
#include "base/span.h"

struct evp_pkey_st;

/* A private key in PEM that is not encrypted; NULL: it is not.  Owned by the
 * caller: EVP_PKEY_free(). */
struct evp_pkey_st *key_read(struct span pem);
/* A pem_password_cb that gives OpenSSL the struct span at arg, and never asks
 * anybody. */
int key_give_passphrase(char *out, int size, int writing, void *arg);
#endif

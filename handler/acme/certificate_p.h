/* certificate_p.h - chains of certificates, for certificate.c and foreign.c */
#ifndef ACME_CERTIFICATE_P_H
#define ACME_CERTIFICATE_P_H
#include "acme/certificate.h"

struct stack_st_X509;
struct x509_st;

/* Every certificate of it, once; what cannot be read is left out.  NULL: there
 * are too many, or there is no memory.  Owned by the caller. */
struct stack_st_X509 *chain_read(struct span pem);
/* The one that holds this key (SubjectPublicKeyInfo, DER), wherever it stands;
 * NULL: none. */
struct x509_st *chain_leaf(struct stack_st_X509 *all, struct span key);
/* Append the chain in PEM, from the leaf upwards, each certificate the issuer
 * of the one before.  Sets facts->top. */
enum status chain_write(struct stack_st_X509 *all, struct x509_st *leaf,
    struct buf *out, struct certificate *facts) MUST_CHECK;

/* Append one clause to what the certificate does not allow. */
void certificate_limit(struct certificate *facts, const char *what);
/* Its dates and its identifier. */
void certificate_facts(struct x509_st *leaf, struct certificate *facts);
#endif

/*
 * host_p.h - certificates for servers: dNSName, SRV-ID, serverAuth
 *
 * RFC 5280 section 4.2.1.6, RFC 4985, and what RFC 7817 wants for mail servers.
 */
#ifndef ACME_HOST_P_H
#define ACME_HOST_P_H
#include "acme/certificate.h"

struct stack_st_GENERAL_NAME;
struct x509_st;

/* dNSName for each host, then SRVName for each srv ("_imaps.example.org").
 * NULL: no memory.  Owned by the caller: GENERAL_NAMES_free(). */
struct stack_st_GENERAL_NAME *host_names_make(const struct span *hosts,
    size_t count, const struct span *srv, size_t srvs);
/*
 * Are these the hosts that were ordered, in subjectAltName and, if there is a
 * host in it, in the commonName?  False: there is a stranger's, or the names are
 * malformed.  A missing one is a limit.
 */
bool host_names_check(struct x509_st *leaf,
    const struct certificate_wanted *wanted, struct certificate *facts);
/* Can a server use it?  What it cannot is a limit. */
void host_usage_check(struct x509_st *leaf, struct certificate *facts);
#endif

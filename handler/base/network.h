/*
 * network.h - what our programs with Internet sockets have in common
 *
 * Which files they may read in their sandboxes, and where names of hosts come
 * from.
 */
#ifndef BASE_NETWORK_H
#define BASE_NETWORK_H
#include "base/status.h"

/* Where systems keep the certificates that they trust: NETWORK_CERTIFICATES,
 * and what it links to. */
#define NETWORK_CERTIFICATES "/etc/ssl/certs"
#define NETWORK_CERTIFICATES_MORE                                         \
	"/usr/share/ca-certificates", "/usr/local/share/ca-certificates", \
	    "/etc/ca-certificates", "/etc/pki/ca-trust/extracted",        \
	    "/etc/pki/tls/certs", "/var/lib/ca-certificates/openssl"
/* What the resolver of the C library reads. */
#define NETWORK_RESOLVER                                    \
	"/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", \
	    "/etc/nsswitch.conf", "/etc/gai.conf"

/*
 * From now on, names are looked up in /etc/hosts and the DNS, whatever
 * nsswitch.conf says: other sources are libraries that a sandbox cannot load.
 * STATUS_MEMORY; if glibc crashes for lack of memory, the process answers
 * (base/serve.h) and exits with that status.
 */
enum status network_choose_sources(void) __attribute__((warn_unused_result));
#endif

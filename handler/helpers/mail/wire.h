/*
 * wire.h - connect to one address of a mail server, whatever its certificate
 *
 * For looking only: nothing secret is ever written to such a stream.  A CA
 * connects like this, too, since a server that is to get its first certificate
 * cannot have one that anybody trusts.  connect.h is for all other questions.
 */
#ifndef HELPERS_MAIL_WIRE_H
#define HELPERS_MAIL_WIRE_H
#include "helpers/mail/stream.h"

enum {
	WIRE_ADDRESSES_MAX = 16,
	WIRE_ADDRESS_SIZE = 64,
	WIRE_NAMES_MAX = 100, /* of a certificate that are shown */
	WIRE_LINKS_MAX = 10,
	WIRE_CHAIN_MAX = 64 * 1024
};

struct wire_addresses {
	char text[WIRE_ADDRESSES_MAX][WIRE_ADDRESS_SIZE];
	size_t count;
};

/* All addresses of a host; it may be an address, also in [].  STATUS_NET: none,
 * or more than WIRE_ADDRESSES_MAX; STATUS_MEMORY. */
enum status wire_resolve(
    const char *host, struct wire_addresses *out, struct note *note) MUST_CHECK;
/* Connect to such an address.  STATUS_NET with a note. */
enum status wire_open(const char *address, uint16_t port, int64_t until,
    struct stream *out, struct note *note) MUST_CHECK;
/* The time that `until` counts. */
int64_t wire_now(void);
/*
 * Continue in TLS 1.2 or up, with the name of the host, if it is one (RFC 6066
 * section 3).  The chain is compared with the certificates of ca_file, or the
 * system's, and no result ends the connection.  STATUS_NET with a note; the
 * stream stays the caller's.
 */
enum status wire_start_tls(struct stream *stream, const char *host,
    const char *ca_file, int64_t until, struct note *note) MUST_CHECK;
/*
 * Append what the server's certificate says, as frames: leaf, public (SHA-256
 * of the certificate and of its public key, in hexadecimal), name (of the host
 * names, each as safe text), expires, distrust (why no known root leads to it,
 * or empty), fits (not empty: it is for that host),
 * chain (in PEM, the leaf first; or missing: it is huge).  STATUS_NET: none;
 * STATUS_CRYPTO, STATUS_MEMORY.
 */
enum status wire_add_certificate(const struct stream *stream, const char *host,
    struct buf *out, struct note *note) MUST_CHECK;
#endif

/*
 * resolver.h - read resolver addresses as people and resolv.conf write them
 */
#ifndef BASE_RESOLVER_H
#define BASE_RESOLVER_H
#include <stdint.h>

#include "base/buf.h"

enum {
	RESOLVERS_MAX = 3, /* of resolv.conf(5) that the C library asks too */
	RESOLVER_ADDRESS_SIZE = 80,
	RESOLVER_PORT = 53
};

/* ADDRESS[@PORT], of IPv4 or IPv6, the latter perhaps with %ZONE.  False:
 * it is something else; nothing is written then. */
bool resolver_parse(
    struct span word, char address[RESOLVER_ADDRESS_SIZE], uint16_t *port);
/* A port, 1 to 65535. */
bool resolver_port(struct span text, uint16_t *out);
/*
 * Append the addresses of the nameserver lines, with blanks between.  As the C
 * library does: skip lines with a malformed address and lines beyond the third;
 * without any, use the resolver of this machine.
 */
void resolver_list(struct span resolv_conf, struct buf *out);
#endif

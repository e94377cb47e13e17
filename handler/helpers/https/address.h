/*
 * address.h - is it an address of the public Internet?
 *
 * URLs in certificates are chosen by others: without this, a CA could make us
 * send requests to the printer, the router, or whatever listens on this host.
 */
#ifndef HELPERS_HTTPS_ADDRESS_H
#define HELPERS_HTTPS_ADDRESS_H
#include <stdbool.h>
#include <sys/socket.h>

/* RFC 6890, and what of IPv6 stands for an address of IPv4. */
bool address_is_public(const struct sockaddr *address);
#endif

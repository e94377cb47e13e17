/* address.c - is it an address of the public Internet?  See address.h */
#include "helpers/https/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

static bool
is_public4(uint32_t address)
{
	static const struct {
		uint32_t net;
		int bits;
	} others[] = {
		{ 0x00000000, 8 },  /* this network */
		{ 0x0a000000, 8 },  /* private */
		{ 0x64400000, 10 }, /* shared by a provider's customers */
		{ 0x7f000000, 8 },  /* loopback */
		{ 0xa9fe0000, 16 }, /* link-local */
		{ 0xac100000, 12 }, /* private */
		{ 0xc0000000, 24 }, /* protocol assignments */
		{ 0xc0000200, 24 }, /* documentation, and the next ones */
		{ 0xc0a80000, 16 }, /* private */
		{ 0xc6120000, 15 }, /* benchmarks */
		{ 0xc6336400, 24 }, { 0xcb007100, 24 },
		{ 0xe0000000, 3 }, /* multicast, reserved, broadcast */
	};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		if ((address ^ others[i].net) >> (32 - others[i].bits) == 0)
			return false;
	return true;
}

static uint32_t
four(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	    (uint32_t)at[2] << 8 | at[3];
}

/* 2000::/3 is all that is assigned, without what is for documentation; and NAT64
 * (RFC 6052), 6to4 (RFC 3056) and mapped addresses are what they hold. */
static bool
is_public6(const uint8_t *at)
{
	static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b },
			     mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (memcmp(at, nat64, sizeof(nat64)) == 0 ||
	    memcmp(at, mapped, sizeof(mapped)) == 0)
		return is_public4(four(at + 12));
	if (four(at) >> 16 == 0x2002)
		return is_public4(four(at + 2));
	return at[0] >> 5 == 1 && four(at) != 0x20010db8 &&
	    four(at) >> 9 != 0x20010000 >> 9;
}

bool
address_is_public(const struct sockaddr *address)
{
	const void *any = address;
	const struct sockaddr_in *four_octets = any;
	const struct sockaddr_in6 *six = any;

	if (address->sa_family == AF_INET)
		return is_public4(ntohl(four_octets->sin_addr.s_addr));
	return address->sa_family == AF_INET6 &&
	    is_public6(six->sin6_addr.s6_addr);
}

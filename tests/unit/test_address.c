/* test_address.c - which addresses are public (helpers/https/address.h) */
#include "tap.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "helpers/https/address.h"

static bool
is_public(const char *text)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };

	if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
		return address_is_public((const void *)&four);
	return inet_pton(AF_INET6, text, &six.sin6_addr) == 1 &&
	    address_is_public((const void *)&six);
}

static void
test_four(void)
{
	OK(is_public("1.1.1.1") && is_public("9.255.255.255") &&
	    is_public("11.0.0.0") && is_public("100.63.255.255") &&
	    is_public("100.128.0.0") && is_public("126.255.255.255") &&
	    is_public("128.0.0.0") && is_public("169.253.0.1") &&
	    is_public("172.15.255.255") && is_public("172.32.0.0") &&
	    is_public("192.167.255.255") && is_public("192.169.0.0") &&
	    is_public("198.17.0.0") && is_public("198.20.0.0") &&
	    is_public("223.255.255.255"));
	OK(!is_public("0.0.0.0") && !is_public("0.1.2.3"));
	OK(!is_public("10.0.0.0") && !is_public("10.255.255.255"));
	OK(!is_public("100.64.0.0") && !is_public("100.127.255.255"));
	OK(!is_public("127.0.0.1") && !is_public("127.255.255.255"));
	OK(!is_public("169.254.169.254"));
	OK(!is_public("172.16.0.0") && !is_public("172.31.255.255"));
	OK(!is_public("192.0.0.1") && !is_public("192.0.2.1"));
	OK(!is_public("192.168.0.1") && !is_public("192.168.255.255"));
	OK(!is_public("198.18.0.0") && !is_public("198.19.255.255"));
	OK(!is_public("198.51.100.1") && !is_public("203.0.113.1"));
	OK(!is_public("224.0.0.1") && !is_public("240.0.0.1") &&
	    !is_public("255.255.255.255"));
}

static void
test_six(void)
{
	OK(is_public("2606:4700:4700::1111") && is_public("2a00::1") &&
	    is_public("3fff:ffff::1") && is_public("2001:200::1"));
	OK(!is_public("::") && !is_public("::1") && !is_public("1::1"));
	OK(!is_public("fc00::1") && !is_public("fd12::1"));
	OK(!is_public("fe80::1") && !is_public("ff02::1"));
	OK(!is_public("2001:db8::1") && !is_public("2001::1") &&
	    !is_public("2001:1ff::1"));
}

/* What of IPv6 stands for IPv4. */
static void
test_hidden(void)
{
	OK(is_public("::ffff:1.1.1.1") && !is_public("::ffff:127.0.0.1") &&
	    !is_public("::ffff:10.1.2.3"));
	OK(is_public("64:ff9b::1.1.1.1") && !is_public("64:ff9b::127.0.0.1") &&
	    !is_public("64:ff9b::c0a8:1"));
	OK(is_public("2002:101:101::1") && !is_public("2002:7f00:1::1") &&
	    !is_public("2002:a00:1::1"));
	OK(!is_public("::127.0.0.1") && !is_public("::1.1.1.1"));
}

static void
test_other(void)
{
	const struct sockaddr local = { .sa_family = AF_UNIX };

	OK(!address_is_public(&local));
}

int
main(void)
{
	test_four();
	test_six();
	test_hidden();
	test_other();
	return tap_done();
}

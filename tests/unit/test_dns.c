/* test_dns.c - resolvers' addresses, and answers as lines */
#include "tap.h"

#include <string.h>

#include "base/resolver.h"
#include "mail/dns_answer.h"

static void
takes(const char *text, const char *want, unsigned want_port)
{
	char address[RESOLVER_ADDRESS_SIZE] = "";
	uint16_t port = 0;

	OK(resolver_parse(span_of(text), address, &port));
	TEXT(span_of(address), want);
	OK(port == want_port);
}

static void
refuses(const char *text)
{
	char address[RESOLVER_ADDRESS_SIZE] = "as it was";
	uint16_t port = 7;

	OK(!resolver_parse(span_of(text), address, &port));
	OK(strcmp(address, "as it was") == 0 && port == 7);
}

static void
test_addresses(void)
{
	takes("127.0.0.1", "127.0.0.1", 53);
	takes("127.0.0.1@5353", "127.0.0.1", 5353);
	takes("::1", "::1", 53);
	takes("2001:db8::35@853", "2001:db8::35", 853);
	takes("fe80::1%eth0@53", "fe80::1%eth0", 53);
	refuses("127.0.0.1:53");
	refuses("[::1]:53");
	refuses("[::1]");
	refuses("127.0.0.1#53");
	refuses("dns.example");
	refuses("127.0.0.1@0");
	refuses("127.0.0.1@65536");
	refuses("127.0.0.1@");
	refuses("127.0.0.1@53x");
	refuses("127.0.0.1%eth0");
	refuses("fe80::1%");
	refuses("fe80::1%et h");
	refuses("@53");
	refuses("");
}

static void
lists(const char *text, const char *want)
{
	struct buf out;

	buf_init(&out, 255);
	resolver_list(span_of(text), &out);
	TEXT(buf_span(&out), want);
	buf_clear(&out);
}

/* As res_init(3) of the C library reads it. */
static void
test_resolv_conf(void)
{
	lists("nameserver 192.0.2.1\n", "192.0.2.1");
	lists("nameserver\t192.0.2.1  # mine\n", "192.0.2.1");
	lists("nameserver 192.0.2.1;x\nnameserver ::1", "192.0.2.1 ::1");
	lists("nameserver router.lan\nnameserver 192.0.2.1\n", "192.0.2.1");
	lists("nameserver 192.0.2.1:53\nnameserver 192.0.2.2\n", "192.0.2.2");
	lists("nameserver 192.0.2.1@53\nnameserver 192.0.2.2\n", "192.0.2.2");
	lists("nameserver \nnameserver 192.0.2.2\n", "192.0.2.2");
	lists("nameserver192.0.2.1\n nameserver 192.0.2.2\n", "127.0.0.1");
	lists("# nameserver 192.0.2.1\nsearch example\noptions edns0\n",
	    "127.0.0.1");
	lists("", "127.0.0.1");
	lists("nameserver 192.0.2.1\nnameserver 192.0.2.2\n"
	      "nameserver x\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n",
	    "192.0.2.1 192.0.2.2 192.0.2.3");
	lists(
	    "nameserver fe80::1%eth0\r\nnameserver ::1\n", "fe80::1%eth0 ::1");
}

/* Written and read again; all of it, however much. */
static void
test_answers(void)
{
	struct dns_answer out, in;
	struct buf line;
	char data[4];
	int i, good = 0;

	dns_answer_init(&out);
	OK(span_copy(SPAN("a.example"), out.name, sizeof(out.name)));
	out.state = DNS_BOGUS;
	out.ttl = 17;
	(void)strcpy(out.reason, "signature expired from ::1");
	for (i = 0; i < 1000; i++) {
		memcpy(data, &i, sizeof(data));
		good += dns_answer_add(&out,
			    (struct span){ data, sizeof(data) }) == STATUS_OK;
	}
	OK(good == 1000 && out.count == 1000);
	buf_init(&line, DNS_LINE_MAX);
	dns_answer_write(&out, &line);
	OK(buf_status(&line) == STATUS_OK);
	dns_answer_init(&in);
	OK(dns_answer_parse(span_trim(buf_span(&line)), &in) == STATUS_OK);
	TEXT(span_of(in.reason), "signature expired from ::1");
	OK(in.count == 1000 && in.state == DNS_BOGUS && in.ttl == 17);
	for (i = good = 0; i < 1000; i++)
		good += in.record[i].len == sizeof(i) &&
		    memcmp(in.record[i].at, &i, sizeof(i)) == 0;
	OK(good == 1000);
	dns_answer_clear(&in);
	dns_answer_clear(&out);
	buf_clear(&line);

	/* A reason is a stranger's, too: \033[2J. */
	dns_answer_init(&in);
	OK(dns_answer_parse(SPAN("a.example trouble 0 ?G1sySg"), &in) ==
	    STATUS_OK);
	TEXT(span_of(in.reason), "\\x1b[2J");
	dns_answer_clear(&in);
	dns_answer_init(&in);
	OK(dns_answer_parse(SPAN("a.example secure 60 "), &in) == STATUS_OK);
	OK(dns_answer_parse(SPAN("a.example secure 60 !"), &in) ==
	    STATUS_USAGE);
	dns_answer_clear(&in);
}

int
main(void)
{
	test_addresses();
	test_resolv_conf();
	test_answers();
	return tap_done();
}

/* plain.c - a plain DNS query: see plain.h.  Input: hostile. */
#include "helpers/dns/plain.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <net/if.h>
#include <poll.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/resolver.h"
#include "helpers/dns/dns.h"

enum {
	MESSAGE_MAX = 65535,
	ANSWER_MAX = 4096, /* over UDP; a plain answer has at most 512 */
	AGAIN_MS = 1500,
	ALIASES_MAX = 8,
	/* In the third octet (RFC 1035 section 4.1.1). */
	TRUNCATED = 0x02,
	AUTHORITATIVE = 0x04
};

struct question {
	unsigned char octets[NS_PACKETSZ];
	size_t len;
	int type;
	int64_t until;
	bool authority; /* only an answer of the zone's own server counts */
};

/* Returns a connected socket, or -1. */
static int
connect_to(struct span word, int kind)
{
	char address[RESOLVER_ADDRESS_SIZE], *zone;
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr *to = (struct sockaddr *)&four;
	socklen_t size = sizeof(four);
	uint16_t port;
	int fd;

	if (!resolver_parse(word, address, &port))
		return -1;
	if ((zone = strchr(address, '%')) != NULL) {
		*zone++ = '\0';
		six.sin6_scope_id = if_nametoindex(zone);
	}
	four.sin_port = six.sin6_port = htons(port);
	if (inet_pton(AF_INET6, address, &six.sin6_addr) == 1) {
		to = (struct sockaddr *)&six;
		size = sizeof(six);
	} else if (inet_pton(AF_INET, address, &four.sin_addr) != 1) {
		return -1;
	}
	fd = socket(to->sa_family, kind | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, to, size) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static bool
wait_for(int fd, short events, int64_t until)
{
	struct pollfd ready = { .fd = fd, .events = events };
	const int64_t left = until - dns_now_ms();

	return left > 0 && poll(&ready, 1, (int)left) > 0;
}

/* Is it a reply to this question (RFC 5452 section 9.1)? */
static bool
is_reply(const struct question *question, const unsigned char *got, size_t len)
{
	const size_t head = NS_HFIXEDSZ;

	return len > head && len >= question->len &&
	    memcmp(got, question->octets, 2) == 0 && (got[2] & 0xf8) == 0x80 &&
	    got[4] == 0 && got[5] == 1 &&
	    memcmp(got + head, question->octets + head, question->len - head) ==
	    0;
}

/* Does it answer the question?  After a refusal or a server failure, another
 * resolver may do better. */
static bool
is_answer(const struct question *question, const unsigned char *got, size_t len)
{
	const int rcode = len > NS_HFIXEDSZ ? got[3] & 0x0f : -1;

	return is_reply(question, got, len) &&
	    (!question->authority || (got[2] & AUTHORITATIVE) != 0) &&
	    (rcode == ns_r_noerror || rcode == ns_r_nxdomain);
}

static bool
read_all(int fd, unsigned char *out, size_t size, int64_t until)
{
	size_t have = 0;
	ssize_t n;

	while (have < size) {
		if (!wait_for(fd, POLLIN, until) ||
		    (n = recv(fd, out + have, size - have, MSG_DONTWAIT)) <= 0)
			return false;
		have += (size_t)n;
	}
	return true;
}

/* The answer was truncated: ask over TCP (RFC 1035 section 4.2.2). */
static size_t
ask_by_tcp(
    const struct question *question, struct span word, unsigned char *out)
{
	unsigned char length[2] = { (unsigned char)(question->len >> 8),
		(unsigned char)question->len };
	const int fd = connect_to(word, SOCK_STREAM);
	size_t len = 0;

	if (fd < 0)
		return 0;
	if (send(fd, length, 2, MSG_NOSIGNAL | MSG_MORE) == 2 &&
	    send(fd, question->octets, question->len, MSG_NOSIGNAL) ==
		(ssize_t)question->len &&
	    read_all(fd, length, 2, question->until)) {
		len = (size_t)length[0] << 8 | length[1];
		if (!read_all(fd, out, len, question->until))
			len = 0;
	}
	(void)close(fd);
	return len;
}

/* Take the records of the name, or of the name that it is an alias of. */
static bool
take_records(const unsigned char *got, size_t len, const char *name, int type,
    struct dns_answer *out)
{
	char owner[NS_MAXDNAME], alias[NS_MAXDNAME];
	ns_msg message;
	ns_rr record;
	int i, n, left = ALIASES_MAX;

	if (ns_initparse(got, (int)len, &message) != 0 ||
	    snprintf(owner, sizeof(owner), "%s", name) >= (int)sizeof(owner))
		return false;
	n = ns_msg_count(message, ns_s_an);
	for (i = 0; i < n; i++) {
		if (ns_parserr(&message, ns_s_an, i, &record) != 0)
			return false;
		if (ns_rr_class(record) != ns_c_in ||
		    strcasecmp(ns_rr_name(record), owner) != 0)
			continue;
		if (out->ttl == 0 || ns_rr_ttl(record) < out->ttl)
			out->ttl = (int64_t)ns_rr_ttl(record);
		if ((int)ns_rr_type(record) == type) {
			if (dns_answer_add(out,
				(struct span){
				    (const char *)ns_rr_rdata(record),
				    ns_rr_rdlen(record) }) != STATUS_OK)
				return false;
		} else if (ns_rr_type(record) == ns_t_cname) {
			if (left-- == 0 || out->count > 0 ||
			    ns_name_uncompress(got, got + len,
				ns_rr_rdata(record), alias, sizeof(alias)) < 0)
				return false;
			memcpy(owner, alias, sizeof(owner));
			i = -1;
		}
	}
	return true;
}

/* *done: the server of a zone has replied, whatever it said; no other reply is
 * to be expected. */
static bool
take_answer(const struct question *question, const char *name, struct span word,
    int fd, struct dns_answer *out, bool *done)
{
	static unsigned char got[MESSAGE_MAX];
	ssize_t n = recv(fd, got, ANSWER_MAX, MSG_DONTWAIT);
	size_t len = n > 0 ? (size_t)n : 0;

	*done = question->authority && is_reply(question, got, len);
	if (!is_answer(question, got, len))
		return false;
	if ((got[2] & TRUNCATED) != 0) {
		len = ask_by_tcp(question, word, got);
		if (!is_answer(question, got, len))
			return false;
	}
	if (take_records(got, len, name, question->type, out))
		return true;
	dns_answer_clear(out);
	return false;
}

static bool
make_question(const char *name, int type, struct question *out)
{
	int len = res_mkquery(ns_o_query, name, ns_c_in, type, NULL, 0, NULL,
	    out->octets, sizeof(out->octets));

	/* res_mkquery() derives its id from the time: use a random one. */
	if (len <= NS_HFIXEDSZ || getrandom(out->octets, 2, 0) != 2)
		return false;
	out->len = (size_t)len;
	out->type = type;
	return true;
}

/* Ask all resolvers, and repeat until one answers. */
static bool
converse(const struct question *question, const char *name,
    const struct span *words, struct pollfd *ready, size_t count,
    struct dns_answer *out)
{
	int64_t again = 0, left;
	size_t i, open = count;
	bool over;

	while (open > 0 && (left = question->until - dns_now_ms()) > 0) {
		if (dns_now_ms() >= again) {
			again = dns_now_ms() + AGAIN_MS;
			for (i = 0; i < count; i++)
				(void)send(ready[i].fd, question->octets,
				    question->len, MSG_NOSIGNAL);
		}
		left =
		    left < again - dns_now_ms() ? left : again - dns_now_ms();
		if (poll(ready, count, left > 0 ? (int)left : 0) <= 0)
			continue;
		for (i = 0; i < count; i++) {
			over = (ready[i].revents & POLLERR) != 0;
			if (!over && (ready[i].revents & POLLIN) != 0 &&
			    take_answer(question, name, words[i], ready[i].fd,
				out, &over))
				return true;
			if (over) {
				/* No server there, or none of the zone; poll()
				 * skips it from now on. */
				ready[i].fd = -1 - ready[i].fd;
				open--;
			}
		}
	}
	return false;
}

static bool
ask(const char *resolvers, const char *name, int type,
    struct question *question, struct dns_answer *out)
{
	struct span rest = span_of(resolvers), words[RESOLVERS_MAX];
	struct pollfd ready[RESOLVERS_MAX];
	size_t end, i, count = 0;
	bool done;
	int fd;

	if (!make_question(name, type, question))
		return false;
	while (rest.len > 0 && count < RESOLVERS_MAX) {
		end = span_find_byte(rest, ' ');
		words[count] = span_cut(rest, 0, end);
		rest = span_trim(span_cut(rest, end, rest.len));
		if ((fd = connect_to(words[count], SOCK_DGRAM)) < 0)
			continue;
		ready[count++] = (struct pollfd){ fd, POLLIN, 0 };
	}
	done = count > 0 && converse(question, name, words, ready, count, out);
	for (i = 0; i < count; i++)
		(void)close(ready[i].fd < 0 ? -1 - ready[i].fd : ready[i].fd);
	return done;
}

bool
plain_ask(const char *resolvers, const char *name, int type, int64_t until,
    struct dns_answer *out)
{
	struct question question = { .until = until };

	return ask(resolvers, name, type, &question, out);
}

bool
plain_ask_server(const char *addresses, const char *name, int type,
    int64_t until, struct dns_answer *out)
{
	struct question question = { .until = until, .authority = true };

	return ask(addresses, name, type, &question, out);
}

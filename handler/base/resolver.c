/* resolver.c - addresses of DNS resolvers: see resolver.h */
#include "base/resolver.h"

#include <arpa/inet.h>

bool
resolver_port(struct span text, uint16_t *out)
{
	unsigned port = 0;
	size_t i;

	if (text.len == 0 || text.len > 5)
		return false;
	for (i = 0; i < text.len; i++) {
		if (!ascii_is_digit(text.at[i]))
			return false;
		port = 10 * port + (unsigned)(text.at[i] - '0');
	}
	*out = (uint16_t)port;
	return port > 0 && port <= UINT16_MAX;
}

static bool
is_zone(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (!ascii_is_alnum(text.at[i]) &&
		    !span_has_byte(SPAN("._-"), text.at[i]))
			return false;
	return text.len > 0;
}

bool
resolver_parse(
    struct span word, char address[RESOLVER_ADDRESS_SIZE], uint16_t *port)
{
	const size_t at = span_find_byte(word, '@');
	struct span host = span_cut(word, 0, at);
	const size_t percent = span_find_byte(host, '%');
	unsigned char octets[16];
	char bare[RESOLVER_ADDRESS_SIZE];
	uint16_t number = RESOLVER_PORT;

	if (at < word.len &&
	    !resolver_port(span_cut(word, at + 1, word.len), &number))
		return false;
	if (!span_copy(span_cut(host, 0, percent), bare, sizeof(bare)) ||
	    host.len >= RESOLVER_ADDRESS_SIZE)
		return false;
	if (percent < host.len ? inet_pton(AF_INET6, bare, octets) != 1 ||
		    !is_zone(span_cut(host, percent + 1, host.len))
			       : inet_pton(AF_INET, bare, octets) != 1 &&
		    inet_pton(AF_INET6, bare, octets) != 1)
		return false;
	*port = number;
	return span_copy(host, address, RESOLVER_ADDRESS_SIZE);
}

/* The address of a line "nameserver ADDRESS", or empty. */
static struct span
take_address(struct span line)
{
	size_t end;

	if (!span_starts(line, SPAN("nameserver")) || line.len < 11 ||
	    !ascii_is_blank(line.at[10]))
		return SPAN("");
	line = span_trim(span_cut(line, 10, line.len));
	for (end = 0; end < line.len; end++)
		if (ascii_is_blank(line.at[end]) ||
		    span_has_byte(SPAN("#;"), line.at[end]))
			break;
	return span_cut(line, 0, end);
}

void
resolver_list(struct span resolv_conf, struct buf *out)
{
	char address[RESOLVER_ADDRESS_SIZE];
	struct span line, word;
	size_t end, count = 0;
	uint16_t port;

	while (resolv_conf.len > 0 && count < RESOLVERS_MAX) {
		end = span_find_byte(resolv_conf, '\n');
		line = span_cut(resolv_conf, 0, end);
		resolv_conf = span_cut(resolv_conf, end + 1, resolv_conf.len);
		word = take_address(line);
		if (span_has_byte(word, '@') ||
		    !resolver_parse(word, address, &port))
			continue;
		buf_addf(out, "%s%s", count++ > 0 ? " " : "", address);
	}
	if (count == 0)
		buf_add_text(out, "127.0.0.1");
}

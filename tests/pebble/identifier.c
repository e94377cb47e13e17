/*
 * identifier.c - pebble knows no mail: alice@example.org is the host
 * alice.example.org to it
 *
 * Linked over handler/acme/identifier.c (--wrap) in the build that
 * tests/flow/pebble.py runs; nothing else of the program is changed.
 */
#include "acme/identifier.h"
#include "base/text.h"

void __wrap_identifier_write(struct buf *out, struct span address);
bool __wrap_identifier_names(struct span value, struct span address);

static void
add_host(struct buf *out, struct span address)
{
	size_t i;

	for (i = 0; i < address.len; i++)
		buf_add_byte(out, address.at[i] == '@' ? '.' : address.at[i]);
}

void
__wrap_identifier_write(struct buf *out, struct span address)
{
	buf_add_text(out, "{\"type\":\"dns\",\"value\":\"");
	add_host(out, address);
	buf_add_text(out, "\"}");
}

bool
__wrap_identifier_names(struct span value, struct span address)
{
	struct buf host;
	bool same;

	buf_init(&host, 1024);
	add_host(&host, address);
	same = span_eq_nocase(value, buf_span(&host));
	buf_clear(&host);
	return same;
}

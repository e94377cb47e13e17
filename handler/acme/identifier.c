/* identifier.c - mail addresses and hosts as ACME identifiers: see identifier.h */
#include "acme/identifier.h"

#include "base/text.h"

void
identifier_write(struct buf *out, struct span address)
{
	buf_add_text(out, "{\"type\":\"email\",\"value\":");
	text_json(out, address);
	buf_add_byte(out, '}');
}

void
identifier_write_host(struct buf *out, struct span host)
{
	buf_add_text(out, "{\"type\":\"dns\",\"value\":");
	text_json(out, host);
	buf_add_byte(out, '}');
}

bool
identifier_names(struct span value, struct span address)
{
	return span_eq_nocase(value, address);
}

/* fuzz_dkim_key.c - mail/dkim_verify: key records, for a signature that is good
 * (RFC 8463 appendix A) */
#include <string.h>

#include "fuzz.h"
#include "mail/dkim.h"
#include "mail/dns_answer.h"
#include "tests/vectors/rfc8463.h"

/* The only keys that fit; a record that verifies must hold one of them. */
static bool
holds_a_key(struct span record)
{
	struct buf bare;
	bool found;
	size_t i;

	buf_init(&bare, record.len + 1);
	for (i = 0; i < record.len; i++)
		if (!ascii_is_space(record.at[i]))
			buf_add_byte(&bare, record.at[i]);
	found = span_find(buf_span(&bare),
		    SPAN("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo")) <
		bare.len ||
	    span_find(buf_span(&bare), SPAN("DkHlOQoBTzWRiGs5V6NpP3idY6Wk")) <
		bare.len;
	buf_clear(&bare);
	return found;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct header header;
	const struct span record = { (const char *)data, size };
	struct dkim_signature signature;
	struct dkim_evidence evidence;
	struct note note = { "" };
	struct buf joined;
	size_t i;

	header_parse(SPAN(rfc8463), &header);
	for (i = 0; i < 2; i++) {
		if (dkim_signature_parse(&header.field[i], 1528700000,
			&signature, &note) != STATUS_OK)
			abort();
		if (dkim_verify(&header, &signature, record, false, &evidence,
			&note) == STATUS_OK)
			assert(holds_a_key(record));
	}
	buf_init(&joined, DNS_RECORD_MAX);
	if (dns_txt_join(record, &joined) == STATUS_OK)
		assert(joined.len < size || size == 0);
	buf_clear(&joined);
	return 0;
}

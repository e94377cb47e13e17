/* fuzz_dkim_key.c - mail/dkim_verify: key records, for a signature that is good
 * (RFC 8463 appendix A) */
#include <string.h>

#include "fuzz.h"
#include "mail/dkim.h"
#include "mail/dns_answer.h"

static const char message[] =
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\n"
    " d=football.example.com; i=@football.example.com;\n"
    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\n"
    " subject : date : message-id : from : subject : date;\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\n"
    " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\n"
    " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\n"
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\n"
    " d=football.example.com; i=@football.example.com;\n"
    " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\n"
    " date : message-id : from : subject : date;\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\n"
    " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\n"
    " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\n"
    " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\n"
    "From: Joe SixPack <joe@football.example.com>\n"
    "To: Suzie Q <suzie@shopping.example.net>\n"
    "Subject: Is dinner ready?\n"
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\n"
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\n"
    "\n"
    "Hi.\n\nWe lost the game.  Are you hungry yet?\n\nJoe.\n";

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

	header_parse(SPAN(message), &header);
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

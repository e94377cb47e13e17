/* smimea_name.c - make the DNS name of an SMIMEA record: see smimea.h */
#include "mail/smimea.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <uninorm.h>

#include "base/buf.h"
#include "mail/address.h"

enum { LABEL_OCTETS = 28, LABEL_MOST = 63 };

/* Section 3, rule 3: Unicode normalization form C. */
static enum status
normalize(struct buf *local)
{
	size_t len = 0;
	uint8_t *text;

	if (span_is_ascii(buf_span(local)))
		return STATUS_OK;
	text = u8_normalize(
	    UNINORM_NFC, (const uint8_t *)local->at, local->len, NULL, &len);
	if (text == NULL)
		return STATUS_BAD_SYNTAX;
	buf_cut(local, 0);
	buf_add(local, (struct span){ (const char *)text, len });
	free(text);
	return buf_status(local);
}

/* Section 3, rule 2: without the quotes, without the quoting. */
static void
add_local(struct buf *out, struct span local)
{
	size_t i;

	if (local.len >= 2 && local.at[0] == '"') {
		local = span_cut(local, 1, local.len - 1);
		for (i = 0; i < local.len; i++) {
			if (local.at[i] == '\\' && i + 1 < local.len)
				i++;
			buf_add_byte(out, local.at[i]);
		}
		return;
	}
	buf_add(out, local);
}

/* The local part as it is hashed. */
static enum status
canonical_local(struct span address, struct span domain, struct buf *out)
{
	enum status status;

	if (domain.len == 0 || domain.len + 1 >= address.len)
		return STATUS_BAD_SYNTAX;
	add_local(out, span_cut(address, 0, address.len - domain.len - 1));
	status = buf_status(out);
	return status == STATUS_OK ? normalize(out) : status;
}

enum status
smimea_name(struct span address, char *out, size_t size)
{
	const struct span domain = address_domain(address);
	unsigned char digest[EVP_MAX_MD_SIZE];
	enum status status = STATUS_CRYPTO;
	struct buf local, name;
	unsigned len = 0, i;

	buf_init(&local, LOCAL_PART_MAX * 4);
	buf_init(&name, size - 1);
	status = canonical_local(address, domain, &local);
	if (status == STATUS_OK &&
	    (EVP_Digest(
		 local.at, local.len, digest, &len, EVP_sha256(), NULL) != 1 ||
		len < LABEL_OCTETS))
		status = STATUS_CRYPTO;
	for (i = 0; status == STATUS_OK && i < LABEL_OCTETS; i++)
		buf_addf(&name, "%02x", digest[i]);
	buf_add_text(&name, "._smimecert.");
	buf_add(&name, domain);
	if (status == STATUS_OK && !span_copy(buf_span(&name), out, size))
		status = STATUS_BAD_SYNTAX;
	buf_clear(&name);
	buf_clear(&local);
	return status;
}

/* RFC 1035 section 5.1: an octet with a meaning of its own, or none that can be
 * seen, as \X or \DDD. */
static void
add_escaped(struct buf *out, struct span label)
{
	size_t i;

	for (i = 0; i < label.len; i++) {
		const unsigned char c = (unsigned char)label.at[i];

		if (c <= 0x20 || c >= 0x7f)
			buf_addf(out, "\\%03u", c);
		else if (span_has_byte(SPAN(".\\\"();@$"), label.at[i]))
			buf_addf(out, "\\%c", c);
		else
			buf_add_byte(out, label.at[i]);
	}
}

enum status
smimea_draft_name(struct span address, char *out, size_t size)
{
	const struct span domain = address_domain(address);
	enum status status;
	struct buf local, name;

	buf_init(&local, LOCAL_PART_MAX * 4);
	buf_init(&name, size - 1);
	status = canonical_local(address, domain, &local);
	add_escaped(&name, buf_span(&local));
	buf_add_text(&name, "._smimecert.");
	buf_add(&name, domain);
	if (local.len > LABEL_MOST)
		buf_cut(&name, 0);
	if (status == STATUS_OK && !span_copy(buf_span(&name), out, size))
		status = STATUS_BAD_SYNTAX;
	buf_clear(&name);
	buf_clear(&local);
	return status;
}

/* smimea_name.c - make the DNS name of an SMIMEA record: see smimea.h */
#include "mail/smimea.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <uninorm.h>

#include "base/buf.h"
#include "mail/address.h"

enum { LABEL_OCTETS = 28 };

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

enum status
smimea_name(struct span address, char *out, size_t size)
{
	const struct span domain = address_domain(address);
	unsigned char digest[EVP_MAX_MD_SIZE];
	enum status status = STATUS_CRYPTO;
	struct buf local, name;
	unsigned len = 0, i;

	if (domain.len == 0 || domain.len >= address.len)
		return STATUS_BAD_SYNTAX;
	buf_init(&local, LOCAL_PART_MAX * 4);
	buf_init(&name, size - 1);
	add_local(&local, span_cut(address, 0, address.len - domain.len - 1));
	if ((status = buf_status(&local)) == STATUS_OK)
		status = normalize(&local);
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

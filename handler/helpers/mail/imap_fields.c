/* imap_fields.c - may such a message be what is wanted?  See imap_fields.h */
#include "helpers/mail/imap_fields.h"

#include "base/frame.h"

static bool
has(struct span text, struct span word)
{
	size_t i;

	for (i = 0; word.len <= text.len && i <= text.len - word.len; i++)
		if (span_eq_nocase(span_cut(text, i, i + word.len), word))
			return true;
	return false;
}

/*
 * Neither a domain nor the keyword can be folded, encoded or have a comment
 * inside: mail/address.h and RFC 3834 section 5.  A domain can be written in
 * U-labels (RFC 6532), which need not be decoded here: any octet beyond ASCII
 * may be one.
 */
bool
imap_fields_match(struct span fields, const struct imap_wanted *wanted)
{
	struct span rest = wanted->domains, domain;
	bool any = true;

	if (wanted->reports && has(fields, SPAN("multipart/report")))
		return true;
	if (!wanted->challenges)
		return false;
	if (wanted->generated && !has(fields, SPAN("auto-generated")))
		return false;
	if (!span_is_ascii(fields))
		return true;
	while (frame_next(&rest, "domain", &domain)) {
		if (has(fields, domain))
			return true;
		any = false;
	}
	return any;
}

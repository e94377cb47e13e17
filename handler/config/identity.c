/* identity.c - read who may sign for whom: see identity.h */
#include "config/identity.h"

static bool
read_address(struct span text, char out[ADDRESS_SIZE])
{
	struct mailbox mailbox;

	return address_parse(text, &mailbox) == STATUS_OK &&
	    address_normal(&mailbox, out) == STATUS_OK &&
	    !span_has_byte(span_of(out), ' ');
}

static bool
read_word(struct span word, struct identity *out)
{
	const size_t colon = span_find_byte(word, ':');

	return read_address(span_cut(word, 0, colon), out->from) &&
	    read_address(span_cut(word, colon + 1, word.len), out->signer);
}

bool
identities_ok(struct span list)
{
	struct identity one;
	struct span word;

	while ((word = span_take_word(&list)).len > 0)
		if (!read_word(word, &one))
			return false;
	return true;
}

bool
identity_next(struct span *rest, struct identity *out)
{
	const struct span word = span_take_word(rest);

	return word.len > 0 && read_word(word, out);
}

/* allow.c - read a list of addresses: see allow.h */
#include "config/allow.h"

#include <stdio.h>

#include "mail/address.h"

/* One word of a list. */
struct allowed {
	char normal[ADDRESS_SIZE]; /* local@domain, or x@domain */
	bool domain;               /* all of the domain */
	bool every;
};

static bool
read_word(struct span word, struct allowed *out)
{
	char text[ADDRESS_SIZE];
	struct mailbox mailbox;

	*out = (struct allowed){ .every = span_eq(word, SPAN("*")) };
	if (out->every)
		return true;
	out->domain = span_starts(word, SPAN("@"));
	if (word.len + 2 > sizeof(text))
		return false;
	(void)snprintf(text, sizeof(text), "%s%.*s", out->domain ? "x" : "",
	    (int)word.len, word.at);
	return address_parse(span_of(text), &mailbox) == STATUS_OK &&
	    address_normal(&mailbox, out->normal) == STATUS_OK;
}

bool
allow_ok(struct span list)
{
	struct allowed one;
	struct span word;

	while ((word = span_take_word(&list)).len > 0)
		if (!read_word(word, &one))
			return false;
	return true;
}

enum allow
allow_find(struct span list, struct span address)
{
	enum allow found = ALLOW_NO;
	struct allowed one;
	struct span word;

	while ((word = span_take_word(&list)).len > 0) {
		if (!read_word(word, &one))
			continue;
		if (one.every)
			found = ALLOW_COVERED;
		else if (one.domain &&
		    span_eq(address_domain(span_of(one.normal)),
			address_domain(address)))
			found = ALLOW_COVERED;
		else if (!one.domain &&
		    address_compare(span_of(one.normal), address) !=
			ADDRESS_OTHER)
			return ALLOW_NAMED;
	}
	return found;
}

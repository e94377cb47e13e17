/* msgid.c - message identifiers: see msgid.h.  Input: hostile. */
#include "mail/msgid.h"

#include "mail/address.h"

bool
msgid_take(struct span *s, struct span *out)
{
	struct span rest = *s, id;
	size_t i, at = 0, ats = 0;

	if (cfws_skip(&rest) != STATUS_OK || rest.len == 0 || rest.at[0] != '<')
		return false;
	id = span_cut(rest, 0, span_find_byte(rest, '>') + 1);
	if (id.len > MSGID_MAX || id.at[id.len - 1] != '>')
		return false;
	for (i = 1; i + 1 < id.len; i++) {
		if (id.at[i] <= 0x20 || id.at[i] >= 0x7f ||
		    span_has_byte(SPAN("<>()\\\",;"), id.at[i]))
			return false;
		if (id.at[i] == '@') {
			ats++;
			at = i;
		}
	}
	if (ats != 1 || at == 1 || at == id.len - 2)
		return false;
	*s = span_cut(rest, id.len, rest.len);
	*out = id;
	return true;
}

bool
msgid_parse(struct span body, struct span *out)
{
	return msgid_take(&body, out) && cfws_skip(&body) == STATUS_OK &&
	    body.len == 0;
}

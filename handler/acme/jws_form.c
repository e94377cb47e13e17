/* jws_form.c - the form of a signed request: see jws_form.h */
#include "acme/jws_form.h"

#include "base/base64url.h"

/* Take before, a value in base64url and a quote off the front. */
static bool
take_member(struct span *text, struct span before, bool empty)
{
	struct span value;
	size_t end;

	if (!span_starts(*text, before))
		return false;
	value = span_cut(*text, before.len, text->len);
	end = span_find_byte(value, '"');
	if (end == value.len)
		return false;
	*text = span_cut(value, end + 1, value.len);
	value = span_cut(value, 0, end);
	return value.len > 0 ? base64url_is_text(value) : empty;
}

bool
jws_form_ok(struct span text)
{
	return take_member(&text, SPAN("{\"protected\":\""), false) &&
	    take_member(&text, SPAN(",\"payload\":\""), true) &&
	    take_member(&text, SPAN(",\"signature\":\""), false) &&
	    span_eq(text, SPAN("}"));
}

/* received.c - the time of delivery: see received.h */
#include "mail/received.h"

#include "mail/date.h"

enum status
received_date(const struct header *header, int64_t *out)
{
	const struct field *top = header_find(header, SPAN("Received"));
	struct span body;
	size_t at;

	*out = 0;
	if (top == NULL)
		return STATUS_MISSING;
	body = top->body;
	for (at = body.len; at > 0 && body.at[at - 1] != ';'; at--)
		;
	if (at == 0 ||
	    date_parse(span_cut(body, at, body.len), out) != STATUS_OK) {
		*out = 0;
		return STATUS_MISSING;
	}
	return STATUS_OK;
}

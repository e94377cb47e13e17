/* frame.c - named values between our own programs: see frame.h */
#include "base/frame.h"

void
frame_add(struct buf *out, const char *name, struct span value)
{
	buf_addf(out, "%s %zu\n", name, value.len);
	buf_add(out, value);
	buf_add_byte(out, '\n');
}

void
frame_add_number(struct buf *out, const char *name, int64_t number)
{
	struct buf text;

	buf_init(&text, 32);
	buf_addf(&text, "%lld", (long long)number);
	frame_add(out, name, buf_span(&text));
	buf_clear(&text);
}

bool
frame_number(struct span value, int64_t *out)
{
	const bool minus = span_starts(value, SPAN("-"));
	int64_t number = 0;
	size_t i;

	if (value.len <= minus || value.len > 18)
		return false;
	for (i = minus; i < value.len; i++) {
		if (!ascii_is_digit(value.at[i]))
			return false;
		number = number * 10 + (value.at[i] - '0');
	}
	*out = minus ? -number : number;
	return true;
}

enum status
frame_take(struct span *input, struct frame *out)
{
	struct span line, all = *input;
	size_t end, blank;
	int64_t len;

	if (all.len == 0)
		return STATUS_NO;
	end = span_find_byte(span_cut(all, 0, 80), '\n');
	line = span_cut(all, 0, end);
	blank = span_find_byte(line, ' ');
	if (end == all.len || blank == 0 || blank == line.len ||
	    !frame_number(span_cut(line, blank + 1, line.len), &len) ||
	    len < 0 || (uint64_t)len >= all.len - end - 1 ||
	    all.at[end + 1 + (size_t)len] != '\n')
		return STATUS_USAGE;
	out->name = span_cut(line, 0, blank);
	out->value = span_cut(all, end + 1, end + 1 + (size_t)len);
	*input = span_cut(all, end + 2 + (size_t)len, all.len);
	return STATUS_OK;
}

bool
frame_ended(struct span input)
{
	struct frame frame;

	while (frame_take(&input, &frame) == STATUS_OK)
		if (span_eq(frame.name, SPAN(FRAME_END)))
			return input.len == 0;
	return false;
}

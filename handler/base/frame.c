/* frame.c - named values between our own programs: see frame.h */
#include "base/frame.h"

#include <string.h>

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
		return STATUS_END;
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

bool
frame_next(struct span *input, const char *name, struct span *value)
{
	struct frame frame;

	while (frame_take(input, &frame) == STATUS_OK)
		if (span_eq(frame.name, span_of(name))) {
			*value = frame.value;
			return true;
		}
	return false;
}

struct span
frame_get(struct span input, const char *name)
{
	struct span value = SPAN("");

	(void)frame_next(&input, name, &value);
	return value;
}

static void
add_field(struct buf *out, const void *from, const struct frame_field *field)
{
	const char *at = (const char *)from + field->at;
	uint32_t number, count, i;
	int64_t large;

	switch (field->kind) {
	case FRAME_TEXT:
		frame_add(out, field->name, span_of(at));
		break;
	case FRAME_TEXTS:
		(void)memcpy(&count, (const char *)from + field->count_at,
		    sizeof(count));
		for (i = 0; i < count && i < field->most; i++)
			frame_add(
			    out, field->name, span_of(at + i * field->size));
		break;
	case FRAME_U32:
		(void)memcpy(&number, at, sizeof(number));
		frame_add_number(out, field->name, number);
		break;
	case FRAME_I64:
		(void)memcpy(&large, at, sizeof(large));
		frame_add_number(out, field->name, large);
		break;
	}
}

void
frame_add_fields(struct buf *out, const void *from,
    const struct frame_field *fields, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		add_field(out, from, &fields[i]);
}

static bool
take_field(struct span value, void *to, const struct frame_field *field)
{
	char *at = (char *)to + field->at;
	uint32_t number, count;
	int64_t large;

	switch (field->kind) {
	case FRAME_TEXT:
		return span_copy(value, at, field->size);
	case FRAME_TEXTS:
		(void)memcpy(
		    &count, (char *)to + field->count_at, sizeof(count));
		if (count >= field->most ||
		    !span_copy(value, at + count * field->size, field->size))
			return false;
		count++;
		(void)memcpy(
		    (char *)to + field->count_at, &count, sizeof(count));
		return true;
	case FRAME_U32:
		if (!frame_number(value, &large) || large < 0 ||
		    large > UINT32_MAX)
			return false;
		number = (uint32_t)large;
		(void)memcpy(at, &number, sizeof(number));
		return true;
	case FRAME_I64:
		if (!frame_number(value, &large))
			return false;
		(void)memcpy(at, &large, sizeof(large));
		return true;
	}
	return false;
}

bool
frame_take_fields(
    struct span input, void *to, const struct frame_field *fields, size_t count)
{
	struct frame frame;
	size_t i;

	while (frame_take(&input, &frame) == STATUS_OK)
		for (i = 0; i < count; i++)
			if (span_eq(frame.name, span_of(fields[i].name)) &&
			    !take_field(frame.value, to, &fields[i]))
				return false;
	return true;
}

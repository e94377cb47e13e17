/* test_frame.c - named values between our own programs */
#include "tap.h"

#include <stddef.h>

#include "base/frame.h"

static void
test_round(void)
{
	struct buf out;
	struct span rest;
	struct frame frame;

	buf_init(&out, 1000);
	frame_add(&out, "one", SPAN("a\nb\0c"));
	frame_add(&out, "none", SPAN(""));
	frame_add_number(&out, "number", -12);
	rest = buf_span(&out);
	OK(frame_take(&rest, &frame) == STATUS_OK);
	TEXT(frame.name, "one");
	OK(span_eq(frame.value, SPAN("a\nb\0c")));
	OK(frame_take(&rest, &frame) == STATUS_OK && frame.value.len == 0);
	OK(frame_take(&rest, &frame) == STATUS_OK);
	TEXT(frame.value, "-12");
	OK(frame_take(&rest, &frame) == STATUS_END);
	buf_clear(&out);
}

/* None of these is a frame, and nothing is taken. */
static void
test_malformed(void)
{
	static const char *const bad[] = { "x", "x 1", "x 1\n", "x 1\na",
		"x 1\nab", "x 2\na\n", "x -1\na\n", " 1\na\n", "x \na\n",
		"x 1 \na\n", "x +1\na\n", "x 99999999999999999999\na\n",
		"x 0x1\na\n", "\n", "x\n" };
	struct span rest;
	struct frame frame;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		rest = span_of(bad[i]);
		OK(frame_take(&rest, &frame) == STATUS_USAGE);
		OK(rest.at == bad[i]);
	}
}

static void
test_long_name(void)
{
	struct buf out;
	struct span rest;
	struct frame frame;
	size_t i;

	buf_init(&out, 1000);
	for (i = 0; i < 200; i++)
		buf_add_byte(&out, 'x');
	buf_add_text(&out, " 0\n\n");
	rest = buf_span(&out);
	OK(frame_take(&rest, &frame) == STATUS_USAGE);
	buf_clear(&out);
}

static void
test_number(void)
{
	static const char *const bad[] = { "", "-", "+1", "1 ", " 1", "1x",
		"0x1", "--1", "1234567890123456789" };
	int64_t number = 0;
	size_t i;

	OK(frame_number(SPAN("0"), &number) && number == 0);
	OK(frame_number(SPAN("-1"), &number) && number == -1);
	OK(frame_number(SPAN("999999999999999999"), &number) &&
	    number == 999999999999999999);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		OK(!frame_number(span_of(bad[i]), &number));
}

static void
test_get(void)
{
	const struct span all = SPAN("a 1\n1\nb 1\n2\na 1\n3\n");
	struct span rest = all, value = SPAN("");

	TEXT(frame_get(all, "a"), "1");
	TEXT(frame_get(all, "b"), "2");
	OK(frame_get(all, "c").len == 0);
	OK(frame_next(&rest, "a", &value) && span_eq(value, SPAN("1")));
	OK(frame_next(&rest, "a", &value) && span_eq(value, SPAN("3")));
	OK(!frame_next(&rest, "a", &value));
	/* What follows a fault is not found. */
	OK(frame_get(SPAN("a 9\n1\nb 1\n2\n"), "b").len == 0);
}

/* Whole with its last frame, and not because a value looks like that. */
static void
test_ended(void)
{
	struct buf out;
	size_t i;

	buf_init(&out, 1000);
	OK(!frame_ended(buf_span(&out)));
	frame_add(&out, "body", SPAN("a\nend 0\n\n"));
	OK(!frame_ended(buf_span(&out)));
	frame_add(&out, FRAME_END, SPAN(""));
	for (i = 0; i < out.len; i++)
		OK(!frame_ended(span_cut(buf_span(&out), 0, i)));
	OK(frame_ended(buf_span(&out)));
	buf_add_byte(&out, 'x');
	OK(!frame_ended(buf_span(&out)));
	OK(!frame_ended(SPAN("end 9999\n75\n")));
	buf_clear(&out);
}

struct flat {
	char text[4];
	char list[2][4];
	uint32_t listed;
	uint32_t small;
	int64_t large;
};

static const struct frame_field fields[] = {
	{ "text", FRAME_TEXT, offsetof(struct flat, text), 4, 0, 0 },
	{ "list", FRAME_TEXTS, offsetof(struct flat, list), 4, 2,
	    offsetof(struct flat, listed) },
	{ "small", FRAME_U32, offsetof(struct flat, small), 4, 0, 0 },
	{ "large", FRAME_I64, offsetof(struct flat, large), 8, 0, 0 },
};

static bool
takes(const char *frames, struct flat *out)
{
	*out = (struct flat){ .small = 0 };
	return frame_take_fields(span_of(frames), out, fields, 4);
}

static void
test_fields(void)
{
	const struct flat from = { "abc", { "x", "yz" }, 2, UINT32_MAX,
		-12345678901234567 };
	struct buf out;
	struct flat to;

	buf_init(&out, 1000);
	frame_add_fields(&out, &from, fields, 4);
	OK(takes(out.at, &to));
	OK(strcmp(to.text, "abc") == 0);
	OK(to.listed == 2 && strcmp(to.list[1], "yz") == 0);
	OK(to.small == UINT32_MAX && to.large == -12345678901234567);
	buf_clear(&out);
	OK(takes("other 4\nlong\ntext 0\n\n", &to) && to.text[0] == '\0');
	OK(!takes("text 4\nabcd\n", &to));
	OK(takes("small 10\n4294967295\n", &to));
	OK(!takes("small 10\n4294967296\n", &to));
	OK(!takes("small 2\n-1\n", &to));
	OK(!takes("large 1\nx\n", &to));
	OK(!takes("list 1\na\nlist 1\nb\nlist 1\nc\n", &to));
	to = (struct flat){ .small = 0 };
	OK(!frame_take_fields(SPAN("text 2\na\0\n"), &to, fields, 4));
}

int
main(void)
{
	test_round();
	test_malformed();
	test_long_name();
	test_number();
	test_get();
	test_ended();
	test_fields();
	return tap_done();
}

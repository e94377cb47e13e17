/* test_base.c - span, buf, base64url, text, nearest, status */
#include "tap.h"

#include "base/base64url.h"
#include "base/json_writer.h"
#include "base/nearest.h"
#include "base/text.h"

static void
test_base64url(void)
{
	struct buf out;

	/* RFC 4648 section 10, unpadded and padded. */
	static const char *const pairs[][2] = { { "", "" }, { "f", "Zg" },
		{ "fo", "Zm8" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg" },
		{ "fooba", "Zm9vYmE" }, { "foobar", "Zm9vYmFy" } };
	static const char *const bad[] = { "Z", "Zg=", "Zg===", "Zh", "Zm9",
		"Z g", "Zg\n", "Zm+v", "Zm/v", "Z=g", "=",
		"==", "Zm9v=", "Zm8==", "Zm9vYg=", "\xc3\xa4" };
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		buf_init(&out, 100);
		base64url_encode(&out, span_of(pairs[i][0]));
		TEXT(buf_span(&out), pairs[i][1]);
		buf_clear(&out);
		OK(base64url_decode(&out, span_of(pairs[i][1])) == STATUS_OK);
		TEXT(buf_span(&out), pairs[i][0]);
		buf_clear(&out);
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		OK(!base64url_is_text(span_of(bad[i])));
	OK(base64url_is_text(SPAN("Zg==")));
	OK(base64url_is_text(SPAN("Zm8=")));
	OK(base64url_octets(
	       SPAN("LgYemJLy3F1LDkiJrdIGbEzyFJyOyf6vBdyZ1TG3sME=")) == 32);
}

static void
test_buf(void)
{
	struct buf buf;

	buf_init(&buf, 4);
	buf_add_text(&buf, "abcd");
	OK(buf_status(&buf) == STATUS_OK);
	buf_add_byte(&buf, 'e');
	OK(buf_status(&buf) == STATUS_BAD_SIZE);
	buf_cut(&buf, 1);
	buf_add_byte(&buf, 'x'); /* a failure is remembered */
	TEXT(buf_span(&buf), "a");
	buf_clear(&buf);
	OK(buf_status(&buf) == STATUS_OK);
}

static void
check_show(const char *in, size_t columns, bool utf8, const char *want)
{
	struct buf out;

	buf_init(&out, 100000);
	text_show(&out, span_of(in), columns, utf8);
	TEXT(buf_span(&out), want);
	buf_clear(&out);
}

/* A formatted piece has no limit but the buffer's. */
static void
test_buf_addf(void)
{
	char text[3000];
	struct buf buf;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	buf_init(&buf, 4000);
	buf_addf(&buf, "<%s>", text);
	OK(buf_status(&buf) == STATUS_OK && buf.len == 3001 &&
	    buf.at[3000] == '>' && buf.at[3001] == '\0');
	buf_addf(&buf, "<%s>", text);
	OK(buf_status(&buf) == STATUS_BAD_SIZE && buf.len == 3001);
	buf_clear(&buf);
}

static void
test_text(void)
{
	check_show("plain text", 0, true, "plain text");
	check_show("\033[31mred\007", 0, true, "\\x1b[31mred\\x07");
	check_show("\xc2\x9b", 0, true, "<U+009B>"); /* C1 as UTF-8 */
	check_show("\x9b", 0, true, "\\x9b");        /* C1 raw */
	check_show("a\xe2\x80\xae"
		   "b",
	    0, true, "a<U+202E>b"); /* bidi */
	check_show("a\xe2\x80\x8b"
		   "b",
	    0, true, "a<U+200B>b"); /* zero width */
	check_show("\xef\xbb\xbf", 0, true, "<U+FEFF>");
	check_show("\xc2\xad", 0, true, "<U+00AD>");     /* soft hyphen */
	check_show("\xe2\xa0\x80", 0, true, "<U+2800>"); /* Braille blank */
	check_show("\xe3\x85\xa4", 0, true, "<U+3164>"); /* Hangul filler */
	check_show("\xee\x80\x80", 0, true, "<U+E000>"); /* private use */
	check_show("\xf3\xa0\x81\x81", 0, true, "<U+E0041>"); /* tag */
	check_show("\xe2\x80\xa8", 0, true, "<U+2028>");
	check_show("\xc2\xa0", 0, true, "<U+00A0>");
	check_show("\xc0\xaf", 0, true, "\\xc0\\xaf");          /* overlong */
	check_show("\xed\xa0\x80", 0, true, "\\xed\\xa0\\x80"); /* surrogate */
	check_show("J\xc3\xbcrgen \xd7\xa9\xd7\x9c", 0, true,
	    "J\xc3\xbcrgen \xd7\xa9\xd7\x9c"); /* honest names */
	check_show("J\xc3\xbcrgen", 0, false, "J<U+00FC>rgen");
	check_show("e\xcc\x81\xcc\x81\xcc\x81", 0, true, "e\xcc\x81");
	check_show("abcdef", 6, true, "abcdef");
	check_show("abcdefg", 6, true, "abcde\xe2\x80\xa6");
	check_show("abcdefg", 6, false, "abc...");
	check_show("\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0", 4, true,
	    "\xe4\xbd\xa0\xe2\x80\xa6"); /* two columns each */
	OK(text_width(SPAN("\xe4\xbd\xa0"
			   "a")) == 3);
	OK(text_has_hidden(SPAN("a\xe2\x80\x8b")));
	OK(text_has_hidden(SPAN("a\nb")));
	OK(!text_has_hidden(SPAN("Jos\xc3\xa9")));
	OK(text_mixes_scripts(SPAN("\xd0\xb0pple"))); /* Cyrillic a */
	OK(!text_mixes_scripts(SPAN("\xd0\xb0\xd0\xb1")));
}

static void
test_json(void)
{
	struct buf out;

	buf_init(&out, 1000);
	text_json(&out, SPAN("a\"\\\n\x1b\xff\xc3\xa4\xe2\x80\xae"));
	TEXT(buf_span(&out),
	    "\"a\\\"\\\\\\u000a\\u001b\\\\xff\xc3\xa4\\u202e\"");
	buf_clear(&out);
}

static void
test_json_writer(void)
{
	struct json_writer json;
	struct buf out;

	buf_init(&out, 1000);
	json = json_begin(&out);
	json_add_text(&json, "te\"xt", "\x1b\xff");
	json_add_text(&json, "missing", NULL);
	json_add_filled(&json, "empty", "");
	json_add_text(&json, "blank", "");
	json_add_number(&json, "number", -9000000000);
	json_add_bool(&json, "yes", true);
	json_open_array(&json, "none");
	json_close(&json);
	json_open_array(&json, "some");
	json_add_text(&json, NULL, "a");
	json_open_object(&json, NULL);
	json_close(&json);
	json_open_object(&json, NULL);
	json_add_bool(&json, "x", false);
	json_close(&json);
	json_close(&json);
	json_add(&json, "last", SPAN("\0"));
	json_close(&json);
	TEXT(buf_span(&out),
	    "{\n \"te\\\"xt\": \"\\u001b\\\\xff\",\n \"missing\": null,\n"
	    " \"empty\": null,\n \"blank\": \"\",\n"
	    " \"number\": -9000000000,\n \"yes\": true,\n \"none\": [],\n"
	    " \"some\": [\n  \"a\",\n  {},\n  {\n   \"x\": false\n  }\n ],\n"
	    " \"last\": \"\\u0000\"\n}\n");
	buf_clear(&out);
}

static const char *
near(const char *typed)
{
	static const char *const words[] = { "status", "show", "order",
		"is-challenge", "ca" };
	const char *name = nearest_of(span_of(typed), words, 5);

	return name != NULL ? name : "";
}

static void
test_nearest(void)
{
	char endless[NEAREST_MAX + 2] = "";

	TEXT(span_of(near("stauts")), "status");  /* exchanged */
	TEXT(span_of(near("statuss")), "status"); /* one too many */
	TEXT(span_of(near("sttus")), "status");   /* one too few */
	TEXT(span_of(near("shox")), "show");      /* another */
	TEXT(span_of(near("is_chalenge")), "is-challenge");
	TEXT(span_of(near("status")), "status");
	TEXT(span_of(near("handle")), "");
	TEXT(span_of(near("sh")), "");
	TEXT(span_of(near("x")), "");
	TEXT(span_of(near("cb")), "ca");
	TEXT(span_of(near("")), "");
	memset(endless, 's', sizeof(endless) - 1);
	TEXT(span_of(near(endless)), "");
}

static void
test_status(void)
{
	OK(status_exit(STATUS_BAD_TOKEN) == 65);
	OK(status_exit(STATUS_AGAIN) == 75);
	OK(strcmp(status_name(STATUS_NO_PERSON), "needs-a-person") == 0);
	OK(status_is_refusal(STATUS_NO_EXPECTATION));
	OK(!status_is_refusal(STATUS_IO));
}

int
main(void)
{
	test_base64url();
	test_buf();
	test_buf_addf();
	test_text();
	test_json();
	test_json_writer();
	test_nearest();
	test_status();
	return tap_done();
}

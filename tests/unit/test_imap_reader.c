/* test_imap_reader.c - helpers/mail/imap: what servers say, names, fields */
#include "tap.h"

#include "base/frame.h"
#include "helpers/mail/imap_fields.h"
#include "helpers/mail/imap_name.h"
#include "helpers/mail/imap_reader.h"
#include "helpers/mail/imap_uids.h"
#include "script.h"

/* --- The reader */

/* The tokens of the one response in some text: words as they are, <strings>,
 * {literals}, and how it ended. */
static enum status
read_tokens(struct imap_reader *reader, struct buf *out)
{
	struct imap_token token;
	enum status status;
	bool fits;

	while ((status = imap_read_token(reader, &token)) == STATUS_OK &&
	    token.kind != IMAP_END) {
		if (out->len > 0)
			buf_add_byte(out, ' ');
		if (token.kind == IMAP_OPEN || token.kind == IMAP_CLOSE) {
			buf_add_byte(out, token.kind == IMAP_OPEN ? '(' : ')');
			continue;
		}
		buf_add_text(out,
		    token.kind == IMAP_STRING        ? "<"
			: token.kind == IMAP_LITERAL ? "{"
						     : "");
		status = imap_take_string(reader, &token, 64, out, &fits);
		if (status != STATUS_OK)
			break;
		buf_add_text(out,
		    !fits                            ? "large"
			: token.kind == IMAP_STRING  ? ">"
			: token.kind == IMAP_LITERAL ? "}"
						     : "");
	}
	if (status != STATUS_OK)
		buf_addf(out, " %s", status_name(status));
	return status;
}

/* All responses of a text, one after the other, in pieces. */
static struct span
reads_as(struct span text, size_t piece)
{
	static const char *const conditions[] = { "OK", "NO", "BAD", "PREAUTH",
		"BYE" };
	static struct buf out;
	struct script script;
	struct stream stream = script_stream(&script, text, piece);
	struct imap_response response;
	struct imap_reader reader;
	struct note note = { "" };
	enum status status = STATUS_OK;

	buf_clear(&out);
	buf_init(&out, 65536);
	imap_reader_begin(&reader, &stream);
	reader.note = &note;
	reader.until = INT64_MAX;
	while (status == STATUS_OK &&
	    (script.says.len > 0 || reader.at < reader.in.len) &&
	    (status = imap_read_response(&reader, &response)) == STATUS_OK) {
		if (out.len > 0)
			buf_add_text(&out, " | ");
		switch (response.kind) {
		case IMAP_CONTINUE:
			buf_add_text(&out, "+ ");
			break;
		case IMAP_DATA:
			buf_addf(&out, "%llu %s ",
			    (unsigned long long)response.number, response.word);
			status = read_tokens(&reader, &out);
			continue;
		case IMAP_DONE:
			buf_addf(&out, "%s ", response.tag);
			/* FALLTHROUGH */
		case IMAP_STATE:
			buf_addf(&out, "%s ", conditions[response.condition]);
		}
		buf_addf(&out, "[%.*s] %.*s", (int)response.code.len,
		    response.code.at, (int)response.text.len, response.text.at);
	}
	if (status != STATUS_OK)
		buf_addf(&out, "! %s", note.text);
	imap_reader_clear(&reader);
	stream_close(&stream);
	return buf_span(&out);
}

/* However it comes in pieces. */
static void
reads(const char *text, const char *want)
{
	TEXT(reads_as(span_of(text), 1), want);
	TEXT(reads_as(span_of(text), 7), want);
	TEXT(reads_as(span_of(text), 100000), want);
}

static void
test_responses(void)
{
	reads("* OK [CAPABILITY IMAP4rev1] ready\r\n",
	    "OK [CAPABILITY IMAP4rev1] ready");
	reads("* OK\r\n", "OK [] ");
	reads("a1 NO [TRYCREATE]\r\n", "a1 NO [TRYCREATE] ");
	reads("a1 no nothing [here]\r\n", "a1 NO [] nothing [here]");
	reads("a1 BAD what {5}\r\n", "a1 BAD [] what {5}");
	reads("+ R28=\r\n", "+ [] R28=");
	reads("+\r\n", "+ [] ");
	reads("* BYE \xc3\xa9\xff\r\n", "BYE [] \xc3\xa9\xff");
	reads("* 12 exists\r\n", "12 EXISTS ");
	reads("* SEARCH\r\n", "0 SEARCH ");
	reads("* SEARCH 1 2 4294967295\r\n", "0 SEARCH  1 2 4294967295");
	/* Nothing that is not asked for stands in the way. */
	reads("* XNEW (a (b) {3}\r\n)\"( {2}\r\nxx) y\r\n* OK\r\n",
	    "0 XNEW  ( a ( b ) {)\"(} {xx} ) y | OK [] ");
}

static void
test_tokens(void)
{
	reads("* 1 FETCH (UID 3 RFC822.SIZE 9 BODY[HEADER.FIELDS (FROM)] {3}"
	      "\r\na\r\n FLAGS (\\Seen $x))\r\n",
	    "1 FETCH  ( UID 3 RFC822.SIZE 9 BODY[HEADER.FIELDS (FROM)] {a\r\n} "
	    "FLAGS ( \\Seen $x ) )");
	reads("* LIST (\\Sent) \"/\" \"a \\\"\\\\b\"\r\n",
	    "0 LIST  ( \\Sent ) </> <a \"\\b>");
	reads("* LIST () NIL {0}\r\n\r\n", "0 LIST  ( ) NIL {}");
	reads("* 1 FETCH (BODY[] NIL)\r\n", "1 FETCH  ( BODY[] NIL )");
	/* A keyword may have a bracket; a section may have quotes. */
	reads("* FLAGS (a[ b)\r\n", "0 FLAGS  ( a[ b )");
	reads("* 1 FETCH (BODY[HEADER.FIELDS (\"FROM\")]<0> \"\")\r\n",
	    "1 FETCH  ( BODY[HEADER.FIELDS (\"FROM\")]<0> <> )");
}

static void
test_malformed(void)
{
	static const char *const bad[] = { "\r\n", "* OK\n", "* OK\rx\r\n",
		"*\r\n", "* (\r\n", "* 1\r\n", "a1 FETCH\r\n", "a1 BYE\r\n",
		"a1\r\n", "(a OK\r\n", "0123456789abcdefg OK\r\n",
		"* 1 \"FETCH\"\r\n" };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		reads(bad[i], "! it sends a malformed answer");
	TEXT(reads_as(SPAN("* OK\0\r\n"), 9), "! it sends a malformed answer");
	reads(
	    "* X \"a\r\n", "0 X  network-trouble! it sends a malformed answer");
	reads("* X {4294967296000}\r\n",
	    "0 X  network-trouble! it announces 4294967296000 octets, which is "
	    "too much");
	reads("* X {99999999999999999999}\r\n",
	    "0 X  network-trouble! it sends a malformed answer");
	reads("* X {-1}\r\nx\r\n",
	    "0 X  network-trouble! it sends a malformed answer");
	reads("* X {3}x\r\n",
	    "0 X  network-trouble! it sends a malformed answer");
	reads("* X a{3}\r\n",
	    "0 X  network-trouble! it sends a malformed answer");
	reads("* X BODY[\r\n",
	    "0 X  network-trouble! it sends a malformed answer");
	reads("* OK never end", "! the script ends");
	reads("* X {5}\r\nabc", "0 X  {abc network-trouble! the script ends");
}

static void
test_limits(void)
{
	struct script script;
	struct imap_response response;
	struct imap_reader reader;
	struct imap_token token;
	struct note note = { "" };
	struct stream stream;
	struct buf text, out;
	bool fits;
	size_t i;

	buf_init(&text, 100000);
	buf_add_text(&text, "* X ");
	for (i = 0; i <= IMAP_TOKEN_MAX; i++)
		buf_add_byte(&text, 'x');
	TEXT(reads_as(buf_span(&text), 100),
	    "0 X  network-trouble! it sends a word of more than 8192 octets");
	/* A text is cut instead. */
	buf_cut(&text, 0);
	buf_add_text(&text, "* OK ");
	for (i = 0; i < 20000; i++)
		buf_add_byte(&text, 'x');
	buf_add_text(&text, "\r\n+ y\r\n");
	OK(reads_as(buf_span(&text), 100).len ==
	    strlen("OK [] ") + IMAP_TOKEN_MAX + strlen(" | + [] y"));

	/* What one answer may have counts from the first octet to the last,
	 * with literals as announced. */
	stream = script_stream(&script,
	    SPAN("* X {40}\r\n0123456789012345678901234567890123456789"
		 " {40}\r\n"),
	    1000);
	imap_reader_begin(&reader, &stream);
	reader.note = &note;
	reader.until = INT64_MAX;
	reader.left = 90;
	OK(imap_read_response(&reader, &response) == STATUS_OK);
	OK(imap_read_token(&reader, &token) == STATUS_OK &&
	    token.kind == IMAP_LITERAL && token.octets == 40);
	/* One that is too long for who asks is not stored. */
	buf_init(&out, 10);
	OK(imap_take_literal(&reader, 10, &out, &fits) == STATUS_OK && !fits &&
	    out.len == 0);
	OK(imap_read_token(&reader, &token) == STATUS_NET);
	TEXT(span_of(note.text), "it announces 40 octets, which is too much");
	imap_reader_clear(&reader);
	stream_close(&stream);
	TEXT(reads_as(
		 SPAN("* X (((((((((((((((((((((((((((((((((((((((\r\n"), 1000),
	    "0 X  ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( "
	    "( ( ( ( ( ( ( ( (");
	buf_clear(&text);
	buf_clear(&out);
}

/* --- Names, numbers, fields */

static struct span
encoded(const char *name)
{
	static struct buf out;

	buf_clear(&out);
	buf_init(&out, 1000);
	return imap_name_encode(span_of(name), &out) ? buf_span(&out)
						     : SPAN("no");
}

static struct span
decoded(const char *name)
{
	static struct buf out;

	buf_clear(&out);
	buf_init(&out, 1000);
	imap_name_decode(span_of(name), &out);
	return buf_span(&out);
}

static void
test_names(void)
{
	/* RFC 3501 section 5.1.3, and what its grammar leaves. */
	static const char *const both[][2] = { { "INBOX", "INBOX" },
		{ "~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/"
		  "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
		    "~peter/mail/&U,BTFw-/&ZeVnLIqe-" },
		{ "Entw\xc3\xbcrfe", "Entw&APw-rfe" }, { "a&b", "a&-b" },
		{ "\xc3\xbc", "&APw-" }, { "\xf0\x9f\x93\xac", "&2D3c7A-" },
		{ "\xc3\xbc&", "&APw-&-" }, { "", "" } };
	static const char *const bad[] = { "&AGE-", "&APw", "&", "&A-", "&APx-",
		"&2D0-", "&3Kw-", "&!!!-", "\xc3\xbc", "a\x7f" };
	size_t i;

	for (i = 0; i < sizeof(both) / sizeof(*both); i++) {
		TEXT(encoded(both[i][0]), both[i][1]);
		TEXT(decoded(both[i][1]), both[i][0]);
	}
	/* What is not modified UTF-7 stays as it is. */
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		TEXT(decoded(bad[i]), bad[i]);
	TEXT(encoded("a\xff"), "no");
}

static void
test_numbers(void)
{
	static struct imap_uids uids;
	struct buf out;
	uint64_t n = 7;
	uint32_t i;

	OK(imap_number(SPAN("0"), 5, &n) && n == 0);
	OK(imap_number(SPAN("4294967295"), UINT32_MAX, &n) && n == UINT32_MAX);
	OK(!imap_number(SPAN("4294967296"), UINT32_MAX, &n));
	OK(!imap_number(SPAN("99999999999999999999999"), INT64_MAX, &n));
	OK(!imap_number(SPAN(""), 9, &n) && !imap_number(SPAN("1 "), 9, &n));
	OK(!imap_number(SPAN("8"), 7, &n) && imap_number(SPAN("7"), 7, &n));

	/* In any order, the lowest stay. */
	for (i = 3 * IMAP_UIDS_MAX; i > 0; i--)
		imap_uids_add(&uids, i % 2 == 0 ? i : 6 * IMAP_UIDS_MAX - i);
	OK(uids.seen == 3 * IMAP_UIDS_MAX && uids.count == IMAP_UIDS_MAX);
	imap_uids_sort(&uids);
	for (i = 0; i < IMAP_UIDS_MAX; i++)
		if (uids.uid[i] !=
		    (i < 3 * IMAP_UIDS_MAX / 2 ? 2 * (i + 1)
					       : 3 * IMAP_UIDS_MAX +
				2 * (i - 3 * IMAP_UIDS_MAX / 2) + 1))
			break;
	OK(i == IMAP_UIDS_MAX);

	uids.count = 0;
	imap_uids_add(&uids, 9);
	imap_uids_add(&uids, 3);
	imap_uids_add(&uids, 2);
	imap_uids_add(&uids, 3);
	imap_uids_add(&uids, 1);
	imap_uids_add(&uids, 4294967295U);
	imap_uids_sort(&uids);
	OK(uids.count == 5);
	buf_init(&out, 10000);
	OK(imap_uids_write(uids.uid, uids.count, 9, &out) == 5);
	TEXT(buf_span(&out), "1:3,9,4294967295");
	buf_cut(&out, 0);
	OK(imap_uids_write(uids.uid, uids.count, 2, &out) == 2);
	TEXT(buf_span(&out), "1:2");
	/* No command line becomes too long. */
	for (i = 0; i < IMAP_UIDS_MAX; i++)
		uids.uid[i] = 4000000000U + 2 * i;
	buf_cut(&out, 0);
	OK(imap_uids_write(uids.uid, IMAP_UIDS_MAX, IMAP_UIDS_MAX, &out) <
		100 &&
	    out.len < 900);
	buf_clear(&out);
}

static bool
match(const char *fields, const char *domain, bool generated)
{
	struct imap_wanted wanted = { .challenges = true,
		.generated = generated };
	struct buf domains;
	bool yes;

	buf_init(&domains, 1000);
	if (domain != NULL) {
		frame_add(&domains, "folder", SPAN("ca.example"));
		frame_add(&domains, "domain", SPAN("other.example"));
		frame_add(&domains, "domain", span_of(domain));
	}
	wanted.domains = buf_span(&domains);
	yes = imap_fields_match(span_of(fields), &wanted);
	buf_clear(&domains);
	return yes;
}

static void
test_fields(void)
{
	const struct imap_wanted reports = { .reports = true };

	OK(match("", NULL, false));
	OK(match("From: a@ca.example\r\n", "ca.example", false));
	OK(match("FROM:\r\n \"x\" <a@CA.Example>\r\n", "ca.example", false));
	OK(!match("From: a@ca.example\r\n", "ca.example", true));
	OK(match("From: a@ca.example\r\nauto-submitted:\r\n\t(x)\r\n "
		 "AUTO-Generated; type=acme\r\n",
	    "ca.example", true));
	OK(!match("From: a@ca.example.net\r\n", "xca.example", false));
	OK(!match("", "ca.example", false));
	OK(imap_fields_match(
	    SPAN("Content-Type:\r\n Multipart/Report; x\r\n"), &reports));
	OK(!imap_fields_match(
	    SPAN("From: a@ca.example\r\nAuto-Submitted: auto-generated\r\n"),
	    &reports));
	/* A domain in letters beyond ASCII may be any. */
	OK(match("From: a@b\xc3\xbc.example\r\n", "xn--b-xka.example", false));
	OK(!match("From: a@b\xc3\xbc.example\r\n", "ca.example", true));
}

int
main(void)
{
	test_responses();
	test_tokens();
	test_malformed();
	test_limits();
	test_names();
	test_numbers();
	test_fields();
	return tap_done();
}

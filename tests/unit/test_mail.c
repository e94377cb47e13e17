/* test_mail.c - header, encoded words, addresses, MIME, dates, mbox */
#include "tap.h"

#include <time.h>

#include "mail/address.h"
#include "mail/bounce.h"
#include "mail/date.h"
#include "mail/header.h"
#include "mail/mbox.h"
#include "mail/mime.h"
#include "mail/msgid.h"
#include "mail/word.h"

static unsigned
flags_of(struct span text)
{
	static struct header header;

	header_parse(text, &header);
	return header.flags;
}

static void
test_header(void)
{
	static struct header h;

	header_parse(SPAN("A: 1\r\nB: 2\r\n 3\r\nb: 4\r\n\r\nbody"), &h);
	OK(h.flags == 0 && h.count == 3);
	TEXT(h.field[1].raw, "B: 2\r\n 3\r\n");
	TEXT(h.field[1].body, " 2\r\n 3");
	TEXT(h.rest, "body");
	TEXT(h.raw, "A: 1\r\nB: 2\r\n 3\r\nb: 4\r\n");
	OK(header_count(&h, SPAN("B")) == 2);
	/* The empty line of a CRLF message arrives as LF from mutt. */
	OK(flags_of(SPAN("A: 1\r\nB: 2\r\n\nbody\r\n")) == 0);
	OK(flags_of(SPAN("To: 1\nCc: 2\r\n\n")) == HEADER_MIXED);
	/* Nothing hangs on these, nor on who follows them. */
	OK(flags_of(SPAN("A: 1\nB: 2\r\nTo: 3\r\n\r\n")) == 0);
	OK(flags_of(SPAN("To: 1\r\nA: 2\nB: 3\r\n\r\n")) == 0);
	OK(flags_of(SPAN("To: 1\nA: 2\r\nCc: 3\n\n")) == 0);
	OK(flags_of(SPAN("A: 1\nTo: 2\r\n\r\n")) == HEADER_MIXED);
	OK(flags_of(SPAN("To: 1\r\nA: 2\n 3\r\nCc: 4\r\n\r\n")) ==
	    HEADER_MIXED);
	OK(flags_of(SPAN("To: 1\n 2\r\n\r\n")) == HEADER_MIXED);
	OK(flags_of(SPAN("A: 1\n \t\nTo: 2\n\n")) == 0);
	OK(flags_of(SPAN("A: 1\nTo: 2\n \t\n\n")) == HEADER_BLANK_FOLD);
	OK(flags_of(SPAN("A: 1\rB: 2\n\n")) == HEADER_BARE_CR);
	OK(flags_of(SPAN("A: \0\n\n")) == HEADER_NUL);
	OK(flags_of(SPAN("A: \x0b\n\n")) == HEADER_CONTROL);
	OK(flags_of(SPAN("A: \xff\n\n")) == HEADER_NOT_UTF8);
	OK(flags_of(SPAN("A : 1\n\n")) == HEADER_JUNK);
	OK(flags_of(SPAN("A\n\n")) == HEADER_JUNK);
	OK(flags_of(SPAN(" A: 1\n\n")) == HEADER_JUNK);
	OK(flags_of(SPAN(": 1\n\n")) == HEADER_JUNK);
	OK(flags_of(SPAN("To: 1\n \nB: 2\n\n")) == HEADER_BLANK_FOLD);
	OK(flags_of(SPAN("A: 1\n")) == HEADER_CUT);
	OK(flags_of(SPAN("\xef\xbb\xbf"
			 "A: 1\n\n")) == HEADER_JUNK);
	TEXT(mbox_strip(SPAN("From a b\nX: y\n")), "X: y\n");
	TEXT(mbox_strip(SPAN("\r\n\nX: y\n\nz\n")), "X: y\n\nz\n");
	TEXT(mbox_strip(SPAN(">From a\nFrom b\nX: y\n")), "X: y\n");
	TEXT(mbox_strip(SPAN("From a\n\nX: y\n")), "\nX: y\n");
	TEXT(mbox_strip(SPAN("\1\1\1\1\nX: y\n\nz\n\1\1\1\1\n\n")),
	    "X: y\n\nz\n");
	TEXT(mbox_strip(SPAN("\1\1\1\1\n\1\1\1\1\nX: y\n")), "");
	TEXT(mbox_strip(SPAN("\1\1\1\1\n")), "");
	TEXT(mbox_strip(SPAN("From ")), "");
	TEXT(mbox_strip(SPAN(" X: y\n")), " X: y\n");
}

static void
check_words(const char *in, const char *want, bool other, bool bad)
{
	struct words words;
	struct buf out;

	buf_init(&out, 10000);
	OK(words_decode(&out, span_of(in), &words) == STATUS_OK);
	TEXT(buf_span(&out), want);
	OK(words.other_charset == other && words.bad_text == bad);
	buf_clear(&out);
}

static void
test_words(void)
{
	check_words(" a\r\n b", "a b", false, false);
	check_words("=?UTF-8?Q?ACME:_tok?=", "ACME: tok", false, false);
	check_words(
	    "=?us-ascii*en?b?QUNNRTogdG9r?=", "ACME: tok", false, false);
	/* RFC 2047 section 8 */
	check_words("=?ISO-8859-1?Q?a?= b", "a b", true, false);
	check_words("=?UTF-8?Q?a?= =?UTF-8?Q?b?=", "ab", false, false);
	check_words("=?UTF-8?Q?a?=\r\n  =?UTF-8?Q?b?=", "ab", false, false);
	check_words("=?UTF-8?Q?a_b?=", "a b", false, false);
	check_words("=?UTF-8?Q?a?= =?UTF-8?Q?_b?=", "a b", false, false);
	/* A character split between two words. */
	check_words("=?utf-8?B?w?= =?utf-8?B?w7Y=?=", "\xc3\xb6", false, true);
	check_words(
	    "=?utf-8?Q?=C3?= =?utf-8?Q?=B6?=", "\xc3\xb6", false, false);
	/* Not encoded words. */
	check_words("a=?UTF-8?Q?b?=", "a=?UTF-8?Q?b?=", false, false);
	check_words("=?UTF-8?Q?b?=a", "=?UTF-8?Q?b?=a", false, false);
	check_words("=?UTF-8?Q?b c?=", "=?UTF-8?Q?b c?=", false, false);
	check_words("=?UTF-8?X?b?=", "=?UTF-8?X?b?=", false, false);
	check_words("=?UTF-8?Q?b", "=?UTF-8?Q?b", false, false);
	/* Decoded once. */
	check_words("=?UTF-8?Q?=3D=3FUTF-8=3FQ=3Fb=3F=3D?=", "=?UTF-8?Q?b?=",
	    false, false);
	check_words("=?UTF-8?Q?=C0=AF?=", "\xc0\xaf", false, true);
	check_words("=?US-ASCII?Q?=C3=B6?=", "\xc3\xb6", false, true);
	check_words("=?UTF-8?Q?=G0?=", "", false, true);
	check_words("=?UTF-7?Q?+AEE-?=", "+AEE-", true, false);
	check_words("=?WINDOWS-1252?Q?=80?=", "\xe2\x82\xac", true, false);
}

/* The normal form, or "bad". */
static void
check_normal(const char *text, const char *want)
{
	char normal[ADDRESS_SIZE] = "bad";
	struct mailbox mailbox;

	if (address_parse(span_of(text), &mailbox) != STATUS_OK ||
	    address_normal(&mailbox, normal) != STATUS_OK)
		(void)strcpy(normal, "bad");
	TEXT(span_of(normal), want);
}

static void
check_address(const char *in, const char *want)
{
	static struct address_list list;
	struct buf out;
	size_t i;

	buf_init(&out, 10000);
	switch (address_list_parse(span_of(in), &list)) {
	case STATUS_OK:
		break;
	case STATUS_BAD_SIZE:
		buf_add_text(&out, "too large");
		list.count = 0;
		break;
	default:
		buf_add_text(&out, "bad");
		list.count = 0;
		break;
	}
	if (list.group && list.count == 0 && out.len == 0)
		buf_add_text(&out, "empty group");
	for (i = 0; i < list.count; i++) {
		buf_add_text(&out, i > 0 ? "|" : "");
		buf_add(&out, list.mailbox[i].name);
		buf_add_byte(&out, '<');
		buf_add(&out, list.mailbox[i].local);
		buf_add_byte(&out, '@');
		buf_add(&out, list.mailbox[i].domain);
		buf_add_byte(&out, '>');
		if (list.mailbox[i].in_group)
			buf_add_byte(&out, 'g');
	}
	TEXT(buf_span(&out), want);
	buf_clear(&out);
}

/* Of two addresses the folds are equal if, and only if, they are alike. */
static void
test_address_fold(void)
{
	static const char *const all[] = { "a@b.c", "A@b.c", "a@B.C",
		"\"a\"@b.c", "\"\\a\"@b.c", "\"A\"@b.c", "a+x@b.c", "a@b.d",
		"\"a@b\"@c.d", "a@b@c.d", "\"a b\"@b.c", "ab@b.c",
		"\xc3\x84@b.c", "\xc3\xa4@b.c", "\"\"@b.c" };
	const size_t count = sizeof(all) / sizeof(*all);
	char one[ADDRESS_SIZE], other[ADDRESS_SIZE];
	char endless[2 * ADDRESS_SIZE];
	size_t i, j;

	for (i = 0; i < count; i++)
		for (j = 0; j < count; j++)
			OK(span_eq(address_fold(span_of(all[i]), one),
			       address_fold(span_of(all[j]), other)) ==
			    (address_compare(span_of(all[i]),
				 span_of(all[j])) != ADDRESS_OTHER));
	memset(endless, 'A', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	TEXT(address_fold(span_of(endless), one), endless);
	TEXT(address_fold(SPAN("\"A.\\b\"@X.Example"), one), "a.b@x.example");
}

static void
test_addresses(void)
{
	struct mailbox mailbox;
	char normal[ADDRESS_SIZE];

	check_address("a@b.c", "<a@b.c>");
	check_address(" A B <a@b.c>", "A B<a@b.c>");
	check_address("\"x, y\" <a@b.c>", "\"x, y\"<a@b.c>");
	check_address("(c) a (d) @ (e) b.c (f)", "<a@b.c>");
	check_address("a@b.c, d@e.f", "<a@b.c>|<d@e.f>");
	check_address("g: a@b.c, d@e.f;", "<a@b.c>g|<d@e.f>g");
	check_address("g:;", "empty group");
	check_address("\"a b\"@c.d", "<\"a b\"@c.d>");
	check_address(
	    "\xc3\xbc@\xc3\xa4.example", "<\xc3\xbc@\xc3\xa4.example>");
	check_address("J. Doe <a@b.c>", "J. Doe<a@b.c>");
	check_address("a@[1.2.3.4]", "<a@[1.2.3.4]>");
	check_address("((nested) \\) ok) a@b.c", "<a@b.c>");
	check_address("", "");
	/* Two readings, so none. */
	check_address("<@r.x:a@b.c>", "bad");
	check_address("a@b.c <d@e.f>", "bad");
	check_address("<a@b.c> <d@e.f>", "bad");
	check_address("<<a@b.c>>", "bad");
	check_address("<a@b.c", "bad");
	check_address("a@b@c", "bad");
	check_address("a . b@c.d", "bad");
	check_address(".a@b.c", "bad");
	check_address("a..b@c.d", "bad");
	check_address("a@b.c.", "bad");
	check_address("a", "bad");
	check_address("<>", "bad");
	check_address("a@b.c; d@e.f", "bad");
	check_address("(unclosed a@b.c", "bad");
	check_address("g: a@b.c", "bad");
	check_address("a@b.c,,d@e.f", "bad");
	check_address("=?utf-8?q?x=40y?=", "bad");
	check_address("((((((((((((((((((((((((x", "too large");

	OK(address_parse(SPAN("a@b.c"), &mailbox) == STATUS_OK);
	OK(address_parse(SPAN(" a@b.c"), &mailbox) != STATUS_OK);
	OK(address_parse(SPAN("a@b.c\n"), &mailbox) != STATUS_OK);
	OK(address_parse(SPAN("<a@b.c>"), &mailbox) != STATUS_OK);
	OK(address_parse(SPAN("a(x)@b.c"), &mailbox) != STATUS_OK);
	/* RFC 9598 section 5, RFC 5891 section 5: U-labels as they are, ASCII
	 * without regard to case, and no other mapping. */
	check_normal("A@B.Example", "A@b.example");
	check_normal("a@b\xc3\xbc"
		     "cher.EXAMPLE",
	    "a@xn--bcher-kva.example");
	check_normal("a@XN--bcher-kva.example", "a@xn--bcher-kva.example");
	check_normal("a@stra\xc3\x9f"
		     "e.example",
	    "a@xn--strae-oqa.example");
	check_normal("a@B\xc3\x9c"
		     "CHER.example",
	    "bad"); /* upper case */
	check_normal("a@B\xc3\xbc"
		     "cher.example",
	    "bad");
	check_normal("a@bu\xcc\x88"
		     "cher.example",
	    "bad"); /* not NFC */
	check_normal("a@ca\xef\xbc\x8e"
		     "example",
	    "bad"); /* U+FF0E, a fullwidth dot */
	check_normal("a@ca\xe3\x80\x82"
		     "example",
	    "bad"); /* U+3002, an ideographic dot */
	check_normal("a@ca\xef\xbd\xa1"
		     "example",
	    "bad"); /* U+FF61, a halfwidth dot */
	check_normal("a@ca.\xef\xbd\x85"
		     "xample",
	    "bad"); /* U+FF45, a fullwidth e */
	check_normal("a@ca.ex\xc2\xad"
		     "ample",
	    "bad"); /* U+00AD, a soft hyphen */
	check_normal("a@ca.ex\xe2\x80\x8b"
		     "ample",
	    "bad");                                    /* U+200B */
	check_normal("a@\xef\xac\x81.example", "bad"); /* a ligature */
	check_normal("a@xn--\xc3\xbc.example", "bad");
	OK(address_is_same(SPAN("a@b.c"), SPAN("\"a\"@b.c")));
	OK(address_is_same(SPAN("\"a\\.b\"@b.c"), SPAN("a.b@b.c")));
	OK(!address_is_same(SPAN("a@b.c"), SPAN("A@b.c")));
	OK(!address_is_same(SPAN("a@b.c"), SPAN("a@b.d")));
	OK(!address_is_same(SPAN("a b@b.c"), SPAN("ab@b.c")));
	OK(address_parse(SPAN("a@-b.c"), &mailbox) == STATUS_OK &&
	    address_normal(&mailbox, normal) != STATUS_OK);
	OK(address_parse(SPAN("a@[1.2.3.4]"), &mailbox) == STATUS_OK &&
	    address_normal(&mailbox, normal) != STATUS_OK);
	OK(address_compare(SPAN("a@b.c"), SPAN("a@b.c")) == ADDRESS_SAME);
	OK(address_compare(SPAN("A@b.c"), SPAN("a@b.c")) == ADDRESS_SPELLING);
	OK(address_compare(SPAN("\"a\"@b.c"), SPAN("a@b.c")) ==
	    ADDRESS_SPELLING);
	OK(address_compare(SPAN("a+x@b.c"), SPAN("a@b.c")) == ADDRESS_OTHER);
	OK(address_is_plain(SPAN("acme+1=2_3.4-5@b.c")));
	OK(!address_is_plain(SPAN("-oQ/tmp@b.c")));
	OK(!address_is_plain(SPAN("|sh@b.c")));
	OK(!address_is_plain(SPAN("/etc/passwd@b.c")));
	OK(!address_is_plain(SPAN("\"a b\"@b.c")));
	OK(!address_is_plain(SPAN("$x@b.c")));
}

static void
test_mime(void)
{
	static struct mime mime;
	static const char nested[] =
	    "Content-Type: multipart/mixed; boundary=\"a\"\n\npre\n--a\n"
	    "Content-Type: text/plain\n\none\n--a\n"
	    "Content-Type: multipart/alternative; boundary*0=b; boundary*1=b\n\n"
	    "--bb\nContent-Transfer-Encoding: base64\n\ndHdv\n--bb--\n--a\n"
	    "Content-Type: message/rfc822\n\nSubject: in\n\nthree\n--a--\npost\n";
	struct buf out;

	OK(mime_walk(span_of(nested), &mime) == STATUS_OK);
	OK(mime.count == 6 && mime.flags == 0);
	TEXT(mime.part[1].body, "one");
	TEXT(mime.part[5].header, "Subject: in\n");
	TEXT(mime.part[5].body, "three");
	OK(mime.part[5].depth == 2 && mime.part[5].leaf);
	buf_init(&out, 100);
	OK(part_decode(&mime.part[3], &out) == STATUS_OK);
	TEXT(buf_span(&out), "two");
	buf_clear(&out);
	OK(mime_walk(SPAN("Content-Type: multipart/x; boundary=b1\n\n--b12\n"
			  "\nx\n--b1--\n"),
	       &mime) == STATUS_OK);
	OK((mime.flags & MIME_PREFIX) != 0);
	OK(mime_walk(SPAN("Content-Type: multipart/x; boundary=a; "
			  "boundary=b\n\n--a\n\nx\n--a--\n"),
	       &mime) == STATUS_OK);
	OK((mime.flags & MIME_BOUNDARY) != 0);
	OK(mime_walk(SPAN("Content-Type: multipart/x; boundary=a\n\n--a\nX: y\n"
			  "--a--\n"),
	       &mime) == STATUS_OK);
	TEXT(mime.part[1].header, "X: y\n"); /* a part without a body */
	TEXT(mime.part[1].body, "");
	OK(mime_walk(
	       SPAN("Content-Type: multipart/x; boundary=a\n\n--a\n\nx\n"),
	       &mime) == STATUS_OK);
	OK((mime.flags & MIME_UNCLOSED) != 0);
}

/* RFC 5322 section 4.3, the first ones from its appendix A.6. */
static void
test_obsolete_dates(void)
{
	static const struct {
		const char *text;
		int64_t when; /* by GNU date(1) */
	} good[] = {
		{ "21 Nov 97 09:55:06 GMT", 880106106 },
		{ "Fri, 21 Nov 1997 09(comment):   55  :  06 -0600",
		    880127706 },
		{ "21 Nov 97 09:55:06 EST", 880124106 },
		{ "21 Nov 97 09:55:06 pdt", 880131306 },
		{ "21 Nov 97 09:55:06 Z", 880106106 },
		{ "21 Nov 97 09:55:06 a", 880106106 },
		{ "21 Nov 97 09:55:06 CEST (who knows)", 880106106 },
		{ "21 Nov 49 00:00 UT", 2521065600 },
		{ "21 Nov 126 00:00:00 +0000", 1795219200 },
	};
	static const char *const bad[] = { "21 Nov 9 00:00:00 +0000",
		"21 Nov 02026 00:00:00 +0000", "21 Nov 69 00:00:00 +0000",
		"21 Nov 2026 00:00:00", "21 Nov 2026 00:00:00 +0000 (open",
		"21 Nov 2026 00:00: +0000", "21 Nov 2026 00:00:00 +060",
		"22 Nov 99999999999999999999 04:00:00 +0000" };
	int64_t when;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++)
		OK(date_parse(span_of(good[i].text), &when) == STATUS_OK &&
		    when == good[i].when);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		OK(date_parse(span_of(bad[i]), &when) == STATUS_BAD_SYNTAX);
}

/* Against gmtime_r(3), day by day and over all of its range: a time may come
 * from a damaged file, and writing it must end. */
static void
test_every_date(void)
{
	const int64_t wide[] = { INT64_MIN, INT64_MIN + 1, -9000000000000000000,
		-62135596801, -1, 0, DATE_LEAST, DATE_MOST, 253402300800,
		67768036191676799, 67768036191676800, 9000000000000000000,
		INT64_MAX };
	int64_t when;
	struct buf out;
	char want[80];
	bool same = true;
	struct tm tm;
	time_t at;
	size_t i;

	for (when = DATE_LEAST; when < INT64_C(17179869184); when += 80000) {
		at = (time_t)when;
		(void)gmtime_r(&at, &tm);
		(void)strftime(
		    want, sizeof(want), "%a, %e %b %Y %H:%M:%S +0000", &tm);
		if (want[5] == ' ')
			(void)memmove(want + 5, want + 6, strlen(want + 5));
		buf_init(&out, 100);
		date_add_mail(&out, when);
		same = same && strcmp(out.at, want) == 0;
		buf_clear(&out);
	}
	OK(same);
	for (i = 0; i < sizeof(wide) / sizeof(*wide); i++) {
		buf_init(&out, 100);
		date_add_iso(&out, wide[i]);
		OK(buf_status(&out) == STATUS_OK);
		at = (time_t)wide[i];
		if (gmtime_r(&at, &tm) != NULL) {
			(void)snprintf(want, sizeof(want),
			    "%04lld-%02d-%02dT%02d:%02d:%02dZ",
			    tm.tm_year + 1900LL, tm.tm_mon + 1, tm.tm_mday,
			    tm.tm_hour, tm.tm_min, tm.tm_sec);
			TEXT(buf_span(&out), want);
		}
		buf_clear(&out);
	}
}

static void
test_rest(void)
{
	struct span rest, message, id;
	int64_t when;
	struct buf out;

	OK(date_parse(SPAN("Fri, 21 Nov 1997 09:55:06 -0600"), &when) ==
		STATUS_OK &&
	    when == 880127706);
	OK(date_parse(SPAN("21 Nov 1997 09:55 (c) GMT"), &when) == STATUS_OK);
	OK(date_parse(SPAN("31 Feb 2026 00:00:00 +0000"), &when) != STATUS_OK);
	test_obsolete_dates();
	OK(date_parse(SPAN("yesterday"), &when) != STATUS_OK);
	OK(date_parse_iso(SPAN("2026-11-22T04:13:58Z"), &when) == STATUS_OK &&
	    when == 1795320838);
	OK(date_parse_iso(SPAN("2026-11-22T05:13:58.5+01:00"), &when) ==
		STATUS_OK &&
	    when == 1795320838);
	buf_init(&out, 100);
	date_add_mail(&out, 1795320838);
	TEXT(buf_span(&out), "Sun, 22 Nov 2026 04:13:58 +0000");
	buf_clear(&out);

	OK(msgid_parse(SPAN(" <a.b@c> "), &id));
	OK(!msgid_parse(SPAN("<a@b> <c@d>"), &id));
	OK(!msgid_parse(SPAN("<a b@c>"), &id));
	OK(!msgid_parse(SPAN("<a@b>\r\nBcc: x@y"), &id));
	OK(!msgid_parse(SPAN("a@b"), &id));

	rest = SPAN("From a\nS: 1\n\nx\n>From y\n\nFrom b\nS: 2\n\nz\n");
	OK(mbox_take(&rest, &message));
	TEXT(message, "S: 1\n\nx\n>From y\n\n");
	OK(mbox_take(&rest, &message));
	TEXT(message, "S: 2\n\nz\n");
	OK(!mbox_take(&rest, &message));
	rest = SPAN("\1\1\1\1\nFrom a\nS: 1\n\nFrom me\n\1\1\1\1\n"
		    "\1\1\1\1\nS: 2\n\1\1\1\1\n\n\n");
	OK(mbox_take(&rest, &message));
	TEXT(message, "S: 1\n\nFrom me\n");
	OK(mbox_take(&rest, &message));
	TEXT(message, "S: 2\n");
	OK(rest.len == 0 && !mbox_take(&rest, &message));
	rest = SPAN("\1\1\1\1\nS: 3");
	OK(mbox_take(&rest, &message));
	TEXT(message, "S: 3");
	OK(!mbox_take(&rest, &message));
}

/* A report with these parts; type: of the whole. */
static struct span
report(const char *type, const char *status, const char *returned)
{
	static char text[4096];

	(void)snprintf(text, sizeof(text),
	    "From: MAILER-DAEMON@example.org\nAuto-Submitted: auto-replied\n"
	    "Content-Type: %s; boundary=\"b\"\n\n"
	    "--b\nContent-Type: text/plain\n\nI am sorry.\n"
	    "--b\n%s\n--b\n%s\n--b--\n",
	    type, status, returned);
	return span_of(text);
}

#define DSN "multipart/report; report-type=delivery-status"
#define GROUPS                                                            \
	"Content-Type: message/delivery-status\n\n"                       \
	"Reporting-MTA: dns; mail.example.org\nX-Postfix-Queue-ID: 1\n\n" \
	"Final-Recipient: rfc822; a@ca.example\n"
#define FAILED                                                                 \
	GROUPS "Action: failed\nStatus: 5.1.1\n"                               \
	       "Diagnostic-Code: smtp; 550 5.1.1\n  <a@ca.example>: no such\n" \
	       "\tuser\n"
#define RETURNED                                           \
	"Content-Type: message/rfc822\n\nReceived: by x\n" \
	"Message-ID: <mailcert.1@example.org>\nSubject: Re: ACME: x\n\ntext\n"

static void
test_bounce(void)
{
	static const struct {
		const char *type, *status, *returned;
	} not [] = {
		{ "multipart/report; report-type=disposition-notification",
		    FAILED, RETURNED },
		{ "multipart/report", FAILED, RETURNED },
		{ "multipart/mixed; report-type=delivery-status", FAILED,
		    RETURNED },
		{ DSN, GROUPS "Action: delayed\nStatus: 4.0.0\n", RETURNED },
		{ DSN, GROUPS "Action: delivered\n", RETURNED },
		{ DSN, GROUPS, RETURNED },
		{ DSN, FAILED, "Content-Type: message/rfc822\n\nA: b\n\n" },
		{ DSN, FAILED,
		    "Content-Type: message/rfc822\n\nA: b\n\n"
		    "Message-ID: <in@the.body>\n" },
		{ DSN, FAILED,
		    "Content-Type: text/plain\n\nMessage-ID: <a@b>\n" },
		{ DSN, FAILED,
		    "Content-Type: message/rfc822\n\nMessage-ID: a@b\n\n" },
		{ DSN, RETURNED, "Content-Type: text/plain\n\n" },
	};
	struct bounce bounce;
	char long_line[2000];
	size_t i;

	OK(bounce_parse(report(DSN, FAILED, RETURNED), &bounce) == STATUS_OK);
	OK(bounce_ok(&bounce));
	TEXT(span_of(bounce.message_id), "<mailcert.1@example.org>");
	TEXT(span_of(bounce.reason), "550 5.1.1 <a@ca.example>: no such user");
	for (i = 0; i < sizeof(not ) / sizeof(*not ); i++)
		OK(bounce_parse(
		       report(not [i].type, not [i].status, not [i].returned),
		       &bounce) == STATUS_MISSING);
	OK(bounce_parse(SPAN(""), &bounce) == STATUS_MISSING);
	OK(bounce_parse(SPAN("A: b\n\nc\n"), &bounce) == STATUS_MISSING);

	/* The header alone, encoded; the second of two recipients; no words of
	 * a server. */
	OK(bounce_parse(
	       report("Multipart/Report; Report-Type=\"Delivery-Status\"",
		   GROUPS "Action: relayed\n\n"
			  "Final-Recipient: rfc822; b@ca.example\n"
			  "Action: FAILED\nStatus: 5.7.0 (no)\n",
		   "Content-Type: text/rfc822-headers\n"
		   "Content-Transfer-Encoding: base64\n\n"
		   "TWVzc2FnZS1JRDogPGFAYj4K\n"),
	       &bounce) == STATUS_OK);
	TEXT(span_of(bounce.message_id), "<a@b>");
	TEXT(span_of(bounce.reason), "5.7.0 (no)");

	/* Hostile words. */
	OK(bounce_parse(report(DSN,
			    GROUPS "Action: failed\nDiagnostic-Code: smtp; "
				   "\x1b[31mred\xe2\x80\xaeno\n",
			    RETURNED),
	       &bounce) == STATUS_OK);
	OK(bounce_ok(&bounce) && strchr(bounce.reason, '\x1b') == NULL);
	(void)snprintf(long_line, sizeof(long_line),
	    GROUPS "Action: failed\nDiagnostic-Code: smtp; %0900d\n", 7);
	OK(bounce_parse(report(DSN, long_line, RETURNED), &bounce) ==
	    STATUS_OK);
	OK(bounce_ok(&bounce) &&
	    strlen(bounce.reason) == BOUNCE_REASON_SIZE - 1);
	bounce.reason[0] = '\x1b';
	OK(!bounce_ok(&bounce));
	bounce.reason[0] = '\0';
	(void)strcpy(bounce.message_id, "<a b@c>");
	OK(!bounce_ok(&bounce));
}

int
main(void)
{
	test_header();
	test_words();
	test_addresses();
	test_address_fold();
	test_mime();
	test_every_date();
	test_rest();
	test_bounce();
	return tap_done();
}

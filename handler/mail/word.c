/* word.c - unfolding and encoded words: see word.h.  Input: hostile. */
#include "mail/word.h"

#include "base/text.h"

enum charset { CHARSET_UTF8, CHARSET_ASCII, CHARSET_LATIN1, CHARSET_OTHER };

struct word {
	enum charset charset;
	char encoding; /* 'B' or 'Q' */
	struct span text;
	size_t len; /* octets from "=?" to "?=" */
};

static enum charset
charset_of(struct span name)
{
	/* RFC 2231 section 5: charset ["*" language] */
	name = span_cut(name, 0, span_find_byte(name, '*'));
	if (span_eq_nocase(name, SPAN("utf-8")))
		return CHARSET_UTF8;
	if (span_eq_nocase(name, SPAN("us-ascii")))
		return CHARSET_ASCII;
	if (span_eq_nocase(name, SPAN("iso-8859-1")) ||
	    span_eq_nocase(name, SPAN("windows-1252")))
		return CHARSET_LATIN1;
	return CHARSET_OTHER;
}

/* RFC 2047 section 2 wants a token.  Anything printable is taken: what is not
 * a set we know is refused as a set, rather than read as text. */
static bool
is_charset_name(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.at[i] <= 0x20 || s.at[i] >= 0x7f)
			return false;
	return s.len > 0;
}

static int
hex_of(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Is there an encoded word at the front of s? */
static bool
word_at(struct span s, struct word *word)
{
	struct span rest;
	size_t mark, end;

	if (!span_starts(s, SPAN("=?")))
		return false;
	rest = span_cut(s, 2, s.len);
	mark = span_find_byte(rest, '?');
	if (!is_charset_name(span_cut(rest, 0, mark)))
		return false;
	word->charset = charset_of(span_cut(rest, 0, mark));
	rest = span_cut(rest, mark + 1, rest.len);
	if (rest.len < 2 || rest.at[1] != '?')
		return false;
	word->encoding = ascii_lower(rest.at[0]);
	if (word->encoding != 'b' && word->encoding != 'q')
		return false;
	rest = span_cut(rest, 2, rest.len);
	for (end = 0; end < rest.len && rest.at[end] != '?'; end++)
		if (rest.at[end] <= 0x20 || rest.at[end] >= 0x7f)
			return false;
	if (end + 1 >= rest.len || rest.at[end + 1] != '=')
		return false;
	word->text = span_cut(rest, 0, end);
	word->len = (size_t)(rest.at + end + 2 - s.at);
	/* RFC 2047 section 5 (1): white space, or the end, must follow. */
	return word->len == s.len || ascii_is_space(s.at[word->len]);
}

bool
base64_decode(struct buf *out, struct span text)
{
	unsigned long bits = 0;
	int count = 0;
	size_t i, pads = 0;
	int value;
	char c;

	for (i = 0; i < text.len; i++) {
		c = text.at[i];
		if (ascii_is_space(c))
			continue;
		if (c == '=') {
			pads++;
			continue;
		}
		if (c >= 'A' && c <= 'Z')
			value = c - 'A';
		else if (c >= 'a' && c <= 'z')
			value = c - 'a' + 26;
		else if (ascii_is_digit(c))
			value = c - '0' + 52;
		else
			value = c == '+' ? 62 : c == '/' ? 63 : -1;
		if (value < 0 || pads > 0)
			return false;
		bits = (bits << 6 | (unsigned long)value) & 0xffffff;
		count += 6;
		if (count >= 8) {
			count -= 8;
			buf_add_byte(out, (char)(bits >> count & 0xff));
		}
	}
	return pads <= 2 && count < 6 && (bits & ((1UL << count) - 1)) == 0;
}

/* RFC 2047 section 4.2; false where "=" is not followed by two digits. */
static bool
q_decode(struct buf *out, struct span text)
{
	size_t i;
	int high, low;

	for (i = 0; i < text.len; i++) {
		if (text.at[i] == '_') {
			buf_add_byte(out, ' ');
		} else if (text.at[i] != '=') {
			buf_add_byte(out, text.at[i]);
		} else {
			if (i + 2 >= text.len)
				return false;
			high = hex_of(text.at[i + 1]);
			low = hex_of(text.at[i + 2]);
			if (high < 0 || low < 0)
				return false;
			buf_add_byte(out, (char)(high << 4 | low));
			i += 2;
		}
	}
	return true;
}

void
quoted_printable_decode(struct buf *out, struct span text)
{
	size_t i, end;
	int high, low;

	for (i = 0; i < text.len; i++) {
		if (text.at[i] != '=') {
			buf_add_byte(out, text.at[i]);
			continue;
		}
		/* A soft line break: "=", blanks, line end. */
		for (end = i + 1;
		     end < text.len && ascii_is_blank(text.at[end]); end++)
			;
		if (end < text.len && text.at[end] == '\r')
			end++;
		if (end < text.len && text.at[end] == '\n') {
			i = end;
			continue;
		}
		high = i + 2 < text.len ? hex_of(text.at[i + 1]) : -1;
		low = i + 2 < text.len ? hex_of(text.at[i + 2]) : -1;
		if (high >= 0 && low >= 0) {
			buf_add_byte(out, (char)(high << 4 | low));
			i += 2;
		} else {
			buf_add_byte(out, '='); /* broken: shown as it is */
		}
	}
}

/* Octets 0x80 to 0x9f of Windows-1252; ISO-8859-1 has controls there, and
 * everybody means these. */
static const uint16_t windows_1252[32] = { 0x20ac, 0xfffd, 0x201a, 0x0192,
	0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152,
	0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
	0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e,
	0x0178 };

static void
add_latin1(struct buf *out, struct span octets)
{
	unsigned char c;
	size_t i;

	for (i = 0; i < octets.len; i++) {
		c = (unsigned char)octets.at[i];
		utf8_add(out,
		    c >= 0x80 && c < 0xa0 ? windows_1252[c - 0x80]
					  : (uint32_t)c);
	}
}

/* Append what one encoded word stands for. */
static void
add_word(struct buf *out, const struct word *word, struct words *words)
{
	struct buf octets;
	struct span got;

	words->any = true;
	buf_init(&octets, word->text.len + 1);
	if (!(word->encoding == 'b' ? base64_decode(&octets, word->text)
				    : q_decode(&octets, word->text)))
		words->bad_text = true;
	got = buf_span(&octets);
	if (word->charset == CHARSET_ASCII && !span_is_ascii(got))
		words->bad_text = true;
	if (word->charset == CHARSET_LATIN1 || word->charset == CHARSET_OTHER)
		words->other_charset = true;
	if (word->charset == CHARSET_LATIN1)
		add_latin1(out, got);
	else
		buf_add(out, got);
	buf_clear(&octets);
}

enum status
words_decode(struct buf *out, struct span body, struct words *words)
{
	struct word word;
	size_t i = 0, word_end = 0, start = out->len;
	bool after_word = false, at_start = true;

	*words = (struct words){ 0 };
	body = span_trim(body);
	while (i < body.len) {
		if (body.at[i] == '\r' || body.at[i] == '\n') {
			i++; /* unfolding removes the line end only */
			at_start = true;
			continue;
		}
		if (ascii_is_blank(body.at[i])) {
			at_start = true;
			buf_add_byte(out, body.at[i++]);
			continue;
		}
		if (at_start && word_at(span_cut(body, i, body.len), &word)) {
			/* Blanks between two encoded words vanish (section
			 * 6.2), so a character may be split between them. */
			if (after_word)
				buf_cut(out, word_end);
			add_word(out, &word, words);
			word_end = out->len;
			after_word = true;
			i += word.len;
		} else {
			buf_add_byte(out, body.at[i++]);
			after_word = false;
		}
		at_start = false;
	}
	if (!words->other_charset &&
	    !utf8_is_text(span_cut(buf_span(out), start, out->len)))
		words->bad_text = true;
	return buf_status(out);
}

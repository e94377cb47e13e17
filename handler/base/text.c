/* text.c - printable text from hostile bytes: see text.h.  Input: hostile. */
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct range {
	uint32_t lo, hi;
};

#include "base/unicode_table.h"

static bool
is_in(const struct range *table, size_t count, uint32_t c)
{
	size_t lo = 0, hi = count, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (c < table[mid].lo)
			hi = mid;
		else if (c > table[mid].hi)
			lo = mid + 1;
		else
			return true;
	}
	return false;
}

#define IS_IN(table, c) is_in(table, sizeof(table) / sizeof(*(table)), c)

bool
utf8_take(struct span *s, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)s->at[0];
	size_t i, len;
	uint32_t value;

	if (first < 0x80)
		len = 1;
	else if (first >= 0xc2 && first < 0xe0)
		len = 2;
	else if (first >= 0xe0 && first < 0xf0)
		len = 3;
	else
		len = first >= 0xf0 && first < 0xf5 ? 4 : 0;
	value = len <= 1 ? first : first & (0x7fU >> len);
	for (i = 1; i < len; i++) {
		if (i >= s->len || ((unsigned char)s->at[i] & 0xc0) != 0x80)
			break;
		value = value << 6 | ((unsigned char)s->at[i] & 0x3f);
	}
	if (len == 0 || i < len || value < least[len] || value > 0x10ffff ||
	    (value >= 0xd800 && value < 0xe000)) {
		*c = first;
		*s = span_cut(*s, 1, s->len);
		return false;
	}
	*c = value;
	*s = span_cut(*s, len, s->len);
	return true;
}

bool
utf8_is_text(struct span s)
{
	uint32_t c;

	while (s.len > 0)
		if (!utf8_take(&s, &c))
			return false;
	return true;
}

void
utf8_add(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_add_byte(out, (char)c);
	} else if (c < 0x800) {
		buf_add_byte(out, (char)(0xc0 | c >> 6));
		buf_add_byte(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_add_byte(out, (char)(0xe0 | c >> 12));
		buf_add_byte(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_add_byte(out, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_add_byte(out, (char)(0xf0 | c >> 18));
		buf_add_byte(out, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_add_byte(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_add_byte(out, (char)(0x80 | (c & 0x3f)));
	}
}

static size_t
width_of(uint32_t c)
{
	if (c < 0x300)
		return 1;
	if (IS_IN(mark, c))
		return 0;
	return IS_IN(wide, c) ? 2 : 1;
}

/* Append one character, or what stands for it; gives its columns. */
static size_t
show_one(struct buf *out, uint32_t c, bool valid, bool utf8, bool *after_base)
{
	size_t before = out->len;

	if (valid && c >= 0x20 && c < 0x7f) {
		buf_add_byte(out, (char)c);
		*after_base = true;
		return 1;
	}
	if (!valid || c < 0x20 || c == 0x7f) {
		buf_addf(out, "\\x%02x", (unsigned)c & 0xff);
	} else if (!utf8 || IS_IN(hidden, c)) {
		buf_addf(out, "<U+%04X>", (unsigned)c);
	} else if (IS_IN(mark, c)) {
		if (*after_base)
			utf8_add(out, c);
		*after_base = false;
		return 0;
	} else {
		utf8_add(out, c);
		*after_base = true;
		return width_of(c);
	}
	*after_base = false;
	return out->len - before;
}

void
text_show(struct buf *out, struct span s, size_t columns, bool utf8)
{
	const struct span dots = utf8 ? SPAN("\xe2\x80\xa6") : SPAN("...");
	const size_t dots_width = utf8 ? 1 : 3;
	size_t used = 0, fits = out->len;
	bool after_base = false, valid;
	uint32_t c;

	while (s.len > 0) {
		valid = utf8_take(&s, &c);
		used += show_one(out, c, valid, utf8, &after_base);
		if (columns == TEXT_NO_LIMIT)
			continue;
		if (used + dots_width <= columns)
			fits = out->len;
		if (used > columns) {
			buf_cut(out, fits);
			buf_add(out, dots);
			return;
		}
	}
}

void
text_show_in(char *out, size_t size, struct span s, bool utf8)
{
	struct buf shown;

	buf_init(&shown, 16 * size + 64);
	text_show(&shown, span_cut(s, 0, size), TEXT_NO_LIMIT, utf8);
	/* Cut between characters: never in the middle of one. */
	while (shown.len >= size ||
	    (shown.len > 0 && !utf8_is_text(buf_span(&shown))))
		buf_cut(&shown, shown.len - 1);
	if (!span_copy(buf_span(&shown), out, size))
		out[0] = '\0';
	buf_clear(&shown);
}

bool
text_has_hidden(struct span s)
{
	uint32_t c, last = 0;

	while (s.len > 0) {
		if (!utf8_take(&s, &c) || IS_IN(hidden, c) ||
		    (IS_IN(mark, c) && (last == 0 || IS_IN(mark, last))))
			return true;
		last = c;
	}
	return false;
}

bool
text_is_shown(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL &&
	    !text_has_hidden(span_of(text));
}

bool
text_mixes_scripts(struct span s)
{
	bool latin = false, other = false;
	uint32_t c;

	while (s.len > 0) {
		if (!utf8_take(&s, &c))
			continue;
		if ((c < 0x80 && ascii_is_alnum((char)c) &&
			!ascii_is_digit((char)c)) ||
		    (c >= 0xc0 && c < 0x250))
			latin = true;
		/* Greek, Cyrillic, Armenian, Cherokee, full-width Latin,
		 * mathematical letters: what look-alikes are made of. */
		if ((c >= 0x370 && c < 0x590) || (c >= 0x13a0 && c < 0x1400) ||
		    (c >= 0xff21 && c < 0xff5b) ||
		    (c >= 0x1d400 && c < 0x1d800))
			other = true;
	}
	return latin && other;
}

size_t
text_width(struct span shown)
{
	size_t width = 0;
	uint32_t c;

	while (shown.len > 0)
		width += utf8_take(&shown, &c) ? width_of(c) : 1;
	return width;
}

bool
text_locale_is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *value = NULL;
	size_t i;

	for (i = 0; i < 3; i++)
		if ((value = getenv(names[i])) != NULL && value[0] != '\0')
			break;
	if (i == 3)
		return false;
	return strcasestr(value, "utf-8") != NULL ||
	    strcasestr(value, "utf8") != NULL;
}

void
text_json(struct buf *out, struct span s)
{
	bool valid;
	uint32_t c;

	buf_add_byte(out, '"');
	while (s.len > 0) {
		valid = utf8_take(&s, &c);
		if (!valid)
			buf_addf(out, "\\\\x%02x", (unsigned)c);
		else if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", (char)c);
		else if (c < 0x20 || c == 0x7f ||
		    (c > 0x7f && c < 0x10000 && IS_IN(hidden, c)))
			buf_addf(out, "\\u%04x", (unsigned)c);
		else if (IS_IN(hidden, c))
			buf_addf(out, "<U+%04X>", (unsigned)c);
		else
			utf8_add(out, c);
	}
	buf_add_byte(out, '"');
}

/*
 * prefs.c - preferences of Mozilla programs: see prefs.h
 *
 * Input: a file that the user's program wrote, with values of strangers.  What
 * does not follow the grammar ends the reading; nothing is guessed.
 */
#include "install/prefs.h"

#include <string.h>

#include "base/text.h"

enum { NUMBER_LEN_MAX = 11 };

/* --- the grammar -----------------------------------------------------------*/

static bool
is_at(struct span text, size_t at, struct span what)
{
	return span_starts(span_cut(text, at, text.len), what);
}

/* White space and comments.  False: a comment does not end. */
static bool
skip(struct span text, size_t *at)
{
	size_t end;

	while (*at < text.len) {
		if (ascii_is_space(text.at[*at]) || text.at[*at] == '\v' ||
		    text.at[*at] == '\f') {
			++*at;
		} else if (text.at[*at] == '#' ||
		    is_at(text, *at, SPAN("//"))) {
			while (*at < text.len && text.at[*at] != '\n' &&
			    text.at[*at] != '\r')
				++*at;
		} else if (is_at(text, *at, SPAN("/*"))) {
			end = span_find(
			    span_cut(text, *at + 2, text.len), SPAN("*/"));
			if (*at + 2 + end == text.len)
				return false;
			*at += end + 4;
		} else {
			break;
		}
	}
	return true;
}

static bool
take_byte(struct span text, size_t *at, char byte)
{
	if (!skip(text, at) || *at == text.len || text.at[*at] != byte)
		return false;
	++*at;
	return true;
}

static bool
take_word(struct span text, size_t *at)
{
	static const char *const words[] = { "user_pref", "sticky_pref",
		"pref" };
	size_t i;

	for (i = 0; i < 3; i++)
		if (is_at(text, *at, span_of(words[i]))) {
			*at += strlen(words[i]);
			return true;
		}
	return false;
}

static int
hex_digit(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* That many hexadecimal digits, behind the escape. */
static bool
take_hex(struct span text, size_t *at, size_t digits, uint32_t *out)
{
	*out = 0;
	for (; digits > 0; digits--, ++*at) {
		if (*at == text.len || hex_digit(text.at[*at]) < 0)
			return false;
		*out = *out * 16 + (uint32_t)hex_digit(text.at[*at]);
	}
	return *out != 0;
}

/* \uXXXX, or two of them for one character (UTF-16); *at is behind the u. */
static bool
take_utf16(struct span text, size_t *at, uint32_t *out)
{
	uint32_t low;

	if (!take_hex(text, at, 4, out) || (*out >= 0xDC00 && *out < 0xE000))
		return false;
	if (*out < 0xD800 || *out > 0xDBFF)
		return true;
	if (!is_at(text, *at, SPAN("\\u")))
		return false;
	*at += 2;
	if (!take_hex(text, at, 4, &low) || low < 0xDC00 || low > 0xDFFF)
		return false;
	*out = 0x10000 + ((*out - 0xD800) << 10) + (low - 0xDC00);
	return true;
}

/* What follows a backslash. */
static bool
take_escape(struct span text, size_t *at, struct buf *out)
{
	static const char names[] = "\"'\\nr", meant[] = "\"'\\\n\r";
	uint32_t c;
	const char *known;
	const char name = *at < text.len ? text.at[(*at)++] : '\0';

	if (name == 'x' || name == 'u') {
		if (name == 'x' ? !take_hex(text, at, 2, &c)
				: !take_utf16(text, at, &c))
			return false;
		utf8_add(out, c);
		return true;
	}
	known = name == '\0' ? NULL : strchr(names, name);
	if (known == NULL)
		return false;
	buf_add_byte(out, meant[known - names]);
	return true;
}

/* A string in either kind of quotes; out takes what it stands for. */
static bool
take_string(struct span text, size_t *at, struct buf *out)
{
	char quote, c;

	if (*at == text.len || (text.at[*at] != '"' && text.at[*at] != '\''))
		return false;
	for (quote = text.at[(*at)++]; *at < text.len;) {
		c = text.at[(*at)++];
		if (c == quote)
			return true;
		if (c == '\0' || (c == '\\' && !take_escape(text, at, out)))
			return false;
		if (c != '\\')
			buf_add_byte(out, c);
	}
	return false;
}

static bool
is_number(struct span word)
{
	size_t i;

	if (word.len == 0 || word.len > NUMBER_LEN_MAX)
		return false;
	i = word.at[0] == '+' || word.at[0] == '-' ? 1 : 0;
	if (i == word.len)
		return false;
	while (i < word.len && ascii_is_digit(word.at[i]))
		i++;
	return i == word.len;
}

/* true, false, or a whole number. */
static bool
take_plain(struct span text, size_t *at)
{
	size_t end = *at;
	struct span word;

	while (end < text.len &&
	    (ascii_is_alnum(text.at[end]) || text.at[end] == '+' ||
		text.at[end] == '-'))
		end++;
	word = span_cut(text, *at, end);
	*at = end;
	return span_eq(word, SPAN("true")) || span_eq(word, SPAN("false")) ||
	    is_number(word);
}

static bool
take_name(struct span text, size_t *at, char out[PREF_NAME_SIZE])
{
	struct buf name;
	bool good;

	buf_init(&name, PREFS_MAX);
	good = take_string(text, at, &name) && buf_status(&name) == STATUS_OK;
	if (good && !span_copy(buf_span(&name), out, PREF_NAME_SIZE))
		out[0] = '\0';
	buf_clear(&name);
	return good;
}

static bool
take_value(struct span text, size_t *at, struct span *out)
{
	const size_t from = *at;
	struct buf string;
	bool good;

	if (from == text.len)
		return false;
	buf_init(&string, PREFS_MAX);
	good = text.at[from] == '"' || text.at[from] == '\''
	    ? take_string(text, at, &string) && buf_status(&string) == STATUS_OK
	    : take_plain(text, at);
	buf_clear(&string);
	*out = span_cut(text, from, *at);
	return good;
}

static bool
take_statement(struct span text, size_t *at, struct pref *out)
{
	const size_t from = *at;

	if (!take_word(text, at) || !take_byte(text, at, '(') ||
	    !skip(text, at) || !take_name(text, at, out->name) ||
	    !take_byte(text, at, ',') || !skip(text, at) ||
	    !take_value(text, at, &out->value) || !take_byte(text, at, ')') ||
	    !take_byte(text, at, ';'))
		return false;
	out->whole = span_cut(text, from, *at);
	return true;
}

enum status
prefs_next(struct span text, size_t *at, struct pref *out)
{
	if (!skip(text, at))
		return STATUS_CONFIG;
	if (*at == text.len)
		return STATUS_END;
	return take_statement(text, at, out) ? STATUS_OK : STATUS_CONFIG;
}

enum status
prefs_find(struct span text, const char *name, struct pref *out)
{
	enum status status;
	struct pref pref;
	bool found = false;
	size_t at = 0;

	while ((status = prefs_next(text, &at, &pref)) == STATUS_OK)
		if (strcmp(pref.name, name) == 0) {
			*out = pref;
			found = true;
		}
	return status == STATUS_END && found ? STATUS_OK : status;
}

size_t
prefs_line(struct span text, size_t at)
{
	size_t line = 1, i;

	for (i = 0; i < at && i < text.len; i++)
		line += text.at[i] == '\n';
	return line;
}

/* --- values ----------------------------------------------------------------*/

bool
pref_string(struct span value, struct buf *out)
{
	size_t at = 0;

	return take_string(value, &at, out) && at == value.len &&
	    buf_status(out) == STATUS_OK;
}

void
pref_quote(struct span string, struct buf *out)
{
	size_t i;

	buf_add_byte(out, '"');
	for (i = 0; i < string.len; i++)
		if (string.at[i] == '\n')
			buf_add_text(out, "\\n");
		else if (string.at[i] == '\r')
			buf_add_text(out, "\\r");
		else if (string.at[i] == '"' || string.at[i] == '\\')
			buf_addf(out, "\\%c", string.at[i]);
		else
			buf_add_byte(out, string.at[i]);
	buf_add_byte(out, '"');
}

void
pref_canonical(struct span value, struct buf *out)
{
	struct buf string;

	buf_init(&string, PREFS_MAX);
	if (pref_string(value, &string))
		pref_quote(buf_span(&string), out);
	else
		buf_add(out,
		    span_starts(value, SPAN("+"))
			? span_cut(value, 1, value.len)
			: value);
	buf_clear(&string);
}

bool
pref_identity(const char *name, struct span *id, struct span *rest)
{
	static const struct span prefix = { "mail.identity.id", 16 };
	struct span whole = span_of(name);
	size_t end = prefix.len;

	if (!span_starts(whole, prefix))
		return false;
	while (end < whole.len && ascii_is_digit(whole.at[end]))
		end++;
	*id = span_cut(whole, prefix.len - 2, end);
	*rest = span_cut(whole, end + 1, whole.len);
	return id->len > 2 && end < whole.len && whole.at[end] == '.';
}

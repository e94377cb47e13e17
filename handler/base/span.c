/* span.c - borrowed bytes: see span.h */
#include "base/span.h"

#include <string.h>

struct span
span_of(const char *text)
{
	return (struct span){ text, text != NULL ? strlen(text) : 0 };
}

struct span
span_cut(struct span s, size_t from, size_t to)
{
	if (to > s.len)
		to = s.len;
	if (from > to)
		from = to;
	return (struct span){ s.at + from, to - from };
}

struct span
span_trim(struct span s)
{
	while (s.len > 0 && ascii_is_space(s.at[0]))
		s = span_cut(s, 1, s.len);
	while (s.len > 0 && ascii_is_space(s.at[s.len - 1]))
		s.len--;
	return s;
}

bool
span_eq(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool
span_eq_nocase(struct span a, struct span b)
{
	return a.len == b.len && span_starts_nocase(a, b);
}

bool
span_starts(struct span s, struct span prefix)
{
	return s.len >= prefix.len &&
	    span_eq(span_cut(s, 0, prefix.len), prefix);
}

bool
span_starts_nocase(struct span s, struct span prefix)
{
	size_t i;

	if (s.len < prefix.len)
		return false;
	for (i = 0; i < prefix.len; i++)
		if (ascii_lower(s.at[i]) != ascii_lower(prefix.at[i]))
			return false;
	return true;
}

size_t
span_find(struct span s, struct span needle)
{
	const char *found;

	if (needle.len == 0 || s.len < needle.len)
		return s.len;
	found = memmem(s.at, s.len, needle.at, needle.len);
	return found != NULL ? (size_t)(found - s.at) : s.len;
}

size_t
span_find_byte(struct span s, char byte)
{
	const char *found = s.len > 0 ? memchr(s.at, byte, s.len) : NULL;

	return found != NULL ? (size_t)(found - s.at) : s.len;
}

bool
span_has_byte(struct span s, char byte)
{
	return span_find_byte(s, byte) < s.len;
}

size_t
span_index(struct span s, const char *const names[], size_t count)
{
	size_t i = 0;

	while (i < count && !span_eq(s, span_of(names[i])))
		i++;
	return i;
}

bool
span_is_ascii(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] >= 0x80)
			return false;
	return true;
}

bool
span_copy(struct span s, char *out, size_t size)
{
	if (s.len >= size || span_has_byte(s, '\0'))
		return false;
	if (s.len > 0)
		memcpy(out, s.at, s.len);
	out[s.len] = '\0';
	return true;
}

char
ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool
ascii_is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    ascii_is_digit(c);
}

bool
ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
ascii_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool
ascii_is_space(char c)
{
	return ascii_is_blank(c) || c == '\r' || c == '\n';
}

struct span
span_take_word(struct span *rest)
{
	struct span word;
	size_t i = 0;

	*rest = span_trim(*rest);
	while (i < rest->len && !ascii_is_space(rest->at[i]))
		i++;
	word = span_cut(*rest, 0, i);
	*rest = span_cut(*rest, i, rest->len);
	return word;
}

/* der.c - DER values: see der.h.  Input: hostile. */
#include "mail/der.h"

#include <time.h>

unsigned char
der_tag(struct span s)
{
	return s.len > 0 ? (unsigned char)s.at[0] : 0;
}

/* How many octets are identifier and length, and how long is the content?  0:
 * broken. */
static size_t
read_head(struct span s, size_t *len)
{
	const unsigned char *at = (const unsigned char *)s.at;
	size_t octets, i;

	/* Low tag numbers only. */
	if (s.len < 2 || (at[0] & 0x1f) == 0x1f)
		return 0;
	*len = at[1];
	if (at[1] < 0x80)
		return *len <= s.len - 2 ? 2 : 0;
	octets = at[1] & 0x7f;
	if (octets == 0 || octets > 4 || octets > s.len - 2 || at[2] == 0)
		return 0;
	for (*len = 0, i = 0; i < octets; i++)
		*len = *len << 8 | at[2 + i];
	return *len >= 0x80 && *len <= s.len - 2 - octets ? 2 + octets : 0;
}

bool
der_take(struct span *s, unsigned char tag, struct span *value)
{
	const struct span all = *s;
	size_t len, head;

	if (der_tag(all) != tag || (head = read_head(all, &len)) == 0)
		return false;
	*value = span_cut(all, head, head + len);
	*s = span_cut(all, head + len, all.len);
	return true;
}

bool
der_take_whole(struct span *s, struct span *value)
{
	const struct span all = *s;
	size_t len, head;

	if ((head = read_head(all, &len)) == 0)
		return false;
	*value = span_cut(all, 0, head + len);
	*s = span_cut(all, head + len, all.len);
	return true;
}

static int
two_digits(const char *at)
{
	return (at[0] - '0') * 10 + at[1] - '0';
}

bool
der_take_time(struct span *s, int64_t *out)
{
	const bool utc = der_tag(*s) == DER_UTC_TIME;
	struct span rest = *s, text;
	struct tm tm = { 0 };
	int year;
	size_t i;

	if (!der_take(&rest, utc ? DER_UTC_TIME : DER_TIME, &text) ||
	    text.len != (utc ? 13U : 15U) || text.at[text.len - 1] != 'Z')
		return false;
	for (i = 0; i + 1 < text.len; i++)
		if (!ascii_is_digit(text.at[i]))
			return false;
	year = two_digits(text.at);
	if (utc)
		year += year < 50 ? 2000 : 1900;
	else
		year = year * 100 + two_digits(text.at + 2);
	text = span_cut(text, utc ? 2 : 4, text.len);
	tm.tm_year = year - 1900;
	tm.tm_mon = two_digits(text.at) - 1;
	tm.tm_mday = two_digits(text.at + 2);
	tm.tm_hour = two_digits(text.at + 4);
	tm.tm_min = two_digits(text.at + 6);
	tm.tm_sec = two_digits(text.at + 8);
	if (tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 ||
	    tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 ||
	    tm.tm_sec > 60)
		return false;
	*out = (int64_t)timegm(&tm);
	*s = rest;
	return true;
}

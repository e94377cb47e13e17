/* date.c - dates of mail and ACME: see date.h.  Input: hostile. */
#include "mail/date.h"

#include "mail/address.h"

enum { DAYS_OF_ERA = 146097 }; /* of 400 years */

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char *const weekdays[] = { "Sun", "Mon", "Tue", "Wed", "Thu",
	"Fri", "Sat" };

struct civil {
	int year, month, day, hour, minute, second, weekday; /* month from 1 */
};

/* Days from 1970-01-01, proleptic Gregorian.  timegm(3) and gmtime_r(3) read
 * the time zone file first; this runs for every message. */
static int64_t
days_of(int year, int month, int day)
{
	const int64_t y = year - (month <= 2);
	const int64_t era = y / 400, of_era = y - era * 400;
	const int64_t of_year =
	    (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * DAYS_OF_ERA + of_era * 365 + of_era / 4 - of_era / 100 +
	    of_year - 719468;
}

/* The reverse of days_of(), for every int64_t: a time may come from a file that
 * is damaged.  Years begin in March here, so that a leap day ends one. */
static struct civil
civil_of(int64_t when, int64_t *year)
{
	struct civil c = { 0 };
	int64_t days = when / 86400, seconds = when % 86400;
	int64_t era, of_era, of_year, years, month;

	if (seconds < 0) {
		seconds += 86400;
		days--;
	}
	c.weekday = (int)(((days + 4) % 7 + 7) % 7);
	c.hour = (int)(seconds / 3600);
	c.minute = (int)(seconds / 60 % 60);
	c.second = (int)(seconds % 60);
	days += 719468; /* from 0000-03-01 */
	era = (days >= 0 ? days : days - (DAYS_OF_ERA - 1)) / DAYS_OF_ERA;
	of_era = days - era * DAYS_OF_ERA;
	years =
	    (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	of_year = of_era - (365 * years + years / 4 - years / 100);
	month = (5 * of_year + 2) / 153;
	c.day = (int)(of_year - (153 * month + 2) / 5 + 1);
	c.month = (int)(month < 10 ? month + 3 : month - 9);
	*year = years + era * 400 + (c.month <= 2);
	return c;
}

/* Take between least and most digits off *s. */
static bool
take_number(struct span *s, size_t least, size_t most, int *out)
{
	size_t n = 0;

	for (*out = 0; n < s->len && n < most && ascii_is_digit(s->at[n]); n++)
		*out = *out * 10 + (s->at[n] - '0');
	*s = span_cut(*s, n, s->len);
	return n >= least;
}

static bool
take_byte(struct span *s, char byte)
{
	if (s->len == 0 || s->at[0] != byte)
		return false;
	*s = span_cut(*s, 1, s->len);
	return true;
}

static bool
take_month(struct span *s, int *out)
{
	for (*out = 0; *out < 12; (*out)++)
		if (span_starts_nocase(*s, span_of(months[*out]))) {
			*s = span_cut(*s, 3, s->len);
			return true;
		}
	return false;
}

/* obs-zone (RFC 5322 section 4.3): the seven names of North America, and
 * letters of any other kind, which say nothing for sure and count as UTC. */
static bool
take_zone_name(struct span *s, int *seconds)
{
	static const char *const names[] = { "EST", "EDT", "CST", "CDT", "MST",
		"MDT", "PST", "PDT" };
	static const int hours[] = { -5, -4, -6, -5, -7, -6, -8, -7, 0 };
	struct span name = *s;
	size_t i;

	name.len = 0;
	while (name.len < s->len && ascii_is_alnum(s->at[name.len]) &&
	    !ascii_is_digit(s->at[name.len]))
		name.len++;
	for (i = 0; i < 8 && !span_eq_nocase(name, span_of(names[i])); i++)
		;
	*seconds = hours[i] * 3600;
	*s = span_cut(*s, name.len, s->len);
	return name.len > 0;
}

/* "+0130", or a name. */
static bool
take_zone(struct span *s, int *seconds)
{
	int hours, sign = s->len > 0 && s->at[0] == '-' ? -1 : 1;

	if (!take_byte(s, '+') && !take_byte(s, '-'))
		return take_zone_name(s, seconds);
	if (!take_number(s, 4, 4, &hours) || hours % 100 > 59)
		return false;
	*seconds = sign * (hours / 100 * 3600 + hours % 100 * 60);
	return true;
}

/* Four digits, or obs-year (RFC 5322 section 4.3). */
static bool
take_year(struct span *s, int *out)
{
	const size_t before = s->len;

	if (!take_number(s, 2, 4, out))
		return false;
	if (before - s->len == 2)
		*out += *out < 50 ? 2000 : 1900;
	else if (before - s->len == 3)
		*out += 1900;
	return true;
}

/* "04:13:58" or "04:13", with white space and comments between (obs-hour to
 * obs-second). */
static bool
take_time(struct span *s, struct civil *c)
{
	if (!take_number(s, 2, 2, &c->hour) || cfws_skip(s) != STATUS_OK ||
	    !take_byte(s, ':') || cfws_skip(s) != STATUS_OK ||
	    !take_number(s, 2, 2, &c->minute) || cfws_skip(s) != STATUS_OK)
		return false;
	return !take_byte(s, ':') ||
	    (cfws_skip(s) == STATUS_OK && take_number(s, 2, 2, &c->second));
}

static bool
finish(struct civil *c, int zone, int64_t *out)
{
	const int next = c->month == 12 ? 1 : c->month + 1;
	int64_t last;

	if (c->year < 1970 || c->month < 1 || c->month > 12 || c->day < 1 ||
	    c->hour > 23 || c->minute > 59 || c->second > 60)
		return false;
	last = days_of(c->year + (next == 1), next, 1) -
	    days_of(c->year, c->month, 1);
	if (c->day > last)
		return false; /* 31 Feb */
	if (c->second == 60)
		c->second = 59; /* a leap second */
	*out = days_of(c->year, c->month, c->day) * 86400 + c->hour * 3600 +
	    c->minute * 60 + c->second - zone;
	return true;
}

enum status
date_parse(struct span body, int64_t *out)
{
	struct civil c = { 0 };
	int zone;
	size_t i;

	if (cfws_skip(&body) != STATUS_OK)
		return STATUS_BAD_SYNTAX;
	for (i = 0; i < 7; i++)
		if (span_starts_nocase(body, span_of(weekdays[i]))) {
			body = span_cut(body, 3, body.len);
			if (cfws_skip(&body) != STATUS_OK ||
			    !take_byte(&body, ','))
				return STATUS_BAD_SYNTAX;
			break;
		}
	if (cfws_skip(&body) != STATUS_OK ||
	    !take_number(&body, 1, 2, &c.day) ||
	    cfws_skip(&body) != STATUS_OK || !take_month(&body, &c.month) ||
	    cfws_skip(&body) != STATUS_OK || !take_year(&body, &c.year) ||
	    cfws_skip(&body) != STATUS_OK || !take_time(&body, &c))
		return STATUS_BAD_SYNTAX;
	c.month += 1;
	if (cfws_skip(&body) != STATUS_OK || !take_zone(&body, &zone) ||
	    cfws_skip(&body) != STATUS_OK || body.len > 0 ||
	    !finish(&c, zone, out))
		return STATUS_BAD_SYNTAX;
	return STATUS_OK;
}

enum status
date_parse_iso(struct span text, int64_t *out)
{
	struct civil c = { 0 };
	int zone = 0, hours, minutes, sign;

	if (!take_number(&text, 4, 4, &c.year) || !take_byte(&text, '-') ||
	    !take_number(&text, 2, 2, &c.month) || !take_byte(&text, '-') ||
	    !take_number(&text, 2, 2, &c.day) ||
	    (!take_byte(&text, 'T') && !take_byte(&text, 't') &&
		!take_byte(&text, ' ')) ||
	    !take_number(&text, 2, 2, &c.hour) || !take_byte(&text, ':') ||
	    !take_number(&text, 2, 2, &c.minute) || !take_byte(&text, ':') ||
	    !take_number(&text, 2, 2, &c.second))
		return STATUS_BAD_SYNTAX;
	/* RFC 3339 knows no limit to the digits of a fraction. */
	if (take_byte(&text, '.')) {
		if (text.len == 0 || !ascii_is_digit(text.at[0]))
			return STATUS_BAD_SYNTAX;
		while (text.len > 0 && ascii_is_digit(text.at[0]))
			text = span_cut(text, 1, text.len);
	}
	if (!take_byte(&text, 'Z') && !take_byte(&text, 'z')) {
		sign = text.len > 0 && text.at[0] == '-' ? -1 : 1;
		if ((!take_byte(&text, '+') && !take_byte(&text, '-')) ||
		    !take_number(&text, 2, 2, &hours) ||
		    !take_byte(&text, ':') ||
		    !take_number(&text, 2, 2, &minutes))
			return STATUS_BAD_SYNTAX;
		zone = sign * (hours * 3600 + minutes * 60);
	}
	if (text.len > 0 || !finish(&c, zone, out))
		return STATUS_BAD_SYNTAX;
	return STATUS_OK;
}

void
date_add_mail(struct buf *out, int64_t when)
{
	int64_t year;
	const struct civil c = civil_of(when, &year);

	buf_addf(out, "%s, %d %s %04lld %02d:%02d:%02d +0000",
	    weekdays[c.weekday], c.day, months[c.month - 1], (long long)year,
	    c.hour, c.minute, c.second);
}

void
date_add_iso(struct buf *out, int64_t when)
{
	int64_t year;
	const struct civil c = civil_of(when, &year);

	buf_addf(out, "%04lld-%02d-%02dT%02d:%02d:%02dZ", (long long)year,
	    c.month, c.day, c.hour, c.minute, c.second);
}

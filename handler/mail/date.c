/* date.c - dates of mail and ACME: see date.h.  Input: hostile. */
#include "mail/date.h"

#include <time.h>

#include "mail/address.h"

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri",
	"Sat" };

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

/* "+0130", or an old name that means UTC. */
static bool
take_zone(struct span *s, int *seconds)
{
	int hours, sign = s->len > 0 && s->at[0] == '-' ? -1 : 1;

	*seconds = 0;
	if (take_byte(s, '+') || take_byte(s, '-')) {
		if (!take_number(s, 4, 4, &hours) || hours % 100 > 59)
			return false;
		*seconds = sign * (hours / 100 * 3600 + hours % 100 * 60);
		return true;
	}
	if (span_starts_nocase(*s, SPAN("GMT")) ||
	    span_starts_nocase(*s, SPAN("UTC")))
		*s = span_cut(*s, 3, s->len);
	else if (span_starts_nocase(*s, SPAN("UT")))
		*s = span_cut(*s, 2, s->len);
	else
		return false;
	return true;
}

static bool
finish(struct tm *tm, int zone, int64_t *out)
{
	const int day = tm->tm_mday;

	if (tm->tm_year < 70 || tm->tm_mday < 1 || tm->tm_mday > 31 ||
	    tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec > 60)
		return false;
	if (tm->tm_sec == 60)
		tm->tm_sec = 59; /* a leap second */
	*out = (int64_t)timegm(tm) - zone;
	return tm->tm_mday == day; /* 31 Feb is none */
}

enum status
date_parse(struct span body, int64_t *out)
{
	struct tm tm = { 0 };
	int zone;
	size_t i;

	if (cfws_skip(&body) != STATUS_OK)
		return STATUS_BAD_SYNTAX;
	for (i = 0; i < 7; i++)
		if (span_starts_nocase(body, span_of(days[i]))) {
			body = span_cut(body, 3, body.len);
			if (cfws_skip(&body) != STATUS_OK ||
			    !take_byte(&body, ','))
				return STATUS_BAD_SYNTAX;
			break;
		}
	if (cfws_skip(&body) != STATUS_OK ||
	    !take_number(&body, 1, 2, &tm.tm_mday) ||
	    cfws_skip(&body) != STATUS_OK || !take_month(&body, &tm.tm_mon) ||
	    cfws_skip(&body) != STATUS_OK ||
	    !take_number(&body, 4, 4, &tm.tm_year) ||
	    cfws_skip(&body) != STATUS_OK ||
	    !take_number(&body, 2, 2, &tm.tm_hour) || !take_byte(&body, ':') ||
	    !take_number(&body, 2, 2, &tm.tm_min))
		return STATUS_BAD_SYNTAX;
	if (take_byte(&body, ':') && !take_number(&body, 2, 2, &tm.tm_sec))
		return STATUS_BAD_SYNTAX;
	tm.tm_year -= 1900;
	if (cfws_skip(&body) != STATUS_OK || !take_zone(&body, &zone) ||
	    cfws_skip(&body) != STATUS_OK || body.len > 0 ||
	    !finish(&tm, zone, out))
		return STATUS_BAD_SYNTAX;
	return STATUS_OK;
}

enum status
date_parse_iso(struct span text, int64_t *out)
{
	struct tm tm = { 0 };
	int zone = 0, hours, minutes, fraction, sign;

	if (!take_number(&text, 4, 4, &tm.tm_year) || !take_byte(&text, '-') ||
	    !take_number(&text, 2, 2, &tm.tm_mon) || !take_byte(&text, '-') ||
	    !take_number(&text, 2, 2, &tm.tm_mday) ||
	    (!take_byte(&text, 'T') && !take_byte(&text, 't') &&
		!take_byte(&text, ' ')) ||
	    !take_number(&text, 2, 2, &tm.tm_hour) || !take_byte(&text, ':') ||
	    !take_number(&text, 2, 2, &tm.tm_min) || !take_byte(&text, ':') ||
	    !take_number(&text, 2, 2, &tm.tm_sec))
		return STATUS_BAD_SYNTAX;
	if (take_byte(&text, '.') && !take_number(&text, 1, 9, &fraction))
		return STATUS_BAD_SYNTAX;
	if (!take_byte(&text, 'Z') && !take_byte(&text, 'z')) {
		sign = text.len > 0 && text.at[0] == '-' ? -1 : 1;
		if ((!take_byte(&text, '+') && !take_byte(&text, '-')) ||
		    !take_number(&text, 2, 2, &hours) ||
		    !take_byte(&text, ':') ||
		    !take_number(&text, 2, 2, &minutes))
			return STATUS_BAD_SYNTAX;
		zone = sign * (hours * 3600 + minutes * 60);
	}
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	if (text.len > 0 || tm.tm_mon < 0 || tm.tm_mon > 11 ||
	    !finish(&tm, zone, out))
		return STATUS_BAD_SYNTAX;
	return STATUS_OK;
}

void
date_add_mail(struct buf *out, int64_t when)
{
	time_t seconds = (time_t)when;
	struct tm tm = { 0 };

	(void)gmtime_r(&seconds, &tm);
	buf_addf(out, "%s, %d %s %04d %02d:%02d:%02d +0000", days[tm.tm_wday],
	    tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);
}

void
date_add_iso(struct buf *out, int64_t when)
{
	time_t seconds = (time_t)when;
	struct tm tm = { 0 };

	(void)gmtime_r(&seconds, &tm);
	buf_addf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

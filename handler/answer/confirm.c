/* confirm.c - the wording of the confirmation: see confirm.h */
#include "answer/confirm.h"

#include <string.h>
#include <time.h>

#include "base/text.h"

void
confirm_add_time(struct buf *out, int64_t when, int64_t now)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" } };
	const int64_t away = when > now ? when - now : now - when;
	time_t seconds = (time_t)when;
	char text[40];
	struct tm tm;
	int64_t count;
	size_t i;

	if (localtime_r(&seconds, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm) == 0)
		text[0] = '\0';
	buf_add_text(out, text);
	/* A moment less than two of a unit is still two of it. */
	for (i = 0;
	     i < 2 && away < 2 * units[i].seconds - units[i].seconds / 60; i++)
		;
	count = (away + units[i].seconds / 2) / units[i].seconds;
	if (count == 0)
		buf_add_text(out, " (now)");
	else
		buf_addf(out,
		    when > now ? " (in %lld %s%s)" : " (%lld %s%s ago)",
		    (long long)count, units[i].name, count == 1 ? "" : "s");
}

static void
add_time(struct dialog *out, const char *label, const char *before,
    int64_t when, int64_t now, const char *after)
{
	struct buf text;

	buf_init(&text, DIALOG_TEXT_MAX);
	buf_add_text(&text, before);
	confirm_add_time(&text, when, now);
	buf_add_text(&text, after);
	dialog_add(out, DIALOG_FACT, label, "%s", text.at);
	buf_clear(&text);
}

/* The address as it will be used; where that is not plain ASCII, the form
 * that the DNS sees stands beside it. */
static void
add_address(struct dialog *out, const char *label, const char *written,
    const char *normal)
{
	if (span_is_ascii(span_of(written)))
		dialog_add(out, DIALOG_FACT, label, "%s", written);
	else
		dialog_add(out, DIALOG_FACT, label, "%s (%s)", written, normal);
}

static void
add_from(const struct challenge *challenge, struct dialog *out)
{
	add_address(out, "From", challenge->claimed_from_written,
	    challenge->claimed_from);
	/* The name is the sender's own word: behind the address, quoted. */
	if (challenge->from_shown[0] != '\0')
		dialog_add(out, DIALOG_FACT, "", "calls itself \"%s\"",
		    challenge->from_shown);
}

static void
add_expectation(
    const struct expectation *expectation, int64_t now, struct dialog *out)
{
	struct buf text;

	buf_init(&text, DIALOG_TEXT_MAX);
	buf_addf(&text, "%s, made ", expectation_shown_id(expectation));
	confirm_add_time(&text, expectation->created, now);
	if (expectation->note[0] != '\0') {
		buf_add_text(&text, ", \"");
		text_show(&text, span_of(expectation->note), 200, true);
		buf_add_byte(&text, '"');
	}
	dialog_add(out, DIALOG_FACT, "Order", "%s", text.at);
	buf_clear(&text);
}

/* On which evidence, in plain words. */
static void
add_proof(const struct authres_proof *proof, struct dialog *out)
{
	if (proof == NULL) {
		dialog_add(out, DIALOG_WARNING, "Proof",
		    "NONE. Anybody may have written this; the check is off "
		    "(authenticate = none).");
		return;
	}
	switch ((enum authres_method)proof->method) {
	case AUTHRES_DKIM:
		dialog_add(out, DIALOG_FACT, "Proof",
		    "signed by %s (DKIM); its key in the DNS is %s",
		    proof->domain,
		    proof->dns == DNS_SECURE ? "secured by DNSSEC"
					     : "not secured by DNSSEC");
		break;
	case AUTHRES_SMIME:
		dialog_add(out, DIALOG_FACT, "Proof",
		    "signed by the sender (S/MIME), header included; "
		    "certificate from %s%s",
		    proof->issuer,
		    proof->dns == DNS_SECURE
			? ", named in the DNS and secured by DNSSEC"
			: "");
		break;
	case AUTHRES_RESULTS:
		dialog_add(out, DIALOG_FACT, "Proof",
		    "your mail server says that %s signed it (DKIM); not "
		    "checked here",
		    proof->domain);
		break;
	}
}

void
confirm_build(const struct match *match, int64_t now, const char *note,
    struct dialog *out)
{
	const struct challenge *challenge = match_challenge(match);
	const struct expectation *expectation = match_expectation(match);
	size_t i;
	unsigned bit;

	*out = (struct dialog){
		.title = "ACME challenge: prove that an address is yours",
		.question = "Send the answer for this address?",
		.ask_twice = match_warnings(match) != 0,
	};
	add_address(
	    out, "Address", expectation->address, expectation->address_normal);
	add_from(challenge, out);
	add_proof(authres_proof(match_authres(match)), out);
	for (i = 0; i < challenge->reply_to_count; i++)
		add_address(out, i == 0 ? "Reply to" : "",
		    challenge->reply_to_written[i], challenge->reply_to[i]);
	add_expectation(expectation, now, out);
	if (expectation->expires != 0)
		add_time(out, "Expires", "", expectation->expires, now, "");
	if (challenge->date != 0)
		add_time(out, "Dated", "", challenge->date, now, "");
	dialog_add(out, DIALOG_FACT, "Token", "%s", challenge->part1);
	if (note[0] != '\0')
		dialog_add(out, DIALOG_WARNING, "Note", "%s", note);
	for (bit = 0; bit < WARNING_COUNT; bit++)
		if ((match_warnings(match) & 1U << bit) != 0)
			dialog_add(out, DIALOG_WARNING, "Warning", "%s (%s)",
			    warning_sentence(1U << bit),
			    warning_name(1U << bit));
}

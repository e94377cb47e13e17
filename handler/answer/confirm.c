/* confirm.c - the wording of the confirmation: see confirm.h */
#include "answer/confirm.h"

#include <stdio.h>
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

void
confirm_add_day(struct buf *out, int64_t when, int64_t now)
{
	time_t seconds = (time_t)when, today = (time_t)now;
	struct tm tm, day;
	char text[40];

	if (localtime_r(&seconds, &tm) == NULL ||
	    localtime_r(&today, &day) == NULL ||
	    strftime(text, sizeof(text), "%H:%M on %Y-%m-%d", &tm) == 0)
		return;
	if (tm.tm_year == day.tm_year && tm.tm_yday == day.tm_yday)
		(void)strftime(text, sizeof(text), "%H:%M today", &tm);
	buf_add_text(out, text);
}

/* The address as it will be used; where that is not plain ASCII, the form
 * that the DNS sees stands beside it. */
static void
set_address(struct dialog_row *row, const char *before, const char *written,
    const char *normal)
{
	char both[DIALOG_TEXT_MAX];

	(void)snprintf(both, sizeof(both),
	    span_is_ascii(span_of(written)) ? "%s" : "%s (%s)", written,
	    normal);
	dialog_address(row, before, both);
}

static void
add_ordered(
    const struct expectation *expectation, int64_t now, struct dialog *out)
{
	struct dialog_row *row =
	    dialog_add(out, DIALOG_FACT, "You ordered", "For", "%s", "");
	struct buf text;

	row->rank = RANK_DECIDES;
	set_address(row, "a certificate for ", expectation->address,
	    expectation->address_normal);
	buf_init(&text, DIALOG_TEXT_MAX);
	confirm_add_day(&text, expectation->created, now);
	buf_addf(&text, ", order %s", expectation_shown_id(expectation));
	if (expectation->ca[0] != '\0')
		buf_addf(&text, ", from %s", expectation->ca);
	row = dialog_add(out, DIALOG_FACT, "", "Made", "%s", text.at);
	row->rank = RANK_LAST;
	buf_clear(&text);
}

static void
add_from(const struct challenge *challenge, int64_t now, struct dialog *out)
{
	struct dialog_row *row =
	    dialog_add(out, DIALOG_FACT, "This message", "From", "%s", "");
	struct buf text;

	row->rank = RANK_DECIDES;
	set_address(row, "from ", challenge->claimed_from_written,
	    challenge->claimed_from);
	if (challenge->date != 0) {
		buf_init(&text, DIALOG_TEXT_MAX);
		buf_add_text(&text, ", ");
		confirm_add_day(&text, challenge->date, now);
		(void)snprintf(row->text, sizeof(row->text), "%s", text.at);
		buf_clear(&text);
	}
	if (challenge->from_shown[0] == '\0')
		return;
	/* The name is the sender's own word: behind the address, quoted. */
	row = dialog_add(out, DIALOG_FACT, "", "Name", "calls itself ");
	(void)snprintf(
	    row->quoted, sizeof(row->quoted), "%s", challenge->from_shown);
}

/* DNS without DNSSEC: so anybody who can forge its answers could sign. */
static void
add_dnssec(const struct authres_proof *proof, struct dialog *out)
{
	struct dialog_row *row;

	if (proof->dns == DNS_SECURE)
		return;
	row = dialog_add(out, DIALOG_DUE, "", "",
	    "%s's key comes from a DNS answer that is not secured by DNSSEC",
	    proof->domain);
	row->rank = RANK_PROOF;
	dialog_brief(row, "DNS answer not secured by DNSSEC");
}

/* On which evidence, in plain words. */
static void
add_proof(const struct authres_proof *proof, struct dialog *out)
{
	struct dialog_row *row;

	if (proof == NULL) {
		row = dialog_add(out, DIALOG_NONE, "Proof", "",
		    "anybody may have written this; the check is off "
		    "(authenticate = none)");
		dialog_brief(row, "anybody may have written this");
		row->rank = RANK_PROOF;
		return;
	}
	switch ((enum authres_method)proof->method) {
	case AUTHRES_DKIM:
		row = dialog_add(out, DIALOG_OK, "Proof", "",
		    "signed by %s (DKIM)%s", proof->domain,
		    proof->dns == DNS_SECURE
			? "; its key in the DNS is secured by DNSSEC"
			: "");
		dialog_brief(row, "signed by %s (DKIM%s)", proof->domain,
		    proof->dns == DNS_SECURE ? "+DNSSEC" : "");
		row->rank = RANK_PROOF;
		add_dnssec(proof, out);
		break;
	case AUTHRES_SMIME:
		row = dialog_add(out, DIALOG_OK, "Proof", "",
		    "signed by the sender (S/MIME), header included; "
		    "certificate from %s%s",
		    proof->issuer,
		    proof->dns == DNS_SECURE
			? ", named in the DNS and secured by DNSSEC"
			: "");
		dialog_brief(
		    row, "signed (S/MIME); certificate from %s", proof->issuer);
		row->rank = RANK_PROOF;
		break;
	case AUTHRES_RESULTS:
		row = dialog_add(out, DIALOG_OK, "Proof", "",
		    "your mail server says that %s signed it (DKIM)",
		    proof->domain);
		dialog_brief(row, "your server: signed by %s", proof->domain);
		row->rank = RANK_PROOF;
		row = dialog_add(out, DIALOG_DUE, "", "", "not checked here");
		dialog_brief(row, "not checked here");
		row->rank = RANK_PROOF;
		break;
	}
}

static void
add_reply_to(const struct challenge *challenge, struct dialog *out)
{
	struct dialog_row *row;
	size_t i;

	for (i = 0; i < challenge->reply_to_count; i++) {
		row = dialog_add(out, DIALOG_FACT,
		    i == 0 ? "Answer goes to" : "", "To", "%s", "");
		set_address(row, "", challenge->reply_to_written[i],
		    challenge->reply_to[i]);
		if (challenge->reply_to_count == 1 &&
		    strcmp(challenge->reply_to_written[i],
			challenge->claimed_from_written) == 0)
			dialog_brief(row, "the same address");
	}
}

static void
add_expiry(int64_t expires, int64_t now, struct dialog *out)
{
	enum { SOON = 3600 };
	const int64_t minutes = (expires - now) / 60;

	if (expires != 0 && expires - now < SOON)
		(void)dialog_add(out, DIALOG_DUE, "Expires", "",
		    "expires in %lld minute%s",
		    (long long)(minutes > 0 ? minutes : 0),
		    minutes == 1 ? "" : "s");
}

void
confirm_build(const struct match *match, int64_t now, const char *note,
    struct dialog *out)
{
	const struct challenge *challenge = match_challenge(match);
	const struct expectation *expectation = match_expectation(match);
	unsigned bit;

	*out = (struct dialog){
		.title = "Answer this challenge?",
		.shortest = "Send the answer for this address?",
		.ask_twice = match_warnings(match) != 0,
	};
	(void)snprintf(out->question, sizeof(out->question),
	    "Send the answer that proves that %s is yours?",
	    expectation->address);
	(void)snprintf(out->brief, sizeof(out->brief),
	    "Prove that %s is yours?", expectation->address);
	add_ordered(expectation, now, out);
	add_from(challenge, now, out);
	add_proof(authres_proof(match_authres(match)), out);
	for (bit = 0; bit < WARNING_COUNT; bit++)
		if ((match_warnings(match) & 1U << bit) != 0)
			(void)dialog_add(out, DIALOG_WARNING, "Warning",
			    "Warning", "%s (%s)", warning_sentence(1U << bit),
			    warning_name(1U << bit));
	if (note[0] != '\0')
		(void)dialog_add(
		    out, DIALOG_WARNING, "Note", "Note", "%s", note);
	add_reply_to(challenge, out);
	add_expiry(expectation->expires, now, out);
}

/* What to do about it; nothing was sent in any case. */
static const char *
advice_of(enum status status)
{
	switch (status) {
	case STATUS_NO_EXPECTATION:
		return "If you ordered nothing, ignore the message. If you "
		       "ordered with another ACME client, say so: mailcert "
		       "expect.";
	case STATUS_BAD_REPEAT:
		return "Nothing, if the CA has the answer: mailcert status "
		       "shows what it waits for.";
	case STATUS_BAD_CLOCK:
		return "Order again: mailcert order. If the clock of this "
		       "machine is wrong, set it.";
	case STATUS_BAD_TO:
		return "Open the message in the mailbox of the address that "
		       "you ordered for.";
	case STATUS_BAD_PART:
	case STATUS_BAD_ENCODING:
		return "Hand over the whole message, as it arrived: in mutt, "
		       "Esc-a.";
	case STATUS_DNS:
	case STATUS_NET:
	case STATUS_AGAIN:
		return "Try again later: open the message once more.";
	case STATUS_NO_AUTHRES:
	case STATUS_BAD_DKIM:
	case STATUS_BAD_DKIM_DOMAIN:
	case STATUS_BAD_DKIM_COVERAGE:
	case STATUS_BAD_DKIM_KEY:
	case STATUS_BAD_SMIME:
	case STATUS_BAD_SIGNER_TRUST:
	case STATUS_BAD_SIGNER_NAME:
	case STATUS_BAD_PROTECTION:
	case STATUS_BAD_RESULTS:
	case STATUS_BAD_RESULTS_TWO:
		return "Do not answer by hand: nobody knows who wrote this. "
		       "If it came from your CA, mailcert doctor may tell "
		       "what breaks its signature.";
	default:
		return "mailcert(1), under DIAGNOSTICS, says more.";
	}
}

void
confirm_refuse(const struct challenge *challenge, enum status status,
    const struct note *note, struct dialog *out)
{
	struct dialog_row *row;

	*out = (struct dialog){
		.title = "Not answered", .shortest = "", .refused = true
	};
	row = dialog_add(out, DIALOG_WARNING, "Reason", "Why:", "%s (%s)",
	    note_text(note, status), status_name(status));
	row->rank = RANK_DECIDES;
	row = dialog_add(
	    out, DIALOG_FACT, "What to do", "Do:", "%s", advice_of(status));
	row->rank = RANK_DECIDES;
	row = dialog_add(out, DIALOG_FACT, "The message", "Says:", "%s", "");
	set_address(row, "says that it is from ",
	    challenge->claimed_from_written, challenge->claimed_from);
	row = dialog_add(out, DIALOG_FACT, "", "for", "%s", "");
	set_address(row, "and asks about ", challenge->claimed_to,
	    challenge->claimed_to);
}

/* details.c - the details page of the confirmation: see details.h */
#include "answer/details.h"

#include "answer/confirm.h"
#include "base/text.h"
#include "mail/protect.h"
#include "reply/draft.h"

/* How the sender was proved, in full. */
static void
add_evidence(struct buf *out, const struct authres_proof *proof)
{
	buf_addf(out, "The proof: %s\n",
	    proof == NULL
		? "none"
		: authres_method_name((enum authres_method)proof->method));
	if (proof == NULL)
		return;
	buf_addf(out, "  domain      %s\n", proof->domain);
	if (proof->dns != DNS_TROUBLE)
		buf_addf(out, "  DNSSEC      %s\n", authres_dns_name(proof));
	if (proof->method != AUTHRES_SMIME)
		return;
	buf_add_text(out, "  signer      ");
	text_show(out, span_of(proof->signer), 200, true);
	buf_addf(out, "\n  issuer      %s\n  protection  %s\n", proof->issuer,
	    protect_form_name((enum protect_form)proof->protection));
}

static void
add_line(struct buf *out, const char *name, const char *text)
{
	buf_addf(out, "  %-11s ", name);
	text_show(out, span_of(text), 1000, true);
	buf_add_byte(out, '\n');
}

static void
add_when(struct buf *out, const char *name, int64_t when, int64_t now)
{
	if (when == 0)
		return;
	buf_addf(out, "  %-11s ", name);
	confirm_add_time(out, when, now);
	buf_add_byte(out, '\n');
}

/* What the question has no room for, and the addresses whole. */
static void
add_facts(struct buf *out, const struct match *match, int64_t now)
{
	const struct challenge *challenge = match_challenge(match);
	const struct expectation *expectation = match_expectation(match);
	size_t i;

	buf_add_text(out, "The challenge:\n");
	add_line(out, "address", expectation->address);
	add_line(out, "from", challenge->claimed_from_written);
	for (i = 0; i < challenge->reply_to_count; i++)
		add_line(out, i == 0 ? "reply to" : "",
		    challenge->reply_to_written[i]);
	add_line(out, "token", challenge->part1);
	add_when(out, "dated", challenge->date, now);
	add_line(out, "order", expectation_shown_id(expectation));
	if (expectation->note[0] != '\0')
		add_line(out, "note", expectation->note);
	add_when(out, "ordered", expectation->created, now);
	add_when(out, "expires", expectation->expires, now);
	buf_add_byte(out, '\n');
}

void
details_write(void *context, struct buf *out)
{
	const struct details *details = context;
	struct response response;
	struct note note = { "" };
	struct span rest = details->message, line;
	size_t lines = 0, end;

	add_facts(out, details->match, details->now);
	add_evidence(out, authres_proof(match_authres(details->match)));
	buf_add_text(out, "\nThe answer:\n");
	if (details->compute(details->context, details->match, &response,
		&note) == STATUS_OK)
		draft_add_block(out, response.digest);
	else
		buf_add_text(out, "cannot be computed\n");
	buf_add_text(out, "\nThe header of the message:\n");
	while (rest.len > 0 && ++lines < 300) {
		end = span_find_byte(rest, '\n');
		line = span_cut(rest, 0, end);
		rest = span_cut(rest, end + 1, rest.len);
		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		if (line.len == 0)
			break;
		/* A fold shows as a blank, not as an escaped tab. */
		if (line.at[0] == '\t') {
			buf_add_byte(out, ' ');
			line = span_cut(line, 1, line.len);
		}
		text_show(out, line, 1000, true);
		buf_add_byte(out, '\n');
	}
}

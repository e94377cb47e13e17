/* verify.c - mailcert verify: report the S/MIME status of a message */
#include <time.h>
#include <unistd.h>

#include "answer/confirm.h"
#include "answer/prove.h"
#include "base/text.h"
#include "cmd/sender.h"
#include "cmd/session.h"
#include "mail/date.h"
#include "mail/protect.h"
#include "store/verified.h"

struct options {
	bool json;
	bool fresh;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	{ "json", NULL, AT(json),
	    .help =
		"print smimeStatus, smimeStatusAtDelivery, smimeErrors and\n"
		"smimeVerifiedAt" },
	{ "fresh", NULL, AT(fresh),
	    .help = "do not use a result that is less than a day old" },
	{ 0 }
};

static const struct cmd_line command_line = {
	.name = "verify",
	.operands = "[FILE]",
	.most = 1,
	.options = rows,
	.about =
	    "Say in the terms of RFC 9219 whether a message is signed with S/MIME, and\n"
	    "whether its signature, signer and sender are valid.  Exit 0 if it is\n"
	    "signed/verified, else 1.\n",
};

/* Add what the result depends on besides the message. */
static void
add_trust(const struct config *config, struct buf *out)
{
	const struct authres_policy *policy = &config->authenticate;

	buf_addf(out, "%s\n%s\n%s\n%s\n%s\n", policy->smime_anchors,
	    policy->smime_crls, config->revocation, policy->resolver,
	    policy->anchor);
}

static enum status
compute(const struct prover *prover, struct span message, const char *from,
    struct verified *out, struct note *note)
{
	enum status status;

	out->at = prover->now;
	out->current = true;
	status = prove_status(prover, message, from, &out->report, note);
	return status;
}

/* Use the status in the home if it is recent, else verify again.  What was good
 * at delivery stays good. */
static enum status
verify(const struct prover *prover, struct span message, bool fresh,
    struct verified *out, struct note *note)
{
	struct verified kept = { .at = 0 };
	bool have, was_good;
	enum status status;
	struct sender look;
	char digest[65];
	struct buf trust;

	if ((status = sender_look(message, &look, note)) != STATUS_OK)
		return status;
	if (look.likely == 0)
		return compute(prover, message, "", out, note);
	if ((status = prove_digest(message, digest, note)) != STATUS_OK)
		return status;
	buf_init(&trust, 4096);
	add_trust(prover->config, &trust);
	have = buf_status(&trust) == STATUS_OK &&
	    verified_get(prover->home, digest, trust.at, prover->now, &kept) ==
		STATUS_OK;
	was_good = have && kept.report.at_delivery == SMIME_STATUS_VERIFIED;
	if (have && kept.current && !fresh) {
		*out = kept;
	} else {
		status = compute(prover, message, look.from, out, note);
		if (status == STATUS_OK && was_good &&
		    out->report.at_delivery == SMIME_STATUS_FAILED)
			out->report.at_delivery = SMIME_STATUS_VERIFIED;
		if (status == STATUS_OK && out->report.passing == 0 &&
		    out->report.status >= SMIME_STATUS_VERIFIED)
			verified_put(prover->home, digest, trust.at, out);
	}
	buf_clear(&trust);
	return status;
}

static void
add_line(struct buf *out, const char *label, const char *text)
{
	buf_addf(out, "%-12s ", label);
	text_show(out, span_of(text), TEXT_NO_LIMIT, text_locale_is_utf8());
	buf_add_byte(out, '\n');
}

static void
add_time(struct buf *out, const char *label, const char *text, int64_t when,
    int64_t now)
{
	buf_addf(out, "%-12s %s", label, text);
	if (when != 0) {
		buf_add_text(out, text[0] != '\0' ? ", " : "");
		confirm_add_time(out, when, now);
	}
	buf_add_byte(out, '\n');
}

static void
add_text(const struct verified *verified, int64_t now, struct buf *out)
{
	const struct smime_report *report = &verified->report;
	const char *status =
	    smime_status_name((enum smime_status)report->status);
	uint32_t i;

	add_line(out, "Status", status != NULL ? status : "no signature");
	if (report->why[0] != '\0')
		add_line(out, "", report->why);
	if (report->status < SMIME_STATUS_VERIFIED)
		return;
	for (i = 0; i < report->errors; i++)
		add_line(out, i == 0 ? "Because" : "", report->error[i]);
	add_time(out, "At delivery",
	    smime_status_name((enum smime_status)report->at_delivery),
	    report->delivered, now);
	add_line(out, "From",
	    report->from[0] != '\0' ? report->from : "not one address");
	if (report->signer[0] != '\0')
		add_line(out, "Signer", report->signer);
	if (report->issuer[0] != '\0')
		add_line(out, "Issuer", report->issuer);
	add_line(out, "Header",
	    report->protection == PROTECT_NONE
		? "not protected"
		: protect_form_name((enum protect_form)report->protection));
	add_time(out, "Verified", "", verified->at, now);
}

static void
add_json(const struct verified *verified, struct buf *out)
{
	const struct smime_report *report = &verified->report;
	const char *status =
	    smime_status_name((enum smime_status)report->status);
	const char *then =
	    smime_status_name((enum smime_status)report->at_delivery);
	const bool is_signed = report->status >= SMIME_STATUS_VERIFIED;
	struct json_writer json = json_begin(out);
	uint32_t i;

	json_add_text(&json, "smimeStatus", status);
	json_add_filled(&json, "smimeStatusAtDelivery", then);
	if (report->errors > 0) {
		json_open_array(&json, "smimeErrors");
		for (i = 0; i < report->errors; i++)
			json_add_text(&json, NULL, report->error[i]);
		json_close(&json);
	} else {
		json_add_text(&json, "smimeErrors", NULL);
	}
	if (is_signed)
		cmd_add_time(&json, "smimeVerifiedAt", verified->at);
	else
		json_add_text(&json, "smimeVerifiedAt", NULL);
	json_add_filled(&json, "from", report->from);
	json_add_filled(&json, "signer", report->signer);
	json_add_filled(&json, "issuer", report->issuer);
	json_add_filled(&json, "headerProtection",
	    report->protection == PROTECT_NONE
		? NULL
		: protect_form_name((enum protect_form)report->protection));
	json_add_filled(&json, "why", report->why);
	json_close(&json);
}

int
cmd_verify(const struct invocation *invocation, int argc, char *argv[])
{
	struct verified verified = { .at = 0 };
	struct options options = { 0 };
	struct session *session;
	struct prover prover = { .now = (int64_t)time(NULL) };
	enum status status;
	struct buf message;
	int code = 0;

	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	if ((session = session_begin(invocation, false, &code)) == NULL)
		return code;
	prover.config = &session->config;
	prover.home = &session->home;
	buf_init(&message, 0);
	status = session_read(session, argv[optind], &message);
	if (status == STATUS_OK)
		status = verify(&prover, buf_span(&message), options.fresh,
		    &verified, &session->note);
	buf_clear(&message);
	if (status == STATUS_OK && options.json)
		add_json(&verified, &session->out);
	else if (status == STATUS_OK)
		add_text(&verified, prover.now, &session->out);
	code = session_end(session, status);
	return code != 0 ? code
			 : verified.report.status != SMIME_STATUS_VERIFIED;
}

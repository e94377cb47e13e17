/* verify.c - mailcert verify: report the S/MIME status of messages */
#include <stdlib.h>
#include <unistd.h>

#include "answer/confirm.h"
#include "base/text.h"
#include "cmd/verify_p.h"
#include "mail/date.h"
#include "mail/protect.h"

#define AT(field) .offset = offsetof(struct verify_options, field)

static const struct cmd_option rows[] = {
	{ "json", NULL, AT(json),
	    .help =
		"print smimeStatus, smimeStatusAtDelivery, smimeErrors and\n"
		"smimeVerifiedAt, one object for each message" },
	{ "fresh", NULL, AT(fresh),
	    .help = "do not use a result that is less than a day old" },
	{ "offline", NULL, AT(offline),
	    .help = "use no network: no DNS, no question to a CA" },
	{ "decrypt", NULL, AT(decrypt),
	    .help =
		"judge what is encrypted to a key in the home, too; only the\n"
		"status is printed, and no passphrase is asked for" },
	{ "has-smime", NULL, AT(has_smime),
	    .help = "list only messages with an S/MIME status" },
	{ "no-has-smime", NULL, AT(no_has_smime),
	    .help = "list only messages without one" },
	{ "has-verified-smime", NULL, AT(has_verified),
	    .help = "list only messages that are verified" },
	{ "no-has-verified-smime", NULL, AT(no_has_verified),
	    .help = "list only messages that are not" },
	{ "has-verified-smime-at-delivery", NULL, AT(has_delivered),
	    .help = "list only messages that were verified when they came" },
	{ "no-has-verified-smime-at-delivery", NULL, AT(no_has_delivered),
	    .help = "list only messages that were not" },
	{ 0 }
};

static const struct cmd_line command_line = {
	.name = "verify",
	.operands = "[FILE|MAILBOX...]",
	.most = NO_LIMIT,
	.options = rows,
	.about =
	    "Say in the terms of RFC 9219 whether a message is signed with S/MIME, and\n"
	    "whether its signature, signer and sender are valid.  Exit 0 if it is\n"
	    "signed/verified, else 1.\n"
	    "\n"
	    "Of a mailbox, several files, or with a filter, list the messages instead, one\n"
	    "on each line: status, date, sender, Message-ID and place, with tabs between\n"
	    "them.  Exit 1 if one of them is signed/failed.  A MAILBOX is a Maildir, an mbox,\n"
	    "maildir:DIR, mbox:FILE, imaps://USER@HOST/FOLDER or jmap:https://HOST.\n",
};

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

void
verify_add_text(const struct verified *verified, int64_t now, struct buf *out)
{
	const struct smime_report *report = &verified->report;
	const char *status = smime_report_status(report);
	uint32_t i;

	add_line(out, "Status", status != NULL ? status : "no signature");
	if (report->why[0] != '\0')
		add_line(out, "", report->why);
	if (report->status < SMIME_STATUS_VERIFIED)
		return;
	for (i = 0; i < report->errors; i++)
		add_line(out, i == 0 ? "Because" : "", report->error[i]);
	add_time(out, "At delivery",
	    smime_status_name(
		(enum smime_status)report->at_delivery, report->encrypted == 1),
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
add_errors(const struct smime_report *report, struct json_writer *json)
{
	uint32_t i;

	if (report->errors == 0) {
		json_add_text(json, "smimeErrors", NULL);
		return;
	}
	json_open_array(json, "smimeErrors");
	for (i = 0; i < report->errors; i++)
		json_add_text(json, NULL, report->error[i]);
	json_close(json);
}

/* In its own words, and what they count as. */
static void
add_server(const struct watch_smime *server, struct json_writer *json)
{
	uint32_t i;

	json_open_object(json, "server");
	json_add_filled(json, "smimeStatus", server->status);
	json_add_filled(json, "smimeStatusAtDelivery", server->delivered);
	if (server->errors > 0) {
		json_open_array(json, "smimeErrors");
		for (i = 0; i < server->errors; i++)
			json_add_text(json, NULL, server->error[i]);
		json_close(json);
	} else {
		json_add_text(json, "smimeErrors", NULL);
	}
	cmd_add_time(json, "smimeVerifiedAt", server->at);
	json_add_text(json, "countsAs",
	    smime_status_name(
		smime_status_read(span_of(server->status)), false));
	json_close(json);
}

void
verify_add_json(const struct judgement *judgement, const char *where,
    const struct watch_smime *server, bool flat, struct buf *out)
{
	const struct verified *verified = &judgement->verified;
	const struct smime_report *report = &verified->report;
	const char *status = smime_report_status(report);
	const char *then = smime_status_name(
	    (enum smime_status)report->at_delivery, report->encrypted == 1);
	const bool is_signed = report->status >= SMIME_STATUS_VERIFIED;
	struct json_writer json = flat ? json_begin_line(out) : json_begin(out);

	json_add_text(&json, "smimeStatus", status);
	json_add_filled(&json, "smimeStatusAtDelivery", then);
	add_errors(report, &json);
	cmd_add_time(&json, "smimeVerifiedAt", is_signed ? verified->at : 0);
	json_add_filled(&json, "from", report->from);
	json_add_filled(&json, "signer", report->signer);
	json_add_filled(&json, "issuer", report->issuer);
	json_add_filled(&json, "headerProtection",
	    report->protection == PROTECT_NONE
		? NULL
		: protect_form_name((enum protect_form)report->protection));
	json_add_filled(&json, "why", report->why);
	cmd_add_time(&json, "date", judgement->sender.date);
	json_add_filled(&json, "messageId", judgement->sender.id);
	json_add_text(&json, "where", where);
	if (server != NULL)
		add_server(server, &json);
	json_close(&json);
}

unsigned
verify_how(const struct verify_options *options)
{
	return (options->fresh ? JUDGING_FRESH : 0U) |
	    (options->offline ? JUDGING_OFFLINE : 0U) |
	    (options->decrypt ? JUDGING_DECRYPT : 0U);
}

/* One message, in full. */
static enum status
verify_one(struct session *session, const struct verify_options *options,
    const char *file, bool *verified)
{
	struct judgement *judgement = calloc(1, sizeof(*judgement));
	struct note *note = &session->note;
	struct judging judging = { .cache = NULL };
	enum status status = STATUS_MEMORY;
	struct span message;
	struct buf bytes;

	buf_init(&bytes, 0);
	if (judgement != NULL)
		status = session_read(session, file, &bytes);
	message = buf_span(&bytes);
	if (status == STATUS_OK)
		status = judging_begin(&judging, &session->config,
		    &session->home, verify_how(options), note);
	if (status == STATUS_OK)
		status = judging_judge(&judging, &message, 1, judgement, note);
	judging_end(&judging);
	buf_clear(&bytes);
	if (status == STATUS_OK && options->json)
		verify_add_json(judgement, file, NULL, false, &session->out);
	else if (status == STATUS_OK)
		verify_add_text(
		    &judgement->verified, judging.prover.now, &session->out);
	*verified = status == STATUS_OK &&
	    judgement->verified.report.status == SMIME_STATUS_VERIFIED;
	free(judgement);
	return status;
}

/* A filter and its negation let nothing through. */
static const char *
contradiction(const struct verify_options *options)
{
	return options->has_smime && options->no_has_smime ? "--has-smime"
	    : options->has_verified && options->no_has_verified
	    ? "--has-verified-smime"
	    : options->has_delivered && options->no_has_delivered
	    ? "--has-verified-smime-at-delivery"
	    : NULL;
}

int
cmd_verify(const struct invocation *invocation, int argc, char *argv[])
{
	struct verify_options options = { 0 };
	char *const *operands;
	struct session *session;
	enum status status;
	bool good = false, failed = false;
	size_t count;
	int code = 0;

	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	operands = argv + optind;
	count = (size_t)(argc - optind);
	if (contradiction(&options) != NULL)
		return cmd_misuse(&command_line,
		    "%s and its negation do not go together",
		    contradiction(&options));
	if ((session = session_begin(invocation, false, &code)) == NULL)
		return code;
	if (verify_is_list(&options, operands, count)) {
		status =
		    verify_list(session, &options, operands, count, &failed);
		good = !failed;
	} else {
		status = verify_one(session, &options, operands[0], &good);
	}
	code = session_end(session, status);
	return code != 0 ? code : !good;
}

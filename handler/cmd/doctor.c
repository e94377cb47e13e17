/* doctor.c - mailcert doctor: check that everything is in place */
#include <stdlib.h>

#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/mail_access.h"
#include "doctor/doctor.h"

struct options {
	const char *message;
	bool json;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	{ "message", "FILE", AT(message),
	    .help = "examine a message that you sent to yourself, nothing\n"
		    "else; - is standard input" },
	{ "json", NULL, AT(json), .help = "print JSON" }, { 0 }
};

static const struct cmd_line command_line = {
	.name = "doctor",
	.operands = "",
	.options = rows,
	.about =
	    "Check that everything is in place: our programs, their sandbox, the\n"
	    "home and its records, the DNS, the trust anchors, the settings of mail\n"
	    "programs.  Changes nothing.  Exit 1 if any line says error, else 0.\n",
};

static const char *const words[] = { "ok", "warning", "error" };

static void
print_text(const struct findings *findings, struct buf *out)
{
	const struct finding *finding;
	size_t i;

	for (i = 0; i < findings->count; i++) {
		finding = &findings->finding[i];
		buf_addf(
		    out, "%-7s %-11s ", words[finding->status], finding->check);
		text_show(out, span_of(finding->text), TEXT_NO_LIMIT,
		    text_locale_is_utf8());
		buf_add_byte(out, '\n');
	}
}

static void
print_json(const struct findings *findings, struct buf *out)
{
	struct json_writer json = json_begin(out);
	const struct finding *finding;
	size_t i;

	json_open_array(&json, "checks");
	for (i = 0; i < findings->count; i++) {
		finding = &findings->finding[i];
		json_open_object(&json, NULL);
		json_add_text(&json, "check", finding->check);
		json_add_text(&json, "status", words[finding->status]);
		json_add_text(&json, "message", finding->text);
		json_close(&json);
	}
	json_close(&json);
	json_close(&json);
}

static int
print(const struct findings *findings, bool json)
{
	struct buf out;
	int code;

	buf_init(&out, 256 * 1024);
	if (json)
		print_json(findings, &out);
	else
		print_text(findings, &out);
	code = buf_status(&out) == STATUS_OK ? cmd_print(buf_span(&out))
					     : cmd_fail(buf_status(&out), NULL);
	buf_clear(&out);
	return code != 0 ? code : findings->worst == FINDING_ERROR;
}

int
cmd_doctor(const struct invocation *invocation, int argc, char *argv[])
{
	struct options options = { 0 };
	enum status status = STATUS_OK;
	struct findings *findings;
	struct mail_access access;
	struct note note = { "" };
	struct config config;
	struct doctor doctor;
	int code = 0;

	if (!cmd_parse(&command_line, argc, argv, &options, &code) ||
	    !cmd_config(invocation, &config, &code))
		return code;
	if ((findings = calloc(1, sizeof(*findings))) == NULL)
		return cmd_fail(STATUS_MEMORY, NULL);
	access = mail_access_of(&config, false);
	doctor_open(&config, &access, &doctor);
	if (options.message != NULL)
		status =
		    doctor_message(&doctor, options.message, findings, &note);
	else
		doctor_examine(&doctor, findings);
	doctor_close(&doctor);
	findings_end(findings);
	code = status == STATUS_OK ? print(findings, options.json)
				   : cmd_fail(status, &note);
	free(findings);
	return code;
}

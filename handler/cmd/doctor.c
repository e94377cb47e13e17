/* doctor.c - mailcert doctor: check that everything is in place */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/text.h"
#include "cmd/doctor_p.h"

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

static doctor_check *const checks[] = { doctor_programs, doctor_children,
	doctor_kernel, doctor_home, doctor_permissions, doctor_clock,
	doctor_orders, doctor_certificates, doctor_installed, doctor_dns,
	doctor_trust, doctor_cas, doctor_sendmail, doctor_servers,
	doctor_mailers, doctor_automation, doctor_limits };

static const char *const words[] = { "ok", "warning", "error" };

void
finding_add(struct findings *out, enum finding_status status, const char *check,
    const char *format, ...)
{
	struct finding *finding = &out->finding[out->count];
	va_list args;

	if (status > out->worst)
		out->worst = status;
	/* The last place is for what print() says of those left out. */
	if (out->count == FINDINGS_MAX - 1) {
		out->left_out++;
		return;
	}
	out->count++;
	finding->status = status;
	finding->check = check;
	va_start(args, format);
	(void)vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
}

bool
doctor_is_own(const struct doctor *doctor, const char *address)
{
	size_t i;

	for (i = 0; i < doctor->order_count; i++)
		if (order_is_for(&doctor->orders[i], address))
			return true;
	return doctor->order_count == 0;
}

/* Read the home once, for all checks. */
static void
open_home(struct doctor *doctor)
{
	struct note *why = &doctor->why;
	enum status status;

	status = home_open(doctor->config->home, false, &doctor->home, why);
	if (status == STATUS_OK)
		status = expectations_load(&doctor->home, &doctor->expectations,
		    &doctor->expectation_count, why);
	if (status == STATUS_OK)
		status = orders_load(
		    &doctor->home, &doctor->orders, &doctor->order_count, why);
	if (status == STATUS_OK)
		status = accounts_load(&doctor->home, &doctor->accounts,
		    &doctor->account_count, why);
	doctor->opened = status;
}

static void
close_home(struct doctor *doctor)
{
	free(doctor->accounts);
	free(doctor->orders);
	free(doctor->expectations);
	home_close(&doctor->home);
}

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
print(struct findings *findings, bool json)
{
	struct finding *last = &findings->finding[findings->count];
	struct buf out;
	int code;

	if (findings->left_out > 0) {
		*last = (struct finding){ findings->worst, "more", "" };
		(void)snprintf(last->text, sizeof(last->text),
		    "%zu other findings are left out; mend these first",
		    findings->left_out);
		findings->count++;
	}
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
	struct findings *findings;
	struct note note = { "" };
	enum status status = STATUS_OK;
	struct config config;
	struct doctor doctor = {
		.config = &config, .home.dir = -1, .now = (int64_t)time(NULL)
	};
	int code = 0;
	size_t i;

	if (!cmd_parse(&command_line, argc, argv, &options, &code) ||
	    !cmd_config(invocation, &config, &code))
		return code;
	if ((findings = calloc(1, sizeof(*findings))) == NULL)
		return cmd_fail(STATUS_MEMORY, NULL);
	open_home(&doctor);
	if (options.message != NULL)
		status =
		    doctor_message(&doctor, options.message, findings, &note);
	for (i = 0;
	     i < sizeof(checks) / sizeof(*checks) && options.message == NULL;
	     i++)
		checks[i](&doctor, findings);
	close_home(&doctor);
	code = status == STATUS_OK ? print(findings, options.json)
				   : cmd_fail(status, &note);
	free(findings);
	return code;
}

/* service.c - mailcert service: certificates for mail servers */
#include "cmd/service.h"

#include <string.h>

#include "acme/service.h"
#include "base/nearest.h"
#include "base/text.h"

/* Ends with a row without a name. */
static const struct act {
	const char *name;
	cmd_function *run;
	const char *summary;
} acts[] = { { "order", service_order, "get a certificate for a mail server" },
	{ "check", service_check, "show what a CA sees of a mail server" },
	{ NULL, NULL, NULL } };

static const struct cmd_option no_options[] = { { 0 } };

static const struct cmd_line command_line = {
	.name = "service",
	.operands = "ACTION [options] [arguments]",
	.options = no_options,
	.about = "",
};

static int
help(void)
{
	const struct service *service;
	const size_t count = services(&service);
	const struct act *act;
	struct buf out;
	size_t i;
	int code;

	buf_init(&out, 8192);
	buf_add_text(&out, "usage: ");
	cmd_add_usage(&command_line, &out);
	buf_add_text(&out, "\n\nCertificates for mail servers.\n\n");
	for (act = acts; act->name != NULL; act++)
		buf_addf(&out, "  %-10s %s\n", act->name, act->summary);
	buf_add_text(&out, "\nEvery action has --help.  Services:\n\n");
	for (i = 0; i < count; i++) {
		buf_addf(&out, "  %-13s", service[i].name);
		if (service[i].port != 0)
			buf_addf(&out, "port %d", service[i].port);
		else
			buf_add_text(&out, "needs --port");
		buf_add_text(&out, service[i].tls ? ", TLS\n" : ", STARTTLS\n");
	}
	code = buf_status(&out) == STATUS_OK ? cmd_print(buf_span(&out))
					     : cmd_fail(buf_status(&out), NULL);
	buf_clear(&out);
	return code;
}

static int
unknown(const char *typed)
{
	struct nearest nearest = nearest_to(span_of(typed));
	const struct act *act;
	char shown[64];

	for (act = acts; act->name != NULL; act++)
		nearest_consider(&nearest, act->name);
	text_show_in(
	    shown, sizeof(shown), span_of(typed), text_locale_is_utf8());
	return nearest.name != NULL
	    ? cmd_misuse(&command_line,
		  "unknown action service %s; did you mean %s?", shown,
		  nearest.name)
	    : cmd_misuse(&command_line,
		  "unknown action service %s; mailcert service --help lists "
		  "them",
		  shown);
}

int
cmd_service(const struct invocation *invocation, int argc, char *argv[])
{
	const struct act *act;

	if (argc < 2)
		return cmd_misuse(&command_line, "ACTION is missing");
	if (strcmp(argv[1], "--help") == 0)
		return help();
	for (act = acts; act->name != NULL; act++)
		if (strcmp(argv[1], act->name) == 0)
			return act->run(invocation, argc - 1, argv + 1);
	return unknown(argv[1]);
}

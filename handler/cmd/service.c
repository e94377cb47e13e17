/* service.c - mailcert service: certificates for mail servers */
#include "cmd/service.h"

#include "acme/service.h"
#include "cmd/acts.h"

/* Ends with a row without a name. */
static const struct cmd_act acts[] = {
	{ "order", service_order, "get a certificate for a mail server" },
	{ "publish", service_publish, "let a mail server show a proof" },
	{ "check", service_check, "show what a CA sees of a mail server" },
	{ "install", service_install, "put a certificate into a mail server" },
	{ NULL, NULL, NULL }
};

static const struct cmd_option no_options[] = { { 0 } };

static const struct cmd_line command_line = {
	.name = "service",
	.operands = "ACTION [options] [arguments]",
	.options = no_options,
	.about = "Certificates for mail servers.\n",
};

static void
add_services(struct buf *out)
{
	const struct service *service;
	const size_t count = services(&service);
	size_t i;

	buf_add_text(out, "  Services:\n\n");
	for (i = 0; i < count; i++) {
		buf_addf(out, "  %-13s", service[i].name);
		if (service[i].port != 0)
			buf_addf(out, "port %d", service[i].port);
		else
			buf_add_text(out, "needs --port");
		buf_add_text(out, service[i].tls ? ", TLS\n" : ", STARTTLS\n");
	}
}

int
cmd_service(const struct invocation *invocation, int argc, char *argv[])
{
	return cmd_act(
	    &command_line, acts, add_services, invocation, argc, argv);
}

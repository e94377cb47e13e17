/* service_publish.c - mailcert service publish: a mail server shows a proof */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base64url.h"
#include "cmd/service.h"
#include "cmd/service_dns.h"
#include "cmd/service_pending.h"
#include "cmd/service_where.h"
#include "cmd/session.h"
#include "service/announce.h"

struct options {
	struct service_where where;
	const char *value;  /* or NULL */
	const char *config; /* likewise */
	bool remove;
	bool dry_run;
};

static bool
read_value(const char *value, void *field)
{
	const struct span text = span_of(value);

	*(const char **)field = value;
	return text.len == SERVICE_VALUE_SIZE - 1 && base64url_is_text(text);
}

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	WHERE_SERVICE("with --value: a service that shows it"), WHERE_PORT,
	WHERE_ADDRESS,
	{ "value", "V", AT(value), read_value, "43 characters of base64url",
	    .help = "the value, for an order of another client" },
	{ "config", "PATH", AT(config),
	    .help = "the configuration of the server, if not the usual one" },
	{ "remove", NULL, AT(remove), .help = "take it away again" },
	{ "dry-run", NULL, AT(dry_run),
	    .help = "show what would be done, and do nothing" },
	{ 0 }
};

static const struct cmd_line command_line = {
	.name = "service publish",
	.operands = "SERVER [ID|HOST]",
	.least = 1,
	.most = 2,
	.options = rows,
	.about =
	    "Publish the value that proves a host to a CA: that of a pending order, or, on a\n"
	    "mail server, --value of another client's.  SERVER is\n"
	    "dns: the records are put into the zone (dns_update_server), and every name\n"
	    "server of it is asked; or\n"
	    "dovecot, for IMAP: a file that it includes sets imap_capability, and Dovecot is\n"
	    "looked at from outside.\n"
	    "finish and renew take it away when the CA has looked, and so does --remove.\n",
};

static bool
is_for_imap(const struct order *order)
{
	return order_is_open(order) &&
	    order->proof.kind == PROOF_CAPABILITY_IMAP;
}

static enum status
publish_order(
    struct session *session, const char *named, struct announcement *what)
{
	const struct service_pending which = { named, is_for_imap,
		"capability-imap-00" };
	struct order *order = calloc(1, sizeof(*order));
	enum status status;
	size_t i;

	if (order == NULL)
		return STATUS_MEMORY;
	status = service_pending(session, &which, order);
	if (status == STATUS_OK) {
		what->id = order->id;
		what->host = order->address[0];
		what->at = order->service;
		what->count = order->services;
		for (i = 0; i < what->count; i++)
			what->value[i] = order->proof.value[i];
		status = announce_on_dovecot(&session->config, &session->home,
		    what, &session->out, &session->note);
	}
	free(order);
	return status;
}

/* The value of another client's order. */
static enum status
publish_value(struct session *session, const struct options *options,
    struct announcement *what)
{
	size_t i;

	what->at = options->where.at;
	what->count = options->where.count;
	for (i = 0; i < what->count; i++) {
		if (!proof_fits(PROOF_CAPABILITY_IMAP, what->at[i].service))
			return note_set(&session->note, STATUS_USAGE,
			    "Dovecot cannot announce anything for %s",
			    what->at[i].service->name);
		what->value[i] = options->value;
	}
	return announce_on_dovecot(&session->config, &session->home, what,
	    &session->out, &session->note);
}

static enum status
publish(
    struct session *session, const char *named, const struct options *options)
{
	struct announcement what = { .config = options->config,
		.host = named,
		.address = options->where.address,
		.addresses = options->where.addresses,
		.dry_run = options->dry_run };

	if (options->remove)
		return session->home.dir < 0
		    ? STATUS_OK
		    : announce_no_more(&session->home, options->dry_run,
			  &session->out, &session->note);
	return options->value != NULL ? publish_value(session, options, &what)
				      : publish_order(session, named, &what);
}

int
service_publish(const struct invocation *invocation, int argc, char *argv[])
{
	struct options options = { .remove = false };
	struct session *session;
	enum status status;
	const char *why, *named;
	bool dns;
	int code;

	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	named = argv[optind + 1];
	dns = strcmp(argv[optind], "dns") == 0;
	if (!dns && strcmp(argv[optind], "dovecot") != 0)
		return cmd_misuse(&command_line,
		    "no way to publish on %.100s; use dns or dovecot",
		    argv[optind]);
	if (dns &&
	    (options.value != NULL || options.config != NULL ||
		options.where.count > 0 || options.where.addresses > 0))
		return cmd_misuse(&command_line,
		    "dns takes only an order, --remove and --dry-run");
	if (!service_where_ok(&options.where, &why))
		return cmd_misuse(&command_line, "%s", why);
	if ((options.value == NULL) != (options.where.count == 0))
		return cmd_misuse(&command_line,
		    "--value and --service go together; an order knows both");
	if (options.value != NULL && (named == NULL || !service_host_ok(named)))
		return cmd_misuse(
		    &command_line, "with --value, HOST names the host");
	if ((session = session_begin(
		 invocation, options.value != NULL, &code)) == NULL)
		return code;
	status = dns ? service_dns(session,
			   &(struct service_dns){
			       named, options.remove, options.dry_run })
		     : publish(session, named, &options);
	if (status == STATUS_OK && session->out.len == 0)
		buf_add_text(&session->out, "nothing was published there\n");
	return session_end(session, status);
}

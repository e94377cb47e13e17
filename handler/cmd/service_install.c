/* service_install.c - mailcert service install: certificates into servers */
#include <stdlib.h>
#include <unistd.h>

#include "cmd/service.h"
#include "cmd/service_where.h"
#include "cmd/session.h"
#include "service/deploy.h"

struct options {
	struct service_where where;
	const char *config; /* or NULL */
	const char *pair;   /* likewise */
	bool remove;
	bool dry_run;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	WHERE_SERVICE("look there afterwards, if not where it was ordered for"),
	WHERE_PORT, WHERE_ADDRESS,
	{ "config", "PATH", AT(config),
	    .help = "the configuration of the server, if not the usual one" },
	{ "pair", "FILE", AT(pair),
	    .help = "the file for key and certificates, if not mailcert.pem\n"
		    "beside the configuration" },
	{ "remove", NULL, AT(remove), .help = "undo exactly what was done" },
	{ "dry-run", NULL, AT(dry_run),
	    .help = "show what would be done, and do nothing" },
	{ 0 }
};

static const struct cmd_line command_line = {
	.name = "service install",
	.operands = "SERVER [ID|HOST]",
	.least = 1,
	.most = 2,
	.options = rows,
	.about =
	    "Put a certificate and its key into SERVER: dovecot, postfix or exim.  They\n"
	    "lie in one file, which the server is told to read; then it is looked at from\n"
	    "outside, and what was there before returns if it does not show the\n"
	    "certificate.  finish and renew repeat it for a new certificate.\n",
};

static enum status
no_certificate(struct note *note)
{
	return note_set(note, STATUS_NO,
	    "there is no certificate for a server yet; mailcert service order "
	    "gets one");
}

static bool
is_in_use(const void *record, const void *arg)
{
	const struct order *order = record;

	(void)arg;
	return order_is_server(order) && order_is_current(order);
}

/* The certificate that is meant where none is named: the newest, if all are
 * for one host. */
static enum status
find_newest(struct session *session, struct order *out)
{
	struct order *all = NULL;
	enum status status;
	size_t count = 0, i;

	status = orders_load_if(
	    &session->home, is_in_use, NULL, &all, &count, &session->note);
	if (status == STATUS_OK && count == 0)
		status = no_certificate(&session->note);
	for (i = 0; status == STATUS_OK && i + 1 < count; i++)
		if (!order_is_for(&all[i], all[count - 1].address[0]))
			status = note_set(&session->note, STATUS_USAGE,
			    "there are certificates for several hosts (%.80s, "
			    "%.80s); name one",
			    all[i].address[0], all[count - 1].address[0]);
	if (status == STATUS_OK)
		*out = all[count - 1];
	free(all);
	return status;
}

static enum status
install(struct session *session, const struct daemon_kind *kind,
    const char *wanted, const struct options *options)
{
	const struct deploy_wishes wishes = { .config = options->config,
		.pair = options->pair,
		.at = options->where.at,
		.count = options->where.count,
		.address = options->where.address,
		.addresses = options->where.addresses,
		.dry_run = options->dry_run };
	struct order *order;
	enum status status;

	if (session->home.dir < 0)
		return no_certificate(&session->note);
	if (options->remove)
		return deploy_remove(&session->config, &session->home, kind,
		    options->dry_run, &session->out, &session->note);
	if ((order = calloc(1, sizeof(*order))) == NULL)
		return STATUS_MEMORY;
	status = wanted != NULL ? session_find(session, wanted, order)
				: find_newest(session, order);
	if (status == STATUS_OK &&
	    (!order_is_server(order) || order->state != ORDER_ISSUED))
		status = note_set(&session->note, STATUS_NO,
		    "%s is not a certificate for a server (%s)", order->id,
		    order_state_name(order->state));
	if (status == STATUS_OK)
		status = deploy_into(&session->config, &session->home, kind,
		    order, &wishes, &session->out, &session->note);
	free(order);
	return status;
}

static int
unknown(const char *typed)
{
	struct buf known;
	int code;
	size_t i;

	buf_init(&known, 256);
	for (i = 0; daemon_kinds[i] != NULL; i++)
		buf_addf(
		    &known, "%s%s", i > 0 ? ", " : "", daemon_kinds[i]->name);
	code = cmd_misuse(&command_line, "cannot install into %.100s; use %s",
	    typed, known.at != NULL ? known.at : "");
	buf_clear(&known);
	return code;
}

int
service_install(const struct invocation *invocation, int argc, char *argv[])
{
	struct options options = { .remove = false };
	const struct daemon_kind *kind;
	struct session *session;
	enum status status;
	const char *why;
	int code;

	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	if (!service_where_ok(&options.where, &why))
		return cmd_misuse(&command_line, "%s", why);
	if ((kind = daemon_find(argv[optind])) == NULL)
		return unknown(argv[optind]);
	if ((session = session_begin(invocation, false, &code)) == NULL)
		return code;
	status = install(session, kind, argv[optind + 1], &options);
	if (status == STATUS_OK && session->out.len == 0)
		buf_addf(&session->out, "%s\n",
		    options.remove ? "nothing was installed there"
				   : "everything is installed already");
	return session_end(session, status);
}

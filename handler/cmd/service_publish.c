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
#include "service/recipe.h"

struct options {
	struct service_where where;
	const char *value;  /* or NULL */
	const char *config; /* likewise */
	const char *pair;   /* likewise */
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
	{ "pair", "FILE", AT(pair),
	    .help = "of nginx: a file with a key and a certificate" },
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
	    "server of it is asked;\n"
	    "dovecot, for IMAP: a file that it includes sets imap_capability, and Dovecot is\n"
	    "looked at from outside;\n"
	    "postfix, with a front of SMTP or of Dovecot's POP3; nginx, before a server of\n"
	    "POP3, SMTP or IMAP; and exim: the configuration that announces the value is\n"
	    "printed, and you put it there.\n"
	    "finish and renew take away what mailcert has put into the DNS or Dovecot, when\n"
	    "the CA has looked, and so does --remove.\n",
};

static enum status
on_dovecot(struct session *session, const struct options *options,
    const struct announcement *what)
{
	(void)options;
	return announce_on_dovecot(&session->config, &session->home, what,
	    &session->out, &session->note);
}

static enum status
on_nginx(struct session *session, const struct options *options,
    const struct announcement *what)
{
	recipe_add_nginx(what,
	    options->pair != NULL ? options->pair : "/etc/nginx/mailcert.pem",
	    &session->out);
	return STATUS_OK;
}

static enum status
on_postfix(struct session *session, const struct options *options,
    const struct announcement *what)
{
	(void)options;
	return recipe_add_postfix(what, &session->out, &session->note);
}

static enum status
on_exim(struct session *session, const struct options *options,
    const struct announcement *what)
{
	(void)options;
	return recipe_add_exim(what, &session->out, &session->note);
}

/* Where a proof can be announced, and for which protocols. */
static const struct place {
	const char *name;
	bool can[SERVICE_POP3 + 1];
	bool changes; /* the server; else it prints what is to be done */
	enum status (*publish)(struct session *session,
	    const struct options *options, const struct announcement *what);
} places[] = {
	{ "dovecot", { [SERVICE_IMAP] = true }, true, on_dovecot },
	{ "nginx",
	    { [SERVICE_IMAP] = true,
		[SERVICE_POP3] = true,
		[SERVICE_SMTP] = true },
	    false, on_nginx },
	{ "postfix", { [SERVICE_SMTP] = true, [SERVICE_POP3] = true }, false,
	    on_postfix },
	{ "exim", { [SERVICE_SMTP] = true }, false, on_exim },
};
enum { PLACES = sizeof(places) / sizeof(*places) };

/* Not a server: the order knows all that is published there. */
static const struct place in_dns = { .name = "dns", .changes = true };

static const struct place *
find_place(const char *name)
{
	size_t i;

	for (i = 0; i < PLACES; i++)
		if (strcmp(places[i].name, name) == 0)
			return &places[i];
	return strcmp(name, in_dns.name) == 0 ? &in_dns : NULL;
}

static bool
is_capability(const struct order *order)
{
	return order_is_open(order) && !proof_is_dns(order->proof.kind);
}

static enum status
publish_on(struct session *session, const struct place *place,
    const struct options *options, const struct announcement *what)
{
	size_t i;

	for (i = 0; i < what->count; i++)
		if (!place->can[what->at[i].service->protocol])
			return note_set(&session->note, STATUS_USAGE,
			    "%s cannot announce anything for %s; use "
			    "postfix, nginx or the DNS",
			    place->name, what->at[i].service->name);
	return place->publish(session, options, what);
}

static void
say_next(const struct place *place, const struct announcement *what)
{
	struct note next;

	note_say(&next,
	    place->changes ? "next: mailcert finish %s"
			   : "put it there, then: mailcert finish %s",
	    what->id);
	if (!what->dry_run)
		cmd_say(&next);
}

static enum status
publish_order(struct session *session, const struct place *place,
    const char *named, const struct options *options, struct announcement *what)
{
	const struct service_pending which = { named, is_capability,
		"capability-imap-00, -pop-00 or -smtp-00" };
	struct order *order = calloc(1, sizeof(*order));
	struct sight_addresses found;
	enum status status;
	size_t i;

	if (order == NULL)
		return STATUS_MEMORY;
	status = service_pending(session, &which, order);
	if (status == STATUS_OK) {
		sight_addresses(order, &found);
		if (what->addresses == 0) {
			what->address = found.address;
			what->addresses = found.count;
		}
		what->id = order->id;
		what->host = order->address[0];
		what->at = order->service;
		what->count = order->services;
		for (i = 0; i < what->count; i++)
			what->value[i] = order->proof.value[i];
		status = publish_on(session, place, options, what);
	}
	if (status == STATUS_OK)
		say_next(place, what);
	free(order);
	return status;
}

static enum status
publish(struct session *session, const struct place *place, const char *named,
    const struct options *options)
{
	struct announcement what = { .config = options->config,
		.host = named,
		.address = options->where.address,
		.addresses = options->where.addresses,
		.dry_run = options->dry_run };
	const struct service_dns dns = { named, options->remove,
		options->dry_run };
	size_t i;

	if (place == &in_dns)
		return service_dns(session, &dns);
	if (options->remove)
		return session->home.dir < 0
		    ? STATUS_OK
		    : announce_no_more(&session->home, options->dry_run,
			  &session->out, &session->note);
	if (options->value == NULL)
		return publish_order(session, place, named, options, &what);
	what.at = options->where.at;
	what.count = options->where.count;
	for (i = 0; i < what.count; i++)
		what.value[i] = options->value;
	return publish_on(session, place, options, &what);
}

/* Do the options fit the place and each other?  Else why not. */
static const char *
misuse(const struct place *place, const char *named, struct options *options)
{
	const char *why = NULL;

	if (place == NULL)
		return "SERVER is dns, dovecot, postfix, nginx or exim";
	if (!service_where_ok(&options->where, &why))
		return why;
	if (place == &in_dns &&
	    (options->value != NULL || options->config != NULL ||
		options->where.count > 0 || options->where.addresses > 0))
		return "dns takes only an order, --remove and --dry-run";
	if (!place->changes &&
	    (options->remove || options->dry_run || options->config != NULL))
		return "postfix, nginx and exim take no --remove, --dry-run or "
		       "--config";
	if (options->pair != NULL && strcmp(place->name, "nginx") != 0)
		return "--pair is for nginx";
	if ((options->value == NULL) != (options->where.count == 0))
		return "--value and --service go together; an order knows both";
	if (options->value != NULL &&
	    (named == NULL || !service_host_ok(named)))
		return "with --value, HOST names the host";
	return NULL;
}

int
service_publish(const struct invocation *invocation, int argc, char *argv[])
{
	struct options options = { .remove = false };
	const struct place *place;
	struct session *session;
	enum status status;
	const char *why, *named;
	int code;

	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	place = find_place(argv[optind]);
	named = argv[optind + 1];
	if ((why = misuse(place, named, &options)) != NULL)
		return cmd_misuse(&command_line, "%s", why);
	if ((session = session_begin(invocation,
		 place->changes && options.value != NULL, &code)) == NULL)
		return code;
	status = publish(session, place, named, &options);
	if (status == STATUS_OK && session->out.len == 0)
		buf_add_text(&session->out, "nothing was published there\n");
	return session_end(session, status);
}

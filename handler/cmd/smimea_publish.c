/* smimea_publish.c - mailcert smimea publish, unpublish: change the DNS */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/smimea.h"

struct options {
	struct smimea_options smimea;
	bool beside;
	bool no_wait;
};

#define AT(field) .offset = offsetof(struct options, field)
#define NO_WAIT                                                               \
	{                                                                     \
		"no-wait", NULL, AT(no_wait),                                 \
		    .help = "look once, and do not wait for the name servers" \
	}

static const struct cmd_option publish_rows[] = { SMIMEA_OPTIONS,
	{ "beside", NULL, AT(beside),
	    .help = "add it to records that mailcert did not publish" },
	NO_WAIT, { 0 } };

static const struct cmd_line publish_line = {
	.name = "smimea publish",
	.operands = "ADDRESS|CERTIFICATE",
	.least = 1,
	.most = 1,
	.options = publish_rows,
	.about =
	    "Publish a certificate, or each certificate in use for an address, as SMIMEA\n"
	    "records (RFC 8162), and wait until all name servers of the zone have them.\n"
	    "mailcert renew then publishes each new certificate beside the old one, and\n"
	    "removes the old one when no cache needs it.\n",
};

static const struct cmd_option unpublish_rows[] = { NO_WAIT, { 0 } };

static const struct cmd_line unpublish_line = {
	.name = "smimea unpublish",
	.operands = "ADDRESS|CERTIFICATE",
	.least = 1,
	.most = 1,
	.options = unpublish_rows,
	.about =
	    "Take the records back that mailcert has published for a certificate or an\n"
	    "address.\n",
};

static enum status
publish(
    struct session *session, const struct options *options, const char *operand)
{
	const struct smimea_publisher publisher =
	    smimea_publisher(session, !options->no_wait);
	struct smimea_targets targets = { .order = NULL };
	char address[ADDRESS_SIZE];
	enum status status;
	size_t i;

	status = smimea_targets(session, operand, address, &targets);
	for (i = 0; status == STATUS_OK && i < targets.count; i++)
		status = smimea_publish(&publisher, targets.at[i].order,
		    targets.at[i].address, &options->smimea.form,
		    options->smimea.ttl, options->beside, &session->note);
	smimea_targets_clear(&targets);
	return status;
}

/* An id, or an address. */
static bool
is_meant(const struct publication *publication, const char *operand)
{
	char normal[ADDRESS_SIZE];
	struct mailbox mailbox;

	return strcmp(publication->order, operand) == 0 ||
	    (address_parse(span_of(operand), &mailbox) == STATUS_OK &&
		address_normal(&mailbox, normal) == STATUS_OK &&
		strcmp(publication->address, normal) == 0);
}

static enum status
unpublish(
    struct session *session, const struct options *options, const char *operand)
{
	const struct smimea_publisher publisher =
	    smimea_publisher(session, !options->no_wait);
	struct publication *all = NULL;
	size_t count = 0, done = 0, i;
	enum status status;

	status = publications_load(
	    &session->home, NULL, &all, &count, &session->note);
	for (i = 0; status == STATUS_OK && i < count; i++)
		if (is_meant(&all[i], operand)) {
			status = smimea_unpublish(
			    &publisher, &all[i], &session->note);
			done++;
		}
	free(all);
	return status == STATUS_OK && done == 0
	    ? note_set(&session->note, STATUS_NO,
		  "mailcert has published nothing for %.200s", operand)
	    : status;
}

static int
run(const struct cmd_line *line,
    enum status (*act)(struct session *session, const struct options *options,
	const char *operand),
    const struct invocation *invocation, int argc, char *argv[])
{
	struct options options = { .smimea = SMIMEA_DEFAULTS };
	struct session *session;
	int code = 0;

	if (!cmd_parse(line, argc, argv, &options, &code))
		return code;
	if ((session = session_begin(invocation, false, &code)) == NULL)
		return code;
	return session_end(session, act(session, &options, argv[optind]));
}

int
smimea_publish_command(
    const struct invocation *invocation, int argc, char *argv[])
{
	return run(&publish_line, publish, invocation, argc, argv);
}

int
smimea_unpublish_command(
    const struct invocation *invocation, int argc, char *argv[])
{
	return run(&unpublish_line, unpublish, invocation, argc, argv);
}

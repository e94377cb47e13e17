/* smimea.c - mailcert smimea: certificates in the DNS (RFC 8162) */
#include "cmd/smimea.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/frame.h"
#include "cmd/lookup.h"
#include "cmd/publishing.h"

static const struct cmd_act acts[] = {
	{ "print", smimea_print, "print the record of a certificate" },
	{ "publish", smimea_publish_command, "put it into the DNS" },
	{ "unpublish", smimea_unpublish_command, "take it back" },
	{ "lookup", smimea_lookup, "find the certificates of an address" },
	{ NULL, NULL, NULL }
};

static const struct cmd_option no_options[] = { { 0 } };

static const struct cmd_line command_line = {
	.name = "smimea",
	.operands = "ACTION [options] [arguments]",
	.options = no_options,
	.about =
	    "Certificates for S/MIME in the DNS (RFC 8162): others find them there to\n"
	    "verify your mail and to encrypt to you.\n",
};

int
cmd_smimea(const struct invocation *invocation, int argc, char *argv[])
{
	return cmd_act(&command_line, acts, NULL, invocation, argc, argv);
}

static bool
read_number(const char *value, int64_t most, int64_t *out)
{
	return frame_number(span_of(value), out) && *out >= 0 && *out <= most &&
	    ascii_is_digit(value[0]);
}

static bool
read_small(const char *value, int64_t most, void *field)
{
	int64_t number;

	if (!read_number(value, most, &number))
		return false;
	*(unsigned *)field = (unsigned)number;
	return true;
}

bool
option_smimea_usage(const char *value, void *field)
{
	return read_small(value, 3, field);
}

bool
option_smimea_selector(const char *value, void *field)
{
	return read_small(value, 1, field);
}

bool
option_smimea_matching(const char *value, void *field)
{
	return read_small(value, 2, field);
}

bool
option_smimea_ttl(const char *value, void *field)
{
	return read_number(value, 7 * 86400, field);
}

static bool
is_usable(const void *record, const void *arg)
{
	const struct order *order = record;
	const int64_t *now = arg;

	return order_is_current(order) && !order_is_server(order) &&
	    order->expires > *now;
}

static enum status
add_target(struct smimea_targets *targets, const struct order *order,
    const char *address)
{
	struct smimea_target *more;

	more = realloc(targets->at, (targets->count + 1) * sizeof(*more));
	if (more == NULL)
		return STATUS_MEMORY;
	targets->at = more;
	more[targets->count].order = order;
	(void)span_copy(span_of(address), more[targets->count].address,
	    sizeof(more[targets->count].address));
	targets->count++;
	return STATUS_OK;
}

/* Is the address that of an operand?  Then it is spelt as in the DNS: case
 * counts (RFC 8162 section 4). */
static bool
is_address(const char *operand, char normal[ADDRESS_SIZE])
{
	struct mailbox mailbox;

	return address_parse(span_of(operand), &mailbox) == STATUS_OK &&
	    address_normal(&mailbox, normal) == STATUS_OK;
}

/* The certificates in use that the operand means. */
static enum status
load(struct session *session, const char *operand, const char *address,
    struct smimea_targets *out)
{
	const int64_t now = (int64_t)time(NULL);
	struct record_search search = { .ids = 0 };
	enum status status;
	size_t i, kept = 0;

	lookup_search_order(operand, &search);
	status = orders_find(&session->home, &search, is_usable, &now,
	    &out->order, &out->orders, &session->note);
	for (i = 0; status == STATUS_OK && i < out->orders; i++)
		if (address[0] != '\0' ? order_is_for(&out->order[i], address)
				       : strcmp(out->order[i].id, operand) == 0)
			out->order[kept++] = out->order[i];
	out->orders = kept;
	if (status == STATUS_OK && kept == 0)
		status = note_set(&session->note, STATUS_NO,
		    "there is no certificate in use for %.200s; mailcert "
		    "status lists them",
		    operand);
	return status;
}

enum status
smimea_targets(struct session *session, const char *operand,
    char address[ADDRESS_SIZE], struct smimea_targets *out)
{
	struct smimea_targets found = { .order = NULL };
	enum status status;
	size_t i, j;

	if (!is_address(operand, address))
		address[0] = '\0';
	status = load(session, operand, address, &found);
	for (i = 0; i < found.orders; i++) {
		if (address[0] != '\0' && status == STATUS_OK)
			status = add_target(&found, &found.order[i], address);
		for (j = 0; address[0] == '\0' && status == STATUS_OK &&
		     j < found.order[i].addresses;
		     j++)
			status = add_target(
			    &found, &found.order[i], found.order[i].address[j]);
	}
	if (status == STATUS_OK)
		*out = found;
	else
		smimea_targets_clear(&found);
	return status;
}

void
smimea_targets_clear(struct smimea_targets *targets)
{
	free(targets->at);
	free(targets->order);
	*targets = (struct smimea_targets){ .order = NULL };
}

struct smimea_publisher
smimea_publisher(struct session *session, bool wait)
{
	return (struct smimea_publisher){ &session->config, &session->home,
		{ .seconds = wait ? -1 : 0,
		    .tell = wait ? publishing_tell : NULL },
		&session->out };
}

/* smimea_print.c - mailcert smimea print: print the record of a certificate */
#include <string.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/fd.h"
#include "cmd/smimea.h"
#include "input/input.h"

enum format { FORMAT_ZONE, FORMAT_GENERIC, FORMAT_NSUPDATE };

struct options {
	struct smimea_options smimea;
	enum format format;
	const char *certificate; /* a file, or NULL */
	bool draft;
	bool json;
};

static bool
option_record_format(const char *value, void *field)
{
	static const char *const formats[] = { "zone", "generic", "nsupdate" };
	const size_t i = span_index(span_of(value), formats, 3);

	*(enum format *)field = (enum format)i;
	return i < 3;
}

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = { SMIMEA_OPTIONS,
	{ "format", "FORMAT", AT(format), option_record_format,
	    "zone, generic or nsupdate",
	    .help = "zone (default): a line of a zone file; generic: one for\n"
		    "servers that do not know SMIMEA (RFC 3597); nsupdate: a\n"
		    "script" },
	{ "certificate", "FILE", AT(certificate),
	    .help =
		"print the record of a certificate or chain in FILE, PEM or\n"
		"DER, for that address" },
	{ "draft", NULL, AT(draft),
	    .help = "show the name that the draft of 2012 gave it, too" },
	{ "json", NULL, AT(json), .help = "print JSON" }, { 0 } };

static const struct cmd_line command_line = {
	.name = "smimea print",
	.operands = "ADDRESS|CERTIFICATE",
	.least = 1,
	.most = 1,
	.options = rows,
	.about =
	    "Print the SMIMEA record (RFC 8162) of a certificate, or of each certificate\n"
	    "in use for an address.  CERTIFICATE is an id that status shows.\n",
};

/* Where the records go. */
struct printer {
	struct session *session;
	const struct options *options;
	struct json_writer json;
	char domain[DNS_NAME_SIZE]; /* of the last update; or empty */
};

static void
add_json(struct printer *printer, const char *address, const char *id,
    const struct smimea_owner *owner, struct span data)
{
	const struct smimea_options *how = &printer->options->smimea;
	struct json_writer *json = &printer->json;
	struct buf hex;

	buf_init(&hex, 2 * SMIMEA_CHAIN_MAX);
	buf_add_hex(&hex, span_cut(data, 3, data.len));
	json_open_object(json, NULL);
	json_add_text(json, "address", address);
	json_add_filled(json, "certificate", id);
	json_add_text(json, "name", owner->name);
	json_add_filled(json, "draft", owner->draft);
	json_add_number(json, "ttl", how->ttl);
	json_add_number(json, "usage", how->form.usage);
	json_add_number(json, "selector", how->form.selector);
	json_add_number(json, "matching", how->form.matching);
	json_add(json, "data", buf_span(&hex));
	json_close(json);
	if (buf_status(&hex) != STATUS_OK)
		printer->session->out.failed = buf_status(&hex);
	buf_clear(&hex);
}

/* One update has one zone, and goes to one server: of each domain it is another
 * one. */
static void
begin_update(struct printer *printer, const char *owner)
{
	struct session *session = printer->session;
	const struct span name = span_of(owner);
	const size_t at = span_find(name, SPAN("._smimecert."));
	const char *domain = owner + at;

	if (strcmp(domain, printer->domain) == 0)
		return;
	if (printer->domain[0] != '\0')
		buf_add_text(&session->out, "send\n");
	(void)span_copy(
	    span_of(domain), printer->domain, sizeof(printer->domain));
	zone_add_server(&session->out,
	    config_dns_of(&session->config, owner).update_server);
}

static void
add_line(
    struct printer *printer, const struct smimea_owner *owner, struct span data)
{
	const struct options *options = printer->options;
	const struct smimea_form *form = &options->smimea.form;
	struct buf *out = &printer->session->out;

	if (options->format == FORMAT_NSUPDATE)
		begin_update(printer, owner->name);
	if (options->draft && owner->draft[0] != '\0')
		buf_addf(
		    out, "; draft-hoffman-dane-smime-02: %s.\n", owner->draft);
	buf_addf(out,
	    options->format == FORMAT_NSUPDATE ? "update add %s. %lld "
					       : "%s. %lld IN ",
	    owner->name, (long long)options->smimea.ttl);
	if (options->format == FORMAT_GENERIC)
		buf_addf(out, "TYPE53 \\# %zu ", data.len);
	else
		buf_addf(out, "SMIMEA %u %u %u ", form->usage, form->selector,
		    form->matching);
	buf_add_hex(out,
	    options->format == FORMAT_GENERIC ? data
					      : span_cut(data, 3, data.len));
	buf_add_byte(out, '\n');
}

static enum status
print_one(struct printer *printer, struct span chain, const char *address,
    const char *id)
{
	struct note *note = &printer->session->note;
	struct smimea_owner owner;
	enum status status;
	struct buf data;

	buf_init(&data, SMIMEA_CHAIN_MAX);
	status = smimea_owner(address, &owner, note);
	if (status == STATUS_OK)
		status = smimea_data(
		    chain, &printer->options->smimea.form, &data, note);
	if (status == STATUS_OK && data.len > DNS_RECORD_MAX)
		status = note_set(note, STATUS_BAD_FILE,
		    "the certificate is too large for a record");
	if (status == STATUS_OK && printer->options->json)
		add_json(printer, address, id, &owner, buf_span(&data));
	else if (status == STATUS_OK)
		add_line(printer, &owner, buf_span(&data));
	buf_clear(&data);
	return status;
}

/* A certificate that is not in the home. */
static enum status
print_file(struct printer *printer, const char *operand)
{
	struct session *session = printer->session;
	struct input input = { .kind = INPUT_OTHER };
	char address[ADDRESS_SIZE];
	struct mailbox mailbox;
	enum status status;

	if (address_parse(span_of(operand), &mailbox) != STATUS_OK ||
	    address_normal(&mailbox, address) != STATUS_OK)
		return note_set(&session->note, STATUS_USAGE,
		    "--certificate needs the address of the record, which "
		    "%.200s is not",
		    operand);
	status = input_read(printer->options->certificate, "application/x-pem",
	    SMIMEA_CHAIN_MAX, &input, &session->note);
	if (status == STATUS_OK)
		status =
		    print_one(printer, buf_span(&input.bytes), address, "");
	buf_clear(&input.bytes);
	return status;
}

static enum status
print_targets(struct printer *printer, const char *operand)
{
	struct session *session = printer->session;
	struct smimea_targets targets = { .order = NULL };
	char address[ADDRESS_SIZE];
	enum status status;
	struct buf chain;
	size_t i;

	status = smimea_targets(session, operand, address, &targets);
	for (i = 0; status == STATUS_OK && i < targets.count; i++) {
		buf_init(&chain, SMIMEA_CHAIN_MAX);
		status = order_load_chain(&session->home,
		    targets.at[i].order->id, &chain, &session->note);
		if (status == STATUS_OK)
			status = print_one(printer, buf_span(&chain),
			    targets.at[i].address, targets.at[i].order->id);
		buf_clear(&chain);
	}
	smimea_targets_clear(&targets);
	return status;
}

static enum status
print(
    struct session *session, const struct options *options, const char *operand)
{
	struct printer printer = { .session = session, .options = options };
	const bool script =
	    options->format == FORMAT_NSUPDATE && !options->json;
	enum status status;

	if (options->json) {
		printer.json = json_begin(&session->out);
		json_open_array(&printer.json, "records");
	}
	status = options->certificate != NULL
	    ? print_file(&printer, operand)
	    : print_targets(&printer, operand);
	if (options->json) {
		json_close(&printer.json);
		json_close(&printer.json);
	} else if (script) {
		buf_add_text(&session->out, "send\n");
	}
	/* Half a script is worse than none. */
	if (status != STATUS_OK)
		buf_cut(&session->out, 0);
	return status;
}

int
smimea_print(const struct invocation *invocation, int argc, char *argv[])
{
	struct options options = { .smimea = SMIMEA_DEFAULTS };
	struct session *session;
	int code = 0;

	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	if ((session = session_begin(invocation, false, &code)) == NULL)
		return code;
	return session_end(session, print(session, &options, argv[optind]));
}

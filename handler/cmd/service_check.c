/* service_check.c - mailcert service check: see a mail server as a CA would */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "cmd/service.h"
#include "cmd/service_pending.h"
#include "cmd/service_tlsa.h"
#include "cmd/service_where.h"
#include "cmd/session.h"
#include "mail/date.h"
#include "order/proof.h"
#include "order/proof_place.h"

struct options {
	struct service_where where;
	const char *value; /* or NULL */
	bool json;
	bool tlsa;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = { WHERE_SERVICE("look at that service"),
	WHERE_PORT, WHERE_ADDRESS,
	{ "value", "V", AT(value), .help = "what the server should announce" },
	{ "json", NULL, AT(json),
	    .help = "print what is seen at each address as an object" },
	{ "tlsa", NULL, AT(tlsa),
	    .help = "judge the certificates by TLSA records (DANE)" },
	{ 0 } };

static const struct cmd_line command_line = {
	.name = "service check",
	.operands = "HOST|ID",
	.least = 1,
	.most = 1,
	.options = rows,
	.about =
	    "Show what a CA sees of a mail server: the values of ACME that it announces\n"
	    "before and after STARTTLS or in TLS, at each of its addresses, and its\n"
	    "certificate.  Without --service, look for the proof of the pending order: on its\n"
	    "services, or, in the DNS, at every name server of the zone.  Exit 1 if not\n"
	    "every place shows the value, or one cannot be asked.\n",
};

/* What is looked for, and what has come of it. */
struct check {
	const char *host;
	/* Each service has its value; NULL: all have `value`. */
	const struct order *order;
	struct span value;        /* empty: any */
	struct json_writer *json; /* NULL: text */
	struct buf *out;
	int64_t now;
	size_t seen, wrong;
	const struct session *session;
	bool with_tlsa;
	struct service_tlsa tlsa; /* of the service that is looked at */
	size_t refused;           /* certificates, by TLSA records */
};

static void
add_line(struct check *check, const char *indent, struct span text)
{
	buf_add_text(check->out, indent);
	text_show(check->out, text, TEXT_NO_LIMIT, text_locale_is_utf8());
	buf_add_byte(check->out, '\n');
}

static void
describe_certificate(
    struct check *check, const struct sighting *sighting, struct buf *line)
{
	struct span rest = sighting->frames, name;
	bool first = true;

	buf_add_text(line, "certificate for ");
	while (frame_next(&rest, "name", &name)) {
		buf_add_text(line, first ? "" : ", ");
		buf_add(line, name);
		first = false;
	}
	buf_addf(line, "%s, %s ", first ? "no host" : "",
	    sighting->expires <= check->now ? "expired" : "expires");
	date_add_iso(line, sighting->expires);
	if (!sighting->fits)
		buf_addf(line, "; not for %s", check->host);
	if (sighting->distrust.len > 0) {
		buf_add_text(line, "; not trusted: ");
		buf_add(line, sighting->distrust);
	}
}

/* What it announces, where nothing is looked for. */
static void
describe_values(const struct sighting *sighting, struct buf *line)
{
	static const struct {
		const char *frame, *where;
	} lists[] = { { "before", "before STARTTLS" }, { "after", "in TLS" } };
	struct span rest, value;
	bool any = false;
	size_t i;

	for (i = 0; i < 2; i++) {
		rest = sighting->frames;
		while (frame_next(&rest, lists[i].frame, &value)) {
			buf_addf(line, "%s %s: ", any ? "," : "announces",
			    lists[i].where);
			text_show(line, value, TEXT_NO_LIMIT, false);
			any = true;
		}
	}
	if (!any)
		buf_add_text(line, "announces no value of ACME");
}

/* dane: what its TLSA records say; or NULL. */
static void
add_text(struct check *check, const struct sighting *sighting,
    enum sight_verdict verdict, const struct service_tlsa_verdict *dane)
{
	struct buf line;

	buf_init(&line, 256 * 1024);
	buf_add(&line, sighting->address);
	buf_add_text(&line, ": ");
	if (check->value.len > 0 || verdict == SIGHT_FAULT)
		sight_explain(sighting, verdict, &line);
	else
		describe_values(sighting, &line);
	add_line(check, "  ", buf_span(&line));
	buf_cut(&line, 0);
	if (sighting->leaf.len > 0) {
		describe_certificate(check, sighting, &line);
		add_line(check, "    ", buf_span(&line));
		buf_cut(&line, 0);
		buf_add_text(&line, "SHA-256 ");
		buf_add(&line, sighting->leaf);
		add_line(check, "    ", buf_span(&line));
	}
	if (dane != NULL)
		add_line(check, "    ", span_of(dane->text.text));
	if (buf_status(&line) != STATUS_OK)
		check->out->failed = buf_status(&line);
	buf_clear(&line);
}

static void
add_list(
    struct json_writer *json, const struct sighting *sighting, const char *name)
{
	struct span rest = sighting->frames, value;

	json_open_array(json, name);
	while (frame_next(&rest, name, &value))
		json_add(json, NULL, value);
	json_close(json);
}

static void
add_json(struct check *check, const struct sighting *sighting,
    enum sight_verdict verdict, const struct service_tlsa_verdict *dane)
{
	struct json_writer *json = check->json;
	struct buf reason;

	buf_init(&reason, 4096);
	sight_explain(sighting, verdict, &reason);
	json_open_object(json, NULL);
	json_add(json, "address", sighting->address);
	if (check->value.len > 0 || verdict == SIGHT_FAULT) {
		json_add_text(json, "verdict", sight_verdict_name(verdict));
		json_add(json, "reason", buf_span(&reason));
	}
	add_list(json, sighting, "before");
	add_list(json, sighting, "after");
	json_add_bool(json, "starttls", sighting->starttls);
	if (sighting->leaf.len > 0) {
		json_open_object(json, "certificate");
		json_add(json, "sha256", sighting->leaf);
		json_add(json, "public_sha256", sighting->public);
		add_list(json, sighting, "name");
		cmd_add_time(json, "expires", sighting->expires);
		json_add_bool(json, "fits", sighting->fits);
		json_add_bool(json, "trusted", sighting->distrust.len == 0);
		json_add(json, "distrust", sighting->distrust);
		json_close(json);
	}
	if (dane != NULL) {
		json_open_object(json, "tlsa");
		json_add_number(json, "records", (int64_t)dane->count.records);
		json_add_number(json, "fit", (int64_t)dane->count.fit);
		json_add_number(
		    json, "unusable", (int64_t)dane->count.unusable);
		json_add_bool(json, "secure", check->tlsa.secure);
		json_add_bool(json, "ok", !dane->wrong);
		json_add_text(json, "reason", dane->text.text);
		json_close(json);
	}
	json_close(json);
	buf_clear(&reason);
}

/* One service at all addresses. */
static enum status
look_at(struct check *check, const struct config *config,
    const struct sight_of *of, struct helper_kept *kept, struct note *note)
{
	enum sight_verdict verdict;
	struct service_tlsa_verdict dane = { .wrong = false }, *judged;
	struct sighting sighting;
	enum status status;
	struct buf answer;
	struct span rest;

	buf_init(&answer, SIGHT_ANSWER_MAX);
	status = sight_look(config, of, kept, &answer, note);
	rest = buf_span(&answer);
	while (status == STATUS_OK && sight_next(&rest, &sighting)) {
		judged =
		    check->with_tlsa && sighting.chain.len > 0 ? &dane : NULL;
		if (judged != NULL)
			status = service_tlsa_judge(
			    &check->tlsa, &sighting, judged, note);
		if (status != STATUS_OK)
			break;
		check->refused += judged != NULL && judged->wrong;
		verdict = sight_judge(&sighting, check->value);
		check->seen++;
		if (verdict == SIGHT_FAULT ||
		    (check->value.len > 0 && verdict != SIGHT_ANNOUNCED))
			check->wrong++;
		if (check->json != NULL)
			add_json(check, &sighting, verdict, judged);
		else
			add_text(check, &sighting, verdict, judged);
	}
	buf_clear(&answer);
	return status;
}

static void
begin_service(struct check *check, const struct service_at *at)
{
	if (check->json == NULL) {
		buf_addf(check->out, "%s %s, port %u\n", check->host,
		    at->service->name, (unsigned)at->port);
		return;
	}
	json_open_object(check->json, NULL);
	json_add_text(check->json, "service", at->service->name);
	json_add_number(check->json, "port", at->port);
	json_add(check->json, "value", check->value);
	json_open_array(check->json, "addresses");
}

static enum status
look_at_all(struct check *check, const struct config *config,
    const struct service_where *where, struct note *note)
{
	struct sight_of of = { .host = check->host,
		.address = where->address,
		.addresses = where->addresses };
	struct helper_kept kept = { .questions = 0 };
	enum status status = STATUS_OK;
	size_t i;

	for (i = 0; i < where->count && status == STATUS_OK; i++) {
		if (check->order != NULL)
			check->value = span_of(check->order->proof.value[i]);
		begin_service(check, &where->at[i]);
		of.at = where->at[i];
		if (check->with_tlsa)
			service_tlsa_find(
			    check->session, check->host, &of.at, &check->tlsa);
		status = look_at(check, config, &of, &kept, note);
		if (check->with_tlsa)
			service_tlsa_clear(&check->tlsa);
		if (check->json != NULL) {
			json_close(check->json);
			json_close(check->json);
		}
	}
	helper_end(&kept);
	if (status == STATUS_OK && check->wrong > 0)
		status = note_set(note, STATUS_NO,
		    check->value.len > 0
			? "%.120s: %zu of %zu do not announce the value to "
			  "everybody"
			: "%.120s: %zu of %zu cannot be asked",
		    check->host, check->wrong, check->seen);
	else if (status == STATUS_OK && check->refused > 0)
		status = note_set(note, STATUS_NO,
		    "%.120s: %zu of %zu show a certificate that no TLSA record "
		    "fits",
		    check->host, check->refused, check->seen);
	return status;
}

/* order: whose proof is looked for; or NULL. */
static enum status
check_host(struct session *session, const char *host, const struct order *order,
    const struct options *options)
{
	struct check check = { .host = host,
		.order = order,
		.value = span_of(options->value != NULL ? options->value : ""),
		.out = &session->out,
		.now = (int64_t)time(NULL),
		.session = session,
		.with_tlsa = options->tlsa };
	struct json_writer json;
	enum status status;

	if (options->json) {
		json = json_begin(&session->out);
		check.json = &json;
		json_add_text(&json, "host", host);
		json_open_array(&json, "services");
	}
	status = look_at_all(
	    &check, &session->config, &options->where, &session->note);
	if (options->json) {
		json_close(&json);
		json_add_bool(&json, "ok", status == STATUS_OK);
		json_close(&json);
	}
	/* What was not seen is not printed: the failure is. */
	if (status != STATUS_OK && status != STATUS_NO)
		buf_cut(&session->out, 0);
	return status;
}

/* The records of an order, at every name server. */
static enum status
check_dns(struct session *session, const struct order *order, bool in_json)
{
	struct json_writer json;
	struct note why = { "" };
	enum status status;
	bool there = false;

	status =
	    proof_look(&session->config, order, &there, &why, &session->note);
	if (status != STATUS_OK)
		return status;
	if (in_json) {
		json = json_begin(&session->out);
		json_add_text(&json, "host", order->address[0]);
		json_add_text(
		    &json, "challenge", proof_name(order->proof.kind));
		json_add_filled(&json, "reason", why.text);
		json_add_bool(&json, "ok", there);
		json_close(&json);
	} else {
		proof_add_lines(order, &session->out);
		if (there)
			buf_add_text(&session->out,
			    "every name server of the zone shows it\n");
	}
	return there ? STATUS_OK
		     : note_set(&session->note, STATUS_NO, "%.300s", why.text);
}

static enum status
check_order(struct session *session, const char *named, struct options *options)
{
	const struct service_pending which = { named, order_is_open, "TYPE" };
	struct order *order = calloc(1, sizeof(*order));
	struct service_where *where = &options->where;
	struct sight_addresses found;
	enum status status;
	size_t i;

	if (order == NULL)
		return STATUS_MEMORY;
	status = service_pending(session, &which, order);
	if (status == STATUS_OK && proof_is_dns(order->proof.kind)) {
		status = check_dns(session, order, options->json);
	} else if (status == STATUS_OK) {
		for (i = 0; i < order->services; i++)
			where->at[i] = order->service[i];
		where->count = order->services;
		sight_addresses(order, &found);
		for (i = 0; where->addresses == 0 && i < found.count; i++)
			where->address[i] = found.address[i];
		if (where->addresses == 0)
			where->addresses = found.count;
		status = check_host(session, order->address[0], order, options);
	}
	free(order);
	return status;
}

int
service_check(const struct invocation *invocation, int argc, char *argv[])
{
	struct options options = { .json = false };
	struct session *session;
	enum status status;
	const char *why;
	int code;

	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	if (options.where.count == 0 && options.value != NULL)
		return cmd_misuse(&command_line, "--value wants a --service");
	if (!service_where_ok(&options.where, &why))
		return cmd_misuse(&command_line, "%s", why);
	if (!service_host_ok(argv[optind]))
		return cmd_misuse(&command_line,
		    "\"%.100s\" is not the name of a host; use "
		    "mail.example.org, or an id that mailcert status shows",
		    argv[optind]);
	if ((session = session_begin(invocation, false, &code)) == NULL)
		return code;
	status = options.where.count > 0
	    ? check_host(session, argv[optind], NULL, &options)
	    : check_order(session, argv[optind], &options);
	return session_end(session, status);
}

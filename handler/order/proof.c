/* proof.c - prove a host to its CA: see proof.h */
#include "order/proof.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/frame.h"
#include "order/ca_object.h"
#include "order/proof_place.h"
#include "order/refusal.h"
#include "process/helper.h"
#include "zone/zone.h"

/* How often to look whether the value is in place. */
enum { SPREAD_SECONDS = 2, SLOW_SECONDS = 10, PLACE_SECONDS = 30 };
/* How long an update is given before it is made again: the process that was to
 * make it may have been killed. */
enum { UPDATE_SECONDS = 5, LOCK_SECONDS = 60 };

static bool
fits_all(enum proof kind, const struct order *order)
{
	size_t i;

	for (i = 0; i < order->services; i++)
		if (!proof_fits(kind, order->service[i].service))
			return false;
	return true;
}

/* Name what the CA offers. */
static enum status
none_fits(const struct acme_authorization *authz, const struct order *order,
    struct note *note)
{
	static const char *const faults[ACME_FAULTS] = {
		[ACME_BAD_CHALLENGES] = " (twice)",
		[ACME_BAD_URL] = " (without a usable \"url\")",
		[ACME_BAD_TOKEN] = " (without a usable \"token\")",
		[ACME_SHORT_TOKEN] = " (with a \"token\" below 128 bits)",
		[ACME_BAD_FROM] = "",
		[ACME_GOOD] = "",
	};
	struct buf offers;
	enum status status;
	size_t i;

	buf_init(&offers, 1024);
	for (i = 0; i < PROOFS; i++)
		if (authz->proof[i].offered != 0)
			buf_addf(&offers, "%s%s%s", offers.len > 0 ? ", " : "",
			    proof_name((enum proof)i),
			    faults[authz->proof[i].fault]);
	status = note_set(note, STATUS_BAD_CA,
	    "the CA does not offer %s for %.100s; it offers %.120s; choose "
	    "another --challenge, or another CA; mailcert finish --forget %s "
	    "gives this order up",
	    order->proof.chosen ? proof_name(order->proof.kind)
				: "a challenge that proves these services",
	    order->address[0],
	    offers.at != NULL ? offers.at : "nothing that mailcert knows",
	    order->id);
	buf_clear(&offers);
	return status;
}

static bool
choose(const struct acme_authorization *authz, struct order *order)
{
	struct order_proof *proof = &order->proof;
	size_t i;

	for (i = 0; i < PROOFS; i++)
		if ((!proof->chosen || proof->kind == (enum proof)i) &&
		    authz->proof[i].offered != 0 &&
		    authz->proof[i].fault == ACME_GOOD &&
		    fits_all((enum proof)i, order))
			break;
	if (i == PROOFS)
		return false;
	proof->chosen = true;
	proof->kind = (enum proof)i;
	(void)strcpy(proof->challenge_url, authz->proof[i].url);
	(void)strcpy(proof->token, authz->proof[i].token);
	return true;
}

/* Have the value of each service computed. */
static enum status
compute(const struct client *client, struct order *order, struct note *note)
{
	const bool bound =
	    client->settings.service_hash && order->proof.kind != PROOF_DNS;
	struct buf question, answer, suffix;
	struct span rest, value;
	enum status status;
	size_t i;

	buf_init(&question, 8192);
	buf_init(&answer, 8192);
	buf_init(&suffix, 64);
	frame_add(&question, "token", span_of(order->proof.token));
	frame_add(&question, "thumbprint", span_of(order->proof.thumbprint));
	for (i = 0; i < order->services; i++) {
		buf_clear(&suffix);
		if (bound)
			buf_addf(&suffix, ".%s.%d",
			    order->service[i].service->name,
			    order->service[i].port);
		frame_add(&question, "suffix", buf_span(&suffix));
	}
	status = helper_ask(VERB_PROOF, &question, &answer, note);
	rest = buf_span(&answer);
	for (i = 0; status == STATUS_OK && i < order->services; i++)
		if (!frame_next(&rest, "value", &value) ||
		    value.len != SERVICE_VALUE_SIZE - 1 ||
		    !base64url_is_text(value) ||
		    !span_copy(
			value, order->proof.value[i], SERVICE_VALUE_SIZE))
			status = helper_malformed(VERB_PROOF,
			    "value is not a digest in base64url", note);
	if (status == STATUS_OK && frame_next(&rest, "value", &value))
		status = helper_malformed(
		    VERB_PROOF, "there are more values than services", note);
	buf_clear(&suffix);
	buf_clear(&answer);
	buf_clear(&question);
	return status;
}

enum status
proof_choose(struct client *client, struct order *order,
    const struct acme_order *acme, struct note *note)
{
	struct order_proof *proof = &order->proof;
	struct acme_authorization authz;
	enum status status;

	if (proof->authorization_url[0] != '\0' || acme->authorizations == 0)
		return STATUS_OK;
	if (acme->authorizations != 1)
		return note_set(note, STATUS_BAD_CA,
		    "the CA wants %u authorizations for one host",
		    (unsigned)acme->authorizations);
	status = ca_fetch_authorization(
	    &client->ca, acme->authorization[0], &authz, NULL, note);
	/* A closed authorization ends the order, which says so itself. */
	if (status != STATUS_OK || authz.status == ACME_INVALID ||
	    authz.status == ACME_GONE)
		return status;
	if (!span_eq_nocase(
		span_of(authz.identifier), span_of(order->address[0])))
		return note_set(note, STATUS_BAD_CA,
		    "the CA asks for proof of %.100s, which was not ordered",
		    authz.identifier);
	if (authz.status == ACME_VALID) {
		proof->met = (int64_t)time(NULL);
	} else if (!choose(&authz, order)) {
		return none_fits(&authz, order, note);
	} else if (!ca_is_own(&client->ca, proof->challenge_url)) {
		return note_set(note, STATUS_BAD_CA,
		    "the CA's challenge has a URL of another server");
	} else {
		(void)strcpy(proof->thumbprint, client->account.thumbprint);
		status = compute(client, order, note);
	}
	(void)strcpy(proof->authorization_url, acme->authorization[0]);
	return status == STATUS_OK ? order_save(client->home, order, note)
				   : status;
}

/* Record when something happened; the order's lock is held. */
static enum status
mark(struct order_work *work, int64_t *when)
{
	*when = work->now;
	return order_save(work->client->home, work->order, work->note);
}

/* The payload of version 05; of others it is {}, as RFC 8555 has it. */
static void
add_payload(const struct config_ca *settings, const struct order *order,
    struct buf *out)
{
	const struct order_proof *proof = &order->proof;

	if (proof->kind == PROOF_DNS ||
	    settings->service_in != SERVICE_IN_PAYLOAD) {
		buf_add_text(out, "{}");
		return;
	}
	buf_addf(out, "{\"type\":\"%s\",", proof_name(proof->kind));
	services_add_json(order->service, order->services, out);
	buf_addf(out, ",\"keyAuthorization\":\"%s.%s\"}", proof->token,
	    proof->thumbprint);
}

/* Was the CA told before?  Its answer may have been lost, and it does not take
 * a second one. */
static bool
knows_already(struct order_work *work)
{
	const struct order_proof *proof = &work->order->proof;
	struct acme_authorization authz;
	uint32_t status;

	if (ca_fetch_authorization(&work->client->ca, proof->authorization_url,
		&authz, NULL, NULL) != STATUS_OK)
		return false;
	status = authz.proof[proof->kind].status;
	return status == ACME_PROCESSING || status == ACME_VALID ||
	    status == ACME_INVALID || authz.status == ACME_VALID ||
	    authz.status == ACME_INVALID || authz.status == ACME_GONE;
}

/* Tell the CA that it can look (RFC 8555 section 7.5.1). */
static enum status
tell(struct order_work *work)
{
	struct client *client = work->client;
	struct order *order = work->order;
	const bool in_header = order->proof.kind != PROOF_DNS &&
	    client->settings.service_in == SERVICE_IN_HEADER;
	struct ca_answer answer = { .code = 0 };
	struct buf payload;
	enum status status;

	buf_init(&payload, 8192);
	buf_init(&answer.body, STEP_BODY_MAX);
	add_payload(&client->settings, order, &payload);
	status = buf_status(&payload);
	if (status == STATUS_OK)
		status =
		    ca_post_services(&client->ca, order->proof.challenge_url,
			buf_span(&payload), order->service,
			in_header ? order->services : 0, &answer, work->note);
	if (status == STATUS_CA && knows_already(work))
		status = STATUS_OK;
	buf_clear(&answer.body);
	buf_clear(&payload);
	return status == STATUS_OK ? mark(work, &order->proof.told) : status;
}

/* Put the records into the DNS, if mailcert may.  Recorded before: a crash
 * leaves nothing behind that nobody knows of. */
static enum status
publish(struct order_work *work, struct note *why)
{
	struct order *order = work->order;
	const int64_t since = work->now - order->proof.published;
	enum status status = STATUS_OK;
	struct note said = { "" };

	if (order->proof.published != 0 && since >= 0 && since < UPDATE_SECONDS)
		return STATUS_OK;
	if (!proof_is_dns(order->proof.kind) ||
	    !zone_is_configured(work->client->config, order->address[0]))
		return STATUS_OK;
	if (order->proof.published == 0)
		status = mark(work, &order->proof.published);
	if (status != STATUS_OK)
		return status;
	status = proof_add_records(work->client->config, order, &said);
	if (status == STATUS_DNS || status == STATUS_AGAIN ||
	    status == STATUS_NO) {
		*why = said;
		return STATUS_OK;
	}
	return status == STATUS_OK
	    ? status
	    : note_set(work->note, status, "%s", note_text(&said, status));
}

/* Is the value in place?  If not, the step says what is waited for. */
static enum status
look(struct order_work *work, bool *there)
{
	struct order_proof *proof = &work->order->proof;
	struct order_step *step = work->step;
	struct note why = { "" };
	enum status status;
	int64_t since;

	*there = false;
	status = proof_look(
	    work->client->config, work->order, there, &why, work->note);
	if (status == STATUS_OK && !*there) {
		/* Only what is missing: an update that changes nothing still
		 * is one. */
		status = publish(work, &why);
		why.text[0] = proof->published != 0 ? '\0' : why.text[0];
		if (status == STATUS_OK && proof->published != 0)
			status = proof_look(work->client->config, work->order,
			    there, &why, work->note);
	}
	if (status != STATUS_OK)
		return status;
	step->proof = why;
	if (*there || proof->vouched != 0) {
		if (!*there || why.text[0] != '\0')
			step->hint = why;
		*there = true;
		return STATUS_OK;
	}
	since = work->now - proof->published;
	step->wait =
	    proof->published != 0 && since < work->client->config->dns_patience
	    ? STEP_SPREAD
	    : STEP_PROOF;
	step->seconds = step->wait == STEP_PROOF ? PLACE_SECONDS
	    : since < UPDATE_SECONDS             ? SPREAD_SECONDS
						 : SLOW_SECONDS;
	return STATUS_OK;
}

static bool
is_needed(const struct order *order)
{
	return order_is_open(order) && order->proof.met == 0;
}

enum status
proof_withdraw(struct client *client, struct order *order, struct note *hint,
    struct note *note)
{
	struct note said = { "" };
	enum status status;

	if (order->proof.published == 0 || is_needed(order))
		return STATUS_OK;
	status = proof_remove_records(client->config, order, &said);
	if (status == STATUS_OK) {
		order->proof.published = 0;
		return order_save(client->home, order, note);
	}
	if (status == STATUS_MEMORY || status == STATUS_BUG)
		return note_set(note, status, "%s", note_text(&said, status));
	note_say(hint,
	    "the proof of %.100s is still in the DNS: %.200s; mailcert finish "
	    "%s tries again",
	    order->address[0], note_text(&said, status), order->id);
	return STATUS_OK;
}

enum status
proof_advance(struct order_work *work, bool *valid)
{
	struct order_proof *proof = &work->order->proof;
	struct order_step *step = work->step;
	struct acme_authorization authz;
	enum status status = STATUS_OK;
	int64_t retry_after;
	bool there;

	*valid = proof->met != 0 || proof->authorization_url[0] == '\0';
	if (*valid)
		return STATUS_OK;
	if (proof->told == 0) {
		status = look(work, &there);
		if (status != STATUS_OK || !there)
			return status;
		status = tell(work);
	}
	if (status != STATUS_OK)
		return status;
	status = ca_fetch_authorization(&work->client->ca,
	    proof->authorization_url, &authz, &retry_after, work->note);
	step->seconds = step_pause(retry_after);
	if (status != STATUS_OK)
		return status;
	if (authz.status == ACME_INVALID || authz.status == ACME_GONE)
		return order_fail(work->client, work->order,
		    "the CA did not accept the proof of the host",
		    &authz.problem, work->note);
	*valid = authz.status == ACME_VALID;
	step->wait = STEP_CA;
	if (*valid)
		status = mark(work, &proof->met);
	/* Before the certificate: then nobody would look at the order. */
	return *valid && status == STATUS_OK
	    ? proof_withdraw(work->client, work->order, &step->hint, work->note)
	    : status;
}

/* Lock it, and read it again. */
static enum status
reopen(
    const struct home *home, struct order *order, int *lock, struct note *note)
{
	char id[RECORD_ID_SIZE];
	enum status status;

	(void)strcpy(id, order->id);
	status = home_lock_on(home, id, LOCK_SECONDS, lock, note);
	return status == STATUS_OK ? order_load(home, id, order, note) : status;
}

enum status
proof_publish(const struct config *config, const struct home *home,
    struct order *order, struct note *note)
{
	enum status status;
	int lock = -1;

	status = reopen(home, order, &lock, note);
	if (status == STATUS_OK && order->proof.published == 0) {
		order->proof.published = (int64_t)time(NULL);
		status = order_save(home, order, note);
	}
	if (status == STATUS_OK)
		status = proof_add_records(config, order, note);
	if (lock >= 0)
		(void)close(lock);
	return status == STATUS_OK ? proof_wait(config, order, note) : status;
}

enum status
proof_unpublish(const struct config *config, const struct home *home,
    struct order *order, struct note *note)
{
	enum status status;
	int lock = -1;

	status = reopen(home, order, &lock, note);
	if (status == STATUS_OK)
		status = proof_remove_records(config, order, note);
	if (status == STATUS_OK) {
		order->proof.published = 0;
		status = order_save(home, order, note);
	}
	if (lock >= 0)
		(void)close(lock);
	return status;
}

static enum status
set_vouched(void *record, const void *arg, struct note *note)
{
	struct order *order = record;

	(void)arg;
	(void)note;
	if (order->proof.vouched != 0)
		return STATUS_UNCHANGED;
	order->proof.vouched = (int64_t)time(NULL);
	return STATUS_OK;
}

enum status
proof_vouch(const struct home *home, struct order *order, struct note *note)
{
	return order_change(home, order->id, set_vouched, NULL, order, note);
}

void
proof_add_lines(const struct order *order, struct buf *out)
{
	const struct order_proof *proof = &order->proof;
	size_t i;

	for (i = 0; proof->value[0][0] != '\0' && i < proof_places(order);
	     i++) {
		if (proof_is_dns(proof->kind)) {
			proof_add_zone_line(order, i, out);
		} else {
			buf_addf(out,
			    "%s on port %d: ", order->service[i].service->name,
			    order->service[i].port);
			proof_add_capability(proof->kind, proof->value[i], out);
		}
		buf_add_byte(out, '\n');
	}
}

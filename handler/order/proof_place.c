/* proof_place.c - where a host's proof stands: see proof_place.h */
#include "order/proof_place.h"

#include <string.h>

#include "service/sight.h"
#include "zone/zone.h"

size_t
proof_places(const struct order *order)
{
	return order->proof.kind == PROOF_DNS ? 1 : order->services;
}

void
proof_add_zone_line(const struct order *order, size_t i, struct buf *out)
{
	proof_add_name(
	    order->proof.kind, &order->service[i], order->address[0], out);
	buf_addf(out, ". %d IN TXT \"%s\"", PROOF_TTL, order->proof.value[i]);
}

/* One TXT record: a string, its length before it (RFC 1035 section 3.3.14). */
static void
make_data(const char *value, struct buf *out)
{
	buf_add_byte(out, (char)strlen(value));
	buf_add_text(out, value);
}

static enum status
find(const struct config *config, const struct order *order, size_t i,
    struct zone *out, struct note *note)
{
	enum status status;
	struct buf name;

	buf_init(&name, SERVICE_RECORD_SIZE);
	proof_add_name(
	    order->proof.kind, &order->service[i], order->address[0], &name);
	status = buf_status(&name);
	if (status == STATUS_OK)
		status = zone_find(config, name.at, ZONE_TXT, out, note);
	buf_clear(&name);
	return status;
}

static void
tell_where(const struct order *order, size_t i, enum status status,
    const struct note *said, struct note *note)
{
	struct buf name;

	buf_init(&name, SERVICE_RECORD_SIZE);
	proof_add_name(
	    order->proof.kind, &order->service[i], order->address[0], &name);
	(void)note_set(note, status, "TXT record %.150s: %.250s",
	    name.at != NULL ? name.at : "", note_text(said, status));
	buf_clear(&name);
}

/* What is done with one record. */
enum act { LOOK, WAIT, ADD, REMOVE };

static enum status
act_on(const struct config *config, const struct order *order, size_t i,
    enum act act, struct note *note)
{
	const struct zone_waiting how = { .seconds = act == LOOK ? 0 : -1 };
	struct note said = { "" };
	struct zone_change change = {
		.act = act == REMOVE ? ZONE_REMOVE : ZONE_ADD, .ttl = PROOF_TTL
	};
	struct zone zone;
	enum status status;
	struct buf data;

	buf_init(&data, SERVICE_VALUE_SIZE);
	make_data(order->proof.value[i], &data);
	change.data = buf_span(&data);
	status = buf_status(&data);
	if (status == STATUS_OK)
		status = find(config, order, i, &zone, &said);
	if (status == STATUS_OK && (act == LOOK || act == WAIT))
		status = zone_wait(&zone, &change, 1, &how, config, &said);
	else if (status == STATUS_OK)
		status = zone_update(config, &zone, &change, 1, false, &said);
	if (status != STATUS_OK)
		tell_where(order, i, status, &said, note);
	buf_clear(&data);
	return status;
}

static enum status
act_on_all(const struct config *config, const struct order *order, enum act act,
    struct note *note)
{
	enum status status = STATUS_OK;
	size_t i;

	for (i = 0; status == STATUS_OK && i < proof_places(order); i++)
		status = act_on(config, order, i, act, note);
	return status;
}

enum status
proof_add_records(
    const struct config *config, const struct order *order, struct note *note)
{
	return act_on_all(config, order, ADD, note);
}

enum status
proof_remove_records(
    const struct config *config, const struct order *order, struct note *note)
{
	return act_on_all(config, order, REMOVE, note);
}

enum status
proof_wait(
    const struct config *config, const struct order *order, struct note *note)
{
	return act_on_all(config, order, WAIT, note);
}

/* One server, at each of its addresses. */
static enum status
look_at(const struct config *config, const struct order *order, size_t i,
    bool *there, struct note *why, struct note *note)
{
	struct sight_of of = { .host = order->address[0],
		.at = order->service[i] };
	struct sight_addresses named;
	enum sight_verdict verdict;
	struct helper_kept kept = { .questions = 0 };
	struct sighting sighting;
	struct buf answer, text;
	enum status status;
	struct span rest;

	sight_addresses(order, &named);
	of.address = named.address;
	of.addresses = named.count;
	buf_init(&answer, SIGHT_ANSWER_MAX);
	buf_init(&text, 4096);
	status = sight_look(config, &of, &kept, &answer, note);
	rest = buf_span(&answer);
	while (status == STATUS_OK && *there && sight_next(&rest, &sighting)) {
		verdict =
		    sight_judge(&sighting, span_of(order->proof.value[i]));
		if (verdict == SIGHT_ANNOUNCED)
			continue;
		*there =
		    verdict == SIGHT_BEFORE_ONLY || verdict == SIGHT_AFTER_ONLY;
		buf_clear(&text);
		sight_explain(&sighting, verdict, &text);
		note_say(why, "%s on port %d at %.*s: %.250s",
		    order->service[i].service->name, order->service[i].port,
		    (int)sighting.address.len, sighting.address.at,
		    text.at != NULL ? text.at : "");
	}
	helper_end(&kept);
	buf_clear(&text);
	buf_clear(&answer);
	return status;
}

enum status
proof_look(const struct config *config, const struct order *order, bool *there,
    struct note *why, struct note *note)
{
	enum status status = STATUS_OK;
	struct note said = { "" };
	size_t i;

	*there = true;
	if (proof_is_dns(order->proof.kind))
		status = act_on_all(config, order, LOOK, &said);
	else
		for (i = 0;
		     status == STATUS_OK && *there && i < proof_places(order);
		     i++)
			status = look_at(config, order, i, there, why, &said);
	/* Somebody has to do something, or to wait. */
	if (status == STATUS_AGAIN || status == STATUS_DNS ||
	    status == STATUS_NO || status == STATUS_NET) {
		*there = false;
		*why = said;
		return STATUS_OK;
	}
	return status == STATUS_OK
	    ? status
	    : note_set(note, status, "%s", note_text(&said, status));
}

/* order_server.c - orders for mail servers, as they are stored: see order_p.h */
#include "store/order_p.h"

#include <string.h>

#include "acme/token.h"
#include "base/base64url.h"
#include "mail/date.h"

/* "imaps:993", one on each line. */
static bool
get_services(const struct json *json, struct order *out)
{
	char text[SERVICES_MAX * (SERVICE_NAME_SIZE + sizeof(":65535\n"))];
	struct span rest;
	size_t end, i;

	if (json_get_text(json, "services", text, sizeof(text)) != STATUS_OK)
		return false;
	for (rest = span_of(text); rest.len > 0;
	     rest = span_cut(rest, end + 1, rest.len)) {
		end = span_find_byte(rest, '\n');
		if (out->services == SERVICES_MAX ||
		    !service_at_parse(
			span_cut(rest, 0, end), &out->service[out->services]))
			return false;
		for (i = 0; i < out->services; i++)
			if (service_at_is_same(
				&out->service[i], &out->service[out->services]))
				return false;
		out->services++;
	}
	return out->services > 0;
}

/* One for each service, one on each line; or none. */
static bool
get_values(const struct json *json, struct order *out)
{
	char text[SERVICES_MAX * (SERVICE_VALUE_SIZE + 1)];
	struct span rest, value;
	size_t i = 0, end;

	if (json_get_text(json, "proof_values", text, sizeof(text)) !=
	    STATUS_OK)
		return false;
	for (rest = span_of(text); rest.len > 0;
	     rest = span_cut(rest, end + 1, rest.len)) {
		end = span_find_byte(rest, '\n');
		value = span_cut(rest, 0, end);
		if (i == out->services || value.len != SERVICE_VALUE_SIZE - 1 ||
		    !base64url_is_text(value) ||
		    !span_copy(
			value, out->proof.value[i++], SERVICE_VALUE_SIZE))
			return false;
	}
	return i == out->services || i == 0;
}

static bool
get_url(const struct json *json, const char *name, char *out)
{
	return json_get_text(json, name, out, ACME_URL_SIZE) == STATUS_OK &&
	    (out[0] == '\0' || acme_url_ok(span_of(out)));
}

static bool
get_base64(const struct json *json, const char *name, char *out, size_t size)
{
	return json_get_text(json, name, out, size) == STATUS_OK &&
	    (out[0] == '\0' || base64url_is_text(span_of(out)));
}

/* The times, by their names in the file. */
static const struct {
	const char *name;
	size_t offset;
} times[] = {
	{ "proof_published", offsetof(struct order_proof, published) },
	{ "proof_vouched", offsetof(struct order_proof, vouched) },
	{ "proof_told", offsetof(struct order_proof, told) },
	{ "proof_met", offsetof(struct order_proof, met) },
};
enum { TIMES = sizeof(times) / sizeof(*times) };

static int64_t *
time_at(struct order_proof *proof, size_t i)
{
	return (int64_t *)(void *)((char *)proof + times[i].offset);
}

static const char *
get_proof(const struct json *json, struct order *out)
{
	struct order_proof *proof = &out->proof;
	char text[32];
	size_t i;

	if (json_get_text(json, "proof", text, sizeof(text)) != STATUS_OK)
		return "proof";
	proof->chosen = text[0] != '\0';
	if (proof->chosen && !proof_parse(span_of(text), &proof->kind))
		return "proof";
	if (!get_url(json, "authorization", proof->authorization_url))
		return "authorization";
	if (!get_url(json, "challenge", proof->challenge_url))
		return "challenge";
	if (!get_base64(json, "token", proof->token, sizeof(proof->token)))
		return "token";
	if (!get_base64(json, "thumbprint", proof->thumbprint,
		sizeof(proof->thumbprint)))
		return "thumbprint";
	if (!get_values(json, out))
		return "proof_values";
	if (proof->challenge_url[0] != '\0' &&
	    (!proof->chosen || proof->token[0] == '\0' ||
		proof->value[0][0] == '\0'))
		return "challenge";
	for (i = 0; i < TIMES; i++)
		if (json_get_number(json, times[i].name, time_at(proof, i)) !=
			STATUS_OK ||
		    *time_at(proof, i) < 0 || *time_at(proof, i) > DATE_MOST)
			return times[i].name;
	return NULL;
}

const char *
order_server_read(const struct json *json, struct order *order)
{
	char host[ACME_VALUE_SIZE];
	int64_t srv_id;

	if (order->addresses != 1 ||
	    !host_normal(span_of(order->address[0]), host, sizeof(host)) ||
	    strcmp(order->address[0], host) != 0)
		return "addresses";
	if (order_is_foreign(order))
		return "account";
	if (!get_services(json, order))
		return "services";
	if (json_get_number(json, "srv_id", &srv_id) != STATUS_OK ||
	    (srv_id != 0 && srv_id != 1))
		return "srv_id";
	order->srv_id = srv_id == 1;
	if (json_get_text(json, "look_at", order->look_at,
		sizeof(order->look_at)) == STATUS_BAD_JSON)
		return "look_at";
	return get_proof(json, order);
}

bool
order_server_write(const struct order *order, struct json *json)
{
	struct order_proof proof = order->proof;
	struct buf services, values;
	bool good = true;
	size_t i;

	buf_init(&services, 1024);
	buf_init(&values, 1024);
	buf_add_text(&services, "");
	buf_add_text(&values, "");
	for (i = 0; i < order->services; i++) {
		service_at_add(&order->service[i], &services);
		buf_add_byte(&services, '\n');
		if (proof.value[i][0] != '\0')
			buf_addf(&values, "%s\n", proof.value[i]);
	}
	for (i = 0; good && i < TIMES; i++)
		good =
		    json_set_number(json, times[i].name, *time_at(&proof, i));
	good = good && buf_status(&services) == STATUS_OK &&
	    buf_status(&values) == STATUS_OK &&
	    json_set_text(json, "services", services.at) &&
	    json_set_text(json, "proof_values", values.at) &&
	    json_set_number(json, "srv_id", order->srv_id) &&
	    json_set_text(json, "look_at", order->look_at) &&
	    json_set_text(
		json, "proof", proof.chosen ? proof_name(proof.kind) : "") &&
	    json_set_text(json, "authorization", proof.authorization_url) &&
	    json_set_text(json, "challenge", proof.challenge_url) &&
	    json_set_text(json, "token", proof.token) &&
	    json_set_text(json, "thumbprint", proof.thumbprint);
	buf_clear(&values);
	buf_clear(&services);
	return good;
}

/* issuance.c - certificates that are being got: see issuance.h */
#include "store/issuance.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "acme/url.h"

static const char *const states[] = { "ordered", "finalizing", "issued",
	"failed" };
enum { STATES = sizeof(states) / sizeof(*states) };

const char *
issuance_state_name(enum issuance_state state)
{
	return states[state];
}

static bool
get_state(const struct json *json, enum issuance_state *out)
{
	char text[16];
	size_t i;

	if (json_get_text(json, "state", text, sizeof(text)) != STATUS_OK ||
	    (i = span_index(span_of(text), states, STATES)) == STATES)
		return false;
	*out = (enum issuance_state)i;
	return true;
}

/* The addresses, one a line. */
static bool
get_addresses(const struct json *json, struct issuance *out)
{
	char text[ACME_IDENTIFIERS_MAX * ACME_VALUE_SIZE];
	struct span rest;
	size_t end;

	if (json_get_text(json, "addresses", text, sizeof(text)) != STATUS_OK)
		return false;
	for (rest = span_of(text); rest.len > 0;) {
		end = span_find_byte(rest, '\n');
		if (out->addresses == ACME_IDENTIFIERS_MAX || end == 0 ||
		    !span_copy(span_cut(rest, 0, end),
			out->address[out->addresses++], ACME_VALUE_SIZE))
			return false;
		rest = span_cut(rest, end + 1, rest.len);
	}
	return out->addresses > 0;
}

static bool
read_issuance(const struct json *json, struct issuance *out)
{
	char key[32], usage[16];

	return json_get_text(json, "id", out->id, sizeof(out->id)) ==
	    STATUS_OK &&
	    json_get_text(json, "account", out->account,
		sizeof(out->account)) == STATUS_OK &&
	    json_get_text(json, "order", out->order_url, ACME_URL_SIZE) ==
	    STATUS_OK &&
	    acme_url_ok(span_of(out->order_url)) && get_addresses(json, out) &&
	    json_get_text(json, "key", key, sizeof(key)) == STATUS_OK &&
	    key_kind_parse(span_of(key), &out->key) &&
	    json_get_text(json, "usage", usage, sizeof(usage)) == STATUS_OK &&
	    csr_usage_parse(span_of(usage), &out->usage) &&
	    get_state(json, &out->state) &&
	    json_get_text(json, "why", out->why, sizeof(out->why)) !=
	    STATUS_CONFIG &&
	    json_get_number(json, "created", &out->created) == STATUS_OK &&
	    json_get_number(json, "expires", &out->expires) != STATUS_CONFIG;
}

enum status
issuance_load(const struct home *home, const char *id, struct issuance *out,
    struct note *note)
{
	struct json *json = NULL;
	enum status status;

	*out = (struct issuance){ .addresses = 0 };
	status = jsonfile_load(home, "issuances", id, &json, note);
	if (status != STATUS_OK)
		return status;
	if (!read_issuance(json, out) || strcmp(out->id, id) != 0)
		status = note_set(note, STATUS_CONFIG,
		    "issuances/%s.json cannot be read; it was left alone", id);
	json_free(json);
	return status;
}

enum status
issuance_save(
    const struct home *home, const struct issuance *issuance, struct note *note)
{
	struct json *json = json_new();
	enum status status = STATUS_MEMORY;
	struct buf addresses;
	size_t i;

	buf_init(&addresses, ACME_IDENTIFIERS_MAX * ACME_VALUE_SIZE);
	for (i = 0; i < issuance->addresses; i++)
		buf_addf(&addresses, "%s\n", issuance->address[i]);
	if (json != NULL && buf_status(&addresses) == STATUS_OK &&
	    json_set_text(json, "id", issuance->id) &&
	    json_set_text(json, "account", issuance->account) &&
	    json_set_text(json, "order", issuance->order_url) &&
	    json_set_text(json, "addresses", addresses.at) &&
	    json_set_text(json, "key", key_kind_name(issuance->key)) &&
	    json_set_text(json, "usage", csr_usage_name(issuance->usage)) &&
	    json_set_text(json, "state", states[issuance->state]) &&
	    json_set_text(json, "why", issuance->why) &&
	    json_set_number(json, "created", issuance->created) &&
	    json_set_number(json, "expires", issuance->expires))
		status =
		    jsonfile_save(home, "issuances", issuance->id, json, note);
	json_free(json);
	buf_clear(&addresses);
	return status;
}

static enum status
path_in(const struct home *home, const char *directory, const char *id,
    char *out, size_t size, struct note *note)
{
	enum status status;
	int dir = -1;

	status = home_subdir(home, directory, true, &dir, note);
	if (status != STATUS_OK)
		return status;
	(void)close(dir);
	return snprintf(out, size, "%s/%s/%s.pem", home->path, directory, id) <
		(int)size
	    ? STATUS_OK
	    : STATUS_CONFIG;
}

enum status
issuance_paths(const struct home *home, const char *id, char *key,
    char *certificate, size_t size, struct note *note)
{
	enum status status = path_in(home, "keys", id, key, size, note);

	return status == STATUS_OK
	    ? path_in(home, "certificates", id, certificate, size, note)
	    : status;
}

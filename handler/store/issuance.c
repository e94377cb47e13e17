/* issuance.c - certificates that are being got: see issuance.h */
#include "store/issuance.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acme/url.h"
#include "base/base64url.h"

static const char *const states[] = { "new", "ordered", "finalizing", "issued",
	"failed", "revoked" };
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

/* An id, or nothing. */
static bool
get_id(const struct json *json, const char *name, char out[JSONFILE_ID_SIZE])
{
	return json_get_text(json, name, out, JSONFILE_ID_SIZE) !=
	    STATUS_CONFIG &&
	    (out[0] == '\0' || jsonfile_id_ok(span_of(out)));
}

static bool
get_key(const struct json *json, struct issuance *out)
{
	int64_t locked = 0;
	const bool good = json_get_text(json, "csr", out->csr,
			      sizeof(out->csr)) == STATUS_OK &&
	    base64url_is_text(span_of(out->csr)) &&
	    json_get_text(json, "public", out->public, sizeof(out->public)) ==
		STATUS_OK &&
	    base64url_is_text(span_of(out->public)) &&
	    json_get_number(json, "locked", &locked) != STATUS_CONFIG;

	out->locked = locked != 0;
	return good;
}

static bool
get_window(const struct json *json, struct issuance_window *out)
{
	return json_get_number(json, "window_start", &out->start) !=
	    STATUS_CONFIG &&
	    json_get_number(json, "window_end", &out->end) != STATUS_CONFIG &&
	    json_get_number(json, "window_chosen", &out->chosen) !=
	    STATUS_CONFIG &&
	    json_get_number(json, "window_ask_again", &out->ask_again) !=
	    STATUS_CONFIG;
}

static bool
set_window(struct json *json, const struct issuance_window *window)
{
	return json_set_number(json, "window_start", window->start) &&
	    json_set_number(json, "window_end", window->end) &&
	    json_set_number(json, "window_chosen", window->chosen) &&
	    json_set_number(json, "window_ask_again", window->ask_again);
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
	    get_addresses(json, out) &&
	    json_get_text(json, "key", key, sizeof(key)) == STATUS_OK &&
	    key_kind_parse(span_of(key), &out->key) &&
	    json_get_text(json, "usage", usage, sizeof(usage)) == STATUS_OK &&
	    csr_usage_parse(span_of(usage), &out->usage) &&
	    get_state(json, &out->state) && get_key(json, out) &&
	    (out->order_url[0] == '\0'
		    ? out->state == ISSUANCE_NEW ||
			out->state == ISSUANCE_FAILED
		    : acme_url_ok(span_of(out->order_url))) &&
	    json_get_text(json, "why", out->why, sizeof(out->why)) !=
	    STATUS_CONFIG &&
	    json_get_number(json, "created", &out->created) == STATUS_OK &&
	    json_get_number(json, "expires", &out->expires) != STATUS_CONFIG &&
	    get_id(json, "replaces", out->replaces) &&
	    get_id(json, "replaced", out->replaced) &&
	    json_get_number(json, "starts", &out->starts) != STATUS_CONFIG &&
	    json_get_number(json, "revoked", &out->revoked) != STATUS_CONFIG &&
	    json_get_text(json, "cert_id", out->cert_id,
		sizeof(out->cert_id)) != STATUS_CONFIG &&
	    (out->cert_id[0] == '\0' || acme_id_ok(span_of(out->cert_id))) &&
	    get_window(json, &out->window);
}

bool
issuance_is_open(const struct issuance *issuance)
{
	return issuance->state == ISSUANCE_NEW ||
	    issuance->state == ISSUANCE_ORDERED ||
	    issuance->state == ISSUANCE_FINALIZING;
}

enum status
issuance_load(const struct home *home, const char *id, struct issuance *out,
    struct note *note)
{
	char name[JSONFILE_ID_SIZE]; /* id may be a part of *out */
	struct json *json = NULL;
	enum status status;

	if (!span_copy(span_of(id), name, sizeof(name)))
		return STATUS_NO;
	*out = (struct issuance){ .addresses = 0 };
	status = jsonfile_load(home, "issuances", name, &json, note);
	if (status != STATUS_OK)
		return status;
	if (!read_issuance(json, out) || strcmp(out->id, name) != 0)
		status = note_set(note, STATUS_CONFIG,
		    "issuances/%s.json cannot be read; it was left alone",
		    name);
	json_free(json);
	return status;
}

static int
by_creation(const void *left, const void *right)
{
	const struct issuance *a = left, *b = right;

	if (a->created != b->created)
		return a->created < b->created ? -1 : 1;
	return strcmp(a->id, b->id);
}

enum status
issuances_load(const struct home *home, struct issuance **out, size_t *count,
    struct note *note)
{
	char(*ids)[JSONFILE_ID_SIZE] = calloc(ISSUANCES_MAX, sizeof(*ids));
	enum status status = STATUS_MEMORY;
	size_t found = 0, i;

	*out = NULL;
	*count = 0;
	if (ids != NULL)
		status = jsonfile_list(
		    home, "issuances", ids, ISSUANCES_MAX, &found, note);
	if (status == STATUS_OK &&
	    (*out = calloc(found + 1, sizeof(**out))) == NULL)
		status = STATUS_MEMORY;
	for (i = 0; status == STATUS_OK && i < found; i++) {
		status = issuance_load(home, ids[i], &(*out)[*count], note);
		if (status == STATUS_OK)
			++*count;
		else if (status == STATUS_NO) /* it went in between */
			status = STATUS_OK;
	}
	if (status == STATUS_OK) {
		qsort(*out, *count, sizeof(**out), by_creation);
	} else {
		free(*out);
		*out = NULL;
		*count = 0;
	}
	free(ids);
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
	    json_set_number(json, "locked", issuance->locked) &&
	    json_set_text(json, "csr", issuance->csr) &&
	    json_set_text(json, "public", issuance->public) &&
	    json_set_text(json, "state", states[issuance->state]) &&
	    json_set_text(json, "why", issuance->why) &&
	    json_set_number(json, "created", issuance->created) &&
	    json_set_number(json, "expires", issuance->expires) &&
	    json_set_text(json, "replaces", issuance->replaces) &&
	    json_set_text(json, "replaced", issuance->replaced) &&
	    json_set_number(json, "starts", issuance->starts) &&
	    json_set_number(json, "revoked", issuance->revoked) &&
	    json_set_text(json, "cert_id", issuance->cert_id) &&
	    set_window(json, &issuance->window))
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

/* Gone, or never there. */
static enum status
remove_file(const struct home *home, const char *directory, const char *id,
    const char *suffix, struct note *note)
{
	char name[JSONFILE_ID_SIZE + 8];
	enum status status;
	int dir = -1;

	status = home_subdir(home, directory, false, &dir, note);
	if (status != STATUS_OK || dir < 0)
		return status;
	(void)snprintf(name, sizeof(name), "%s%s", id, suffix);
	if (unlinkat(dir, name, 0) != 0 && errno != ENOENT)
		status = note_set(note, STATUS_IO, "%s/%s: %s", directory, name,
		    strerror(errno));
	if (status == STATUS_OK)
		status = dir_sync(dir);
	(void)close(dir);
	return status;
}

enum status
issuance_forget(const struct home *home, const char *id, struct note *note)
{
	char key[1200], certificate[1200];
	enum status status;

	if (!jsonfile_id_ok(span_of(id)))
		return STATUS_NO;
	status = issuance_paths(home, id, key, certificate, sizeof(key), note);
	if (status == STATUS_OK && access(certificate, F_OK) == 0)
		return note_set(note, STATUS_USAGE,
		    "%s has a certificate, which is not forgotten", id);
	/* The record last: what is cut short can be done again. */
	if (status == STATUS_OK)
		status = remove_file(home, "keys", id, ".pem", note);
	return status == STATUS_OK
	    ? remove_file(home, "issuances", id, ".json", note)
	    : status;
}

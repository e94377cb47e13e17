/* issuance.c - certificates that are being got: see issuance.h */
#include "store/issuance.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/record.h"

static const char *const states[] = { "new", "ordered", "finalizing", "issued",
	"failed", "revoked" };
enum { STATES = sizeof(states) / sizeof(*states) };

const char *
issuance_state_name(enum issuance_state state)
{
	return states[state];
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

/* What no table says; the name of what is wrong. */
static const char *
read_rest(const struct json *json, void *record)
{
	struct issuance *issuance = record;
	char text[32];
	size_t state;

	if (!get_addresses(json, issuance))
		return "addresses";
	if (json_get_text(json, "key", text, sizeof(text)) != STATUS_OK ||
	    !key_kind_parse(span_of(text), &issuance->key))
		return "key";
	if (json_get_text(json, "usage", text, sizeof(text)) != STATUS_OK ||
	    !csr_usage_parse(span_of(text), &issuance->usage))
		return "usage";
	if (json_get_text(json, "state", text, sizeof(text)) != STATUS_OK ||
	    (state = span_index(span_of(text), states, STATES)) == STATES)
		return "state";
	issuance->state = (enum issuance_state)state;
	if (issuance->order_url[0] == '\0' && issuance->state != ISSUANCE_NEW &&
	    issuance->state != ISSUANCE_FAILED)
		return "order";
	if (issuance->cert_id[0] != '\0' &&
	    !acme_id_ok(span_of(issuance->cert_id)))
		return "cert_id";
	return NULL;
}

static bool
write_rest(const void *record, struct json *json)
{
	const struct issuance *issuance = record;
	struct buf addresses;
	bool good;
	size_t i;

	buf_init(&addresses, ACME_IDENTIFIERS_MAX * ACME_VALUE_SIZE);
	for (i = 0; i < issuance->addresses; i++)
		buf_addf(&addresses, "%s\n", issuance->address[i]);
	good = buf_status(&addresses) == STATUS_OK && addresses.len > 0 &&
	    json_set_text(json, "addresses", addresses.at) &&
	    json_set_text(json, "key", key_kind_name(issuance->key)) &&
	    json_set_text(json, "usage", csr_usage_name(issuance->usage)) &&
	    json_set_text(json, "state", states[issuance->state]);
	buf_clear(&addresses);
	return good;
}

#define ISSUANCE(member, name, type, required) \
	MEMBER(struct issuance, member, name, type, required)

static const struct member members[] = {
	ISSUANCE(id, "id", MEMBER_ID, true),
	ISSUANCE(account, "account", MEMBER_ID, true),
	ISSUANCE(order_url, "order", MEMBER_URL, true),
	ISSUANCE(locked, "locked", MEMBER_FLAG, false),
	ISSUANCE(queued, "queued", MEMBER_FLAG, false),
	ISSUANCE(csr, "csr", MEMBER_BASE64, true),
	ISSUANCE(public, "public", MEMBER_BASE64, true),
	ISSUANCE(why, "why", MEMBER_TEXT, false),
	ISSUANCE(refused, "refused", MEMBER_TIME, false),
	ISSUANCE(created, "created", MEMBER_TIME, true),
	ISSUANCE(expires, "expires", MEMBER_TIME, false),
	ISSUANCE(replaces, "replaces", MEMBER_ID, false),
	ISSUANCE(replaced, "replaced", MEMBER_ID, false),
	ISSUANCE(starts, "starts", MEMBER_TIME, false),
	ISSUANCE(revoked, "revoked", MEMBER_TIME, false),
	ISSUANCE(cert_id, "cert_id", MEMBER_TEXT, false),
	ISSUANCE(window.start, "window_start", MEMBER_TIME, false),
	ISSUANCE(window.end, "window_end", MEMBER_TIME, false),
	ISSUANCE(window.chosen, "window_chosen", MEMBER_TIME, false),
	ISSUANCE(window.ask_again, "window_ask_again", MEMBER_TIME, false),
};

static const struct record_kind kind = {
	.directory = "issuances",
	.size = sizeof(struct issuance),
	.created = offsetof(struct issuance, created),
	.own_lock = true,
	.members = members,
	.count = sizeof(members) / sizeof(*members),
	.read = read_rest,
	.write = write_rest,
};

static_assert(
    offsetof(struct issuance, id) == 0, "a record begins with its id");

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
	return record_load(home, &kind, id, out, note);
}

enum status
issuances_load_if(const struct home *home, issuance_filter *wanted,
    const void *arg, struct issuance **out, size_t *count, struct note *note)
{
	void *records = NULL;
	enum status status;

	status = records_load(home, &kind, wanted, arg, &records, count, note);
	*out = records;
	return status;
}

enum status
issuances_load(const struct home *home, struct issuance **out, size_t *count,
    struct note *note)
{
	return issuances_load_if(home, NULL, NULL, out, count, note);
}

enum status
issuance_save(
    const struct home *home, const struct issuance *issuance, struct note *note)
{
	return record_save(home, &kind, issuance, note);
}

enum status
issuance_change(const struct home *home, const char *id,
    issuance_changer *change, const void *arg, struct issuance *out,
    struct note *note)
{
	return record_change(home, &kind, id, change, arg, out, note);
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

/* Its key: gone, or never there. */
static enum status
remove_key(const struct home *home, const char *id, struct note *note)
{
	char name[JSONFILE_ID_SIZE + 8];
	enum status status;
	int dir = -1;

	status = home_subdir(home, "keys", false, &dir, note);
	if (status != STATUS_OK || dir < 0)
		return status;
	(void)snprintf(name, sizeof(name), "%s.pem", id);
	if (unlinkat(dir, name, 0) != 0 && errno != ENOENT)
		status = note_set(
		    note, STATUS_IO, "keys/%s: %s", name, strerror(errno));
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
		status = remove_key(home, id, note);
	if (status == STATUS_OK)
		status = record_forget(home, &kind, id, note);
	if (status != STATUS_OK && status != STATUS_NO)
		return status;
	home_lock_forget(home, id);
	return STATUS_OK;
}

/* object.c - the JSON objects of a CA: see object.h.  Input: hostile. */
#include "acme/object.h"

#include <string.h>

#include "acme/url.h"
#include "base/json.h"
#include "base/text.h"

#define URN "urn:ietf:params:acme:error:"

static const char *const statuses[] = { "", "pending", "ready", "processing",
	"valid", "invalid" };
enum { STATUSES = sizeof(statuses) / sizeof(*statuses) };

static enum status
nonsense(struct note *note, const char *what, const char *member)
{
	return note_set(note, STATUS_BAD_CA,
	    "the CA's %s has a missing or malformed \"%s\"", what, member);
}

static enum status
parse(struct span text, const char *what, struct json **out, struct note *note)
{
	if (json_parse(text, out) != STATUS_OK)
		return note_set(note, STATUS_BAD_CA,
		    "the CA's %s is not a JSON object", what);
	return STATUS_OK;
}

/* Some servers write null or "" for a URL that they do not have. */
static bool
get_url(const struct json *json, const char *name, bool demanded, char *out)
{
	enum status status = json_get_text(json, name, out, ACME_URL_SIZE);

	if (status == STATUS_MISSING || json_has_null(json, name) ||
	    (status == STATUS_OK && out[0] == '\0'))
		return !demanded;
	return status == STATUS_OK && acme_url_ok(span_of(out)) &&
	    acme_origin(span_of(out)).len > 0;
}

static uint32_t
get_status(const struct json *json)
{
	static const char *const gone[] = { "expired", "deactivated",
		"revoked" };
	char text[32];
	size_t i;

	if (json_get_text(json, "status", text, sizeof(text)) != STATUS_OK)
		return ACME_NO_STATUS;
	i = span_index(span_of(text), statuses, STATUSES);
	return i > 0 && i < STATUSES                 ? (uint32_t)i
	    : span_index(span_of(text), gone, 3) < 3 ? ACME_GONE
						     : ACME_UNKNOWN;
}

/* Copy an RFC 3339 time as text, which the caller parses.  Drop the fraction of
 * the second, which may be long.  Anything else becomes "?", to distinguish it
 * from an absent time. */
static void
get_time(const struct json *json, const char *name, char *out)
{
	char text[1024];
	struct span before, after;
	size_t dot;

	(void)strcpy(out, "?");
	switch (json_get_text(json, name, text, sizeof(text))) {
	case STATUS_MISSING:
		out[0] = '\0';
		return;
	case STATUS_OK:
		break;
	default:
		if (json_has_null(json, name))
			out[0] = '\0';
		return;
	}
	dot = span_find_byte(span_of(text), '.');
	before = span_cut(span_of(text), 0, dot);
	after = span_cut(span_of(text), dot + 1, strlen(text));
	while (after.len > 0 && ascii_is_digit(after.at[0]))
		after = span_cut(after, 1, after.len);
	if (before.len + after.len < ACME_TIME_SIZE &&
	    !text_has_hidden(before) && !text_has_hidden(after)) {
		memcpy(out, before.at, before.len);
		memcpy(out + before.len, after.at, after.len);
		out[before.len + after.len] = '\0';
	}
}

static void
take_type(const struct json *json, char *out, size_t size)
{
	char type[256];
	struct span text;

	(void)!json_get_text(json, "type", type, sizeof(type));
	text = span_of(type);
	if (span_starts(text, SPAN(URN)))
		text = span_cut(text, strlen(URN), text.len);
	text_show_in(out, size, text.len > 0 ? text : SPAN("unknown"), false);
}

/* Section 6.7.1: which identifiers the problem is about, and why. */
static void
take_parts(const struct json *json, char *out, size_t size)
{
	const struct json *part, *identifier;
	char value[ACME_VALUE_SIZE], detail[1024], type[64];
	struct buf text;
	size_t i;

	buf_init(&text, 16 * 1024);
	for (i = 0;
	     i < 8 && (part = json_get_item(json, "subproblems", i)) != NULL;
	     i++) {
		identifier = json_get_object(part, "identifier");
		if (identifier == NULL ||
		    json_get_text(identifier, "value", value, sizeof(value)) !=
			STATUS_OK)
			value[0] = '\0';
		if (json_get_text(part, "detail", detail, sizeof(detail)) !=
		    STATUS_OK)
			detail[0] = '\0';
		take_type(part, type, sizeof(type));
		buf_addf(&text, "%s%s%s%s%s%s", i > 0 ? "; " : "", value,
		    value[0] != '\0' ? ": " : "", type,
		    detail[0] != '\0' ? ", " : "", detail);
	}
	text_show_in(out, size, buf_span(&text), true);
	buf_clear(&text);
}

static void
take_problem(const struct json *json, struct acme_problem *out)
{
	char detail[4096];

	*out = (struct acme_problem){ .type = "" };
	if (json == NULL)
		return;
	if (!get_url(json, "instance", false, out->instance))
		out->instance[0] = '\0';
	take_type(json, out->type, sizeof(out->type));
	if (json_get_text(json, "detail", detail, sizeof(detail)) == STATUS_OK)
		text_show_in(
		    out->detail, sizeof(out->detail), span_of(detail), true);
	take_parts(json, out->parts, sizeof(out->parts));
}

void
acme_problem_parse(struct span text, struct acme_problem *out)
{
	struct json *json = NULL;

	*out = (struct acme_problem){ .type = "unknown" };
	if (json_parse(text, &json) != STATUS_OK)
		return;
	take_problem(json, out);
	json_free(json);
}

/* The terms are shown and agreed to, never fetched: accept any value, even a
 * URL of another scheme, text, or something that is not text. */
static void
take_terms(const struct json *meta, char *out, size_t size)
{
	char terms[JSON_SIZE_MAX];
	struct buf text;
	const enum status status =
	    json_get_text(meta, "termsOfService", terms, sizeof(terms));

	out[0] = '\0';
	if (status == STATUS_MISSING || json_has_null(meta, "termsOfService"))
		return;
	buf_init(&text, JSON_SIZE_MAX);
	if (status == STATUS_OK)
		text_show(&text, span_of(terms), 2000, true);
	else
		buf_add_text(&text, "(the CA's terms are not text)");
	text_show_in(out, size, buf_span(&text), true);
	buf_clear(&text);
}

/* Distinguish a missing URL from an unusable one. */
static enum status
bad_directory(const struct json *json, const char *member, struct note *note)
{
	char text[ACME_URL_SIZE], shown[150];

	if (json_get_text(json, member, text, sizeof(text)) != STATUS_OK ||
	    text[0] == '\0')
		return nonsense(note, "directory", member);
	text_show_in(shown, sizeof(shown), span_of(text), false);
	return note_set(note, STATUS_BAD_CA,
	    "\"%s\" in the CA's directory is not an https:// URL: %s", member,
	    shown);
}

enum status
acme_directory_parse(
    struct span text, struct acme_directory *out, struct note *note)
{
	const struct json *meta;
	struct json *json = NULL;
	enum status status;
	const char *bad = NULL;

	*out = (struct acme_directory){ .external_account = 0 };
	if ((status = parse(text, "directory", &json, note)) != STATUS_OK)
		return status;
	if (!get_url(json, "newNonce", true, out->new_nonce))
		bad = "newNonce";
	else if (!get_url(json, "newAccount", true, out->new_account))
		bad = "newAccount";
	else if (!get_url(json, "newOrder", true, out->new_order))
		bad = "newOrder";
	else if (!get_url(json, "revokeCert", false, out->revoke))
		bad = "revokeCert";
	else if (!get_url(json, "keyChange", false, out->key_change))
		bad = "keyChange";
	else if (!get_url(json, "renewalInfo", false, out->renewal_info))
		bad = "renewalInfo";
	meta = json_get_object(json, "meta");
	if (meta != NULL) {
		take_terms(meta, out->terms, sizeof(out->terms));
		out->external_account =
		    json_is_set(meta, "externalAccountRequired");
		while (out->caas < ACME_LIST_MAX &&
		    json_get_text_at(meta, "caaIdentities", out->caas,
			out->caa[out->caas], ACME_VALUE_SIZE) == STATUS_OK &&
		    !text_has_hidden(span_of(out->caa[out->caas])))
			out->caas++;
	}
	status = bad == NULL ? STATUS_OK : bad_directory(json, bad, note);
	json_free(json);
	return status;
}

/* Accept type "email"; some servers return "dns" for what was ordered. */
static bool
get_identifier(const struct json *identifier, char *out)
{
	char type[16];

	return identifier != NULL &&
	    json_get_text(identifier, "type", type, sizeof(type)) ==
	    STATUS_OK &&
	    (strcmp(type, "email") == 0 || strcmp(type, "dns") == 0) &&
	    json_get_text(identifier, "value", out, ACME_VALUE_SIZE) ==
	    STATUS_OK &&
	    out[0] != '\0' && !text_has_hidden(span_of(out));
}

/* RFC 8555 section 7.1.3: one authorization may serve several identifiers, so
 * the lists need not have the same length.  Take each URL once. */
static bool
take_authorizations(const struct json *json, struct acme_order *out)
{
	char url[ACME_URL_SIZE];
	uint32_t known;
	size_t i;

	for (i = 0; json_get_text_at(json, "authorizations", i, url,
			sizeof(url)) == STATUS_OK;
	     i++) {
		for (known = 0; known < out->authorizations; known++)
			if (strcmp(out->authorization[known], url) == 0)
				break;
		if (known < out->authorizations)
			continue;
		if (known == ACME_AUTHORIZATIONS_MAX ||
		    !acme_url_ok(span_of(url)) ||
		    acme_origin(span_of(url)).len == 0)
			return false;
		(void)strcpy(out->authorization[out->authorizations++], url);
	}
	return true;
}

static const char *
fill_order(const struct json *json, struct acme_order *out)
{
	const struct json *item;
	size_t i;

	out->status = get_status(json);
	if (out->status == ACME_NO_STATUS)
		return "status";
	if (!take_authorizations(json, out))
		return "authorizations";
	for (i = 0; (item = json_get_item(json, "identifiers", i)) != NULL; i++)
		if (i == ACME_IDENTIFIERS_MAX ||
		    !get_identifier(item, out->identifier[i]))
			return "identifiers";
	out->identifiers = (uint32_t)i;
	if (!get_url(
		json, "finalize", out->status == ACME_READY, out->finalize))
		return "finalize";
	if (!get_url(json, "certificate", false, out->certificate))
		return "certificate";
	take_problem(json_get_object(json, "error"), &out->problem);
	return NULL;
}

enum status
acme_order_parse(struct span text, struct acme_order *out, struct note *note)
{
	struct json *json = NULL;
	enum status status;
	const char *bad;

	*out = (struct acme_order){ .status = ACME_NO_STATUS };
	if ((status = parse(text, "order", &json, note)) != STATUS_OK)
		return status;
	bad = fill_order(json, out);
	get_time(json, "expires", out->expires);
	json_free(json);
	return bad == NULL ? STATUS_OK : nonsense(note, "order", bad);
}

/* RFC 8555 section 8.1: base64url without padding, 128 bits at least. */
static enum acme_fault
take_token(const struct json *challenge, char *out)
{
	if (json_get_text(challenge, "token", out, TOKEN_TEXT_SIZE) !=
		STATUS_OK ||
	    !token_part_ok(span_of(out), 1) || span_has_byte(span_of(out), '='))
		return ACME_BAD_TOKEN;
	return token_part_ok(span_of(out), TOKEN_PART2_MIN) ? ACME_GOOD
							    : ACME_SHORT_TOKEN;
}

static enum acme_fault
fill_challenge(const struct json *challenge, struct acme_authorization *out)
{
	if (!get_url(challenge, "url", true, out->challenge_url))
		return ACME_BAD_URL;
	if (json_get_text(challenge, "from", out->from, sizeof(out->from)) !=
		STATUS_OK ||
	    out->from[0] == '\0' || text_has_hidden(span_of(out->from)))
		return ACME_BAD_FROM;
	return take_token(challenge, out->token);
}

static void
fill_proof(const struct json *challenge, struct acme_proof *out)
{
	/* Which of two would count, nobody can tell. */
	if (out->offered != 0)
		out->fault = ACME_BAD_CHALLENGES;
	else if (!get_url(challenge, "url", true, out->url))
		out->fault = ACME_BAD_URL;
	else
		out->fault = take_token(challenge, out->token);
	out->offered = 1;
	out->status = get_status(challenge);
	if (out->fault != ACME_GOOD)
		out->url[0] = out->token[0] = '\0';
}

static void
find_proofs(const struct json *json, struct acme_authorization *out)
{
	const struct json *item;
	enum proof proof;
	char type[64];
	size_t i;

	for (i = 0; (item = json_get_item(json, "challenges", i)) != NULL;
	     i++) {
		if (json_get_text(item, "type", type, sizeof(type)) !=
			STATUS_OK ||
		    !proof_parse(span_of(type), &proof))
			continue;
		fill_proof(item, &out->proof[proof]);
		if (out->problem.type[0] == '\0')
			take_problem(
			    json_get_object(item, "error"), &out->problem);
	}
}

static void
find_challenge(const struct json *json, struct acme_authorization *out)
{
	const struct json *item;
	char type[64];
	size_t i;

	for (i = 0; (item = json_get_item(json, "challenges", i)) != NULL;
	     i++) {
		if (json_get_text(item, "type", type, sizeof(type)) !=
			STATUS_OK ||
		    strcmp(type, "email-reply-00") != 0)
			continue;
		if (out->has_challenge != 0) {
			out->challenge_fault = ACME_BAD_CHALLENGES;
			break;
		}
		out->has_challenge = 1;
		out->challenge_status = get_status(item);
		out->challenge_fault = fill_challenge(item, out);
		take_problem(json_get_object(item, "error"), &out->problem);
	}
	if (out->challenge_fault != ACME_GOOD)
		out->challenge_url[0] = out->from[0] = out->token[0] = '\0';
}

enum status
acme_authorization_parse(
    struct span text, struct acme_authorization *out, struct note *note)
{
	struct json *json = NULL;
	enum status status;
	const char *bad = NULL;

	*out = (struct acme_authorization){ .status = ACME_NO_STATUS };
	if ((status = parse(text, "authorization", &json, note)) != STATUS_OK)
		return status;
	out->status = get_status(json);
	get_time(json, "expires", out->expires);
	if (out->status == ACME_NO_STATUS)
		bad = "status";
	else if (!get_identifier(
		     json_get_object(json, "identifier"), out->identifier))
		bad = "identifier";
	else {
		find_challenge(json, out);
		find_proofs(json, out);
	}
	json_free(json);
	return bad == NULL ? STATUS_OK : nonsense(note, "authorization", bad);
}

enum status
acme_account_parse(
    struct span text, struct acme_account *out, struct note *note)
{
	struct json *json = NULL;
	char contact[1024];
	enum status status;

	*out = (struct acme_account){ .status = ACME_NO_STATUS };
	if ((status = parse(text, "account", &json, note)) != STATUS_OK)
		return status;
	out->status = get_status(json);
	/* Some servers leave it out; that they answer means the account is
	 * valid. */
	if (out->status == ACME_NO_STATUS)
		out->status = ACME_VALID;
	while (out->contacts < ACME_LIST_MAX &&
	    json_get_text_at(json, "contact", out->contacts, contact,
		sizeof(contact)) == STATUS_OK)
		text_show_in(out->contact[out->contacts++], ACME_VALUE_SIZE,
		    span_of(contact), true);
	if (!get_url(json, "orders", false, out->orders))
		out->orders[0] = '\0';
	json_free(json);
	return STATUS_OK;
}

enum status
acme_orders_parse(
    struct span text, size_t skip, struct acme_orders *out, struct note *note)
{
	struct json *json = NULL;
	enum status status;
	char url[ACME_URL_SIZE];
	size_t i;

	*out = (struct acme_orders){ .orders = 0 };
	if ((status = parse(text, "list of orders", &json, note)) != STATUS_OK)
		return status;
	for (i = skip; out->orders < ACME_ORDERS_WINDOW &&
	     json_get_text_at(json, "orders", i, url, sizeof(url)) == STATUS_OK;
	     i++) {
		if (!acme_url_ok(span_of(url)))
			url[0] = '\0'; /* keeps its index */
		(void)strcpy(out->order[out->orders++], url);
	}
	out->more = out->orders == ACME_ORDERS_WINDOW;
	json_free(json);
	return STATUS_OK;
}

enum status
acme_renewal_parse(
    struct span text, struct acme_renewal *out, struct note *note)
{
	const struct json *window;
	struct json *json = NULL;
	enum status status;

	*out = (struct acme_renewal){ .start = "" };
	if ((status = parse(text, "renewal information", &json, note)) !=
	    STATUS_OK)
		return status;
	if ((window = json_get_object(json, "suggestedWindow")) != NULL) {
		get_time(window, "start", out->start);
		get_time(window, "end", out->end);
	}
	if (!get_url(json, "explanationURL", false, out->explanation))
		out->explanation[0] = '\0';
	json_free(json);
	return out->start[0] != '\0' && out->end[0] != '\0'
	    ? STATUS_OK
	    : nonsense(note, "renewal information", "suggestedWindow");
}

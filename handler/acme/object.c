/* object.c - what a CA says in JSON: see object.h.  Input: hostile. */
#include "acme/object.h"

#include <string.h>

#include "acme/url.h"
#include "base/json.h"
#include "base/text.h"

#define URN "urn:ietf:params:acme:error:"

static const char *const statuses[] = { "", "pending", "ready", "processing",
	"valid", "invalid" };
enum { STATUSES = sizeof(statuses) / sizeof(*statuses) };

struct span
acme_origin(struct span url)
{
	size_t i = strlen("https://");

	if (!span_starts(url, SPAN("https://")))
		return span_cut(url, 0, 0);
	while (i < url.len && !span_has_byte(SPAN("/?#"), url.at[i]))
		i++;
	/* "https://ca.example@evil.example" is evil.example's. */
	if (span_has_byte(span_cut(url, 0, i), '@'))
		return span_cut(url, 0, 0);
	return span_cut(url, 0, i);
}

static enum status
nonsense(struct note *note, const char *what, const char *member)
{
	return note_set(note, STATUS_BAD_CA, "the CA's %s has no usable \"%s\"",
	    what, member);
}

static enum status
parse(struct span text, const char *what, struct json **out, struct note *note)
{
	if (json_parse(text, out) != STATUS_OK)
		return note_set(note, STATUS_BAD_CA,
		    "the CA's %s is not a JSON object", what);
	return STATUS_OK;
}

static bool
get_url(const struct json *json, const char *name, bool demanded, char *out)
{
	enum status status = json_get_text(json, name, out, ACME_URL_SIZE);

	if (status == STATUS_NO)
		return !demanded;
	return status == STATUS_OK && acme_url_ok(span_of(out)) &&
	    acme_origin(span_of(out)).len > 0;
}

static uint32_t
get_status(const struct json *json)
{
	char text[32];
	size_t i;

	if (json_get_text(json, "status", text, sizeof(text)) != STATUS_OK)
		return ACME_NO_STATUS;
	i = span_index(span_of(text), statuses, STATUSES);
	return i > 0 && i < STATUSES ? (uint32_t)i : ACME_GONE;
}

/* An RFC 3339 time, as text: who needs the time reads it. */
static void
get_time(const struct json *json, const char *name, char *out)
{
	if (json_get_text(json, name, out, ACME_TIME_SIZE) != STATUS_OK ||
	    text_has_hidden(span_of(out)))
		out[0] = '\0';
}

static void
take_problem(const struct json *json, struct acme_problem *out)
{
	char type[256], detail[4096];
	struct span text;

	*out = (struct acme_problem){ "", "", "" };
	if (json == NULL)
		return;
	if (!get_url(json, "instance", false, out->instance))
		out->instance[0] = '\0';
	(void)!json_get_text(json, "type", type, sizeof(type));
	text = span_of(type);
	if (span_starts(text, SPAN(URN)))
		text = span_cut(text, strlen(URN), text.len);
	text_show_in(out->type, sizeof(out->type),
	    text.len > 0 ? text : SPAN("unknown"), false);
	if (json_get_text(json, "detail", detail, sizeof(detail)) == STATUS_OK)
		text_show_in(
		    out->detail, sizeof(out->detail), span_of(detail), true);
}

void
acme_problem_parse(struct span text, struct acme_problem *out)
{
	struct json *json = NULL;

	*out = (struct acme_problem){ "unknown", "", "" };
	if (json_parse(text, &json) != STATUS_OK)
		return;
	take_problem(json, out);
	json_free(json);
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
		/* Terms may be anywhere; they are shown, never fetched. */
		if (!get_url(meta, "termsOfService", false, out->terms))
			out->terms[0] = '\0';
		out->external_account =
		    json_is_set(meta, "externalAccountRequired");
		while (out->caas < ACME_LIST_MAX &&
		    json_get_text_at(meta, "caaIdentities", out->caas,
			out->caa[out->caas], ACME_VALUE_SIZE) == STATUS_OK &&
		    !text_has_hidden(span_of(out->caa[out->caas])))
			out->caas++;
	}
	json_free(json);
	return bad == NULL ? STATUS_OK : nonsense(note, "directory", bad);
}

/* type "email"; some servers list what was ordered as "dns". */
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

static const char *
fill_order(const struct json *json, struct acme_order *out)
{
	const struct json *item;
	char url[ACME_URL_SIZE];
	size_t i;

	out->status = get_status(json);
	if (out->status == ACME_NO_STATUS)
		return "status";
	for (i = 0; json_get_text_at(json, "authorizations", i, url,
			sizeof(url)) == STATUS_OK;
	     i++) {
		if (i == ACME_IDENTIFIERS_MAX || !acme_url_ok(span_of(url)) ||
		    acme_origin(span_of(url)).len == 0)
			return "authorizations";
		(void)strcpy(out->authorization[i], url);
	}
	out->authorizations = (uint32_t)i;
	for (i = 0; (item = json_get_item(json, "identifiers", i)) != NULL; i++)
		if (i == ACME_IDENTIFIERS_MAX ||
		    !get_identifier(item, out->identifier[i]))
			return "identifiers";
	out->identifiers = (uint32_t)i;
	if (out->authorizations == 0 || out->authorizations != out->identifiers)
		return "authorizations";
	if (!get_url(json, "finalize", true, out->finalize))
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

static const char *
fill_challenge(const struct json *json, struct acme_authorization *out)
{
	const struct json *item;
	char type[64];
	size_t i;

	for (i = 0;
	     i < 32 && (item = json_get_item(json, "challenges", i)) != NULL;
	     i++) {
		if (json_get_text(item, "type", type, sizeof(type)) !=
			STATUS_OK ||
		    strcmp(type, "email-reply-00") != 0)
			continue;
		if (out->has_challenge != 0)
			return "challenges";
		out->has_challenge = 1;
		out->challenge_status = get_status(item);
		if (!get_url(item, "url", true, out->challenge_url))
			return "url";
		if (json_get_text(item, "token", out->token,
			sizeof(out->token)) != STATUS_OK ||
		    !token_part_ok(span_of(out->token), 1) ||
		    span_has_byte(span_of(out->token), '='))
			return "token";
		if (json_get_text(item, "from", out->from, sizeof(out->from)) !=
			STATUS_OK ||
		    out->from[0] == '\0' || text_has_hidden(span_of(out->from)))
			return "from";
		take_problem(json_get_object(item, "error"), &out->problem);
	}
	return NULL;
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
	else
		bad = fill_challenge(json, out);
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
	/* Some servers leave it out; the answer itself says that there is
	 * one. */
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
acme_orders_parse(struct span text, struct acme_orders *out, struct note *note)
{
	struct json *json = NULL;
	enum status status;
	char url[ACME_URL_SIZE];
	size_t i;

	*out = (struct acme_orders){ .orders = 0 };
	if ((status = parse(text, "list of orders", &json, note)) != STATUS_OK)
		return status;
	for (i = 0; i < ACME_LIST_MAX &&
	     json_get_text_at(json, "orders", i, url, sizeof(url)) == STATUS_OK;
	     i++)
		if (acme_url_ok(span_of(url)))
			(void)strcpy(out->order[out->orders++], url);
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

static bool
url_ok(const char *text, bool demanded)
{
	return memchr(text, '\0', ACME_URL_SIZE) != NULL &&
	    (text[0] == '\0' ? !demanded : acme_url_ok(span_of(text)));
}

bool
acme_problem_ok(const struct acme_problem *problem)
{
	return text_is_shown(problem->type, sizeof(problem->type)) &&
	    text_is_shown(problem->detail, sizeof(problem->detail)) &&
	    url_ok(problem->instance, false);
}

bool
acme_account_ok(const struct acme_account *account)
{
	uint32_t i;

	if (account->status > ACME_GONE || account->contacts > ACME_LIST_MAX ||
	    !url_ok(account->orders, false))
		return false;
	for (i = 0; i < account->contacts; i++)
		if (!text_is_shown(account->contact[i], ACME_VALUE_SIZE))
			return false;
	return true;
}

bool
acme_orders_ok(const struct acme_orders *orders)
{
	uint32_t i;

	if (orders->orders > ACME_LIST_MAX)
		return false;
	for (i = 0; i < orders->orders; i++)
		if (!url_ok(orders->order[i], true))
			return false;
	return true;
}

bool
acme_renewal_ok(const struct acme_renewal *renewal)
{
	return text_is_shown(renewal->start, sizeof(renewal->start)) &&
	    text_is_shown(renewal->end, sizeof(renewal->end)) &&
	    url_ok(renewal->explanation, false);
}

bool
acme_directory_ok(const struct acme_directory *d)
{
	uint32_t i;

	if (d->caas > ACME_LIST_MAX)
		return false;
	for (i = 0; i < d->caas; i++)
		if (!text_is_shown(d->caa[i], ACME_VALUE_SIZE))
			return false;
	return url_ok(d->new_nonce, true) && url_ok(d->new_account, true) &&
	    url_ok(d->new_order, true) && url_ok(d->revoke, false) &&
	    url_ok(d->key_change, false) && url_ok(d->renewal_info, false) &&
	    url_ok(d->terms, false) && d->external_account <= 1;
}

bool
acme_order_ok(const struct acme_order *order)
{
	uint32_t i;

	if (order->status > ACME_GONE ||
	    order->authorizations > ACME_IDENTIFIERS_MAX ||
	    order->identifiers != order->authorizations ||
	    !url_ok(order->finalize, true) ||
	    !url_ok(order->certificate, false) ||
	    !text_is_shown(order->expires, sizeof(order->expires)) ||
	    !acme_problem_ok(&order->problem))
		return false;
	for (i = 0; i < order->authorizations; i++)
		if (!url_ok(order->authorization[i], true) ||
		    !text_is_shown(order->identifier[i], ACME_VALUE_SIZE))
			return false;
	return true;
}

bool
acme_authorization_ok(const struct acme_authorization *a)
{
	if (a->status > ACME_GONE || a->challenge_status > ACME_GONE ||
	    a->has_challenge > 1 ||
	    !text_is_shown(a->identifier, sizeof(a->identifier)) ||
	    !text_is_shown(a->from, sizeof(a->from)) ||
	    !text_is_shown(a->expires, sizeof(a->expires)) ||
	    !acme_problem_ok(&a->problem) ||
	    memchr(a->token, '\0', sizeof(a->token)) == NULL)
		return false;
	return a->has_challenge == 0 ||
	    (url_ok(a->challenge_url, true) &&
		token_part_ok(span_of(a->token), 1));
}

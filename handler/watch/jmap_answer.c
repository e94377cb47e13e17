/* jmap_answer.c - what a JMAP server answers: see jmap_answer.h.  Hostile. */
#include "watch/jmap_answer.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "mail/date.h"
#include "watch/filter.h"

#define CORE "urn:ietf:params:jmap:core"
#define MAIL "urn:ietf:params:jmap:mail"
#define SMIME JMAP_SMIME
#define PROBLEM "urn:ietf:params:jmap:error:"

static enum status
malformed(struct note *note, const char *what)
{
	return note_set(note, STATUS_BAD_JSON,
	    "its answer is not what JMAP says: %s", what);
}

static enum status
parse(struct span text, struct json **out, struct note *note)
{
	return json_parse_up_to(text, JMAP_BODY_MAX, out) == STATUS_OK
	    ? STATUS_OK
	    : malformed(note, "it is not a JSON object");
}

/* RFC 8620 section 1.2: an Id. */
static bool
id_ok(const char *id, size_t size)
{
	const size_t len = strnlen(id, size);
	size_t i;

	for (i = 0; i < len; i++)
		if (!ascii_is_alnum(id[i]) && id[i] != '-' && id[i] != '_')
			return false;
	return len > 0 && len < size;
}

bool
watch_id_ok(const char *id)
{
	return id_ok(id, JMAP_ID_SIZE);
}

static bool
get_id(const struct json *json, const char *name, char *out)
{
	return json_get_text(json, name, out, JMAP_ID_SIZE) == STATUS_OK &&
	    id_ok(out, JMAP_ID_SIZE);
}

/* A state may be any text, but we keep it in a file. */
static bool
get_state(const struct json *json, const char *name, char *out)
{
	return json_get_text(json, name, out, JMAP_STATE_SIZE) == STATUS_OK &&
	    out[0] != '\0' && !text_has_hidden(span_of(out));
}

/* --- the session */

/* Is each "{" closed, with a plain name inside (RFC 6570 level 1), and are
 * account and blob among them? */
static bool
template_ok(struct span url)
{
	bool account = false, blob = false;
	struct span name;
	size_t i;

	for (; url.len > 0; url = span_cut(url, name.len + 2, url.len)) {
		i = span_find_byte(url, '{');
		if (span_find_byte(url, '}') < i)
			return false;
		url = span_cut(url, i, url.len);
		if (url.len == 0)
			break;
		name = span_cut(url, 1, span_find_byte(url, '}'));
		if (name.len + 2 > url.len || name.len == 0)
			return false;
		for (i = 0; i < name.len; i++)
			if (!ascii_is_alnum(name.at[i]) && name.at[i] != '_')
				return false;
		account = account || span_eq(name, SPAN("accountId"));
		blob = blob || span_eq(name, SPAN("blobId"));
	}
	return account && blob;
}

static bool
get_url(const struct json *json, const char *name, const struct server *server,
    const char *base, char *out)
{
	char url[JMAP_URL_SIZE];

	return json_get_text(json, name, url, sizeof(url)) == STATUS_OK &&
	    jmap_resolve(span_of(url), server, base, false, out, JMAP_URL_SIZE);
}

/* The account of the user's mail; empty: nothing has come there yet, which
 * Cyrus says by capabilities that are null. */
static bool
get_account(const struct json *json, char *out)
{
	const struct json *primary = json_get_object(json, "primaryAccounts");
	const struct json *accounts = json_get_object(json, "accounts");
	const struct json *account, *can;

	if (primary == NULL || accounts == NULL ||
	    !get_id(primary, MAIL, out) ||
	    (account = json_get_object(accounts, out)) == NULL)
		return false;
	if (json_has_null(account, "accountCapabilities")) {
		out[0] = '\0';
		return true;
	}
	can = json_get_object(account, "accountCapabilities");
	return can != NULL && json_get_object(can, MAIL) != NULL;
}

/* RFC 9219 section 3: both the server and the account have it. */
static bool
get_smime(const struct json *json, const char *account)
{
	const struct json *all = json_get_object(json, "capabilities"),
			  *accounts = json_get_object(json, "accounts"), *one;

	if (all == NULL || json_get_object(all, SMIME) == NULL ||
	    accounts == NULL || account[0] == '\0' ||
	    (one = json_get_object(accounts, account)) == NULL)
		return false;
	one = json_get_object(one, "accountCapabilities");
	return one != NULL && json_get_object(one, SMIME) != NULL;
}

static uint32_t
get_batch(const struct json *json)
{
	const struct json *all = json_get_object(json, "capabilities"), *core;
	int64_t most = 0;

	core = all != NULL ? json_get_object(all, CORE) : NULL;
	if (core == NULL ||
	    json_get_number(core, "maxObjectsInGet", &most) != STATUS_OK ||
	    most < 1 || most > JMAP_EMAILS_MAX)
		return JMAP_EMAILS_MAX;
	return (uint32_t)most;
}

enum status
jmap_session_parse(struct span text, const struct server *server,
    const char *base, struct jmap_session *out, struct note *note)
{
	struct json *json = NULL;
	enum status status;

	*out = (struct jmap_session){ .batch = 0 };
	if ((status = parse(text, &json, note)) != STATUS_OK)
		return status;
	if (!get_url(json, "apiUrl", server, base, out->api) ||
	    span_has_byte(span_of(out->api), '{') ||
	    span_has_byte(span_of(out->api), '}'))
		status = malformed(note,
		    "its apiUrl is missing, malformed or on another server");
	else if (!get_url(json, "downloadUrl", server, base, out->download) ||
	    !template_ok(span_of(out->download)))
		status = malformed(note,
		    "its downloadUrl is missing, malformed or on another "
		    "server");
	else if (!get_account(json, out->account))
		status =
		    malformed(note, "there is no account for mail (" MAIL ")");
	out->batch = get_batch(json);
	out->smime = get_smime(json, out->account);
	json_free(json);
	return status;
}

bool
jmap_session_ok(const struct jmap_session *session)
{
	return text_is_shown(session->api, sizeof(session->api)) &&
	    text_is_shown(session->download, sizeof(session->download)) &&
	    session->api[0] == '/' && session->download[0] == '/' &&
	    span_is_ascii(span_of(session->api)) &&
	    span_is_ascii(span_of(session->download)) &&
	    template_ok(span_of(session->download)) &&
	    (session->account[0] == '\0' ||
		id_ok(session->account, sizeof(session->account))) &&
	    session->smime <= 1 && session->batch >= 1 &&
	    session->batch <= JMAP_EMAILS_MAX;
}

/* --- method responses */

/* What an error means to us (sections 3.6.2, 5.2; RFC 8621). */
static uint32_t
outcome_of(const char *type)
{
	static const char *const later[] = { "serverUnavailable", "serverFail",
		"serverPartialFail", "limit", "rateLimit", "anchorNotFound" };
	enum { COUNT = sizeof(later) / sizeof(*later) };

	if (strcmp(type, "cannotCalculateChanges") == 0)
		return JMAP_CANNOT_CALCULATE;
	return span_index(span_of(type), later, COUNT) < COUNT ? JMAP_LATER
							       : JMAP_REFUSED;
}

static void
take_type(const struct json *json, char out[JMAP_TYPE_SIZE])
{
	char type[JMAP_URL_SIZE];
	struct span text;

	if (json_get_text(json, "type", type, sizeof(type)) != STATUS_OK)
		(void)strcpy(type, "unknown");
	text = span_of(type);
	if (span_starts(text, SPAN(PROBLEM)))
		text = span_cut(text, strlen(PROBLEM), text.len);
	text_show_in(out, JMAP_TYPE_SIZE, text, false);
}

void
jmap_problem_parse(struct span text, struct jmap_result *out)
{
	struct json *json = NULL;

	*out =
	    (struct jmap_result){ .outcome = JMAP_REFUSED, .type = "unknown" };
	if (json_parse_up_to(text, JMAP_BODY_MAX, &json) != STATUS_OK)
		return;
	take_type(json, out->type);
	out->outcome = outcome_of(out->type);
	json_free(json);
}

/* The arguments of the first response, [name, arguments, call id] (section
 * 3.4); NULL in *out: it is an error. */
static enum status
get_response(const struct json *json, const char *method,
    struct jmap_result *result, const struct json **out, struct note *note)
{
	const char *all = "methodResponses";
	const struct json *arguments = json_get_object_in(json, all, 0, 1);
	char name[64];

	*out = NULL;
	if (arguments == NULL ||
	    json_get_text_in(json, all, 0, 0, name, sizeof(name)) != STATUS_OK)
		return malformed(note, "it has no method response");
	if (strcmp(name, "error") == 0) {
		take_type(arguments, result->type);
		result->outcome = outcome_of(result->type);
		return STATUS_OK;
	}
	if (strcmp(name, method) != 0)
		return malformed(note, "it answers another method");
	*out = arguments;
	return STATUS_OK;
}

bool
jmap_result_ok(const struct jmap_result *result)
{
	return result->outcome < JMAP_OUTCOMES &&
	    text_is_shown(result->type, sizeof(result->type));
}

static bool
take_ids(const struct json *json, const char *name, struct jmap_ids *out)
{
	const size_t count = json_count(json, name);
	size_t i;

	if (!json_has_list(json, name) || count > JMAP_IDS_MAX)
		return false;
	for (i = 0; i < count; i++)
		if (json_get_text_at(json, name, i, out->id[i], JMAP_ID_SIZE) !=
			STATUS_OK ||
		    !id_ok(out->id[i], JMAP_ID_SIZE))
			return false;
	out->count = (uint32_t)count;
	return true;
}

static enum status
take_list(const struct json *json, enum jmap_list list, struct jmap_ids *out,
    struct note *note)
{
	switch (list) {
	case JMAP_STATE:
		return get_state(json, "state", out->state)
		    ? STATUS_OK
		    : malformed(note, "state");
	case JMAP_QUERY:
		return take_ids(json, "ids", out) ? STATUS_OK
						  : malformed(note, "ids");
	case JMAP_CHANGES:
		break;
	}
	out->more = json_is_set(json, "hasMoreChanges");
	if (!get_state(json, "newState", out->state))
		return malformed(note, "newState");
	return take_ids(json, "created", out) ? STATUS_OK
					      : malformed(note, "created");
}

enum status
jmap_ids_parse(struct span text, enum jmap_list list, struct jmap_ids *out,
    struct note *note)
{
	static const char *const methods[] = { "Email/query", "Email/changes",
		"Email/get" };
	const struct json *arguments = NULL;
	struct json *json = NULL;
	enum status status;

	*out = (struct jmap_ids){ .count = 0 };
	if ((status = parse(text, &json, note)) != STATUS_OK)
		return status;
	status =
	    get_response(json, methods[list], &out->result, &arguments, note);
	if (status == STATUS_OK && arguments != NULL)
		status = take_list(arguments, list, out, note);
	json_free(json);
	return status;
}

bool
jmap_ids_ok(const struct jmap_ids *ids)
{
	uint32_t i;

	if (!jmap_result_ok(&ids->result) || ids->count > JMAP_IDS_MAX ||
	    ids->more > 1 || !text_is_shown(ids->state, sizeof(ids->state)))
		return false;
	for (i = 0; i < ids->count; i++)
		if (!id_ok(ids->id[i], JMAP_ID_SIZE))
			return false;
	return true;
}

/* --- messages */

/* Append a field as the server gives it; false: it does not. */
static bool
add_field(const struct json *email, const char *name, const char *property,
    struct buf *head)
{
	static char value[JMAP_HEAD_MAX];

	if (json_has_null(email, property))
		return true;
	if (json_get_text(email, property, value, sizeof(value)) != STATUS_OK)
		return false;
	buf_add_text(head, name);
	buf_add_text(head, value);
	buf_add_byte(head, '\n');
	return true;
}

static bool
is_from(struct span field, const struct watch_wanted *wanted)
{
	size_t i;

	for (i = 0; i < wanted->domains; i++)
		if (filter_holds(field, span_of(wanted->domain[i])))
			return true;
	return wanted->domains == 0;
}

/* As the other mailboxes are searched: filter.h, and the sender's domain. */
static bool
judge(const struct json *email, const struct watch_wanted *wanted, bool *fits)
{
	struct buf head, from;
	bool good;

	*fits = wanted->every;
	if (wanted->every)
		return true;
	buf_init(&head, 3 * JMAP_HEAD_MAX);
	buf_init(&from, JMAP_HEAD_MAX + 64);
	good = add_field(email,
		   "Auto-Submitted:", "header:Auto-Submitted:asRaw", &head) &&
	    add_field(email, "Subject:", "header:Subject:asRaw", &head) &&
	    (wanted->sent == 0 ||
		add_field(email, "Content-Type:", "header:Content-Type:asRaw",
		    &head)) &&
	    add_field(email, "From:", "header:From:asRaw", &from);
	/* Reports come from anywhere. */
	*fits = filter_wants(buf_span(&head), wanted) &&
	    (is_from(buf_span(&from), wanted) ||
		(wanted->sent > 0 && filter_is_report(buf_span(&head))));
	good = good && buf_status(&head) == STATUS_OK &&
	    buf_status(&from) == STATUS_OK;
	buf_clear(&head);
	buf_clear(&from);
	return good;
}

/* A status is a token of ASCII; anything else, or one that is too long, is one
 * that we do not know. */
static void
take_smime_status(
    const struct json *json, const char *name, char out[WATCH_SMIME_SIZE])
{
	if (json_has_null(json, name) ||
	    json_get_text(json, name, out, WATCH_SMIME_SIZE) == STATUS_MISSING)
		out[0] = '\0';
	else if (json_get_text(json, name, out, WATCH_SMIME_SIZE) !=
		STATUS_OK ||
	    out[0] == '\0' || !span_is_ascii(span_of(out)) ||
	    text_has_hidden(span_of(out)))
		(void)strcpy(out, "?");
}

static void
take_smime(const struct json *json, struct watch_smime *out)
{
	char text[2048];
	size_t i;

	out->offered = 1;
	take_smime_status(json, "smimeStatus", out->status);
	take_smime_status(json, "smimeStatusAtDelivery", out->delivered);
	if (json_get_text(json, "smimeVerifiedAt", text, sizeof(text)) !=
		STATUS_OK ||
	    date_parse_iso(span_of(text), &out->at) != STATUS_OK)
		out->at = 0;
	for (i = 0; i < json_count(json, "smimeErrors") &&
	     out->errors < WATCH_ERRORS_MAX;
	     i++)
		if (json_get_text_at(json, "smimeErrors", i, text,
			sizeof(text)) == STATUS_OK)
			text_show_in(out->error[out->errors++],
			    WATCH_ERROR_SIZE, span_of(text), true);
}

static enum status
take_email(const struct json *json, const struct watch_wanted *wanted,
    struct jmap_email *out, struct note *note)
{
	bool fits = false;

	if (json == NULL || !get_id(json, "id", out->id))
		return malformed(note, "the id of a message");
	if (!get_id(json, "blobId", out->blob))
		return malformed(note, "the blobId of a message");
	if (json_get_number(json, "size", &out->size) != STATUS_OK ||
	    out->size < 0)
		return malformed(note, "the size of a message");
	if (!judge(json, wanted, &fits))
		return malformed(note, "the header of a message");
	out->fits = fits;
	if (wanted->smime)
		take_smime(json, &out->smime);
	return STATUS_OK;
}

enum status
jmap_emails_parse(struct span text, const struct watch_wanted *wanted,
    struct jmap_emails *out, struct note *note)
{
	const struct json *arguments = NULL;
	struct json *json = NULL;
	enum status status;
	size_t count, i;

	*out = (struct jmap_emails){ .count = 0 };
	if ((status = parse(text, &json, note)) != STATUS_OK)
		return status;
	status =
	    get_response(json, "Email/get", &out->result, &arguments, note);
	if (arguments != NULL) {
		count = json_count(arguments, "list");
		if (!json_has_list(arguments, "list") ||
		    count > JMAP_EMAILS_MAX)
			status = malformed(note, "its list of messages");
		for (i = 0; i < count && status == STATUS_OK; i++)
			status = take_email(json_get_item(arguments, "list", i),
			    wanted, &out->email[i], note);
		out->count = (uint32_t)i;
	}
	json_free(json);
	return status;
}

static bool
smime_ok(const struct watch_smime *smime)
{
	uint32_t i;

	if (smime->offered > 1 || smime->errors > WATCH_ERRORS_MAX ||
	    smime->at < DATE_LEAST || smime->at > DATE_MOST ||
	    !text_is_shown(smime->status, sizeof(smime->status)) ||
	    !text_is_shown(smime->delivered, sizeof(smime->delivered)))
		return false;
	for (i = 0; i < smime->errors; i++)
		if (!text_is_shown(smime->error[i], WATCH_ERROR_SIZE))
			return false;
	return true;
}

bool
jmap_emails_ok(const struct jmap_emails *emails)
{
	const struct jmap_email *email;
	uint32_t i;

	if (!jmap_result_ok(&emails->result) || emails->count > JMAP_EMAILS_MAX)
		return false;
	for (i = 0; i < emails->count; i++) {
		email = &emails->email[i];
		if (!id_ok(email->id, JMAP_ID_SIZE) ||
		    !id_ok(email->blob, JMAP_ID_SIZE) || email->size < 0 ||
		    email->fits > 1 || !smime_ok(&email->smime))
			return false;
	}
	return true;
}

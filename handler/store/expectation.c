/* expectation.c - expected challenges: see expectation.h */
#include "store/expectation.h"

#include <assert.h>
#include <string.h>

#include "base/base64url.h"
#include "store/record.h"

static const char *const states[] = { "pending", "answering", "drafted", "sent",
	"bounced" };
enum {
	STATES = sizeof(states) / sizeof(*states),
	/* Of those that expire last, what a challenge is compared with: two
	 * that wait for it are a question already. */
	SEARCH_MOST = 64,
	SEARCH_NEAR = 16
};

bool
expectation_is_awaited(const struct expectation *expectation, int64_t now)
{
	return expectation->state == EXPECTATION_PENDING &&
	    (expectation->expires == 0 || expectation->expires > now);
}

bool
expectation_may_bounce(const struct expectation *expectation)
{
	return (expectation->state == EXPECTATION_SENT ||
		   expectation->state == EXPECTATION_ANSWERING) &&
	    expectation->reply_id[0] != '\0' && expectation->order[0] != '\0' &&
	    expectation->met == 0;
}

const char *
expectation_state_name(enum expectation_state state)
{
	return states[state];
}

const char *
expectation_shown_id(const struct expectation *expectation)
{
	return expectation->order[0] != '\0' ? expectation->order
					     : expectation->id;
}

/* We wrote the file, but check every value again: it becomes header lines,
 * arguments and screen cells. */
static bool
address_ok(const char *address, const char *expected)
{
	struct mailbox mailbox;
	char normal[ADDRESS_SIZE];

	return address_parse(span_of(address), &mailbox) == STATUS_OK &&
	    address_normal(&mailbox, normal) == STATUS_OK &&
	    strcmp(normal, expected) == 0;
}

/* A Message-ID, or none. */
static bool
id_ok(const char *text)
{
	struct span id;

	return text[0] == '\0' || msgid_parse(span_of(text), &id);
}

/* Read the members that are not in the table; return the name of a bad one. */
static const char *
read_rest(const struct json *json, void *record)
{
	struct expectation *expectation = record;
	char text[16];
	size_t state;

	if (json_get_text(json, "token_join", text, sizeof(text)) !=
		STATUS_OK ||
	    !token_join_parse(span_of(text), &expectation->join))
		return "token_join";
	if (json_get_text(json, "state", text, sizeof(text)) != STATUS_OK ||
	    (state = span_index(span_of(text), states, STATES)) == STATES)
		return "state";
	expectation->state = (enum expectation_state)state;
	if (!address_ok(expectation->address, expectation->address_normal))
		return "address";
	if (!address_ok(expectation->from, expectation->from_normal))
		return "from";
	if (expectation->part2[0] == '\0')
		return "token_part2";
	if (strlen(expectation->thumbprint) != 43)
		return "thumbprint";
	if (!id_ok(expectation->message_id))
		return "message_id";
	if (!id_ok(expectation->reply_id))
		return "reply_id";
	if (!id_ok(expectation->bounced_id))
		return "bounced_id";
	if (expectation->order[0] != '\0' &&
	    expectation->authorization_url[0] == '\0')
		return "authorization";
	if (expectation->order[0] != '\0' &&
	    expectation->challenge_url[0] == '\0')
		return "challenge";
	return NULL;
}

static bool
write_rest(const void *record, struct json *json)
{
	const struct expectation *expectation = record;

	return json_set_text(
		   json, "token_join", token_join_name(expectation->join)) &&
	    json_set_text(json, "state", states[expectation->state]);
}

#define EXPECTATION(member, name, type, required) \
	MEMBER(struct expectation, member, name, type, required)

static const struct member members[] = {
	EXPECTATION(id, "id", MEMBER_ID, true),
	EXPECTATION(address, "address", MEMBER_TEXT, true),
	EXPECTATION(address_normal, "address_normal", MEMBER_TEXT, true),
	EXPECTATION(from, "from", MEMBER_TEXT, true),
	EXPECTATION(from_normal, "from_normal", MEMBER_TEXT, true),
	EXPECTATION(part2, "token_part2", MEMBER_BASE64, true),
	EXPECTATION(thumbprint, "thumbprint", MEMBER_BASE64, true),
	EXPECTATION(created, "created", MEMBER_TIME, true),
	EXPECTATION(expires, "expires", MEMBER_TIME, false),
	EXPECTATION(note, "note", MEMBER_TEXT, false),
	EXPECTATION(ca, "ca", MEMBER_TEXT, false),
	EXPECTATION(part1, "token_part1", MEMBER_BASE64, false),
	EXPECTATION(message_id, "message_id", MEMBER_TEXT, false),
	EXPECTATION(reply_to, "reply_to", MEMBER_TEXT, false),
	EXPECTATION(draft, "draft", MEMBER_TEXT, false),
	EXPECTATION(reply_id, "reply_id", MEMBER_TEXT, false),
	EXPECTATION(bounced_id, "bounced_id", MEMBER_TEXT, false),
	EXPECTATION(bounce, "bounce", MEMBER_TEXT, false),
	EXPECTATION(answered, "answered", MEMBER_TIME, false),
	EXPECTATION(answers, "answers", MEMBER_COUNT, false),
	RENAMED_MEMBER(
	    struct expectation, order, "order", "issuance", MEMBER_ID, false),
	EXPECTATION(authorization_url, "authorization", MEMBER_URL, false),
	EXPECTATION(challenge_url, "challenge", MEMBER_URL, false),
	EXPECTATION(told, "told", MEMBER_TIME, false),
	EXPECTATION(met, "met", MEMBER_TIME, false),
};

/* What is common to all spellings of an address. */
static uint64_t
address_key(const char *what, const char *address, const char *from)
{
	char text[ADDRESS_SIZE];

	return index_key(
	    what, address_fold(span_of(address), text), span_of(from));
}

static uint64_t
text_key(const char *what, const char *text)
{
	return index_key(what, base64url_trim_pad(span_of(text)), span_of(""));
}

/* The newest of these by their ends: those that still count come first. */
static void
add_keys(const void *record, struct index_entries *out)
{
	const struct expectation *one = record;
	const int64_t end = one->expires != 0 ? one->expires : INT64_MAX;
	const bool pending = one->state == EXPECTATION_PENDING;

	if (one->met == 0)
		index_add(out, index_key_live(), end);
	index_add(out, address_key("to", one->address_normal, ""), end);
	index_add(out,
	    address_key(pending ? "pending" : "closed", one->address_normal,
		one->from_normal),
	    end);
	if (pending) {
		index_add(out, text_key("from", one->from_normal), end);
		index_add(out, text_key("awaited", ""), end);
	} else {
		index_add(out, text_key("token", one->part1), end);
		index_add(out, text_key("answered", ""), one->answered);
		if (one->reply_id[0] != '\0')
			index_add(out, text_key("reply", one->reply_id), end);
		if (expectation_may_bounce(one))
			index_add(
			    out, text_key("undelivered", ""), one->answered);
	}
	index_add(out, text_key("part2", one->part2), end);
	if (one->order[0] == '\0') {
		if (one->state == EXPECTATION_ANSWERING)
			index_add(out, text_key("doubt", ""), end);
		return;
	}
	index_add(out, text_key("order", one->order), end);
	index_add(out, text_key("authorization", one->authorization_url), end);
	if (one->met == 0)
		index_add(
		    out, address_key("unmet", one->address_normal, ""), end);
}

void
expectation_search_for(struct record_search *search, const char *address)
{
	record_search_key(search, address_key("to", address, ""));
}

void
expectation_search_match(struct record_search *search, const char *from,
    const char *to, const char *part1)
{
	record_search_range(search, address_key("pending", to, from), INT64_MIN,
	    INT64_MAX, SEARCH_MOST);
	record_search_range(search, address_key("closed", to, from), INT64_MIN,
	    INT64_MAX, SEARCH_MOST);
	record_search_range(search, text_key("token", part1), INT64_MIN,
	    INT64_MAX, SEARCH_MOST);
	/* The near ones are only for a sentence. */
	record_search_range(search, address_key("to", to, ""), INT64_MIN,
	    INT64_MAX, SEARCH_NEAR);
	record_search_range(
	    search, text_key("from", from), INT64_MIN, INT64_MAX, SEARCH_NEAR);
}

void
expectation_search_of(struct record_search *search, const char *order)
{
	record_search_key(search, text_key("order", order));
}

void
expectation_search_unmet(
    struct record_search *search, const char *address, int64_t now)
{
	record_search_range(
	    search, address_key("unmet", address, ""), now, INT64_MAX, 0);
}

void
expectation_search_doubt(struct record_search *search, int64_t now)
{
	record_search_range(search, text_key("doubt", ""), now, INT64_MAX, 0);
}

void
expectation_search_authorization(struct record_search *search, const char *url)
{
	record_search_key(search, text_key("authorization", url));
}

void
expectation_search_part2(struct record_search *search, const char *part2)
{
	record_search_key(search, text_key("part2", part2));
}

void
expectation_search_awaited(struct record_search *search, int64_t now)
{
	record_search_range(search, text_key("awaited", ""), now, INT64_MAX, 0);
}

void
expectation_search_answered(struct record_search *search, int64_t since)
{
	record_search_range(
	    search, text_key("answered", ""), since, INT64_MAX, 0);
}

void
expectation_search_reply(struct record_search *search, const char *id)
{
	record_search_key(search, text_key("reply", id));
}

void
expectation_search_undelivered(struct record_search *search, int64_t since)
{
	record_search_range(
	    search, text_key("undelivered", ""), since, INT64_MAX, 0);
}

static const struct record_kind kind = {
	.directory = "expectations",
	.old_directory = "orders",
	.format = 2,
	.size = sizeof(struct expectation),
	.created = offsetof(struct expectation, created),
	.members = members,
	.count = sizeof(members) / sizeof(*members),
	.read = read_rest,
	.write = write_rest,
	.keys = add_keys,
};

static_assert(
    offsetof(struct expectation, id) == 0, "a record begins with its id");

enum status
expectations_find(const struct home *home, const struct record_search *search,
    record_filter *wanted, const void *arg, struct expectation **out,
    size_t *count, struct note *note)
{
	void *records = NULL;
	enum status status;

	status = records_load(
	    home, &kind, search, wanted, arg, &records, count, note);
	*out = records;
	return status;
}

enum status
expectations_load_if(const struct home *home, record_filter *wanted,
    const void *arg, struct expectation **out, size_t *count, struct note *note)
{
	return expectations_find(home, NULL, wanted, arg, out, count, note);
}

enum status
expectations_load(const struct home *home, struct expectation **out,
    size_t *count, struct note *note)
{
	return expectations_find(home, NULL, NULL, NULL, out, count, note);
}

static bool
is_of(const void *record, const void *arg)
{
	const struct expectation *expectation = record;

	return strcmp(expectation->order, arg) == 0;
}

enum status
expectations_load_of(const struct home *home, const char *order,
    struct expectation **out, size_t *count, struct note *note)
{
	struct record_search search = { .ids = 0 };

	expectation_search_of(&search, order);
	return expectations_find(home, &search, is_of, order, out, count, note);
}

enum status
expectation_load(const struct home *home, const char *id,
    struct expectation *out, struct note *note)
{
	return record_load(home, &kind, id, out, note);
}

enum status
expectation_save(const struct home *home, const struct expectation *expectation,
    struct note *note)
{
	return record_save(home, &kind, expectation, note);
}

enum status
expectation_change(const struct home *home, const char *id,
    record_changer *change, const void *arg, struct expectation *out,
    struct note *note)
{
	return record_change(home, &kind, id, change, arg, out, note);
}

enum status
expectation_forget(const struct home *home, const char *id, struct note *note)
{
	return record_forget(home, &kind, id, note);
}

enum status
expectations_skipped(const struct home *home, struct note *warning)
{
	return home_skipped(home, kind.directory, warning);
}

void
expectations_migrate(const struct home *home)
{
	records_migrate(home, &kind);
}

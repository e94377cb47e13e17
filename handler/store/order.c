/* order.c - orders in files: see order.h */
#include "store/order.h"

#include <assert.h>
#include <string.h>
#include <sys/random.h>

#include "store/record.h"

static const char *const states[] = { "pending", "answering", "drafted",
	"sent" };
enum { STATES = sizeof(states) / sizeof(*states) };

const char *
order_state_name(enum order_state state)
{
	return states[state];
}

enum status
order_new_id(char out[ORDER_ID_SIZE])
{
	static const char digits[] = "bcdfghjkmnpqrstvwxz23456789";
	unsigned char random[8];
	size_t i;

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return STATUS_IO;
	for (i = 0; i < sizeof(random); i++)
		out[i] = digits[random[i] % (sizeof(digits) - 1)];
	out[i] = '\0';
	return STATUS_OK;
}

bool
order_id_ok(const char *id)
{
	return jsonfile_id_ok(span_of(id));
}

/* The file is ours, yet every value is checked again: it becomes header
 * lines, arguments and screen cells. */
static bool
address_ok(const char *address, const char *expected)
{
	struct mailbox mailbox;
	char normal[ADDRESS_SIZE];

	return address_parse(span_of(address), &mailbox) == STATUS_OK &&
	    address_normal(&mailbox, normal) == STATUS_OK &&
	    strcmp(normal, expected) == 0;
}

/* What no table says; the name of what is wrong. */
static const char *
read_rest(const struct json *json, void *record)
{
	struct order *order = record;
	char text[16];
	struct span id;
	size_t state;

	if (json_get_text(json, "token_join", text, sizeof(text)) !=
		STATUS_OK ||
	    !token_join_parse(span_of(text), &order->join))
		return "token_join";
	if (json_get_text(json, "state", text, sizeof(text)) != STATUS_OK ||
	    (state = span_index(span_of(text), states, STATES)) == STATES)
		return "state";
	order->state = (enum order_state)state;
	if (!address_ok(order->address, order->address_normal))
		return "address";
	if (!address_ok(order->from, order->from_normal))
		return "from";
	if (order->part2[0] == '\0')
		return "token_part2";
	if (strlen(order->thumbprint) != 43)
		return "thumbprint";
	if (order->message_id[0] != '\0' &&
	    !msgid_parse(span_of(order->message_id), &id))
		return "message_id";
	if (order->issuance[0] != '\0' && order->authorization_url[0] == '\0')
		return "authorization";
	if (order->issuance[0] != '\0' && order->challenge_url[0] == '\0')
		return "challenge";
	return NULL;
}

static bool
write_rest(const void *record, struct json *json)
{
	const struct order *order = record;

	return json_set_text(
		   json, "token_join", token_join_name(order->join)) &&
	    json_set_text(json, "state", states[order->state]);
}

#define ORDER(member, name, type, required) \
	MEMBER(struct order, member, name, type, required)

static const struct member members[] = {
	ORDER(id, "id", MEMBER_ID, true),
	ORDER(address, "address", MEMBER_TEXT, true),
	ORDER(address_normal, "address_normal", MEMBER_TEXT, true),
	ORDER(from, "from", MEMBER_TEXT, true),
	ORDER(from_normal, "from_normal", MEMBER_TEXT, true),
	ORDER(part2, "token_part2", MEMBER_BASE64, true),
	ORDER(thumbprint, "thumbprint", MEMBER_BASE64, true),
	ORDER(created, "created", MEMBER_TIME, true),
	ORDER(expires, "expires", MEMBER_TIME, false),
	ORDER(note, "note", MEMBER_TEXT, false),
	ORDER(ca, "ca", MEMBER_TEXT, false),
	ORDER(part1, "token_part1", MEMBER_BASE64, false),
	ORDER(message_id, "message_id", MEMBER_TEXT, false),
	ORDER(reply_to, "reply_to", MEMBER_TEXT, false),
	ORDER(draft, "draft", MEMBER_TEXT, false),
	ORDER(answered, "answered", MEMBER_TIME, false),
	ORDER(issuance, "issuance", MEMBER_ID, false),
	ORDER(authorization_url, "authorization", MEMBER_URL, false),
	ORDER(challenge_url, "challenge", MEMBER_URL, false),
	ORDER(told, "told", MEMBER_TIME, false),
	ORDER(met, "met", MEMBER_TIME, false),
};

static const struct record_kind kind = {
	.directory = "orders",
	.size = sizeof(struct order),
	.created = offsetof(struct order, created),
	.members = members,
	.count = sizeof(members) / sizeof(*members),
	.read = read_rest,
	.write = write_rest,
};

static_assert(offsetof(struct order, id) == 0, "a record begins with its id");

enum status
orders_load_if(const struct home *home, order_filter *wanted, const void *arg,
    struct order **out, size_t *count, struct note *note)
{
	void *records = NULL;
	enum status status;

	status = records_load(home, &kind, wanted, arg, &records, count, note);
	*out = records;
	return status;
}

enum status
orders_load(const struct home *home, struct order **out, size_t *count,
    struct note *note)
{
	return orders_load_if(home, NULL, NULL, out, count, note);
}

static bool
is_of(const void *record, const void *arg)
{
	const struct order *order = record;

	return strcmp(order->issuance, arg) == 0;
}

enum status
orders_load_of(const struct home *home, const char *issuance,
    struct order **out, size_t *count, struct note *note)
{
	return orders_load_if(home, is_of, issuance, out, count, note);
}

enum status
order_load(const struct home *home, const char *id, struct order *out,
    struct note *note)
{
	return record_load(home, &kind, id, out, note);
}

enum status
order_save(
    const struct home *home, const struct order *order, struct note *note)
{
	return record_save(home, &kind, order, note);
}

enum status
order_change(const struct home *home, const char *id, order_changer *change,
    const void *arg, struct order *out, struct note *note)
{
	return record_change(home, &kind, id, change, arg, out, note);
}

enum status
order_forget(const struct home *home, const char *id, struct note *note)
{
	return record_forget(home, &kind, id, note);
}

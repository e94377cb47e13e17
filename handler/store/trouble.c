/* trouble.c - what a person was told about: see trouble.h */
#include "store/trouble.h"

#include <assert.h>
#include <string.h>

#define TROUBLE(member, name, type, required) \
	MEMBER(struct trouble, member, name, type, required)

static const struct member members[] = {
	TROUBLE(id, "id", MEMBER_ID, true),
	TROUBLE(key, "key", MEMBER_TEXT, true),
	TROUBLE(text, "text", MEMBER_TEXT, true),
	TROUBLE(created, "created", MEMBER_TIME, true),
	TROUBLE(told, "told", MEMBER_TIME, false),
	TROUBLE(level, "level", MEMBER_COUNT, false),
};

static const struct record_kind kind = {
	.directory = "troubles",
	.format = 1,
	.size = sizeof(struct trouble),
	.created = offsetof(struct trouble, created),
	.members = members,
	.count = sizeof(members) / sizeof(*members),
};

static_assert(offsetof(struct trouble, id) == 0, "a record begins with its id");

/* The record says which key it is for: two may have one id. */
static void
id_of(const char *key, char out[RECORD_ID_SIZE])
{
	record_id_about("trouble", span_of(key), SPAN(""), out);
}

enum status
trouble_load(const struct home *home, const char *key, struct trouble *out,
    struct note *note)
{
	char id[RECORD_ID_SIZE];
	enum status status;

	id_of(key, id);
	status = record_load(home, &kind, id, out, note);
	return status == STATUS_OK && strcmp(out->key, key) != 0
	    ? STATUS_MISSING
	    : status;
}

enum status
trouble_save(
    const struct home *home, struct trouble *trouble, struct note *note)
{
	id_of(trouble->key, trouble->id);
	return record_save(home, &kind, trouble, note);
}

enum status
trouble_forget(const struct home *home, const char *key, struct note *note)
{
	char id[RECORD_ID_SIZE];

	id_of(key, id);
	return record_forget(home, &kind, id, note);
}

enum status
troubles_load(const struct home *home, struct trouble **out, size_t *count,
    struct note *note)
{
	void *records = NULL;
	const enum status status =
	    records_load(home, &kind, NULL, NULL, NULL, &records, count, note);

	*out = records;
	return status;
}

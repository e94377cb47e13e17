/* publication.c - what is published in the DNS: see publication.h */
#include "store/publication.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#define PUBLICATION(member, type, required) \
	MEMBER(struct publication, member, #member, type, required)

static const struct member members[] = {
	PUBLICATION(id, MEMBER_ID, true),
	PUBLICATION(address, MEMBER_TEXT, true),
	PUBLICATION(order, MEMBER_ID, true),
	PUBLICATION(name, MEMBER_TEXT, true),
	PUBLICATION(data, MEMBER_BASE64, true),
	PUBLICATION(ttl, MEMBER_COUNT, true),
	PUBLICATION(created, MEMBER_TIME, true),
	PUBLICATION(shown, MEMBER_TIME, false),
	PUBLICATION(until, MEMBER_TIME, false),
};

/* The name goes into a script for nsupdate. */
static const char *
check(const struct json *json, void *record)
{
	const struct publication *publication = record;

	(void)json;
	return dns_name_ok(span_of(publication->name)) ? NULL : "name";
}

static const struct record_kind kind = {
	.directory = "published",
	.format = 1,
	.size = sizeof(struct publication),
	.created = offsetof(struct publication, created),
	.members = members,
	.count = sizeof(members) / sizeof(*members),
	.read = check,
};

static_assert(
    offsetof(struct publication, id) == 0, "a record begins with its id");

enum status
publication_save(
    const struct home *home, struct publication *publication, struct note *note)
{
	record_id_about("published", span_of(publication->name),
	    span_of(publication->data), publication->id);
	return record_save(home, &kind, publication, note);
}

enum status
publication_forget(const struct home *home, const char *id, struct note *note)
{
	return record_forget(home, &kind, id, note);
}

static bool
is_of(const void *record, const void *arg)
{
	const struct publication *publication = record;

	return arg == NULL || strcmp(publication->address, arg) == 0;
}

enum status
publications_load(const struct home *home, const char *address,
    struct publication **out, size_t *count, struct note *note)
{
	void *records = NULL;
	const enum status status = records_load(
	    home, &kind, NULL, is_of, address, &records, count, note);

	*out = records;
	return status;
}

bool
publications_exist(const struct home *home)
{
	int dir = -1;
	const bool exist =
	    home_subdir(home, kind.directory, false, &dir, NULL) != STATUS_OK ||
	    dir >= 0;

	if (dir >= 0)
		(void)close(dir);
	return exist;
}

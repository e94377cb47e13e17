/* account.c - our accounts at CAs: see account.h */
#include "store/account.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/record.h"

static const char *const ends[] = { "", "deactivated", "closed", "unknown",
	"key-lost", "forgotten" };
enum { ENDS = sizeof(ends) / sizeof(*ends) };

const char *
account_end_name(enum account_end end)
{
	return ends[end];
}

/* Records of earlier versions have only the time. */
static bool
get_end(const struct json *json, struct account *out)
{
	char text[16];
	size_t i;

	switch (json_get_text(json, "end", text, sizeof(text))) {
	case STATUS_OK:
		i = span_index(span_of(text), ends, ENDS);
		out->end = (enum account_end)i;
		return i < ENDS;
	case STATUS_MISSING:
		out->end = out->deactivated != 0 ? ACCOUNT_DEACTIVATED
						 : ACCOUNT_IN_USE;
		return true;
	default:
		return false;
	}
}

static const char *
read_rest(const struct json *json, void *record)
{
	struct account *account = record;

	if (account->directory[0] == '\0')
		return "directory";
	if (!get_end(json, account))
		return "end";
	return account->rolled <= ACCOUNT_KEYS_MAX ? NULL : "rolled";
}

static bool
write_rest(const void *record, struct json *json)
{
	const struct account *account = record;

	return json_set_text(json, "end", ends[account->end]);
}

#define ACCOUNT(member, name, type, required) \
	MEMBER(struct account, member, name, type, required)

static const struct member members[] = {
	ACCOUNT(id, "id", MEMBER_ID, true),
	ACCOUNT(directory, "directory", MEMBER_URL, true),
	ACCOUNT(url, "url", MEMBER_URL, false),
	ACCOUNT(thumbprint, "thumbprint", MEMBER_BASE64, true),
	ACCOUNT(rolled, "rolled", MEMBER_COUNT, false),
	ACCOUNT(created, "created", MEMBER_TIME, true),
	ACCOUNT(deactivated, "deactivated", MEMBER_TIME, false),
};

static const struct record_kind kind = {
	.directory = "accounts",
	.format = 1,
	.size = sizeof(struct account),
	.created = offsetof(struct account, created),
	.members = members,
	.count = sizeof(members) / sizeof(*members),
	.read = read_rest,
	.write = write_rest,
};

static_assert(offsetof(struct account, id) == 0, "a record begins with its id");

enum status
account_load(const struct home *home, const char *id, struct account *out,
    struct note *note)
{
	return record_load(home, &kind, id, out, note);
}

enum status
accounts_load(const struct home *home, struct account **out, size_t *count,
    struct note *note)
{
	void *records = NULL;
	enum status status;

	status =
	    records_load(home, &kind, NULL, NULL, NULL, &records, count, note);
	*out = records;
	return status;
}

static bool
is_at(const void *record, const void *arg)
{
	const struct account *account = record;

	return account->end == ACCOUNT_IN_USE &&
	    strcmp(account->directory, arg) == 0;
}

enum status
account_find(const struct home *home, const char *directory,
    struct account *out, struct note *note)
{
	struct note damaged;
	void *records = NULL;
	enum status status, skipped;
	size_t count = 0;

	status = records_load(
	    home, &kind, NULL, is_at, directory, &records, &count, note);
	skipped = home_skipped(home, "accounts", &damaged);
	if (status == STATUS_OK && count > 0)
		*out = *(const struct account *)records;
	else if (status == STATUS_OK && skipped != STATUS_OK)
		/* The damaged one may be this one: do not make a second
		 * account. */
		status = note_set(note, skipped, "%s", damaged.text);
	else if (status == STATUS_OK)
		status = STATUS_MISSING;
	free(records);
	return status;
}

enum status
account_save(
    const struct home *home, const struct account *account, struct note *note)
{
	return record_save(home, &kind, account, note);
}

enum status
account_forget(
    const struct home *home, const struct account *account, struct note *note)
{
	char name[RECORD_ID_SIZE + 32];
	enum status status;
	int64_t n;
	int dir = -1;

	status = home_subdir(home, "accounts", false, &dir, note);
	if (status != STATUS_OK || dir < 0)
		return status;
	(void)snprintf(name, sizeof(name), "%s.json", account->id);
	if (unlinkat(dir, name, 0) == 0) {
		(void)snprintf(name, sizeof(name), "%s.pem", account->id);
		(void)unlinkat(dir, name, 0);
		/* Also remove the keys of a roll-over, and of one that a crash
		 * interrupted. */
		for (n = account->rolled; n <= account->rolled + 1; n++) {
			(void)snprintf(name, sizeof(name), "%s.%lld.pem",
			    account->id, (long long)n);
			(void)unlinkat(dir, name, 0);
		}
	}
	status = dir_sync(dir);
	(void)close(dir);
	return status;
}

enum status
account_key_path(const struct home *home, const struct account *account,
    int64_t rolled, char *out, size_t size, struct note *note)
{
	char number[24] = "";
	enum status status;
	int dir = -1;

	status = home_subdir(home, "accounts", true, &dir, note);
	if (status != STATUS_OK)
		return status;
	(void)close(dir);
	if (rolled > 0)
		(void)snprintf(
		    number, sizeof(number), ".%lld", (long long)rolled);
	return snprintf(out, size, "%s/accounts/%s%s.pem", home->path,
		   account->id, number) < (int)size
	    ? STATUS_OK
	    : STATUS_DAMAGED;
}

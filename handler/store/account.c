/* account.c - our accounts at CAs: see account.h */
#include "store/account.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/record.h"

static const char *
read_rest(const struct json *json, void *record)
{
	const struct account *account = record;

	(void)json;
	if (account->directory[0] == '\0')
		return "directory";
	return account->rolled <= ACCOUNT_KEYS_MAX ? NULL : "rolled";
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
	.size = sizeof(struct account),
	.created = offsetof(struct account, created),
	.members = members,
	.count = sizeof(members) / sizeof(*members),
	.read = read_rest,
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

	status = records_load(home, &kind, NULL, NULL, &records, count, note);
	*out = records;
	return status;
}

static bool
is_at(const void *record, const void *arg)
{
	const struct account *account = record;

	return account->deactivated == 0 &&
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

	status =
	    records_load(home, &kind, is_at, directory, &records, &count, note);
	skipped = home_skipped(home, "accounts", &damaged);
	if (status == STATUS_OK && count > 0)
		*out = *(const struct account *)records;
	else if (status == STATUS_OK && skipped != STATUS_OK)
		/* It may be this one: no second account is made. */
		status = note_set(note, skipped, "%s", damaged.text);
	else if (status == STATUS_OK)
		status = STATUS_NO;
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
	char name[JSONFILE_ID_SIZE + 8];
	enum status status;
	int dir = -1;

	if (account->url[0] != '\0')
		return STATUS_BUG;
	status = home_subdir(home, "accounts", false, &dir, note);
	if (status != STATUS_OK || dir < 0)
		return status;
	(void)snprintf(name, sizeof(name), "%s.json", account->id);
	if (unlinkat(dir, name, 0) == 0) {
		(void)snprintf(name, sizeof(name), "%s.pem", account->id);
		(void)unlinkat(dir, name, 0);
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
	    : STATUS_CONFIG;
}

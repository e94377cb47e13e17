/* account.c - our accounts at CAs: see account.h */
#include "store/account.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "acme/url.h"

static bool
read_account(const struct json *json, struct account *out)
{
	*out = (struct account){ .created = 0 };
	return json_get_text(json, "id", out->id, sizeof(out->id)) ==
	    STATUS_OK &&
	    json_get_text(json, "directory", out->directory, ACME_URL_SIZE) ==
	    STATUS_OK &&
	    acme_url_ok(span_of(out->directory)) &&
	    json_get_text(json, "url", out->url, ACME_URL_SIZE) !=
	    STATUS_CONFIG &&
	    (out->url[0] == '\0' || acme_url_ok(span_of(out->url))) &&
	    json_get_text(json, "thumbprint", out->thumbprint,
		sizeof(out->thumbprint)) == STATUS_OK &&
	    json_get_number(json, "rolled", &out->rolled) != STATUS_CONFIG &&
	    out->rolled >= 0 && out->rolled <= ACCOUNT_KEYS_MAX &&
	    json_get_number(json, "created", &out->created) == STATUS_OK &&
	    json_get_number(json, "deactivated", &out->deactivated) !=
	    STATUS_CONFIG;
}

enum status
account_load(const struct home *home, const char *id, struct account *out,
    struct note *note)
{
	struct json *json = NULL;
	enum status status;

	status = jsonfile_load(home, "accounts", id, &json, note);
	if (status != STATUS_OK)
		return status;
	if (!read_account(json, out) || strcmp(out->id, id) != 0)
		status = note_set(note, STATUS_CONFIG,
		    "accounts/%s.json cannot be read as an account", id);
	json_free(json);
	return status;
}

enum status
account_find(const struct home *home, const char *directory,
    struct account *out, struct note *note)
{
	char ids[ACCOUNTS_MAX][JSONFILE_ID_SIZE];
	enum status status;
	size_t count, i;

	status =
	    jsonfile_list(home, "accounts", ids, ACCOUNTS_MAX, &count, note);
	for (i = 0; status == STATUS_OK && i < count; i++) {
		status = account_load(home, ids[i], out, note);
		if (status == STATUS_OK && out->deactivated == 0 &&
		    strcmp(out->directory, directory) == 0)
			return STATUS_OK;
	}
	return status == STATUS_OK ? STATUS_NO : status;
}

enum status
account_save(
    const struct home *home, const struct account *account, struct note *note)
{
	struct json *json = json_new();
	enum status status = STATUS_MEMORY;

	if (json != NULL && json_set_text(json, "id", account->id) &&
	    json_set_text(json, "directory", account->directory) &&
	    json_set_text(json, "url", account->url) &&
	    json_set_text(json, "thumbprint", account->thumbprint) &&
	    json_set_number(json, "rolled", account->rolled) &&
	    json_set_number(json, "created", account->created) &&
	    json_set_number(json, "deactivated", account->deactivated))
		status =
		    jsonfile_save(home, "accounts", account->id, json, note);
	json_free(json);
	return status;
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

/* list_accounts.c - the list of accounts: see list_accounts.h */
#include "cmd/list_accounts.h"

#include "base/text.h"
#include "cmd/cmd.h"

static void
add_json(const struct account *account, struct json_writer *json)
{
	json_open_object(json, NULL);
	json_add_text(json, "id", account->id);
	json_add_text(json, "directory", account->directory);
	json_add_filled(json, "url", account->url);
	json_add_text(json, "thumbprint", account->thumbprint);
	cmd_add_time(json, "created", account->created);
	cmd_add_time(json, "deactivated", account->deactivated);
	json_add_text(json, "end",
	    account->end != ACCOUNT_IN_USE ? account_end_name(account->end)
					   : NULL);
	json_close(json);
}

static const char *
describe(const struct account *account)
{
	switch (account->end) {
	case ACCOUNT_DEACTIVATED:
		return "deactivated";
	case ACCOUNT_CLOSED:
		return "out of use: the CA says that it is closed";
	case ACCOUNT_UNKNOWN:
		return "out of use: the CA does not know it";
	case ACCOUNT_KEY_LOST:
		return "out of use: its key file is gone";
	case ACCOUNT_FORGOTTEN:
		return "forgotten; its key is kept for its certificates";
	case ACCOUNT_IN_USE:
		break;
	}
	return account->url[0] != '\0'
	    ? account->url
	    : "not registered yet: mailcert account register";
}

static void
add_text(const struct account *account, struct buf *out)
{
	buf_addf(out, "%s  account at ", account->id);
	text_show(out, span_of(account->directory), TEXT_NO_LIMIT,
	    text_locale_is_utf8());
	buf_addf(out, "\n    %s\n    key thumbprint %s\n", describe(account),
	    account->thumbprint);
}

void
list_accounts(const struct account *accounts, size_t count, struct buf *out)
{
	size_t i;

	for (i = 0; i < count; i++)
		add_text(&accounts[i], out);
}

void
list_accounts_json(
    const struct account *accounts, size_t count, struct json_writer *json)
{
	size_t i;

	json_open_array(json, "accounts");
	for (i = 0; i < count; i++)
		add_json(&accounts[i], json);
	json_close(json);
}

/* list_accounts.c - the list of accounts: see list_accounts.h */
#include "cmd/list_accounts.h"

#include <stdlib.h>

#include "base/text.h"
#include "mail/date.h"

static void
add_time(struct buf *out, int64_t when)
{
	if (when == 0)
		buf_add_text(out, "null");
	else {
		buf_add_byte(out, '"');
		date_add_iso(out, when);
		buf_add_byte(out, '"');
	}
}

static void
add_json(const struct account *account, struct buf *out)
{
	buf_addf(out, "\n {\"id\": \"%s\", \"directory\": ", account->id);
	text_json(out, span_of(account->directory));
	buf_add_text(out, ", \"url\": ");
	if (account->url[0] != '\0')
		text_json(out, span_of(account->url));
	else
		buf_add_text(out, "null");
	buf_addf(out,
	    ",\n  \"thumbprint\": \"%s\", \"created\": ", account->thumbprint);
	add_time(out, account->created);
	buf_add_text(out, ", \"deactivated\": ");
	add_time(out, account->deactivated);
	buf_addf(out, ", \"end\": %s%s%s",
	    account->end != ACCOUNT_IN_USE ? "\"" : "",
	    account->end != ACCOUNT_IN_USE ? account_end_name(account->end)
					   : "null",
	    account->end != ACCOUNT_IN_USE ? "\"" : "");
	buf_add_byte(out, '}');
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

enum status
list_accounts(const struct home *home, bool json, size_t *count,
    struct buf *out, struct note *note)
{
	struct account *accounts = NULL;
	enum status status;
	size_t i;

	status = accounts_load(home, &accounts, count, note);
	for (i = 0; i < *count; i++) {
		if (json) {
			buf_add_text(out, i > 0 ? "," : "");
			add_json(&accounts[i], out);
		} else {
			add_text(&accounts[i], out);
		}
	}
	free(accounts);
	return status;
}

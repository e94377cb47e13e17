/* list_accounts.c - our accounts: see list_accounts.h */
#include "list_accounts.h"

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
	buf_add_byte(out, '}');
}

static void
add_text(const struct account *account, struct buf *out)
{
	buf_addf(out, "%s  account at ", account->id);
	text_show(out, span_of(account->directory), TEXT_NO_LIMIT,
	    text_locale_is_utf8());
	buf_addf(out, "\n    %s\n    key thumbprint %s\n",
	    account->deactivated != 0 ? "deactivated"
		: account->url[0] == '\0'
		? "not registered yet: mailcert account register"
		: account->url,
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

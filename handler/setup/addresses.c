/* addresses.c - the user's own addresses: see addresses.h */
#include "setup/addresses.h"

#include <stdio.h>
#include <string.h>

#include "install/pinerc.h"
#include "install/prefs.h"
#include "install/textfile.h"
#include "mail/address.h"

enum { WORD_SIZE = 512 };

/* --- one address -----------------------------------------------------------*/

static bool
is_known(const struct addresses *addresses, const char *address)
{
	size_t i;

	for (i = 0; i < addresses->count; i++)
		if (address_compare(span_of(addresses->found[i].address),
			span_of(address)) != ADDRESS_OTHER)
			return true;
	return false;
}

/* Between the brackets, if there are any. */
static struct span
bare(struct span text)
{
	const size_t open = span_find_byte(text, '<');

	if (open < text.len) {
		text = span_cut(text, open + 1, text.len);
		text = span_cut(text, 0, span_find_byte(text, '>'));
	}
	return span_trim(text);
}

/* "^a@example\.org$" means one address; what else a regular expression says
 * does not pass as one. */
static bool
take_backslashes(struct span text, char out[WORD_SIZE])
{
	size_t i, n = 0;

	if (text.len > 0 && text.at[0] == '^')
		text = span_cut(text, 1, text.len);
	if (text.len > 0 && text.at[text.len - 1] == '$')
		text = span_cut(text, 0, text.len - 1);
	if (text.len >= WORD_SIZE)
		return false;
	for (i = 0; i < text.len; i++) {
		if (strchr("*?()[]|^$\"'`,;", text.at[i]) != NULL)
			return false;
		if (text.at[i] != '\\')
			out[n++] = text.at[i];
	}
	out[n] = '\0';
	return n > 0;
}

void
addresses_add(struct addresses *addresses, struct span text, const char *whence)
{
	struct own_address *next = &addresses->found[addresses->count];
	char word[WORD_SIZE], normal[ADDRESS_SIZE];
	struct mailbox mailbox;

	if (addresses->count == ADDRESSES_MAX ||
	    !take_backslashes(bare(text), word) ||
	    address_parse(span_of(word), &mailbox) != STATUS_OK ||
	    address_normal(&mailbox, normal) != STATUS_OK ||
	    strlen(normal) >= OWN_ADDRESS_SIZE || is_known(addresses, normal))
		return;
	(void)strcpy(next->address, normal);
	(void)snprintf(next->whence, sizeof(next->whence), "%s", whence);
	addresses->count++;
}

/* --- mutt, s-nail ----------------------------------------------------------*/

/* The next word of a line, without its quotes. */
static struct span
take_word(struct span *rest)
{
	struct span word;
	char quote = '\0';
	size_t i;

	*rest = span_trim(*rest);
	for (i = 0; i < rest->len; i++) {
		if (quote == '\0' && ascii_is_space(rest->at[i]))
			break;
		if (quote == rest->at[i])
			quote = '\0';
		else if (quote == '\0' && strchr("\"'", rest->at[i]) != NULL)
			quote = rest->at[i];
	}
	word = span_cut(*rest, 0, i);
	*rest = span_cut(*rest, i, rest->len);
	if (word.len >= 2 && strchr("\"'", word.at[0]) != NULL &&
	    word.at[word.len - 1] == word.at[0])
		word = span_cut(word, 1, word.len - 1);
	return word;
}

static struct span
unquoted(struct span text)
{
	text = span_trim(text);
	return take_word(&text);
}

static void
take_settings(struct addresses *addresses, struct span rest, const char *file)
{
	char whence[WHENCE_SIZE];
	struct span word;

	(void)snprintf(whence, sizeof(whence), "from in %s", file);
	while (rest.len > 0) {
		word = take_word(&rest);
		if (span_eq(word, SPAN("from"))) { /* from = VALUE */
			word = span_trim(rest);
			if (!span_starts(word, SPAN("=")))
				continue;
			rest = span_cut(word, 1, word.len);
			addresses_add(addresses, take_word(&rest), whence);
		} else if (span_starts(word, SPAN("from="))) {
			word = span_cut(word, 5, word.len);
			if (word.len == 0)
				word = take_word(&rest);
			addresses_add(addresses, unquoted(word), whence);
		}
	}
}

static void take_command(
    struct addresses *addresses, struct span line, const char *file);

/* folder-hook PATTERN "set from=..." */
static void
take_hook(struct addresses *addresses, struct span rest, const char *file)
{
	struct span word;

	(void)take_word(&rest);
	word = take_word(&rest);
	/* The command is one quoted word, or the rest of the line. */
	take_command(addresses,
	    span_trim(rest).len == 0
		? word
		: (struct span){ word.at,
		      (size_t)(rest.at + rest.len - word.at) },
	    file);
}

static void
take_alternates(struct addresses *addresses, struct span rest, const char *file)
{
	char whence[WHENCE_SIZE];
	struct span word;

	(void)snprintf(whence, sizeof(whence), "alternates in %s", file);
	while (rest.len > 0) {
		word = take_word(&rest);
		if (span_eq(word, SPAN("-group")))
			(void)take_word(&rest);
		else
			addresses_add(addresses, word, whence);
	}
}

static void
take_command(struct addresses *addresses, struct span line, const char *file)
{
	static const char *const hooks[] = { "folder-hook", "send-hook",
		"send2-hook", "account-hook", "reply-hook" };
	enum { HOOKS = sizeof(hooks) / sizeof(*hooks) };
	char whence[WHENCE_SIZE];
	const struct span word = take_word(&line);

	(void)snprintf(whence, sizeof(whence), "From in %s", file);
	if (span_eq(word, SPAN("set")))
		take_settings(addresses, line, file);
	else if (span_eq(word, SPAN("alternates")))
		take_alternates(addresses, line, file);
	else if (span_eq(word, SPAN("my_hdr")) &&
	    span_starts_nocase(span_trim(line), SPAN("from:")))
		addresses_add(
		    addresses, span_cut(span_trim(line), 5, line.len), whence);
	else if (span_index(word, hooks, HOOKS) < HOOKS &&
	    span_find(line, SPAN("hook")) == line.len)
		take_hook(addresses, line, file);
}

void
addresses_of_muttrc(
    struct addresses *addresses, struct span text, const char *file)
{
	struct span line;

	while (text.len > 0) {
		line = span_trim(line_take(&text));
		if (!span_starts(line, SPAN("#")))
			take_command(addresses, line, file);
	}
}

/* --- alpine ----------------------------------------------------------------*/

void
addresses_of_pinerc(struct addresses *addresses, struct span text)
{
	struct span items = pinerc_value(text, "customized-hdrs"), item;
	char address[WORD_SIZE];
	struct span domain = span_trim(pinerc_value(text, "user-domain")),
		    user = span_trim(pinerc_value(text, "user-id"));

	if (user.len > 0 && domain.len > 0 &&
	    (size_t)snprintf(address, sizeof(address), "%.*s@%.*s",
		(int)(user.len < 200 ? user.len : 200), user.at,
		(int)(domain.len < 200 ? domain.len : 200),
		domain.at) < sizeof(address))
		addresses_add(
		    addresses, span_of(address), "user-id in your .pinerc");
	while (items.len > 0) {
		item =
		    span_trim(span_cut(items, 0, span_find_byte(items, ',')));
		items =
		    span_cut(items, span_find_byte(items, ',') + 1, items.len);
		if (span_starts_nocase(item, SPAN("from:")))
			addresses_add(addresses, span_cut(item, 5, item.len),
			    "From in your .pinerc");
	}
	items = pinerc_value(text, "alt-addresses");
	while (items.len > 0) {
		item = span_cut(items, 0, span_find_byte(items, ','));
		items =
		    span_cut(items, span_find_byte(items, ',') + 1, items.len);
		addresses_add(addresses, item, "alt-addresses in your .pinerc");
	}
}

/* --- Thunderbird -----------------------------------------------------------*/

void
addresses_of_prefs(struct addresses *addresses, struct span text)
{
	struct span id, rest;
	struct buf value;
	struct pref pref;
	size_t at = 0;

	while (prefs_next(text, &at, &pref) == STATUS_OK) {
		buf_init(&value, WORD_SIZE);
		if (pref_identity(pref.name, &id, &rest) &&
		    span_eq(rest, SPAN("useremail")) &&
		    pref_string(pref.value, &value) &&
		    buf_status(&value) == STATUS_OK)
			addresses_add(addresses, buf_span(&value),
			    "an identity of Thunderbird");
		buf_clear(&value);
	}
}

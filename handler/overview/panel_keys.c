/* panel_keys.c - the keys of the overview: see panel_keys.h */
#include "overview/panel_keys.h"

/* `if_can` 0: it always applies. */
static const struct {
	struct page_key key;
	unsigned if_can;
} table[] = {
	{ { "Enter", "details", "Show all that is known of the selected line.",
	      false },
	    0 },
	{ { "t", "timer", "Turn on what renews certificates by itself.",
	      false },
	    OVERVIEW_TIMER },
	{ { "a", "answer", "Answer the challenge of the selected order.",
	      false },
	    OVERVIEW_ANSWER },
	{ { "f", "finish", "Continue the selected order (mailcert finish).",
	      false },
	    OVERVIEW_FINISH },
	{ { "r", "renew", "Renew the selected certificate (mailcert renew).",
	      false },
	    OVERVIEW_RENEW },
	{ { "i", "install", "Put the selected certificate into a mail program.",
	      false },
	    OVERVIEW_INSTALL },
	{ { "n", "new", "Order a certificate for an address (mailcert order).",
	      false },
	    0 },
	{ { "o", "open file",
	      "Take in a certificate from a file (mailcert import).", false },
	    0 },
	{ { "w", "web page",
	      "Make a request for a CA's web page (mailcert csr).", false },
	    0 },
	{ { "d", "doctor",
	      "Check that everything is in place (mailcert doctor).", false },
	    0 },
	{ { "j k", NULL, "Move; the arrows do, too.", false }, 0 },
	{ { "g G", NULL, "Go to the first or last line.", false }, 0 },
	{ { "Space -", NULL, "Go a page down or up; ^D and ^U a half.", false },
	    0 },
	{ { "/", NULL, "Find an address or an id.", false }, 0 },
	{ { "^L", NULL, "Paint the screen again.", false }, 0 },
	{ { "?", "help", "Show this.", true }, 0 },
	{ { "q", "quit", "Go back one level, or leave; Escape does, too.",
	      true },
	    0 },
};

static const struct page_key choice_keys[] = {
	{ "Enter", "choose", "Choose the selected line.", true },
	{ "j k", "move", "Move; the arrows do, too.", false },
	{ "?", "help", "Show this.", true },
	{ "q", "back", "Go back, and do nothing; Escape does, too.", true },
	{ "1 to 9", NULL, "Choose that line.", false },
	{ "a letter", NULL, "Choose the line that begins with it.", false },
};

enum { COUNT = sizeof(table) / sizeof(*table) };

const struct page_key *
panel_keys(size_t *count)
{
	static struct page_key keys[COUNT];
	size_t i;

	for (i = 0; i < COUNT; i++)
		keys[i] = table[i].key;
	*count = COUNT;
	return keys;
}

const struct page_key *
panel_choice_keys(size_t *count)
{
	*count = sizeof(choice_keys) / sizeof(*choice_keys);
	return choice_keys;
}

size_t
panel_keys_for(unsigned can, bool any, struct page_key out[PANEL_KEYS_MAX])
{
	size_t i, n = 0;

	for (i = 0; i < COUNT; i++)
		if (table[i].if_can == 0 || (table[i].if_can & can) != 0)
			out[n++] = table[i].key;
	if (!any)
		out[0].does = "choose";
	return n;
}

/* root.c - accept a root certificate: see root.h */
#include "install/root.h"

#include <stdio.h>
#include <string.h>

/* Hexadecimal digits in any case, with or without colons. */
static bool
is_fingerprint(const char *text, const char *want)
{
	for (; *text != '\0'; text++) {
		if (*text == ':')
			continue;
		if (*want == '\0' || ascii_lower(*text) != ascii_lower(*want))
			return false;
		want++;
	}
	return *want == '\0';
}

enum status
root_accept(const struct installation *installation,
    const struct link_facts *root, struct note *note)
{
	const struct install_wishes *wishes = installation->wishes;
	char question[1024];

	if (installation->changes.dry_run ||
	    (wishes->root != NULL &&
		is_fingerprint(wishes->root, root->sha256)))
		return STATUS_OK;
	(void)snprintf(question, sizeof(question),
	    "The certificate chain ends in this root certificate:\n"
	    "  %s\n"
	    "  SHA-256 %s\n"
	    "%s will then trust every certificate below it, of anybody.\n"
	    "Trust it?",
	    root->subject[0] != '\0' ? root->subject : "(without a name)",
	    root->sha256, installation->changes.journal.name);
	if (!wishes->again && wishes->ask != NULL && wishes->ask(question))
		return STATUS_OK;
	return note_set(note, STATUS_NO,
	    "the root certificate \"%.90s\" is not trusted; if it is the "
	    "right one, use --trust-root %s",
	    root->subject, root->sha256);
}

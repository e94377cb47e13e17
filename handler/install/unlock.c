/* unlock.c - accept an unlocked key: see unlock.h */
#include "install/unlock.h"

#include <stdio.h>

enum status
unlock_accept(struct installation *installation,
    const struct identity *identity, bool there, struct note *note)
{
	const struct install_wishes *wishes = installation->wishes;
	struct journal *journal = &installation->changes.journal;
	char question[600];

	if (!identity->order.locked || there || installation->changes.dry_run ||
	    journal_has(journal, "unlocked", "accepted"))
		return STATUS_OK;
	(void)snprintf(question, sizeof(question),
	    "The key of certificate %s has a passphrase.  What %s uses would "
	    "have none.\nInstall it so?",
	    identity->order.id, journal->name);
	if (wishes->unlock ||
	    (!wishes->again && wishes->ask != NULL && wishes->ask(question)))
		return journal_add(
		    journal, "unlocked", "accepted", SPAN(""), note);
	return note_set(note, STATUS_NO,
	    "the key of certificate %s has a passphrase, and what %s uses "
	    "would have none; use --unlock to allow that",
	    identity->order.id, journal->name);
}

enum status
unlock_passphrase(const struct installation *installation,
    const struct identity *identity, bool there, struct buf *out,
    struct note *note)
{
	const struct install_wishes *wishes = installation->wishes;

	return identity->order.locked && !there &&
		!installation->changes.dry_run
	    ? wishes->passphrase(wishes->arg, &identity->order, out, note)
	    : STATUS_OK;
}

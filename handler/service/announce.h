/*
 * announce.h - let a mail server announce what proves its host
 *
 * Dovecot's IMAP can: imap_capability, in a file of our own that it includes.
 * The file is taken away when the CA has looked, also if we were killed: the
 * journal HOME/installed/announce-dovecot has it.
 */
#ifndef SERVICE_ANNOUNCE_H
#define SERVICE_ANNOUNCE_H
#include "service/sight.h"
#include "store/home.h"

struct announcement {
	const char *config; /* of Dovecot; NULL: as before, or the usual one */
	const char *id;     /* the order that needs it, or NULL */
	const char *host;
	const struct service_at *at; /* where it is looked for afterwards */
	/* One for each service.  Dovecot shows all of them at each port. */
	const char *value[SERVICES_MAX];
	size_t count;
	const char *const *address; /* in place of those of the host */
	size_t addresses;
	bool dry_run;
};

/*
 * Announce it, in place of what was announced before, and look.  Whatever the
 * administrator has in imap_capability stays.  out: what was done, a line each.
 * STATUS_NO with a note: Dovecot does not take it, or does not show it; its
 * configuration is as it was.
 */
enum status announce_on_dovecot(const struct config *config,
    const struct home *home, const struct announcement *what, struct buf *out,
    struct note *note) MUST_CHECK;
/* Take it away, if it is there. */
enum status announce_no_more(const struct home *home, bool dry_run,
    struct buf *out, struct note *note) MUST_CHECK;
/* The same, if the order that needs it is over, or its CA has looked. */
enum status announce_tidy(
    const struct home *home, struct buf *out, struct note *note) MUST_CHECK;
#endif

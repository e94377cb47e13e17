/*
 * mail_server.h - ask a mail server, through mailcert-mail
 *
 * One home for what every such question needs: the name of the server, how it
 * is trusted, and the password of the account, which is asked for once in the
 * life of the process.
 */
#ifndef DELIVER_MAIL_SERVER_H
#define DELIVER_MAIL_SERVER_H
#include "config/config.h"
#include "process/helper.h"

/* Where passwords come from. */
struct mail_access {
	const struct config *config;
	/* Ask the user for the password of that account, where the
	 * configuration names no command.  NULL: nobody is there. */
	enum status (*ask)(
	    const char *account, struct buf *out, struct note *note);
};

/*
 * Get the password or token, so that the user is asked before anything else
 * happens.  STATUS_CONFIG: there is no way to get it, or the command fails;
 * STATUS_DECLINED.  The note says which account.
 */
enum status mail_server_prepare(const struct mail_access *access,
    const struct server *server, struct note *note) MUST_CHECK;

/*
 * Ask it.  frames: what the verb takes besides VERB_SERVER; answer: as
 * helper_ask().  kept: the program keeps running, and with it the connection;
 * NULL: it ends.  A command that prints tokens is run once more when the server
 * accepts none.  The note names the server.
 *
 * STATUS_LOGIN, _NET, _AGAIN, _NO, _MISSING, _CONFIG: base/verb.h.  Also what
 * mail_server_prepare() has.
 */
enum status mail_server_ask(const struct mail_access *access,
    const struct server *server, enum verb_id verb, struct span frames,
    struct helper_kept *kept, struct buf *answer, struct note *note) MUST_CHECK;
/* After a failure of a question that changes something on the server: is it
 * certain that nothing was changed?  The program's own failures come before
 * that; without a whole answer, who knows. */
bool mail_server_did_nothing(enum status status, struct span answer);
#endif

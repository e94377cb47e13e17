/*
 * recipe.h - configuration that makes other servers announce a proof
 *
 * For what Dovecot's IMAP does by itself: POP3 and SMTP, whose servers have no
 * setting for it.  mailcert prints it, and changes nothing.
 */
#ifndef SERVICE_RECIPE_H
#define SERVICE_RECIPE_H
#include "service/announce.h"

/*
 * Append what nginx needs to stand before the server while a CA looks: its mail
 * proxy ends TLS, and announces the value before and inside it.  pair: a file
 * with a key and any certificate.
 */
void recipe_add_nginx(
    const struct announcement *what, const char *pair, struct buf *out);
/*
 * Append what Postfix needs to let acme-front stand before its ports, and for
 * POP3, what Dovecot needs besides.  STATUS_NO with a note: a port that begins
 * with TLS, in which a front without a key cannot say anything; STATUS_CONFIG:
 * the path of acme-front needs quoting.
 */
enum status recipe_add_postfix(const struct announcement *what, struct buf *out,
    struct note *note) MUST_CHECK;
/*
 * Append what Exim needs: a line that announces what is in a file, for as long
 * as the file exists.  STATUS_NO with a note: it shows one value, on all its
 * ports, and for SMTP only.
 */
enum status recipe_add_exim(const struct announcement *what, struct buf *out,
    struct note *note) MUST_CHECK;
#endif

/*
 * server.h - name a mail server: "imaps://USER@HOST[:PORT]/FOLDER"
 *
 * Only the words: what they mean is not tried here.  TLS is never optional:
 * imaps, submissions and https begin with it (RFC 8314), imap and submission
 * demand STARTTLS.
 */
#ifndef CONFIG_SERVER_H
#define CONFIG_SERVER_H
#include <stdint.h>

#include "base/span.h"

enum server_kind { SERVER_NONE, SERVER_SMTP, SERVER_IMAP, SERVER_JMAP };

enum {
	SERVER_USER_SIZE = 256,
	SERVER_HOST_SIZE = 256,
	SERVER_FOLDER_SIZE = 512,
	SERVER_NAME_SIZE = SERVER_USER_SIZE + SERVER_HOST_SIZE + 32
};

struct server {
	enum server_kind kind;
	bool implicit_tls;           /* else STARTTLS */
	char user[SERVER_USER_SIZE]; /* UTF-8; of JMAP perhaps empty */
	char host[SERVER_HOST_SIZE]; /* lower case; an address of IPv6 in [] */
	uint16_t port;
	char folder[SERVER_FOLDER_SIZE]; /* of IMAP, UTF-8; or empty */
};

/*
 * Read submission://, submissions://, imap://, imaps:// or jmap:https://.  User
 * and folder may have %-escapes; an "@" in the user needs none.  A user is
 * needed but for JMAP; a folder is for IMAP only.  False: it is not valid.
 */
bool server_parse(struct span text, struct server *out);
/* "imaps://alice@host", with a port that is not the usual one, and without the
 * folder: it names the connection, in messages, too. */
void server_name(const struct server *server, char out[SERVER_NAME_SIZE]);
/* "alice@host", or "host": what a password belongs to. */
void server_account(const struct server *server, char out[SERVER_NAME_SIZE]);
#endif

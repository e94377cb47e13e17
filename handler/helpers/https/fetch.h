/*
 * fetch.h - ask a mail server over HTTPS, as one of its users
 *
 * The request goes to the host and port of the account, whatever a server has
 * called its URLs: password and token leave for nowhere else.
 */
#ifndef HELPERS_HTTPS_FETCH_H
#define HELPERS_HTTPS_FETCH_H
#include "base/buf.h"

enum {
	FETCH_ROOM = 64 * 1024 /* what an answer holds beside its body */
};

/*
 * Answer the verb "fetch": append what it gives.  ca_file: certificates to
 * trust; "": the system's.  STATUS_LOGIN: the server does not accept the
 * password or token (HTTP 401, 403).  STATUS_BAD_SIZE: its answer is larger
 * than "most".  STATUS_NET, STATUS_CONFIG: http_send().  STATUS_USAGE: a frame
 * is not what the verb takes.
 */
enum status fetch_answer(struct span frames, const char *ca_file,
    struct buf *out, struct note *note) MUST_CHECK;
#endif

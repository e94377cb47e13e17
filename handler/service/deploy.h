/*
 * deploy.h - put a certificate into a mail server, and see it on the wire
 *
 * The order is the point: key and chain first, in one file; then the line of
 * configuration that names it; then the server reads both, and is looked at.
 * Where it does not show the certificate, the old one returns.  Killed at any
 * point, the server has a configuration that it accepts and a pair that fits,
 * and the next run completes the change.
 */
#ifndef SERVICE_DEPLOY_H
#define SERVICE_DEPLOY_H
#include "install/identity.h"
#include "service/daemon.h"
#include "service/sight.h"

enum { DEPLOY_SEE_SECONDS = 10 };

struct deploy_wishes {
	const char *config; /* of the server; NULL: as before, or the usual */
	const char *pair;   /* the file; NULL: as before, or beside it */
	/* Where the certificate is looked for afterwards; none: as before. */
	const struct service_at *at;
	size_t count;
	const char *const *address; /* in place of those of the host */
	size_t addresses;
	bool dry_run;
};

/*
 * Put the certificate of that order there.  out: what was done, a line each,
 * then the lines that are left to the user.  It is written whatever the status.
 * STATUS_NO with a note: the server does not take it, or does not show it; the
 * old one is in use.
 */
enum status deploy_into(const struct config *config, const struct home *home,
    const struct daemon_kind *kind, const struct order *order,
    const struct deploy_wishes *wishes, struct buf *out,
    struct note *note) MUST_CHECK;
/* Undo all of it, the TLSA records as well (service/tlsa.h).  STATUS_AGAIN with a
 * note: first others must forget these. */
enum status deploy_remove(const struct config *config, const struct home *home,
    const struct daemon_kind *kind, bool dry_run, struct buf *out,
    struct note *note) MUST_CHECK;
/* After a new certificate of that host: put it wherever an older one of the
 * host is, or a change was begun.  out: a line for each server. */
enum status deploy_again(const struct config *config, const struct home *home,
    const struct order *order, struct buf *out, struct note *note) MUST_CHECK;
/* Append the hosts whose certificates are deployed somewhere to a search. */
enum status deploy_search(const struct home *home, struct record_search *search,
    struct note *note) MUST_CHECK;
#endif

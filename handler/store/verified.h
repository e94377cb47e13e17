/*
 * verified.h - cache S/MIME statuses in the home
 *
 * RFC 9219 section 6 recommends it: one file a message below verified/, named
 * by its SHA-256.  A status counts for 24 hours and for the same trust; that
 * the signature was good at delivery is remembered for good (section 4.1: it
 * does not become worse when anchors are removed).
 */
#ifndef STORE_VERIFIED_H
#define STORE_VERIFIED_H
#include "mail/smime_report.h"
#include "store/home.h"

enum { VERIFIED_SECONDS = 24 * 3600, VERIFIED_FILES_MAX = 4096 };

struct verified {
	struct smime_report report;
	int64_t at;   /* when it was computed */
	bool current; /* young enough, and for the same trust */
};

/* Get the status of a message.  trust: what it depends on, as text.
 * STATUS_MISSING: none is kept. */
enum status verified_get(const struct home *home, const char *digest,
    const char *trust, int64_t now, struct verified *out) MUST_CHECK;
/* Keep a status, best effort. */
void verified_put(const struct home *home, const char *digest,
    const char *trust, const struct verified *verified);
#endif

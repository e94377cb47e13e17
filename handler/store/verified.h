/*
 * verified.h - cache S/MIME statuses in the home
 *
 * RFC 9219 section 6 recommends it.  A status counts for 24 hours and for the
 * same trust; that the signature was good at delivery is remembered for as long
 * as the entry is kept (section 4.1: it does not become worse when anchors are
 * removed).
 *
 * The entries are in a few files below verified/, each found by the first digit
 * of the message's SHA-256.  A file is read when it is first needed, and what
 * was added is written at the end.
 */
#ifndef STORE_VERIFIED_H
#define STORE_VERIFIED_H
#include "mail/smime_report.h"
#include "store/home.h"

enum { VERIFIED_SECONDS = 24 * 3600, VERIFIED_ENTRIES_MAX = 16 * 8192 };

struct verified {
	struct smime_report report;
	int64_t at;   /* when it was computed */
	bool current; /* young enough, and for the same trust */
};

struct verified_cache;

/* home stays with the caller, and may not exist; trust: what a status depends
 * on besides the message, as text, copied.  NULL: no memory. */
struct verified_cache *verified_open(
    const struct home *home, const char *trust, int64_t now);
/* Get the status of a message by its digest, 64 hexadecimal digits.  False:
 * none is kept. */
bool verified_find(
    struct verified_cache *cache, const char *digest, struct verified *out);
/* Keep a status. */
void verified_keep(struct verified_cache *cache, const char *digest,
    const struct verified *verified);
/* Write what was added, best effort, and free it.  NULL is allowed. */
void verified_close(struct verified_cache *cache);
#endif

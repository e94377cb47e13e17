/*
 * watch.h - look through mailboxes for messages that may be challenges
 *
 * Who watches says what is awaited; each message that may be it is handed over
 * whole.  watch_each() hands over all.  Nothing is judged here, changed or removed.  A mailbox is looked
 * through from where the last look ended, or from the time that what is awaited
 * was ordered.  Where nothing is awaited nothing is opened or connected.  While
 * nothing but the return of an answer is awaited, servers are asked rarely.
 */
#ifndef WATCH_WATCH_H
#define WATCH_WATCH_H
#include "config/source.h"
#include "deliver/mail_server.h"
#include "store/home.h"

enum { WATCH_DOMAINS_MAX = 32 };

/* What is awaited. */
struct watch_wanted {
	int64_t since;  /* no challenge that is awaited came before */
	int64_t newest; /* when the newest of them was ordered */
	bool grown;     /* one of them was not awaited at the last look */
	size_t count;   /* of challenges */
	size_t sent;    /* answers that may come back: reports are wanted */
	/* The domains that they come from, lower case; none: any. */
	char domain[WATCH_DOMAINS_MAX][256];
	size_t domains;
	bool auto_submitted; /* struct challenge_rules */
	bool plain; /* "ACME" is in Subject as it stands, not encoded */
	bool smime; /* what the server says of S/MIME, too */
	bool every; /* every message, whatever it is: nothing above counts */
};

enum { WATCH_SMIME_SIZE = 64, WATCH_ERRORS_MAX = 4, WATCH_ERROR_SIZE = 200 };

/* What a JMAP server says of a message's S/MIME status (RFC 9219 section 4.1).
 * Flat; all text is safe. */
struct watch_smime {
	uint32_t offered;                 /* bool: it has that extension */
	char status[WATCH_SMIME_SIZE];    /* as it says; empty: null */
	char delivered[WATCH_SMIME_SIZE]; /* smimeStatusAtDelivery */
	int64_t at;                       /* smimeVerifiedAt; 0: null */
	uint32_t errors;
	char error[WATCH_ERRORS_MAX][WATCH_ERROR_SIZE];
};

/* Who takes the messages. */
struct watch_taker {
	/*
	 * A message that may be a challenge or a report; where: its mailbox and
	 * name there, safe text.  STATUS_OK: it was answered now.  STATUS_BAD_REPEAT: it
	 * was before.  STATUS_UNCHANGED: look at it again when more is awaited.  STATUS_AGAIN: hand it over once more,
	 * later.  Anything else ends the look, and is what
	 * watch_look() returns.
	 */
	enum status (*take)(void *arg, const char *where, struct span message);
	/* Something went wrong that nothing depends on; safe text. */
	void (*tell)(void *arg, const char *what);
	/* What its server says of the message that is handed over next; NULL:
	 * the taker does not care. */
	void (*hear)(void *arg, const struct watch_smime *said);
	void *arg;
};

/* Which messages of an account: their ids.  None: all. */
struct watch_ids {
	char *const *id; /* borrowed */
	size_t count;
};
/* Can it be the id of a message (RFC 8620 section 1.2)? */
bool watch_id_ok(const char *id);

/* A mailbox cannot be looked through, or, with STATUS_OK, can again. */
struct watch_trouble {
	const char *name; /* of the mailbox, safe text */
	enum status status;
	const struct note *note;
	bool first;    /* it was in order at the last look */
	int64_t lasts; /* seconds */
};
typedef void watch_teller(void *arg, const struct watch_trouble *trouble);

struct watcher;

/* The sources are copied; config, home (which exists) and access stay with the
 * caller.  STATUS_MEMORY; STATUS_IO: the kernel has no inotify left. */
enum status watcher_open(const struct config *config, const struct home *home,
    const struct mail_access *access, const struct source *sources,
    size_t count, struct watcher **out, struct note *note) MUST_CHECK;
void watcher_close(struct watcher *watcher); /* NULL is allowed */

/*
 * Look through the mailboxes where there may be something new, and in full
 * where more is wanted than before.  again: in full in any case.  A mailbox that
 * cannot be looked through does not stop the others: the teller (or NULL) hears
 * of it, and it is tried again after a while.
 */
enum status watcher_look(struct watcher *watcher,
    const struct watch_wanted *wanted, bool again,
    const struct watch_taker *taker, watch_teller *teller, void *arg,
    struct note *note) MUST_CHECK;
/* Is there a mailbox that could not be looked through, or a message that is to
 * be handed over again? */
bool watcher_is_behind(const struct watcher *watcher);

/*
 * Hand over every message of one mailbox, once, in the mailbox's own order, or of
 * a JMAP account those with these ids (or NULL), in their order; nothing is remembered.  The taker returns STATUS_UNCHANGED to go on; it is
 * told of each message that cannot be read, or is larger than max_message.
 * STATUS_OK: all was handed over.  Otherwise the note says what is wrong with
 * the mailbox, or the taker ended it.
 */
enum status watch_each(const struct config *config,
    const struct mail_access *access, const struct source *source,
    const struct watch_ids *ids, const struct watch_taker *taker,
    struct note *note) MUST_CHECK;

/*
 * Hand over what is wanted of one mailbox, once; nothing is remembered.  The
 * taker returns STATUS_UNCHANGED to go on.  STATUS_OK: all was handed over; else
 * as watch_each().
 */
enum status watch_recent(const struct config *config,
    const struct mail_access *access, const struct source *source,
    const struct watch_wanted *wanted, const struct watch_taker *taker,
    struct note *note) MUST_CHECK;

/* Get the session of a JMAP server, and leave.  The note of a failure names the
 * server: STATUS_NET and STATUS_AGAIN pass, the others do not. */
enum status watch_probe_jmap(const struct config *config,
    const struct mail_access *access, const struct server *server,
    struct note *note) MUST_CHECK;

/* Disconnect: nothing is awaited. */
void watcher_rest(struct watcher *watcher);
/* Wait until there may be something new: in a mailbox, or among what is
 * awaited.  awaiting: something is; otherwise mailboxes do not count.  most:
 * milliseconds; -1: for ever.  also: a descriptor that ends it when it can be
 * read; -1: none. */
void watcher_wait(struct watcher *watcher, bool awaiting, int most, int also);
#endif

/*
 * watch_p.h - what the kinds of mailboxes share, for this room only
 */
#ifndef WATCH_WATCH_P_H
#define WATCH_WATCH_P_H
#include "watch/jmap_answer.h"
#include "watch/judged.h"
#include "watch/watch.h"

/* One directory that holds messages: "new" or "cur" of a Maildir. */
struct box {
	int wd;     /* of inotify; -1: it cannot be watched */
	char *path; /* owned */
};

/* A mailbox that is watched. */
struct watched {
	struct source source;
	char name[SOURCE_NAME_SIZE]; /* safe text */
	/* Where the last look through all of it ended. */
	struct judged judged; /* for what is awaited now */
	struct judged done;   /* for good: answered, say */
	int64_t looked;       /* when it began; 0: never */
	/* Maildir */
	struct box *boxes; /* owned */
	size_t box_count, box_room;
	bool stale; /* the names of what is new were lost: look at all */
	bool deaf;  /* a directory cannot be watched: look at all each time */
	int64_t validity, after; /* store/looked.h */
	/* mbox */
	int64_t size, mtime;
	/* IMAP, JMAP */
	struct helper_kept kept;
	/* JMAP */
	struct jmap_session *session; /* owned; NULL: not asked for yet */
	char state[JMAP_STATE_SIZE];  /* store/looked.h */
	/* Of a list too long for one look: where the last one stopped, or
	 * empty; and the state when it began. */
	char anchor[JMAP_ID_SIZE], before[JMAP_STATE_SIZE];
	int64_t wish; /* the server asked for a pause, in seconds */
	/* Trouble, or a look at a server: not before then. */
	int64_t next;  /* on the monotonic clock, milliseconds */
	int64_t pause; /* milliseconds; 0: there was no trouble */
	int64_t broke; /* when the trouble began, as next */
	/* A message is to be handed over again; all are looked at then. */
	bool later;
	int64_t retry;       /* when, as next */
	int64_t retry_pause; /* milliseconds */
};

/* A file that inotify named. */
struct event {
	int wd;
	bool made_dir; /* it is a directory */
	char name[256];
};
enum { EVENTS_MAX = 1024, BOXES_MAX = 4096, TREE_DEPTH_MAX = 16 };

struct watcher {
	const struct config *config;
	const struct home *home;
	const struct mail_access *access;
	const struct watch_ids *ids; /* of watch_each(), or NULL */
	struct watched *mailboxes;   /* owned */
	size_t count;
	int inotify;          /* owned */
	int expectations;     /* its wd, or -1 */
	struct event *events; /* owned */
	size_t event_count;
};

/* One look through one mailbox. */
struct look {
	struct watcher *watcher;
	const struct watch_wanted *wanted;
	const struct watch_taker *taker;
	bool full;     /* at all that came since `since`, and not only at what
			* is new since the last look */
	int64_t since; /* what came before is not awaited */
	bool later;    /* out: a message is to be handed over again */
	bool answered; /* out: the last message was */
};

/* Was that message handed over, and need not be again? */
bool look_knows(const struct watched *mailbox, uint64_t key);
/* Hand a message over; name: in its mailbox.  STATUS_OK: the look goes on; it
 * is known from now on, unless look->later is set for it.  Failures end the
 * look. */
enum status look_take(struct look *look, struct watched *mailbox, uint64_t key,
    const char *name, struct span message) MUST_CHECK;

/* A message cannot be handed over; why: what follows its name. */
void look_skip(const struct look *look, const struct watched *mailbox,
    const char *name, const char *why);
#define LOOK_TOO_LARGE "it is larger than max_message"

/* STATUS_OK: it was looked through.  A failure of the taker ends the look; of
 * the mailbox, note tells. */
enum status maildir_look(
    struct watched *mailbox, struct look *look, struct note *note) MUST_CHECK;
void maildir_close(struct watched *mailbox, int inotify);
enum status mbox_look(
    struct watched *mailbox, struct look *look, struct note *note) MUST_CHECK;
enum status imap_look(
    struct watched *mailbox, struct look *look, struct note *note) MUST_CHECK;
enum status jmap_look(
    struct watched *mailbox, struct look *look, struct note *note) MUST_CHECK;
void jmap_close(struct watched *mailbox);

/* Up to a quarter less or more, so that many watchers do not come in step. */
int64_t pause_about(int64_t ms);
#endif

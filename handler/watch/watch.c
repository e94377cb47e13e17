/* watch.c - look through mailboxes: see watch.h */
#include "watch/watch.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "store/looked.h"
#include "watch/watch_p.h"

enum {
	REMOTE_MS = 5 * 1000,  /* between two looks at a server */
	RARE_MS = 60 * 1000,   /* the same, for nothing but bounces */
	FILE_MS = 2 * 1000,    /* at an mbox */
	DEAF_MS = 10 * 1000,   /* at what the kernel does not tell of */
	TROUBLE_MS = 5 * 1000, /* after the first failure, then twice as long */
	LOGIN_MS = 15 * 60 * 1000, /* a wrong password: locks are for long */
	LONGEST_MS = 10 * 60 * 1000,
	WISH_SECONDS = 60 * 60, /* at most, whatever a server asks for */
	/* Until a message is handed over again, at first and at most. */
	LATER_MS = 60 * 1000,
	LATER_MOST_MS = 15 * 60 * 1000,
	/* A challenge is recorded only some time after it is ordered. */
	RECORDED_SECONDS = 600,
	CLOCK_SECONDS = 60 /* file times are a little off */
};

static int64_t
ticks_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool
is_remote(const struct watched *mailbox)
{
	return mailbox->source.kind == SOURCE_IMAP ||
	    mailbox->source.kind == SOURCE_JMAP;
}

/* "MAILBOX: MESSAGE" */
enum { WHERE_SIZE = SOURCE_NAME_SIZE + 1600 };

static void
say_where(const struct watched *mailbox, const char *name, bool utf8, char *out)
{
	char shown[1536];

	text_show_in(shown, sizeof(shown), span_of(name), utf8);
	/* A path, where each message is a file, says it all. */
	if (strchr(name, '/') != NULL && mailbox->source.kind == SOURCE_MAILDIR)
		(void)strcpy(out, shown);
	else
		(void)snprintf(
		    out, WHERE_SIZE, "%.1500s: %.1535s", mailbox->name, shown);
}

void
look_skip(const struct look *look, const struct watched *mailbox,
    const char *name, const char *why)
{
	char where[WHERE_SIZE];
	struct note note;

	if (!look->wanted->every)
		return;
	say_where(mailbox, name, true, where);
	note_say(&note, "%.380s: %.100s", where, why);
	look->taker->tell(look->taker->arg, note.text);
}

bool
look_knows(const struct watched *mailbox, uint64_t key)
{
	return judged_has(&mailbox->judged, key) ||
	    judged_has(&mailbox->done, key);
}

enum status
look_take(struct look *look, struct watched *mailbox, uint64_t key,
    const char *name, struct span message)
{
	char where[WHERE_SIZE];
	enum status status;

	say_where(mailbox, name, look->wanted->every, where);
	status = look->taker->take(look->taker->arg, where, message);
	look->answered = status == STATUS_OK;
	/* Copies of a message are messages, too. */
	if (look->wanted->every)
		return status == STATUS_UNCHANGED ? STATUS_OK : status;
	switch (status) {
	case STATUS_OK:
	case STATUS_BAD_REPEAT:
		judged_add(&mailbox->done, key);
		break;
	case STATUS_UNCHANGED:
		judged_add(&mailbox->judged, key);
		break;
	case STATUS_AGAIN:
		look->later = true;
		break;
	default:
		return status;
	}
	return STATUS_OK;
}

static void
mailbox_begin(struct watched *mailbox, const struct source *source,
    const struct home *home)
{
	char name[SOURCE_NAME_SIZE];
	struct looked looked;

	mailbox->source = *source;
	source_name(source, name);
	text_show_in(
	    mailbox->name, sizeof(mailbox->name), span_of(name), false);
	if (looked_load(home, name, &looked) != STATUS_OK)
		return;
	mailbox->looked = looked.when;
	mailbox->validity = looked.validity;
	mailbox->after = looked.after;
	(void)strcpy(mailbox->state, looked.state);
}

enum status
watcher_open(const struct config *config, const struct home *home,
    const struct mail_access *access, const struct source *sources,
    size_t count, struct watcher **out, struct note *note)
{
	struct watcher *watcher = calloc(1, sizeof(*watcher));
	char path[1200];
	int dir = -1;
	size_t i;

	*out = watcher;
	if (watcher == NULL)
		return STATUS_MEMORY;
	watcher->config = config;
	watcher->home = home;
	watcher->access = access;
	watcher->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watcher->inotify < 0)
		return note_set(note, STATUS_IO, "cannot watch directories: %s",
		    strerror(errno));
	watcher->mailboxes = calloc(count + 1, sizeof(*watcher->mailboxes));
	watcher->events = calloc(EVENTS_MAX, sizeof(*watcher->events));
	if (watcher->mailboxes == NULL || watcher->events == NULL)
		return STATUS_MEMORY;
	if (home_subdir(home, "expectations", true, &dir, note) == STATUS_OK)
		(void)close(dir);
	(void)snprintf(path, sizeof(path), "%s/expectations", home->path);
	watcher->expectations = inotify_add_watch(watcher->inotify, path,
	    IN_MOVED_TO | IN_DELETE | IN_CLOSE_WRITE | IN_ONLYDIR);
	for (i = 0; i < count; i++)
		mailbox_begin(&watcher->mailboxes[i], &sources[i], home);
	watcher->count = count;
	return STATUS_OK;
}

void
watcher_rest(struct watcher *watcher)
{
	size_t i;

	for (i = 0; i < watcher->count; i++) {
		helper_end(&watcher->mailboxes[i].kept);
		jmap_close(&watcher->mailboxes[i]);
		maildir_close(&watcher->mailboxes[i], watcher->inotify);
	}
}

void
watcher_close(struct watcher *watcher)
{
	size_t i;

	if (watcher == NULL)
		return;
	watcher_rest(watcher);
	for (i = 0; i < watcher->count; i++) {
		judged_clear(&watcher->mailboxes[i].judged);
		judged_clear(&watcher->mailboxes[i].done);
	}
	if (watcher->inotify >= 0)
		(void)close(watcher->inotify);
	free(watcher->mailboxes);
	free(watcher->events);
	free(watcher);
}

/* Was nothing that is awaited recorded after the last look through all of it,
 * perhaps by another process? */
static bool
is_known(const struct watched *mailbox, const struct watch_wanted *wanted)
{
	return mailbox->looked > 0 &&
	    wanted->newest < mailbox->looked - RECORDED_SECONDS;
}

/* From when on messages count. */
static int64_t
since(const struct watched *mailbox, const struct watch_wanted *wanted,
    bool known)
{
	const int64_t before = mailbox->looked - CLOCK_SECONDS;

	return known && before > wanted->since ? before : wanted->since;
}

/* Remember across processes, once all is done with. */
static void
save(const struct watcher *watcher, const struct watched *mailbox)
{
	struct looked looked = { mailbox->looked, mailbox->validity,
		mailbox->after, "" };
	char name[SOURCE_NAME_SIZE];

	(void)strcpy(looked.state, mailbox->state);
	source_name(&mailbox->source, name);
	looked_save(watcher->home, name, &looked);
}

static enum status
look_into(struct watched *mailbox, struct look *look, struct note *note)
{
	switch (mailbox->source.kind) {
	case SOURCE_MAILDIR:
		return maildir_look(mailbox, look, note);
	case SOURCE_MBOX:
		return mbox_look(mailbox, look, note);
	case SOURCE_IMAP:
		return imap_look(mailbox, look, note);
	case SOURCE_JMAP:
		return jmap_look(mailbox, look, note);
	}
	return STATUS_BUG;
}

/* It failed: try again later, each time after a longer pause. */
static void
put_off(struct watched *mailbox, enum status status)
{
	int64_t wish;

	mailbox->pause = status == STATUS_LOGIN ? LOGIN_MS
	    : mailbox->pause == 0               ? TROUBLE_MS
	    : mailbox->pause >= LONGEST_MS / 2  ? LONGEST_MS
						: mailbox->pause * 2;
	mailbox->next = ticks_ms() + pause_about(mailbox->pause);
	wish = mailbox->wish > WISH_SECONDS ? WISH_SECONDS : mailbox->wish;
	if (mailbox->next < ticks_ms() + wish * 1000)
		mailbox->next =
		    ticks_ms() + wish * 1000 + pause_about(TROUBLE_MS);
	mailbox->stale = true;
}

/* After a look: is a message to be handed over again, and when? */
static void
settle_later(struct watched *mailbox, const struct look *look)
{
	if (!look->later && !look->full)
		return;
	if (!look->later) {
		mailbox->later = false;
		mailbox->retry_pause = 0;
		return;
	}
	if (mailbox->later && !look->full)
		return;
	mailbox->later = true;
	mailbox->retry_pause = mailbox->retry_pause == 0 ? LATER_MS
	    : mailbox->retry_pause >= LATER_MOST_MS / 2
	    ? LATER_MOST_MS
	    : mailbox->retry_pause * 2;
	mailbox->retry = ticks_ms() + pause_about(mailbox->retry_pause);
}

static void
settle(struct watcher *watcher, struct watched *mailbox, struct look *look,
    int64_t began)
{
	mailbox->pause = 0;
	settle_later(mailbox, look);
	mailbox->next = ticks_ms() +
	    (is_remote(mailbox)
		    ? pause_about(look->wanted->count > 0 ? REMOTE_MS : RARE_MS)
		    : mailbox->deaf ? pause_about(DEAF_MS)
				    : FILE_MS);
	if (mailbox->source.kind != SOURCE_MAILDIR)
		mailbox->stale = false;
	if (mailbox->later)
		return;
	mailbox->looked = began;
	save(watcher, mailbox);
}

/* Did the taker fail, rather than the mailbox? */
static bool
is_end(enum status status, const struct note *note)
{
	return status == STATUS_MEMORY ||
	    (status == STATUS_END && note->text[0] == '\0');
}

/* Is it time to hand messages over again? */
static bool
is_retry(const struct watched *mailbox)
{
	return mailbox->later && ticks_ms() >= mailbox->retry;
}

static enum status
look_at_one(struct watcher *watcher, struct watched *mailbox,
    const struct watch_wanted *wanted, bool full, bool again,
    const struct watch_taker *taker, watch_teller *teller, void *arg,
    struct note *note)
{
	const int64_t began = (int64_t)time(NULL);
	const bool first = mailbox->pause == 0;
	const bool known = !again && is_known(mailbox, wanted);
	struct look look = { watcher, wanted, taker,
		(full && !known) || is_retry(mailbox),
		since(mailbox, wanted, known), false, false };
	enum status status;

	note->text[0] = '\0';
	status = look_into(mailbox, &look, note);
	if (status != STATUS_OK && is_end(status, note))
		return status;
	if (status == STATUS_OK)
		settle(watcher, mailbox, &look, began);
	else
		put_off(mailbox, status);
	mailbox->later = mailbox->later || look.later;
	if (first && status != STATUS_OK)
		mailbox->broke = ticks_ms();
	if (teller != NULL && !(first && status == STATUS_OK)) {
		const struct watch_trouble trouble = { mailbox->name, status,
			note, first, (ticks_ms() - mailbox->broke) / 1000 };

		teller(arg, &trouble);
	}
	note->text[0] = '\0';
	return STATUS_OK;
}

enum status
watcher_look(struct watcher *watcher, const struct watch_wanted *wanted,
    bool again, const struct watch_taker *taker, watch_teller *teller,
    void *arg, struct note *note)
{
	const bool full = again || wanted->grown;
	enum status status = STATUS_OK;
	struct watched *mailbox;
	size_t i;

	for (i = 0; i < watcher->count && status == STATUS_OK; i++) {
		mailbox = &watcher->mailboxes[i];
		if (full) {
			judged_clear(&mailbox->judged);
			mailbox->stale = true;
			mailbox->anchor[0] = '\0';
		}
		/* A failure is not repeated faster for what is new. */
		if (mailbox->next > ticks_ms() &&
		    (mailbox->pause > 0 || (is_remote(mailbox) && !full)) &&
		    !again)
			continue;
		status = look_at_one(watcher, mailbox, wanted,
		    full || mailbox->stale, again, taker, teller, arg, note);
	}
	watcher->event_count = 0;
	return status;
}

/* Look through a mailbox that is not watched. */
static enum status
look_once(const struct config *config, const struct mail_access *access,
    const struct source *source, const struct watch_ids *ids,
    const struct watch_wanted *wanted, const struct watch_taker *taker,
    struct note *note)
{
	struct watched mailbox = { .source = *source };
	struct watcher watcher = { .config = config,
		.access = access,
		.ids = ids,
		.mailboxes = &mailbox,
		.count = 1,
		.inotify = -1 };
	struct look look = { .watcher = &watcher,
		.wanted = wanted,
		.taker = taker,
		.since = wanted->since,
		.full = true };
	char name[SOURCE_NAME_SIZE];
	enum status status;

	source_name(source, name);
	text_show_in(mailbox.name, sizeof(mailbox.name), span_of(name), true);
	status = look_into(&mailbox, &look, note);
	watcher_rest(&watcher);
	judged_clear(&mailbox.judged);
	judged_clear(&mailbox.done);
	return status;
}

enum status
watch_each(const struct config *config, const struct mail_access *access,
    const struct source *source, const struct watch_ids *ids,
    const struct watch_taker *taker, struct note *note)
{
	const struct watch_wanted wanted = { .every = true };

	return look_once(config, access, source, ids, &wanted, taker, note);
}

enum status
watch_recent(const struct config *config, const struct mail_access *access,
    const struct source *source, const struct watch_wanted *wanted,
    const struct watch_taker *taker, struct note *note)
{
	return look_once(config, access, source, NULL, wanted, taker, note);
}

bool
watcher_is_behind(const struct watcher *watcher)
{
	size_t i;

	for (i = 0; i < watcher->count; i++)
		if (watcher->mailboxes[i].pause > 0 ||
		    watcher->mailboxes[i].later)
			return true;
	return false;
}

/* Some names were lost. */
static void
lose_track(struct watcher *watcher)
{
	size_t i;

	for (i = 0; i < watcher->count; i++)
		watcher->mailboxes[i].stale = true;
}

static void
keep_event(struct watcher *watcher, const struct inotify_event *event)
{
	struct event *kept;

	if ((event->mask & IN_Q_OVERFLOW) != 0 ||
	    watcher->event_count == EVENTS_MAX) {
		lose_track(watcher);
		return;
	}
	if (event->wd == watcher->expectations || event->len == 0 ||
	    (event->mask & IN_IGNORED) != 0)
		return;
	kept = &watcher->events[watcher->event_count++];
	*kept = (struct event){ .wd = event->wd,
		.made_dir = (event->mask & IN_ISDIR) != 0 };
	(void)snprintf(kept->name, sizeof(kept->name), "%.255s", event->name);
}

/* Read what the kernel tells. */
static void
read_events(struct watcher *watcher)
{
	union {
		char bytes[16 * 1024];
		struct inotify_event event;
	} all;
	const struct inotify_event *event;
	ssize_t len, at;

	while ((len = read(watcher->inotify, all.bytes, sizeof(all.bytes))) > 0)
		for (at = 0; at < len;
		     at += (ssize_t)(sizeof(*event) + event->len)) {
			event = (const void *)(all.bytes + at);
			keep_event(watcher, event);
		}
}

/* Is it looked at by the clock, rather than when the kernel tells? */
static bool
is_timed(const struct watched *mailbox)
{
	return mailbox->pause > 0 || mailbox->deaf ||
	    mailbox->source.kind != SOURCE_MAILDIR;
}

/* How long until the first mailbox is due; -1: none is. */
static int64_t
until_due(const struct watcher *watcher, bool awaiting)
{
	const int64_t now = ticks_ms();
	const struct watched *mailbox;
	int64_t first = -1, left, due;
	size_t i;

	for (i = 0; i < watcher->count && awaiting; i++) {
		mailbox = &watcher->mailboxes[i];
		due = is_timed(mailbox) ? mailbox->next : INT64_MAX;
		if (mailbox->later && mailbox->pause == 0 &&
		    mailbox->retry < due)
			due = mailbox->retry;
		if (due == INT64_MAX)
			continue;
		left = due > now ? due - now : 0;
		if (first < 0 || left < first)
			first = left;
	}
	return first;
}

/* It may wait for days: return the memory that the last look took for all
 * records at once.  Other libraries than glibc keep little. */
static void
give_back(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}

void
watcher_wait(struct watcher *watcher, bool awaiting, int most, int also)
{
	struct pollfd poll_on[] = {
		{ .fd = watcher->inotify, .events = POLLIN },
		{ .fd = also, .events = POLLIN },
	};
	const int64_t left = until_due(watcher, awaiting);

	if (left >= 0 && (most < 0 || left < most))
		most = (int)left;
	give_back();
	(void)poll(poll_on, 2, most);
	read_events(watcher);
}

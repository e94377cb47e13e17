/*
 * watching.h - what watch, renew and order share: answer what mailboxes hold
 */
#ifndef CMD_WATCHING_H
#define CMD_WATCHING_H
#include "cmd/cmd.h"
#include "watch/judged.h"
#include "watch/watch.h"

struct watching {
	const struct invocation *invocation;
	const struct config *config;
	const struct home *home; /* exists */
	struct destination destination;
	struct mail_access access;
	struct watcher *watcher; /* owned */
	struct watch_wanted wanted;
	struct judged known;          /* owned: what was awaited before */
	size_t refused[STATUS_COUNT]; /* in one look */
	size_t refusals;
	size_t answered;
	bool quiet; /* says nothing but what a person must know */
};

/*
 * Read the sources: of the command line, or where count is 0 of the
 * configuration.  STATUS_USAGE: none is named, or one is not valid.
 */
enum status watching_sources(const struct config *config,
    char *const operands[], size_t operand_count, struct source *out,
    size_t most, size_t *count, struct note *note) MUST_CHECK;

/* config and home stay with the caller; it ends with watching_end(), whatever
 * this returns.  invocation: for what finishes orders in the background; NULL:
 * the caller does that.  STATUS_CONFIG: nothing is configured that sends. */
enum status watching_begin(struct watching *watching,
    const struct invocation *invocation, const struct config *config,
    const struct home *home, const struct source *sources, size_t count,
    struct note *note) MUST_CHECK;
/* The same, with the mailboxes of the configuration; for a command that resumes
 * its orders itself. */
enum status watching_begin_configured(struct watching *watching,
    const struct config *config, const struct home *home,
    struct note *note) MUST_CHECK;
void watching_end(struct watching *watching);

/* Look, and answer what may be answered.  again: at everything.  STATUS_OK,
 * whatever is wrong with a mailbox or a message: that was told. */
enum status watching_look(
    struct watching *watching, bool again, struct note *note) MUST_CHECK;
/* Wait until there may be something new; most and also: watcher_wait(). */
void watching_wait(struct watching *watching, int most, int also);
#endif

/*
 * journal.h - remember what was installed, so that it can be removed
 *
 * HOME/installed/PROGRAM, a line for each change, written and synced before
 * the change is made: whatever is there after a crash, its line is, too.  A
 * change without effect is harmless to undo.  A person can read it:
 *
 *	format 1
 *	VERB<TAB>PATH[<TAB>TEXT]
 */
#ifndef INSTALL_JOURNAL_H
#define INSTALL_JOURNAL_H
#include "store/home.h"

enum { JOURNAL_MAX = 1024 * 1024 };

struct journal {
	const struct home *home; /* borrowed */
	char name[32];           /* of the program */
	struct buf text;         /* owned: all of it */
};

/* Spans into the journal's text. */
struct journal_entry {
	struct span verb;
	struct span path; /* or another subject */
	struct span text; /* or empty */
};

/* Read it; one that does not exist is empty.  STATUS_DAMAGED with a note. */
enum status journal_open(const struct home *home, const char *program,
    struct journal *out, struct note *note) MUST_CHECK;
void journal_close(struct journal *journal);

/* Append a line and sync it, unless it is there.  STATUS_CONFIG: path or text
 * holds a newline, or path a tab. */
enum status journal_add(struct journal *journal, const char *verb,
    const char *path, struct span text, struct note *note) MUST_CHECK;
/* The same for a fact that may change: the last line with that verb and path
 * counts, and one is appended unless it says this. */
enum status journal_set(struct journal *journal, const char *verb,
    const char *path, struct span text, struct note *note) MUST_CHECK;
/* Is there a line with that verb and path? */
bool journal_has(
    const struct journal *journal, const char *verb, const char *path);
/* Is there just that line? */
bool journal_knows(
    const struct journal *journal, const struct journal_entry *entry);
/* Has the journal of another program just that line?  Both have made use of the
 * same file then, and whoever is removed last removes it. */
enum status journal_shares(const struct journal *journal,
    const struct journal_entry *entry, bool *out, struct note *note) MUST_CHECK;
/* The text of the last line with that verb and path; empty: no such line. */
struct span journal_get(
    const struct journal *journal, const char *verb, const char *path);

/* Walk it: *rest begins as journal_rest().  False: nothing is left. */
struct span journal_rest(const struct journal *journal);
bool journal_next(struct span *rest, struct journal_entry *out);
/* The same from the end. */
bool journal_last(struct span *rest, struct journal_entry *out);

/* Everything was undone: remove it, durably. */
enum status journal_forget(
    struct journal *journal, struct note *note) MUST_CHECK;
/* Append the names of all programs that something was installed into, one a
 * line. */
enum status journal_list(
    const struct home *home, struct buf *out, struct note *note) MUST_CHECK;
#endif

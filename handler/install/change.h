/*
 * change.h - change the user's files one by one, so that each can be undone
 *
 * Every change enters the journal first.  Made again, it changes nothing; cut
 * short, it is completed by the next run.  A dry run says what would be done.
 *
 * verb in the journal, and how --remove undoes it:
 *	dir PATH	made it; removed if it is empty
 *	file PATH	made it, it is whole; removed
 *	passing PATH	made it for a moment; removed if it is still there
 *	start PATH	made it, to append to it; removed if it is empty
 *	newline PATH LINE	ended the last line, LINE; not ended any more
 *	line PATH LINE	appended LINE; that line is removed
 *	block PATH NAME	wrote lines between the markers of NAME; removed
 * A room's own verbs are undone by the function given to changes_undo().
 */
#ifndef INSTALL_CHANGE_H
#define INSTALL_CHANGE_H
#include "install/journal.h"

struct changes {
	struct journal journal; /* owned */
	bool dry_run;
	struct buf said; /* owned: what was done, a line each, safe text */
};

enum status changes_begin(const struct home *home, const char *program,
    bool dry_run, struct changes *out, struct note *note) MUST_CHECK;
void changes_end(struct changes *changes);

/* One line of what was done: "wrote PATH", or in a dry run "would write
 * PATH". */
void change_say(struct changes *changes, const char *did, const char *would,
    const char *what);

/* It is there: if another program's journal has it as ours, this one does, too,
 * so that it stays as long as one of them needs it. */
enum status change_adopt(struct changes *changes, const char *verb,
    const char *path, struct span text, struct note *note) MUST_CHECK;
/* Make a directory, 0700, unless it is there. */
enum status change_dir(
    struct changes *changes, const char *path, struct note *note) MUST_CHECK;
/* Write a file that only mailcert writes, 0600, or replace it.  STATUS_CREATE
 * with a note: there is another one that we did not make. */
enum status change_file(struct changes *changes, const char *path,
    struct span text, struct note *note) MUST_CHECK;
/*
 * Have the key holder write a key file of the home there, unless there is a
 * file.  form: as it is ("same") or as gpg-agent stores it ("gpg"), for which
 * passphrase unlocks it.  STATUS_BAD_KEY, STATUS_CREATE with a note.
 */
enum status change_key(struct changes *changes, const char *path,
    const char *key, const char *form, struct span passphrase,
    struct note *note) MUST_CHECK;
/*
 * Have the key holder write a key file of the home, without its passphrase, and
 * certificates below it, into one file, unless there is a file.
 * STATUS_BAD_KEY, STATUS_CREATE with a note.
 */
enum status change_pair(struct changes *changes, const char *path,
    const char *key, struct span certificates, struct span passphrase,
    struct note *note) MUST_CHECK;
/* Have the key holder write a key file of the home and certificates into a new
 * file, 0600.  It enters no journal. */
enum status change_export_pair(const char *path, const char *key,
    struct span certificates, struct note *note) MUST_CHECK;
/* Append a line, unless it is there. */
enum status change_line(struct changes *changes, const char *path,
    const char *line, struct note *note) MUST_CHECK;
/* Take away a line that change_line() has appended, if it is there. */
enum status change_unline(struct changes *changes, const char *path,
    const char *line, struct note *note) MUST_CHECK;
/* Write lines between the program's markers at the end of the file, in place of
 * older ones. */
enum status change_block(struct changes *changes, const char *path,
    struct span lines, struct note *note) MUST_CHECK;

/* Undoes a change with a verb that is not one of the above. */
typedef enum status change_undoer(struct changes *changes,
    const struct journal_entry *entry, struct note *note);
/*
 * Undo all that the journal has, the last first, and forget it.  What cannot
 * be undone stays in the journal, and the first reason is the note.
 */
enum status changes_undo(struct changes *changes, change_undoer *others,
    struct note *note) MUST_CHECK;
#endif

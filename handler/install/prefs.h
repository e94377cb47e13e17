/*
 * prefs.h - the preferences of a Mozilla program: prefs.js and user.js
 *
 * Statements like user_pref("NAME", VALUE); and comments, in the grammar of
 * Mozilla's own reader (modules/libpref/parser): it looks like JavaScript and
 * is not.  The values may come from servers, and nothing of them is executed.
 */
#ifndef INSTALL_PREFS_H
#define INSTALL_PREFS_H
#include "base/buf.h"

enum { PREFS_MAX = 16 * 1024 * 1024, PREF_NAME_SIZE = 128 };

/* A statement.  The spans lie in the file's text. */
struct pref {
	char name[PREF_NAME_SIZE]; /* empty: longer, or holds a NUL */
	struct span whole;         /* from its first word to the semicolon */
	struct span value;         /* as it is written, quotes included */
};

/* Take the statement that begins behind *at.  STATUS_END: it was the last.
 * STATUS_CONFIG: *at is where the text does not follow the grammar. */
enum status prefs_next(
    struct span text, size_t *at, struct pref *out) MUST_CHECK;
/* The same for the last statement with that name, which counts.  STATUS_END
 * if no statement has it. */
enum status prefs_find(
    struct span text, const char *name, struct pref *out) MUST_CHECK;
/* The number of the line that octet stands in, from 1. */
size_t prefs_line(struct span text, size_t at);

/* Append the string that a value stands for.  False: it is not a string. */
bool pref_string(struct span value, struct buf *out);
/* Append a string as a value, as the programs write it. */
void pref_quote(struct span string, struct buf *out);
/* Append any value in the one form in which the programs write it. */
void pref_canonical(struct span value, struct buf *out);

/* Take a name "mail.identity.ID.REST" apart: the ID, "id" and digits, and what
 * follows it.  False: it is another name. */
bool pref_identity(const char *name, struct span *id, struct span *rest);
#endif

/*
 * address_file.h - read the list of order --from-file
 *
 * One certificate a line: its addresses, between blanks.  A word that begins
 * with '#' begins a comment, since an address may contain one elsewhere.
 */
#ifndef CMD_ADDRESS_FILE_H
#define CMD_ADDRESS_FILE_H
#include "base/buf.h"

enum { ADDRESS_FILE_LINES_MAX = 10000 };

struct address_line {
	size_t number; /* in the file */
	const char *const *address;
	size_t count;
};

struct address_file {
	struct buf text;   /* owned */
	const char **word; /* owned: into text */
	struct address_line *line;
	size_t lines;
};

/*
 * Read the file ("-": standard input).  Every line could be ordered; nothing is
 * known of it otherwise.  The caller clears *out, whatever this returns.
 * STATUS_USAGE with a note: a line is not valid, or none is there; STATUS_IO.
 */
enum status address_file_read(
    const char *path, struct address_file *out, struct note *note) MUST_CHECK;
void address_file_clear(struct address_file *file);
#endif

/*
 * input.h - read the message or part that was handed over (stage 1)
 *
 * Only this module uses libmagic: it is loaded if no type is given and the
 * first line does not look like a header field, in a child that then enters the
 * sandbox.  Its answer is a hint for the user, never a decision.
 */
#ifndef INPUT_INPUT_H
#define INPUT_INPUT_H
#include <stdint.h>

#include "base/buf.h"

enum input_kind {
	INPUT_MESSAGE, /* a whole message, perhaps behind an mbox "From " line */
	INPUT_PART,    /* a decoded body part */
	INPUT_CMS,     /* a bare S/MIME container */
	INPUT_OTHER
};

struct input {
	struct buf bytes; /* owned; cleared by the caller */
	enum input_kind kind;
	char shown[80];         /* what it looks like, safe text */
	uint64_t device, inode; /* of a regular file, else 0 */
};

/*
 * Read file (NULL or "-": standard input) up to max bytes.  A larger regular
 * file is not read at all, a larger pipe not to its end.  type: mailcap's %t,
 * or NULL.  STATUS_BAD_SIZE, STATUS_IO, STATUS_USAGE (a terminal).
 */
enum status input_read(const char *file, const char *type, size_t max,
    struct input *out, struct note *note) MUST_CHECK;
#endif

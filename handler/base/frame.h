/*
 * frame.h - exchange named values between our own programs
 *
 * "NAME LENGTH\n", the octets, "\n"; as many as there are, in their order.
 * What one of our programs writes on the other's standard input.
 */
#ifndef BASE_FRAME_H
#define BASE_FRAME_H
#include <stdint.h>

#include "base/buf.h"

/* The anchors and revocation lists of one request, together. */
enum { FRAME_TRUST_MAX = 512 * 1024 * 1024 };

struct frame {
	struct span name;
	struct span value;
};

/* The last frame of each message: without it a message is not whole. */
#define FRAME_END "end"
/* The first one, where there is something to open before the sandbox. */
#define FRAME_OPEN "open"

void frame_add(struct buf *out, const char *name, struct span value);
void frame_add_number(struct buf *out, const char *name, int64_t number);
/* Take one off the front.  STATUS_END: nothing is left; STATUS_USAGE: not a
 * frame. */
enum status frame_take(struct span *input, struct frame *out) MUST_CHECK;
/* The value of the first frame of that name; empty if it is missing. */
struct span frame_get(struct span input, const char *name);
/* Take off the front up to the next frame of that name.  False: none. */
bool frame_next(struct span *input, const char *name, struct span *value);
/* Is input a message with FRAME_END, whole and nothing more? */
bool frame_ended(struct span input);
/* A decimal number, perhaps negative; false where it is not one. */
bool frame_number(struct span value, int64_t *out);

/*
 * A flat struct as frames, one for each of its fields.  Both programs have the
 * same table of them; the struct itself never leaves its process.
 */
enum frame_kind {
	FRAME_TEXT,  /* char[size] */
	FRAME_TEXTS, /* char[most][size]; as many frames as there are */
	FRAME_U32,
	FRAME_I64
};
struct frame_field {
	const char *name;
	enum frame_kind kind;
	size_t at; /* its offset */
	size_t size;
	size_t most;
	size_t count_at; /* of FRAME_TEXTS: the offset of a uint32_t */
};

void frame_add_fields(struct buf *out, const void *from,
    const struct frame_field *fields, size_t count);
/*
 * Write what the frames say into a struct that is all zero; frames of other
 * names are skipped.  False: a text is too long or holds a NUL, a number
 * is out of range, there are too many of one name.
 */
bool frame_take_fields(struct span input, void *to,
    const struct frame_field *fields, size_t count) MUST_CHECK;
#endif

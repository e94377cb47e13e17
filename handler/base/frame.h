/*
 * frame.h - named values between our own programs
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

void frame_add(struct buf *out, const char *name, struct span value);
void frame_add_number(struct buf *out, const char *name, int64_t number);
/* Take one off the front.  STATUS_NO: nothing is left; STATUS_USAGE: what is
 * there is no frame. */
enum status frame_take(struct span *input, struct frame *out) MUST_CHECK;
/* Between programs that exchange several messages the last frame of each has
 * this name.  Is input such a message, whole and nothing more? */
#define FRAME_END "end"
bool frame_ended(struct span input);
/* A decimal number, perhaps negative; false where it is none. */
bool frame_number(struct span value, int64_t *out);
#endif

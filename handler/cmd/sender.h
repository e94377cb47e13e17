/*
 * sender.h - look at a message: may it be signed, and who says that he wrote it
 */
#ifndef CMD_SENDER_H
#define CMD_SENDER_H
#include <stdint.h>

#include "base/span.h"
#include "base/status.h"
#include "mail/address.h"

/* Flat: it comes from a sandboxed child. */
struct sender {
	uint32_t likely;         /* an S/MIME signature is likely */
	char from[ADDRESS_SIZE]; /* the sole address of From; or empty */
};

/* Read it in a sandboxed child; nothing is proved.  STATUS_BUG with a note, and
 * what child_run() gives. */
enum status sender_look(
    struct span message, struct sender *out, struct note *note) MUST_CHECK;
#endif

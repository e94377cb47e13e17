/*
 * sender.h - look at messages: who says that he wrote it, may it be signed?
 */
#ifndef CMD_SENDER_H
#define CMD_SENDER_H
#include <stdint.h>

#include "base/span.h"
#include "base/status.h"
#include "mail/address.h"

enum { SENDER_ID_SIZE = 320 };

/* Flat: it comes from a sandboxed child. */
struct sender {
	uint32_t likely;         /* an S/MIME signature is likely */
	char from[ADDRESS_SIZE]; /* the sole address of From; or empty */
	int64_t date;            /* of Date; 0: none that can be read */
	char id[SENDER_ID_SIZE]; /* Message-ID, safe text; or empty */
};

/* Read it in a sandboxed child; nothing is proved.  STATUS_BUG with a note, and
 * what child_run() gives. */
enum status sender_look(
    struct span message, struct sender *out, struct note *note) MUST_CHECK;
/* The same for many, in one child. */
enum status senders_look(const struct span *messages, size_t count,
    struct sender *out, struct note *note) MUST_CHECK;
#endif

/* received.h - tell when a message was delivered (RFC 5321 section 4.4) */
#ifndef MAIL_RECEIVED_H
#define MAIL_RECEIVED_H
#include <stdint.h>

#include "mail/header.h"

/* The time of the topmost Received field, the one that the user's mail server
 * wrote.  STATUS_MISSING: it is missing or malformed. */
enum status received_date(const struct header *header, int64_t *out) MUST_CHECK;
#endif

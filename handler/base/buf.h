/*
 * buf.h - owned bytes with a ceiling
 *
 * A buffer is born with the most it may ever hold.  It remembers its first
 * failure: append as often as you like, then ask buf_status() once.  After a
 * failure appends do nothing, so a cut result can never pass for a whole one.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H
#include "base/span.h"
#include "base/status.h"

struct buf {
	char *at; /* owned; NUL-terminated when not NULL */
	size_t len;
	size_t size;
	size_t ceiling;
	enum status failed;
};

void buf_init(struct buf *buf, size_t ceiling);
void buf_clear(struct buf *buf); /* frees; the buffer may be used again */
/* Overwrites before it frees: for private keys and passphrases. */
void buf_wipe(struct buf *buf);
void buf_add(struct buf *buf, struct span bytes);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_byte(struct buf *buf, char byte);
/* Two digits for each octet, in lower case. */
void buf_add_hex(struct buf *buf, struct span bytes);
void buf_addf(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Make room for `more` bytes that the caller writes itself at at + len. */
bool buf_reserve(struct buf *buf, size_t more);
void buf_cut(struct buf *buf, size_t len); /* shorten to len */
struct span buf_span(const struct buf *buf);
/* STATUS_OK, STATUS_BAD_SIZE (ceiling reached) or STATUS_MEMORY. */
enum status buf_status(const struct buf *buf) MUST_CHECK;
#endif

/*
 * stream.h - octets to and from a server, whoever carries them
 *
 * The dialogues (smtp.h) know nothing but this, so that tests can be the
 * server.  connect.h makes the streams that lead to a network.  Times are in
 * milliseconds of the stream's own clock, which never jumps.
 */
#ifndef HELPERS_MAIL_STREAM_H
#define HELPERS_MAIL_STREAM_H
#include <stdint.h>

#include "base/buf.h"

enum { STREAM_PIECE = 16 * 1024 };

/* Notes follow the name of the server: "it closed the connection". */
struct stream_kind {
	int64_t (*now)(void *of);
	enum status (*write)(
	    void *of, struct span bytes, int64_t until, struct note *note);
	enum status (*read)(
	    void *of, struct buf *into, int64_t until, struct note *note);
	void (*close)(void *of);
};

struct stream {
	const struct stream_kind *kind; /* NULL: closed */
	void *of;
};

int64_t stream_now(const struct stream *stream);
/* Write all of it.  STATUS_NET: the connection broke, or the time is over; then
 * any part of it may have left. */
enum status stream_write(const struct stream *stream, struct span bytes,
    int64_t until, struct note *note) MUST_CHECK;
/*
 * Append what is there, at least one octet and at most STREAM_PIECE.
 * STATUS_AGAIN: nothing came until then; a time that is over only looks.
 * STATUS_END: the server closed the connection.  STATUS_NET: it broke.
 * STATUS_BAD_SIZE, STATUS_MEMORY: into cannot take it.
 */
enum status stream_read(const struct stream *stream, struct buf *into,
    int64_t until, struct note *note) MUST_CHECK;
/* Close it without a word to the server; a closed one stays closed. */
void stream_close(struct stream *stream);
#endif

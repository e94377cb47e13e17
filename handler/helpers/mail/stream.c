/* stream.c - octets to and from a server: see stream.h */
#include "helpers/mail/stream.h"

int64_t
stream_now(const struct stream *stream)
{
	return stream->kind->now(stream->of);
}

enum status
stream_write(const struct stream *stream, struct span bytes, int64_t until,
    struct note *note)
{
	return stream->kind->write(stream->of, bytes, until, note);
}

enum status
stream_read(const struct stream *stream, struct buf *into, int64_t until,
    struct note *note)
{
	return stream->kind->read(stream->of, into, until, note);
}

void
stream_close(struct stream *stream)
{
	if (stream->kind != NULL)
		stream->kind->close(stream->of);
	*stream = (struct stream){ .kind = NULL };
}

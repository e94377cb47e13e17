/*
 * script.h - a stream to a server that says what a script says
 *
 * All that the server says is there from the beginning, and comes in pieces of
 * some octets; what it is told is kept.
 */
#ifndef UNIT_SCRIPT_H
#define UNIT_SCRIPT_H
#include "helpers/mail/stream.h"

struct script {
	struct span says;   /* what is still to come */
	size_t piece;       /* octets that come at once */
	enum status at_end; /* then: STATUS_END, _AGAIN or _NET */
	int64_t now;        /* each look at the clock takes a millisecond */
	struct buf told;    /* owned */
	size_t reads;
};

static inline int64_t
script_now(void *of)
{
	struct script *script = of;

	return script->now++;
}

static inline enum status
script_write(void *of, struct span bytes, int64_t until, struct note *note)
{
	struct script *script = of;

	(void)until;
	(void)note;
	buf_add(&script->told, bytes);
	return buf_status(&script->told);
}

static inline enum status
script_read(void *of, struct buf *into, int64_t until, struct note *note)
{
	struct script *script = of;
	const struct span piece = span_cut(script->says, 0, script->piece);

	(void)until;
	script->reads++;
	if (piece.len == 0)
		return note_set(note, script->at_end, "the script ends");
	buf_add(into, piece);
	script->says = span_cut(script->says, piece.len, script->says.len);
	return buf_status(into);
}

static inline void
script_close(void *of)
{
	struct script *script = of;

	buf_clear(&script->told);
}

static const struct stream_kind script_kind = { script_now, script_write,
	script_read, script_close };

static inline struct stream
script_stream(struct script *script, struct span says, size_t piece)
{
	*script = (struct script){
		.says = says, .piece = piece, .at_end = STATUS_END
	};
	buf_init(&script->told, 16 * 1024 * 1024);
	return (struct stream){ &script_kind, script };
}
#endif

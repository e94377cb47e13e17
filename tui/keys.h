/*
 * keys.h - turn bytes from a terminal into keys, pastes and noise
 *
 * Pure: no terminal, no clock of its own.  An escape sequence is one unit,
 * however slowly its octets arrive.  An unknown one is dropped whole: none of
 * its octets is ever taken for a key.  Pasted text (bracketed paste) is told
 * from typed text.
 */
#ifndef TUI_KEYS_H
#define TUI_KEYS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Escape with nothing after it for this long is the Escape key. */
enum { KEYS_ESCAPE_MS = 500, KEYS_SEQUENCE_MAX = 8 };

enum stroke_kind {
	STROKE_TYPED,  /* an octet: a character, or a control */
	STROKE_PASTED, /* an octet of a bracketed paste */
	STROKE_ESCAPE, /* alone */
	STROKE_UP,
	STROKE_DOWN,
	STROKE_LEFT,
	STROKE_RIGHT,
	STROKE_HOME,
	STROKE_END,
	STROKE_PAGE_UP,
	STROKE_PAGE_DOWN
};

struct stroke {
	enum stroke_kind kind;
	unsigned char byte; /* STROKE_TYPED, STROKE_PASTED */
	bool more; /* more came at once; set by who reads the terminal */
};

struct keys {
	int state;  /* keys.c */
	bool late;  /* the sequence's Escape was told as a key */
	bool paste; /* between the marks of a bracketed paste */
	size_t len; /* of sequence; more octets than fit make it unknown */
	unsigned char sequence[KEYS_SEQUENCE_MAX];
	int64_t since; /* of the last octet */
};

void keys_init(struct keys *keys);
/* Take one octet.  True: *out is what it completes. */
bool keys_feed(
    struct keys *keys, unsigned char byte, int64_t now_ms, struct stroke *out);
/* No octet arrived.  True: *out is the Escape key. */
bool keys_idle(struct keys *keys, int64_t now_ms, struct stroke *out);
/* Is it in the middle of a sequence or of a paste? */
bool keys_is_open(const struct keys *keys);
#endif

/* keys.c - bytes to keys: see keys.h.  Input: hostile (a paste). */
#include "tui/keys.h"

#include <string.h>

enum state {
	GROUND,
	ESCAPE,      /* ESC came */
	ESCAPE_LATE, /* and was told as a key: a sequence may still follow */
	CSI,         /* ECMA-48 section 5.4: ESC [ parameters, final octet */
	CSI_LINUX,   /* ESC [ [, one more: function keys of the console */
	SS3,         /* ESC O, one more: keypad in application mode */
	STRING       /* OSC, DCS, APC, PM: a reply, up to BEL or ESC \ */
};

enum { BEL = 7, ESC = 27 };

void
keys_init(struct keys *keys)
{
	*keys = (struct keys){ .state = GROUND };
}

bool
keys_is_open(const struct keys *keys)
{
	return keys->paste ||
	    (keys->state != GROUND && keys->state != ESCAPE_LATE);
}

/* A paste never contains a key, whatever it looks like. */
static bool
give(const struct keys *keys, enum stroke_kind kind, unsigned char byte,
    struct stroke *out)
{
	if (keys->paste && kind != STROKE_TYPED)
		return false;
	*out = (struct stroke){ .kind = keys->paste ? STROKE_PASTED : kind,
		.byte = byte };
	return true;
}

static void
begin(struct keys *keys, enum state state)
{
	keys->state = state;
	keys->len = 0;
}

static bool
is_sequence(const struct keys *keys, const char *text)
{
	return keys->len == strlen(text) &&
	    memcmp(keys->sequence, text, keys->len) == 0;
}

/* The sequence is whole, its final octet in it. */
static bool
finish(struct keys *keys, struct stroke *out)
{
	static const struct {
		const char *text;
		enum stroke_kind kind;
	} known[] = { { "A", STROKE_UP }, { "B", STROKE_DOWN },
		{ "C", STROKE_RIGHT }, { "D", STROKE_LEFT },
		{ "H", STROKE_HOME }, { "F", STROKE_END },
		{ "1~", STROKE_HOME }, { "7~", STROKE_HOME },
		{ "4~", STROKE_END }, { "8~", STROKE_END },
		{ "5~", STROKE_PAGE_UP }, { "6~", STROKE_PAGE_DOWN } };
	size_t i;

	keys->state = GROUND;
	if (is_sequence(keys, "200~"))
		keys->paste = true;
	else if (is_sequence(keys, "201~"))
		keys->paste = false;
	for (i = 0; i < sizeof(known) / sizeof(*known) && !keys->late; i++)
		if (is_sequence(keys, known[i].text))
			return give(keys, known[i].kind, 0, out);
	return false;
}

/* An octet of CSI or SS3. */
static bool
feed_sequence(struct keys *keys, unsigned char byte, struct stroke *out)
{
	if (keys->state == CSI && keys->len == 0 && byte == '[') {
		begin(keys, CSI_LINUX);
		return false;
	}
	if (keys->len < KEYS_SEQUENCE_MAX)
		keys->sequence[keys->len] = byte;
	keys->len += keys->len <= KEYS_SEQUENCE_MAX;
	if (keys->state == CSI_LINUX) {
		keys->state = GROUND;
		return false;
	}
	return byte >= 0x40 && byte <= 0x7e ? finish(keys, out) : false;
}

/* The octet behind ESC. */
static bool
feed_escape(struct keys *keys, unsigned char byte, struct stroke *out)
{
	const bool late = keys->state == ESCAPE_LATE;

	keys->late = late;
	if (byte == '[')
		begin(keys, CSI);
	else if (byte == 'O')
		begin(keys, SS3);
	else if (!late &&
	    (byte == ']' || byte == 'P' || byte == '_' || byte == '^'))
		begin(keys, STRING);
	else
		begin(keys, GROUND);
	/* Escape and a key at once is Alt and that key, which means nothing;
	 * later it is a key of its own. */
	return keys->state == GROUND && late &&
	    give(keys, STROKE_TYPED, byte, out);
}

bool
keys_feed(
    struct keys *keys, unsigned char byte, int64_t now_ms, struct stroke *out)
{
	const bool quiet = now_ms - keys->since >= KEYS_ESCAPE_MS;

	keys->since = now_ms;
	if (keys->state == ESCAPE && quiet)
		keys->state = ESCAPE_LATE;
	else if (keys->state == STRING && (quiet || byte == BEL)) {
		keys->state = GROUND;
		if (!quiet)
			return false;
	}
	if (byte == ESC) {
		begin(keys, ESCAPE);
		return false;
	}
	/* A control ends a sequence, and is one: ^C must always work. */
	if (byte < 0x20)
		begin(keys, GROUND);
	switch (keys->state) {
	case GROUND:
		return give(keys, STROKE_TYPED, byte, out);
	case ESCAPE:
	case ESCAPE_LATE:
		return feed_escape(keys, byte, out);
	case STRING:
		return false;
	default:
		return feed_sequence(keys, byte, out);
	}
}

bool
keys_idle(struct keys *keys, int64_t now_ms, struct stroke *out)
{
	if (keys->state != ESCAPE || now_ms - keys->since < KEYS_ESCAPE_MS)
		return false;
	keys->state = ESCAPE_LATE;
	return give(keys, STROKE_ESCAPE, 0, out);
}

/* test_keys.c - the octets of a terminal as keys, pastes and noise */
#include "tap.h"

#include <string.h>

#include "base/buf.h"
#include "tui/keys.h"

/*
 * What comes out of text, every octet `step` milliseconds after the last and
 * a long silence at the end: typed octets as they are, pasted ones after "+",
 * keys as <NAME>.
 */
static void
strokes(const char *text, int64_t step, const char *want)
{
	static const char *const names[] = { "", "+", "<ESC>", "<UP>", "<DOWN>",
		"<LEFT>", "<RIGHT>", "<HOME>", "<END>", "<PGUP>", "<PGDN>" };
	struct stroke stroke;
	struct keys keys;
	struct buf out;
	int64_t now = 100000;
	bool came;
	size_t i;

	keys_init(&keys);
	buf_init(&out, 1000);
	for (i = 0; i <= strlen(text); i++) {
		now += text[i] != '\0' ? step : 10000;
		came = keys_idle(&keys, now, &stroke);
		if (came)
			buf_add_text(&out, names[stroke.kind]);
		if (text[i] != '\0' &&
		    keys_feed(&keys, (unsigned char)text[i], now, &stroke)) {
			buf_add_text(&out, names[stroke.kind]);
			if (stroke.kind <= STROKE_PASTED)
				buf_add_byte(&out, (char)stroke.byte);
		}
	}
	TEXT(buf_span(&out), want);
	buf_clear(&out);
}

static void
test_known(void)
{
	strokes("yn", 1, "yn");
	strokes("\033[A\033[B\033[C\033[D", 1, "<UP><DOWN><RIGHT><LEFT>");
	strokes("\033OA\033OB\033OC\033OD", 1, "<UP><DOWN><RIGHT><LEFT>");
	strokes("\033[5~\033[6~", 1, "<PGUP><PGDN>");
	strokes("\033[H\033[1~\033OH\033[F\033[4~", 1,
	    "<HOME><HOME><HOME><END><END>");
	strokes("\303\251", 1, "\303\251");
}

/* However slowly: none of its octets is a key. */
static void
test_slow(void)
{
	strokes("\033[A", 300, "<UP>");
	strokes("y\033[B", 450, "y<DOWN>");
	/* Escape has been told by then; the rest is swallowed. */
	strokes("\033[A", 900, "<ESC>");
	strokes("\033OB", 900, "<ESC>");
	strokes("\033[5~n", 900, "<ESC>n");
	strokes("\033n", 900, "<ESC>n");
	strokes("\033", 1, "<ESC>");
	strokes("\033\033[A", 1, "<UP>");
}

static void
test_unknown(void)
{
	strokes("\033[1;5Ay", 1, "y"); /* Control and up */
	strokes("\033[200;1;2;3;4ny", 1, "y");
	strokes("\033[?62;1;6cy", 1, "y"); /* a terminal that tells its kind */
	strokes("\033[[Ay", 1, "y");       /* F1 of the Linux console */
	strokes("\033OPy", 1, "y");
	strokes("\033yn", 1, "n"); /* Alt and y */
	strokes("\033]11;rgb:0/0/0\033\\n", 1, "n");
	strokes("\033]11;rgb:0/0/0\007n", 1, "n");
	strokes("\033P1$r0q\033\\n", 1, "n");
	strokes("\033[<0;10;10My", 1, "y"); /* a mouse */
	/* ^C always works. */
	strokes("\033[\003", 1, "\003");
	strokes("\033\003", 1, "\003");
	strokes("\033]\003", 1, "\003");
	strokes("\033[200~y\003", 1, "+y+\003");
}

static void
test_pastes(void)
{
	strokes("\033[200~yes\r\033[201~n", 1, "+y+e+s+\rn");
	strokes("\033[200~y\033[201~", 400, "+y");
	strokes("\033[200~y\033[201~n", 900, "<ESC>+yn");
	/* What looks like a key there is none. */
	strokes("\033[200~\033[Ay\033\033[201~y", 1, "+yy");
}

int
main(void)
{
	test_known();
	test_slow();
	test_unknown();
	test_pastes();
	return tap_done();
}

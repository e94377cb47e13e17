/* moves.c - the keys that move and scroll: see moves.h */
#include "tui/moves.h"

enum { CTRL_B = 2, CTRL_D = 4, CTRL_F = 6, CTRL_U = 21 };

unsigned char
move_typed(const struct stroke *stroke)
{
	return stroke->kind == STROKE_TYPED ? stroke->byte : 0;
}

enum move
move_of(const struct stroke *stroke)
{
	static const struct {
		enum stroke_kind kind;
		unsigned char byte;
		enum move move;
	} table[] = { { STROKE_TYPED, 'k', MOVE_UP },
		{ STROKE_TYPED, 'j', MOVE_DOWN },
		{ STROKE_TYPED, '-', MOVE_PAGE_UP },
		{ STROKE_TYPED, CTRL_B, MOVE_PAGE_UP },
		{ STROKE_TYPED, ' ', MOVE_PAGE_DOWN },
		{ STROKE_TYPED, CTRL_F, MOVE_PAGE_DOWN },
		{ STROKE_TYPED, CTRL_U, MOVE_HALF_UP },
		{ STROKE_TYPED, CTRL_D, MOVE_HALF_DOWN },
		{ STROKE_TYPED, 'g', MOVE_FIRST },
		{ STROKE_TYPED, 'G', MOVE_LAST }, { STROKE_UP, 0, MOVE_UP },
		{ STROKE_DOWN, 0, MOVE_DOWN },
		{ STROKE_PAGE_UP, 0, MOVE_PAGE_UP },
		{ STROKE_PAGE_DOWN, 0, MOVE_PAGE_DOWN },
		{ STROKE_HOME, 0, MOVE_FIRST }, { STROKE_END, 0, MOVE_LAST } };
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (table[i].kind == stroke->kind &&
		    (stroke->kind != STROKE_TYPED ||
			table[i].byte == stroke->byte))
			return table[i].move;
	return MOVE_NONE;
}

static size_t
up(size_t at, size_t by)
{
	return at > by ? at - by : 0;
}

size_t
move_to(enum move move, size_t at, size_t last, size_t page)
{
	const size_t half = page > 1 ? page / 2 : 1;

	if (page == 0)
		page = 1;
	switch (move) {
	case MOVE_NONE:
		break;
	case MOVE_UP:
		return up(at, 1);
	case MOVE_PAGE_UP:
		return up(at, page);
	case MOVE_HALF_UP:
		return up(at, half);
	case MOVE_FIRST:
		return 0;
	case MOVE_DOWN:
		at += 1;
		break;
	case MOVE_PAGE_DOWN:
		at += page;
		break;
	case MOVE_HALF_DOWN:
		at += half;
		break;
	case MOVE_LAST:
		return last;
	}
	return at < last ? at : last;
}

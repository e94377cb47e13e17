/* question.c - the state of a question, and what keys do: see question.h */
#include "tui/question.h"

#include "tui/moves.h"
#include "tui/question_keys.h"

enum { CTRL_C = 3 };

void
question_init(struct question *question, const struct dialog *dialog)
{
	*question = (struct question){ .dialog = dialog };
	buf_init(&question->details, QUESTION_DETAILS_MAX);
}

void
question_clear(struct question *question)
{
	buf_clear(&question->details);
}

static enum screen_next
open_details(struct question *question)
{
	const struct dialog *dialog = question->dialog;

	if (dialog->details == NULL)
		return SCREEN_STAY;
	if (question->details.len == 0)
		dialog->details(dialog->context, &question->details);
	reader_open(&question->reader, "Details", buf_span(&question->details));
	question->reading = true;
	return SCREEN_STAY;
}

static enum screen_next
open_help(struct question *question)
{
	size_t count;
	const struct page_key *keys = question_keys(question->dialog, &count);

	reader_open_help(&question->reader, keys, count);
	question->reading = true;
	return SCREEN_STAY;
}

static enum screen_next
end(struct question *question, enum question_result result)
{
	question->result = result;
	return SCREEN_END;
}

static enum screen_next
approve(struct question *question, int64_t now_ms)
{
	if (question->dialog->refused)
		return SCREEN_STAY;
	if (now_ms - question->shown_at < QUESTION_READ_MS) {
		question->says = "Too soon: read it, then press y.";
		return SCREEN_STAY;
	}
	if (!question->seen_all) {
		question->says = "Read on first; y shows the rest.";
		question->scroll = question->seen - question->stays;
		return SCREEN_FRESH;
	}
	if (question->dialog->ask_twice && !question->asked_twice) {
		question->asked_twice = true;
		question->yes_selected = false;
		return SCREEN_FRESH;
	}
	return end(question, QUESTION_YES);
}

static enum screen_next
enter(struct question *question, int64_t now_ms)
{
	return question->yes_selected ? approve(question, now_ms)
				      : end(question, QUESTION_NO);
}

static enum screen_next
press_key(struct question *question, unsigned char byte, int64_t now_ms)
{
	switch (byte) {
	case 'y':
	case 'Y':
		return approve(question, now_ms);
	case 'n':
	case 'N':
	case 'q':
	case CTRL_C:
		return end(question, QUESTION_NO);
	case '\r':
	case '\n':
		return enter(question, now_ms);
	case '\t':
		question->yes_selected =
		    !question->yes_selected && !question->dialog->refused;
		return SCREEN_STAY;
	case 'h':
		question->yes_selected = false;
		return SCREEN_STAY;
	case 'l':
		question->yes_selected = !question->dialog->refused;
		return SCREEN_STAY;
	case 'd':
		return open_details(question);
	case '?':
		return open_help(question);
	default:
		return SCREEN_STAY;
	}
}

enum screen_next
question_press(
    struct question *question, const struct stroke *stroke, int64_t now_ms)
{
	const enum move move = move_of(stroke);
	const unsigned char byte = move_typed(stroke);

	question->says = NULL;
	if (question->reading) {
		question->reading = reader_press(&question->reader, stroke);
		/* The question comes back: what was typed is not for it. */
		return question->reading ? SCREEN_STAY : SCREEN_FRESH;
	}
	/* Who types one letter does not send ten at once: a paste, on a
	 * terminal that does not bracket it. */
	if (stroke->more && (byte == 'y' || byte == 'Y'))
		return SCREEN_FRESH;
	if (move != MOVE_NONE)
		question->scroll = move_to(
		    move, question->scroll, question->last, question->room);
	else if (stroke->kind == STROKE_LEFT)
		return press_key(question, 'h', now_ms);
	else if (stroke->kind == STROKE_RIGHT)
		return press_key(question, 'l', now_ms);
	/* Escape alone answers nothing, and neither does a paste. */
	return press_key(question, byte, now_ms);
}

static void
draw(void *context, struct page *out)
{
	question_draw(context, out);
}

static enum screen_next
press(void *context, const struct stroke *stroke, int64_t now_ms)
{
	return question_press(context, stroke, now_ms);
}

static void
shown(void *context, int64_t now_ms)
{
	struct question *question = context;

	question->shown_at = now_ms;
}

struct screen
question_screen(struct question *question)
{
	return (struct screen){ .context = question,
		.draw = draw,
		.press = press,
		.shown = shown };
}

/*
 * form.h - one question of setup as a screen
 *
 * Pure: a question and strokes give rows, and in the end an answer.
 */
#ifndef SETUP_FORM_H
#define SETUP_FORM_H
#include "setup/setup.h"
#include "tui/screen.h"

enum form_result { FORM_OPEN, FORM_ANSWER, FORM_BACK, FORM_LEAVE };

struct form {
	const struct setup *setup; /* borrowed, as the next two */
	const struct setup_question *question;
	const char *message; /* what was wrong with the last answer, or "" */
	size_t chosen;
	size_t scroll; /* of the text above the choices */
	size_t hidden; /* lines of it below, set by draw */
	char typed[SETUP_ANSWER_SIZE];
	bool help;
	enum form_result result;
};

void form_begin(struct form *form, const struct setup *setup,
    const struct setup_question *question, const char *message);
/* Of FORM_ANSWER: the value of the choice, or the line.  Borrowed. */
const char *form_answer(const struct form *form);
/* For struct screen; context is the form. */
void form_draw(void *context, struct page *out);
enum screen_next form_press(
    void *context, const struct stroke *stroke, int64_t now_ms);
#endif

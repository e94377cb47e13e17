/* setup_screen.c - the questions of setup on a screen: see setup_front.h */
#include "cmd/on_screen.h"
#include "cmd/setup_front.h"

struct asking {
	const struct setup_front *front;
	struct form form;
	bool taken; /* the first question was answered */
};

static void
draw(void *context, struct page *out)
{
	struct asking *asking = context;

	form_draw(&asking->form, out);
}

static void
begin(struct asking *asking)
{
	form_begin(&asking->form, asking->front->setup, asking->front->question,
	    asking->front->message);
}

/* What was typed ahead answers no question that it was not typed for. */
static enum screen_next
press(void *context, const struct stroke *stroke, int64_t now_ms)
{
	struct asking *asking = context;
	const struct setup_front *front = asking->front;
	char answer[SETUP_ANSWER_SIZE] = "";

	if (form_press(&asking->form, stroke, now_ms) != SCREEN_END)
		return SCREEN_STAY;
	asking->taken = true;
	if (asking->form.result == FORM_ANSWER)
		(void)span_copy(span_of(form_answer(&asking->form)), answer,
		    sizeof(answer));
	if (!front->take(front->context, asking->form.result, answer))
		return SCREEN_END;
	begin(asking);
	return SCREEN_FRESH;
}

enum status
setup_front_screen(
    int tty, const struct config *config, const struct setup_front *front)
{
	struct asking asking = { .front = front };
	const struct screen screen = {
		.context = &asking, .draw = draw, .press = press
	};
	enum status status;
	int number = 0;

	begin(&asking);
	status = on_screen(&screen, config, tty, &number);
	terminal_obey(number);
	/* A window that became too small: the rest in lines. */
	return status == STATUS_UNABLE && asking.taken ? STATUS_OK : status;
}

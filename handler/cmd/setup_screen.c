/* setup_screen.c - the questions of setup on a screen: see setup_front.h */
#include <string.h>

#include "cmd/on_screen.h"
#include "cmd/setup_front.h"

enum form_result
setup_front_screen(int tty, const struct config *config,
    const struct setup *setup, const struct setup_question *question,
    const char *message, char *answer)
{
	struct form form;
	const struct screen screen = {
		.context = &form, .draw = form_draw, .press = form_press
	};
	enum status status;
	int number = 0;

	form_begin(&form, setup, question, message);
	status = on_screen(&screen, config, tty, &number);
	terminal_obey(number);
	if (status == STATUS_UNABLE)
		return FORM_OPEN;
	if (status != STATUS_OK)
		return FORM_LEAVE;
	if (form.result == FORM_ANSWER)
		(void)strcpy(answer, form_answer(&form));
	return form.result;
}

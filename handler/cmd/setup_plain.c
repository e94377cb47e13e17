/* setup_plain.c - the questions of setup in lines: see setup_front.h */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/fd.h"
#include "base/text.h"
#include "cmd/setup_front.h"
#include "overview/listing.h"
#include "tui/prompt.h"

enum { TEXT_MOST = 64 * 1024, NARROWEST = 30, WIDEST = 80 };

static size_t
columns_of(int tty)
{
	struct winsize size;

	if (ioctl(tty, TIOCGWINSZ, &size) != 0 || size.ws_col < NARROWEST)
		return WIDEST;
	return size.ws_col < WIDEST ? size.ws_col : WIDEST;
}

void
setup_front_lines(int tty, size_t indent, const char *text, struct buf *out)
{
	const struct listing listing = { .width = columns_of(tty),
		.utf8 = text_locale_is_utf8() };
	struct span rest = span_of(text);
	struct buf line;
	size_t end;

	while (rest.len > 0) {
		end = span_find_byte(rest, '\n');
		buf_init(&line, TEXT_MOST);
		text_show(
		    &line, span_cut(rest, 0, end), TEXT_NO_LIMIT, listing.utf8);
		listing_add_text(
		    &listing, indent, line.at != NULL ? line.at : "", out);
		buf_clear(&line);
		rest = span_cut(rest, end + 1, rest.len);
	}
}

static void
add_question(int tty, const struct setup_question *question,
    const char *message, struct buf *out)
{
	const struct setup_choice *choice;
	struct buf line;
	size_t i;

	buf_addf(
	    out, "\nSetup, step %zu of %d\n", question->number, SETUP_NUMBERS);
	setup_front_lines(tty, 2, question->text, out);
	setup_front_lines(tty, 2, message, out);
	setup_front_lines(tty, 0, question->heading, out);
	for (i = 0; i < question->choices; i++) {
		choice = &question->choice[i];
		buf_init(&line, TEXT_MOST);
		buf_addf(&line, "%zu  %s%s%s%s", i + 1, choice->label,
		    choice->about[0] != '\0' ? " (" : "", choice->about,
		    choice->about[0] != '\0' ? ")" : "");
		if (line.at != NULL)
			setup_front_lines(tty, 2, line.at, out);
		buf_clear(&line);
	}
}

/* A number, or the value or label itself. */
static const char *
choice_of(const struct setup_question *question, const char *typed)
{
	const unsigned long number = strtoul(typed, NULL, 10);
	size_t i;

	if (number >= 1 && number <= question->choices)
		return question->choice[number - 1].value;
	for (i = 0; i < question->choices; i++)
		if (strcasecmp(question->choice[i].label, typed) == 0 ||
		    strcasecmp(question->choice[i].value, typed) == 0)
			return question->choice[i].value;
	/* "y" and "n" */
	for (i = 0;
	     typed[0] != '\0' && typed[1] == '\0' && i < question->choices; i++)
		if (question->choice[i].value[0] == typed[0])
			return question->choice[i].value;
	return typed;
}

static void
add_label(const struct setup_question *question, struct buf *out)
{
	if (question->kind == SETUP_CHOOSES)
		buf_addf(out,
		    "1 to %zu, b back, q leave [%zu]: ", question->choices,
		    question->usual + 1);
	else if (question->typed[0] != '\0')
		buf_addf(out, "b back, q leave [%s]: ", question->typed);
	else
		buf_add_text(out, "b back, q leave: ");
}

enum form_result
setup_front_plain(int tty, const struct setup_question *question,
    const char *message, char *answer)
{
	enum form_result result = FORM_LEAVE;
	struct buf text, label, typed;
	const char *value;
	bool asked;

	buf_init(&text, TEXT_MOST);
	buf_init(&label, TEXT_MOST);
	buf_init(&typed, SETUP_ANSWER_SIZE - 1);
	add_question(tty, question, message, &text);
	add_label(question, &label);
	asked = fd_write(tty, buf_span(&text)) == STATUS_OK &&
	    buf_status(&label) == STATUS_OK &&
	    prompt_answer(tty, label.at, &typed) == STATUS_OK;
	value = typed.at != NULL ? typed.at : "";
	if (asked && strcmp(value, "q") != 0) {
		result = strcmp(value, "b") == 0 ? FORM_BACK : FORM_ANSWER;
		if (question->kind == SETUP_CHOOSES)
			value = value[0] == '\0'
			    ? question->choice[question->usual].value
			    : choice_of(question, value);
		else if (value[0] == '\0')
			value = question->typed;
		(void)span_copy(
		    span_trim(span_of(value)), answer, SETUP_ANSWER_SIZE);
	}
	buf_clear(&typed);
	buf_clear(&label);
	buf_clear(&text);
	return result;
}

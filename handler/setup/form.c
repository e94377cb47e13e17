/* form.c - one question of setup as a screen: see form.h */
#include "setup/form.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum {
	CTRL_C = 3,
	CTRL_U = 21,
	LABEL_AT = 6,
	MORE_COLUMNS = 14,
	RECORD_MAX = 2048
};

static const struct page_key choice_keys[] = {
	{ "Enter", "choose", "Take the selected answer.", true },
	{ "j k", "move", "Move; the arrows do, too.", false },
	{ "b", "back", "Go back to the question before.", false },
	{ "1-9", NULL, "Take that answer.", false },
	{ "Space -", NULL, "Scroll the text.", false },
	{ "?", "help", "Show this.", true },
	{ "q", "leave", "Leave; mailcert setup goes on here.", true },
};
static const struct page_key line_keys[] = {
	{ "Enter", "go on", "", true },
	{ "Esc", "back", "", false },
	{ "^U", "erase", "", false },
	{ "^C", "leave", "", true },
};

void
form_begin(struct form *form, const struct setup *setup,
    const struct setup_question *question, const char *message)
{
	*form = (struct form){ .setup = setup,
		.question = question,
		.message = message,
		.chosen = question->usual };
	(void)snprintf(form->typed, sizeof(form->typed), "%s", question->typed);
}

const char *
form_answer(const struct form *form)
{
	return form->question->kind == SETUP_CHOOSES
	    ? form->question->choice[form->chosen].value
	    : form->typed;
}

/* --- rows ------------------------------------------------------------------*/

/* What was answered before: lines of their own, or one line where there is
 * little room. */
static void
draw_record(const struct form *form, struct page *page)
{
	const struct setup *setup = form->setup;
	struct page_row *row;
	struct lines lines;
	struct buf record;

	if (page_is_low(page)) {
		if (setup->answer[SETUP_PROGRAM][0] == '\0')
			return;
		row = page_add(page);
		row_pad(row, 1);
		row_addf(row, ROLE_DIM, "%s%s%s", setup_addresses(setup),
		    setup_addresses(setup)[0] != '\0' ? ", " : "",
		    setup->answer[SETUP_PROGRAM]);
		return;
	}
	buf_init(&record, RECORD_MAX);
	setup_add_record(setup, &record);
	lines_init(&lines, page);
	lines_text(&lines, ROLE_DIM, buf_span(&record));
	page_lines(page, &lines, 0, lines.count);
	if (lines.count > 0)
		(void)page_add(page);
	lines_clear(&lines);
	buf_clear(&record);
}

/* The text, or as much of it as there is room for. */
static void
draw_text(struct form *form, struct page *page, size_t room)
{
	struct lines lines;
	size_t last;

	lines_init(&lines, page);
	if (form->message[0] != '\0' && lines_add(&lines) != NULL)
		lines_flow(&lines, ROLE_DUE, span_of(form->message), 0);
	lines_text(&lines, ROLE_PLAIN, span_of(form->question->text));
	last = lines.count > room ? lines.count - room : 0;
	if (form->scroll > last)
		form->scroll = last;
	form->hidden = last - form->scroll;
	page_lines(page, &lines, form->scroll,
	    lines.count < room ? lines.count : room);
	if (lines.count > 0 && !page_is_low(page))
		(void)page_add(page);
	lines_clear(&lines);
}

/* "v 3 more", at the end of a row. */
static void
add_more(struct page_row *row, size_t below)
{
	char more[40];

	(void)snprintf(more, sizeof(more), "v %zu more", below);
	if (below > 0)
		(void)row_right(row, ROLE_DIM, span_of(more));
}

static void
draw_choice(const struct form *form, struct page *page, size_t i)
{
	const struct setup_choice *choice = &form->question->choice[i];
	const bool chosen = i == form->chosen;
	struct page_row *row = page_add(page);
	size_t k, most = 0, width;

	for (k = 0; k < form->question->choices; k++) {
		width = text_width(span_of(form->question->choice[k].label));
		if (width > most)
			most = width;
	}
	row->selected = chosen;
	row_add(row, ROLE_KEY, chosen ? SPAN(">") : SPAN(" "));
	row_pad(row, 3);
	row_addf(row, ROLE_KEY, "%zu", i + 1);
	row_pad(row, LABEL_AT);
	row_add(row, ROLE_PLAIN, span_of(choice->label));
	if (!page_is_narrow(page) && choice->about[0] != '\0') {
		row_pad(row, LABEL_AT + most + 2);
		row_add(row, ROLE_DIM, span_of(choice->about));
	}
	if (chosen)
		page_cursor(page, page->rows - 1, 0);
}

/* As many as there is room for, the chosen one among them. */
static void
draw_choices(const struct form *form, struct page *page, size_t room)
{
	const struct setup_question *question = form->question;
	size_t first = 0, i;

	if (question->choices > room && form->chosen >= room)
		first = form->chosen + 1 - room;
	for (i = first; i < question->choices && i - first < room; i++)
		draw_choice(form, page, i);
}

static void
draw_line(const struct form *form, struct page *page)
{
	struct page_row *row = page_add(page);
	const size_t width = text_width(span_of(form->typed));
	struct span shown = span_of(form->typed);

	/* The end of it is what is being typed. */
	if (width + 4 > page->width && shown.len + 4 > page->width)
		shown = span_cut(shown, shown.len + 4 - page->width, shown.len);
	row_add(row, ROLE_KEY, SPAN("> "));
	row_add(row, ROLE_PLAIN, shown);
	page_cursor(page, page->rows - 1, row->width);
}

/* On a narrow page, what the chosen answer means, and what is out of sight. */
static void
draw_about(const struct form *form, struct page *page, size_t below)
{
	const struct setup_question *question = form->question;
	struct page_row *row = page_add(page);

	row_pad(row, 1);
	row_add_in(row, ROLE_DIM, span_of(question->choice[form->chosen].about),
	    below > 0 ? page->width - MORE_COLUMNS : page->width);
	add_more(row, below);
}

static void
draw_help(struct page *page)
{
	struct lines lines;

	page_title(page, "Keys", "any key goes back");
	lines_init(&lines, page);
	lines_keys(
	    &lines, choice_keys, sizeof(choice_keys) / sizeof(*choice_keys));
	page_lines(page, &lines, 0,
	    lines.count < page_room(page) ? lines.count : page_room(page));
	lines_clear(&lines);
}

void
form_draw(void *context, struct page *page)
{
	struct form *form = context;
	const struct setup_question *question = form->question;
	const bool chooses = question->kind == SETUP_CHOOSES;
	const size_t about = page_is_narrow(page) && chooses;
	const size_t wanted = chooses ? question->choices : 1;
	char right[40];
	size_t room, choices, below, least = 0;
	struct page_row *row;

	if (form->help) {
		draw_help(page);
		return;
	}
	(void)snprintf(right, sizeof(right), "step %zu of %d", question->number,
	    SETUP_NUMBERS);
	page_title(page, "Setup", right);
	draw_record(form, page);
	/* Keys and heading stand; of the text one line is seen at least. */
	room = page_room(page) - 2 - about - (page_is_low(page) ? 0 : 2);
	if (question->text[0] != '\0' || form->message[0] != '\0')
		least = 1;
	choices = wanted + least <= room ? wanted
	    : room > least               ? room - least
					 : 1;
	draw_text(form, page, room > choices ? room - choices : 0);
	below = form->hidden > 0          ? form->hidden
	    : form->chosen + 1 >= choices ? wanted - form->chosen - 1
					  : wanted - choices;
	row = page_add(page);
	row_add(row, ROLE_TITLE, span_of(question->heading));
	if (about == 0)
		add_more(row, below);
	if (chooses)
		draw_choices(form, page, choices);
	else
		draw_line(form, page);
	if (about > 0)
		draw_about(form, page, below);
	if (!page_is_low(page))
		page_rule(page);
	if (chooses)
		page_keys(page, choice_keys,
		    sizeof(choice_keys) / sizeof(*choice_keys));
	else
		page_keys(
		    page, line_keys, sizeof(line_keys) / sizeof(*line_keys));
}

/* --- keys ------------------------------------------------------------------*/

static enum screen_next
end(struct form *form, enum form_result result)
{
	form->result = result;
	return SCREEN_END;
}

static enum screen_next
press_line(struct form *form, const struct stroke *stroke)
{
	const size_t len = strlen(form->typed);
	const unsigned char byte = stroke->byte;
	size_t at = len;

	if (stroke->kind == STROKE_ESCAPE)
		return end(form, FORM_BACK);
	if (stroke->kind != STROKE_TYPED && stroke->kind != STROKE_PASTED)
		return SCREEN_STAY;
	if (byte == CTRL_C)
		return end(form, FORM_LEAVE);
	if (stroke->kind == STROKE_TYPED && (byte == '\r' || byte == '\n'))
		return form->typed[0] != '\0' ? end(form, FORM_ANSWER)
					      : SCREEN_STAY;
	if (byte == CTRL_U) {
		form->typed[0] = '\0';
	} else if (byte == 0x7f || byte == '\b') {
		/* With all octets of a character. */
		while (at > 0 &&
		    ((unsigned char)form->typed[at - 1] & 0xc0) == 0x80)
			at--;
		form->typed[at > 0 ? at - 1 : 0] = '\0';
	} else if (byte >= ' ' && len + 1 < sizeof(form->typed)) {
		form->typed[len] = (char)byte;
		form->typed[len + 1] = '\0';
	}
	return SCREEN_STAY;
}

static void
move(struct form *form, const struct stroke *stroke, unsigned char byte)
{
	const size_t count = form->question->choices;

	if ((byte == 'j' || stroke->kind == STROKE_DOWN) &&
	    form->chosen + 1 < count)
		form->chosen++;
	else if ((byte == 'k' || stroke->kind == STROKE_UP) && form->chosen > 0)
		form->chosen--;
	else if (byte == 'g' || stroke->kind == STROKE_HOME)
		form->chosen = 0;
	else if (byte == 'G' || stroke->kind == STROKE_END)
		form->chosen = count - 1;
	else if (byte == ' ' || stroke->kind == STROKE_PAGE_DOWN)
		form->scroll += 3; /* draw brings it back */
	else if (byte == '-' || stroke->kind == STROKE_PAGE_UP)
		form->scroll -= form->scroll < 3 ? form->scroll : 3;
}

enum screen_next
form_press(void *context, const struct stroke *stroke, int64_t now_ms)
{
	struct form *form = context;
	const unsigned char byte =
	    stroke->kind == STROKE_TYPED ? stroke->byte : 0;

	(void)now_ms;
	if (form->help) {
		form->help = false;
		return SCREEN_STAY;
	}
	if (form->question->kind != SETUP_CHOOSES)
		return press_line(form, stroke);
	move(form, stroke, byte);
	if (byte == 'q' || byte == CTRL_C)
		return end(form, FORM_LEAVE);
	if (byte == 'b' || stroke->kind == STROKE_LEFT)
		return end(form, FORM_BACK);
	/* What is pasted chooses nothing. */
	if (stroke->more)
		return SCREEN_STAY;
	form->help = byte == '?';
	if (byte >= '1' && byte <= '9' &&
	    (size_t)(byte - '1') < form->question->choices)
		form->chosen = (size_t)(byte - '1');
	else if (byte != '\r' && byte != '\n')
		return SCREEN_STAY;
	/* What stands there must have been seen. */
	if (form->hidden > 0 && form->question->step == SETUP_WRITE) {
		form->scroll += 3;
		return SCREEN_STAY;
	}
	return end(form, FORM_ANSWER);
}

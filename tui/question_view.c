/* question_view.c - the pages of a question: see question.h */
#include <stdio.h>

#include "base/text.h"
#include "tui/question.h"
#include "tui/question_keys.h"

enum { LABEL_COLUMN = 1, MARK_END = 14 };

static const struct page_key ask_keys[] = {
	{ "y", "yes", "Yes, once all of it has been on the screen.", true },
	{ "n", "no", "No; so do q and ^C.", true },
	{ "j", "more",
	    "Scroll on, where not all of it fits; k scrolls back. So do the "
	    "arrows, Space and -.",
	    false },
	{ "d", "details", "Details: token, dates, the answer, the raw header.",
	    false },
	{ "?", "help", "This page.", true },
	{ "h l Tab", NULL, "Select a button; Enter presses it.", false },
	{ "^L ^Z", NULL, "Paint it again; suspend mailcert.", false },
};
static const struct page_key refused_keys[] = {
	{ "Enter", "close", "Close; so do q, n and ^C.", true },
	{ "j", "more",
	    "Scroll on, where not all of it fits; k scrolls back. So do the "
	    "arrows, Space and -.",
	    false },
	{ "?", "help", "This page.", true },
	{ "q", "close", "Close.", true },
	{ "^L ^Z", NULL, "Paint it again; suspend mailcert.", false },
};

const struct page_key *
question_keys(const struct dialog *dialog, size_t *count)
{
	*count = dialog->refused ? sizeof(refused_keys) / sizeof(*refused_keys)
				 : sizeof(ask_keys) / sizeof(*ask_keys);
	return dialog->refused ? refused_keys : ask_keys;
}

static const char *
mark_text(enum dialog_mark mark)
{
	switch (mark) {
	case DIALOG_OK:
		return "ok";
	case DIALOG_DUE:
		return "due";
	case DIALOG_NONE:
		return "NONE";
	case DIALOG_FACT:
	case DIALOG_WARNING:
		break;
	}
	return "";
}

static enum role
mark_role(enum dialog_mark mark)
{
	switch (mark) {
	case DIALOG_OK:
		return ROLE_GOOD;
	case DIALOG_DUE:
		return ROLE_DUE;
	case DIALOG_NONE:
	case DIALOG_WARNING:
		return ROLE_BAD;
	case DIALOG_FACT:
		break;
	}
	return ROLE_KEY;
}

/* What a stranger calls itself takes no line from what decides. */
static void
add_quoted(struct lines *lines, struct span text, size_t indent)
{
	enum { SHORTEST = 12 };
	struct page_row *row = &lines->row[lines->count - 1];

	if (row->width + SHORTEST > row->columns) {
		if ((row = lines_add(lines)) == NULL)
			return;
		row_pad(row, indent);
	}
	row_add(row, ROLE_STRANGER, SPAN("\""));
	row_add_in(
	    row, ROLE_STRANGER, text, (size_t)(row->columns - row->width - 1));
	row_add(row, ROLE_STRANGER, SPAN("\""));
}

static void
add_text(struct lines *lines, const struct dialog_row *row, size_t indent)
{
	struct buf text;

	buf_init(&text, 3 * DIALOG_TEXT_MAX);
	buf_addf(&text, "%s%s%s", row->before, row->address, row->text);
	lines->cut = lines->cut || buf_status(&text) != STATUS_OK;
	lines_flow(lines, ROLE_PLAIN, buf_span(&text), indent);
	if (row->quoted[0] != '\0' && lines->count > 0)
		add_quoted(lines, span_of(row->quoted), indent);
	buf_clear(&text);
}

static void
add_wide(struct lines *lines, const struct dialog_row *row)
{
	const struct span mark = span_of(mark_text(row->mark));
	const bool warns = row->mark == DIALOG_WARNING;
	struct page_row *line = lines_add(lines);

	if (line == NULL)
		return;
	row_pad(line, LABEL_COLUMN);
	row_add(line, warns ? ROLE_BAD : ROLE_KEY, span_of(row->label));
	row_pad(line, MARK_END - mark.len);
	row_add(line, mark_role(row->mark), mark);
	row_pad(line, DIALOG_COLUMN);
	add_text(lines, row, DIALOG_COLUMN);
}

static void
add_narrow(struct lines *lines, const struct dialog_row *row)
{
	const char *mark = mark_text(row->mark);
	struct page_row *line = lines_add(lines);

	if (line == NULL)
		return;
	row_pad(line, LABEL_COLUMN);
	if (mark[0] != '\0')
		row_add(line, mark_role(row->mark), span_of(mark));
	else
		row_add(line, mark_role(row->mark), span_of(row->brief));
	row_pad(line,
	    mark[0] != '\0' || line->width < DIALOG_BRIEF_COLUMN
		? DIALOG_BRIEF_COLUMN
		: line->width + 1U);
	if (row->brief_text[0] != '\0')
		lines_flow(lines, ROLE_PLAIN, span_of(row->brief_text),
		    DIALOG_BRIEF_COLUMN);
	else if (row->address[0] == '\0' ||
	    !row_add_address(
		line, ROLE_PLAIN, span_of(row->address), line->columns))
		add_text(lines, row, DIALOG_BRIEF_COLUMN);
}

static void
add_row(struct lines *lines, const struct dialog_row *row)
{
	if (lines->columns < DIALOG_NARROW)
		add_narrow(lines, row);
	else
		add_wide(lines, row);
}

/* By rank; at[i] is how many lines come before the rows of rank i. */
static void
add_ranked(
    struct lines *lines, const struct dialog *dialog, size_t at[RANK_LAST + 1])
{
	size_t rank, i;

	for (rank = 0; rank <= RANK_LAST; rank++) {
		at[rank] = lines->count;
		for (i = 0; i < dialog->rows; i++)
			if (dialog->row[i].rank == (enum dialog_rank)rank)
				add_row(lines, &dialog->row[i]);
	}
}

static void
add_all(struct lines *lines, const struct dialog *dialog)
{
	size_t i;

	for (i = 0; i < dialog->rows; i++)
		add_row(lines, &dialog->row[i]);
}

/* The question, in the words that fit into `most` lines. */
static void
add_question(struct lines *lines, const struct question *question, size_t most)
{
	const struct dialog *dialog = question->dialog;
	const char *const words[] = { dialog->question, dialog->brief,
		dialog->shortest };
	const char *const again[] = { "There are warnings. Answer anyway?" };
	const char *const *from = question->asked_twice ? again : words;
	const size_t count = question->asked_twice ? 1 : 3;
	struct page_row *row;
	size_t i;

	for (i = 0; i < count; i++) {
		if (from[i][0] == '\0')
			continue;
		lines->count = 0;
		if ((row = lines_add(lines)) == NULL)
			return;
		row_pad(row, LABEL_COLUMN);
		lines_flow(lines, ROLE_TITLE, span_of(from[i]), LABEL_COLUMN);
		if (lines->count <= most)
			return;
	}
	if (lines->count > most)
		lines->count = most;
}

/* The lines from first on are on the screen, `room` of them at the most. */
static void
note_seen(struct question *question, const struct lines *lines, size_t first,
    size_t room)
{
	if (question->seen_all)
		return;
	if (question->seen_width != lines->columns)
		question->seen = 0; /* the lines are others */
	question->seen_width = lines->columns;
	if (question->seen < question->stays)
		question->seen = question->stays;
	if (first <= question->seen && first + room > question->seen)
		question->seen = first + room;
	/* What was cut was never seen. */
	question->seen_all = question->seen >= lines->count && !lines->cut;
}

/* "^ 2 above  v 3 more", at the right end. */
static void
add_rest(struct page_row *row, size_t above, size_t below)
{
	char up[40] = "", down[40] = "", text[84];

	if (above > 0)
		(void)snprintf(up, sizeof(up), "^ %zu above", above);
	if (below > 0)
		(void)snprintf(down, sizeof(down), "v %zu more", below);
	(void)snprintf(text, sizeof(text), "%s%s%s", up,
	    above > 0 && below > 0 ? "  " : "", down);
	(void)row_right(row, below > 0 ? ROLE_DUE : ROLE_PLAIN, span_of(text));
}

static void
add_foot(const struct question *question, struct page *out)
{
	static const char *const ask[] = { "No", "Yes" },
				 *const refused[] = { "Close" };
	const struct dialog *dialog = question->dialog;
	size_t count;
	const struct page_key *keys = question_keys(dialog, &count);
	struct page_key shown[16];
	struct page_row *row;
	size_t i;

	page_buttons(out, dialog->refused ? refused : ask,
	    dialog->refused ? 1 : 2, question->yes_selected);
	add_rest(&out->row[out->rows - 1], question->scroll,
	    question->last - question->scroll);
	if (!page_is_low(out)) {
		row = page_add(out); /* the message line */
		if (question->says != NULL)
			row_addf(row, ROLE_DUE, " %s", question->says);
		page_rule(out);
	} else if (question->says != NULL) {
		row_addf(page_add(out), ROLE_DUE, " %s", question->says);
		return;
	}
	/* Scrolling is a key where there is something to scroll. */
	for (i = 0; i < count && i < sizeof(shown) / sizeof(*shown); i++) {
		shown[i] = keys[i];
		if (question->last == 0 && keys[i].key[0] == 'j')
			shown[i].does = NULL;
	}
	page_keys(out, shown, i);
}

static void
draw_question(struct question *question, struct page *out)
{
	const struct dialog *dialog = question->dialog;
	const bool low = page_is_low(out);
	struct lines lines, asked;
	size_t room, at[RANK_LAST + 1];

	lines_init(&asked, out);
	if (!dialog->refused)
		add_question(&asked, question, low ? 1 + (out->width < 40) : 2);
	/* Title, buttons, keys; the empty lines and the rules. */
	room = out->height - asked.count - (low ? 3 : 7);
	lines_init(&lines, out);
	question->stays = 0;
	add_all(&lines, dialog);
	if (lines.count > room) {
		lines.count = 0;
		add_ranked(&lines, dialog, at);
		/* Two lines at least are left to scroll in. */
		question->stays = at[RANK_OTHER] + 2 <= room ? at[RANK_OTHER]
		    : at[RANK_DECIDES] + 2 <= room           ? at[RANK_DECIDES]
							     : 0;
	}
	question->room = room - question->stays;
	question->last = lines.count > room ? lines.count - room : 0;
	if (question->scroll > question->last)
		question->scroll = question->last;
	note_seen(question, &lines, question->stays + question->scroll,
	    question->room);
	page_title(out, dialog->title, "");
	page_lines(out, &lines, 0, question->stays);
	page_lines(
	    out, &lines, question->stays + question->scroll, question->room);
	if (!low)
		(void)page_add(out);
	page_lines(out, &asked, 0, asked.count);
	add_foot(question, out);
	lines_clear(&asked);
	lines_clear(&lines);
}

void
question_draw(struct question *question, struct page *out)
{
	if (question->reading)
		reader_draw(&question->reader, out);
	else
		draw_question(question, out);
}

void
question_print(
    const struct dialog *dialog, size_t width, bool utf8, struct buf *out)
{
	struct lines lines = { .columns = width, .utf8 = utf8 };
	size_t i;

	if (width > PAGE_COLUMNS_MAX)
		lines.columns = PAGE_COLUMNS_MAX;
	add_all(&lines, dialog);
	for (i = 0; i < lines.count; i++) {
		buf_add_text(out, lines.row[i].text);
		buf_add_byte(out, '\n');
	}
	lines_clear(&lines);
}

/* waiting.c - what an order waits for: see waiting.h */
#include "tui/waiting.h"

enum { MARK_COLUMN = 3, STEP_COLUMN = 9, MARK_BRIEF = 2, STEP_BRIEF = 6 };

void
waiting_add_elapsed(struct buf *out, int64_t seconds)
{
	const long long s = seconds > 0 ? (long long)seconds : 0;

	if (s >= 3600)
		buf_addf(
		    out, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
	else
		buf_addf(out, "%lld:%02lld", s / 60, s % 60);
}

static void
draw_step(const struct waiting *waiting, size_t i, struct page *out)
{
	const bool narrow = page_is_narrow(out);
	const bool done = i < waiting->current, now = i == waiting->current;
	struct page_row *row = page_add(out);

	if (now)
		row_add(row, ROLE_KEY, SPAN(">"));
	row_pad(row, narrow ? MARK_BRIEF : MARK_COLUMN);
	row_add(row, done ? ROLE_GOOD : ROLE_WAIT,
	    done            ? SPAN("ok")
		: !now      ? SPAN("")
		: out->utf8 ? SPAN("\xe2\x80\xa6")
			    : SPAN("..."));
	row_pad(row, narrow ? STEP_BRIEF : STEP_COLUMN);
	row_add(row,
	    now        ? ROLE_TITLE
		: done ? ROLE_PLAIN
		       : ROLE_DIM,
	    span_of(waiting->step[i].text));
	if (done)
		(void)row_right(row, ROLE_DIM, span_of(waiting->step[i].done));
	else if (now && !narrow)
		(void)row_right(row, ROLE_WAIT, span_of(waiting->whom));
}

static void
draw_line(struct page *out, enum role role, const char *text, size_t left)
{
	struct lines lines;

	lines_init(&lines, out);
	if (text[0] != '\0' && lines_add(&lines) != NULL) {
		row_pad(&lines.row[0], 1);
		lines_flow(&lines, role, span_of(text), 1);
		/* What would push the last line off is left out. */
		if (lines.count + left <= page_room(out))
			page_lines(out, &lines, 0, lines.count);
	}
	lines_clear(&lines);
}

void
waiting_draw(const struct waiting *waiting, struct page *out)
{
	const bool low = page_is_low(out);
	struct page_row *row = page_add(out);
	size_t i, from = 0, to = waiting->steps;
	struct buf elapsed;

	buf_init(&elapsed, 64);
	waiting_add_elapsed(&elapsed, waiting->elapsed);
	row_add_in(row, ROLE_TITLE, span_of(waiting->title),
	    out->width - elapsed.len - 2);
	(void)row_right(row, ROLE_PLAIN, buf_span(&elapsed));
	buf_clear(&elapsed);
	/* The steps around the current one, where not all fit. */
	if (low && waiting->current > 1)
		from = waiting->current - 1;
	if (low && to > from + 3)
		to = from + 3;
	for (i = from; i < to; i++)
		draw_step(waiting, i, out);
	if (page_is_narrow(out) && waiting->current < waiting->steps)
		row_addf(page_add(out), ROLE_WAIT, "      %s", waiting->whom);
	if (!low)
		(void)page_add(out);
	for (i = 0; i < WAITING_ABOUT_MAX; i++)
		draw_line(out, ROLE_PLAIN, waiting->about[i], 2);
	draw_line(out, ROLE_DIM, waiting->leave, 0);
	page_cursor(out, out->rows - 1, 0);
}

/* panel_draw.c - the overview's screen as rows: see panel.h */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mail/date.h"
#include "overview/panel.h"
#include "overview/panel_keys.h"

enum {
	WORD_AT = 3,
	ADDRESS_AT = 13,
	ADDRESS_LEAST = 16,
	/* "EC P-256  not installed", "80 days left", and what is between. */
	BESIDE_ADDRESS = ADDRESS_AT + 2 + 23 + 2 + 12,
	NARROW_AT = 11
};

enum row_kind { ROW_EMPTY, ROW_HEADING, ROW_ITEM, ROW_MORE, ROW_LATELY };

/* A row of the whole list, before it is laid out. */
struct row {
	enum row_kind kind;
	size_t which;
};

struct rows {
	struct row *at; /* owned */
	size_t count;
};

static void
rows_add(struct rows *rows, enum row_kind kind, size_t which)
{
	rows->at[rows->count++] = (struct row){ kind, which };
}

static enum role
role_of(enum overview_grade grade)
{
	switch (grade) {
	case OVERVIEW_GOOD:
		return ROLE_GOOD;
	case OVERVIEW_WAITS:
		return ROLE_WAIT;
	case OVERVIEW_DUE:
		return ROLE_DUE;
	case OVERVIEW_BAD:
		return ROLE_BAD;
	case OVERVIEW_DIM:
		break;
	}
	return ROLE_DIM;
}

/* Does it have a second row on a narrow page? */
static bool
has_more(const struct page *page, const struct overview_item *item)
{
	return page_is_narrow(page) && item->id[0] != '\0' &&
	    item->section == OVERVIEW_NEEDS_YOU;
}

/* False: no memory. */
static bool
lay_out(const struct panel *panel, const struct page *page, size_t count,
    struct rows *out)
{
	const struct overview_item *item, *before = NULL;
	const bool airy = !page_is_low(page);
	size_t i;

	out->count = 0;
	out->at = calloc(2 * count + 32, sizeof(*out->at));
	if (out->at == NULL)
		return false;
	for (i = 0; i < count; i++) {
		item = &panel->overview->item[i];
		if (airy &&
		    (before == NULL || before->section != item->section)) {
			if (before != NULL)
				rows_add(out, ROW_EMPTY, 0);
			rows_add(out, ROW_HEADING, item->section);
		}
		rows_add(out, ROW_ITEM, i);
		if (has_more(page, item))
			rows_add(out, ROW_MORE, i);
		before = item;
	}
	if (panel->decisions->count > 0 && airy) {
		rows_add(out, ROW_EMPTY, 0);
		rows_add(out, ROW_HEADING, OVERVIEW_OVER);
		for (i = panel->decisions->count; i > 0; i--)
			rows_add(out, ROW_LATELY, i - 1);
	}
	return true;
}

/* Scroll as little as needed; a heading stays with its first item. */
static void
follow_selection(struct panel *panel, const struct rows *rows, size_t room)
{
	size_t first = 0, last;

	while (first < rows->count &&
	    !(rows->at[first].kind == ROW_ITEM &&
		rows->at[first].which == panel->at))
		first++;
	last = first;
	if (last + 1 < rows->count && rows->at[last + 1].kind == ROW_MORE)
		last++;
	if (first > 0 && rows->at[first - 1].kind == ROW_HEADING)
		first--;
	if (panel->top > first)
		panel->top = first;
	if (last >= panel->top + room)
		panel->top = last + 1 - room;
	if (rows->count <= room)
		panel->top = 0;
	else if (panel->top > rows->count - room)
		panel->top = rows->count - room;
}

static void
add_when_in(const struct panel *panel, const struct overview_item *item,
    bool brief, struct buf *out)
{
	size_t len;

	overview_add_when(item, panel->now, out);
	len = out->len;
	if (brief && len > 5 && strcmp(out->at + len - 5, " left") == 0)
		buf_cut(out, len - 5);
}

/* The columns of addresses: as many as the longest has, within limits. */
static size_t
address_columns(
    const struct panel *panel, const struct page *page, size_t count)
{
	const size_t limit = page->width > BESIDE_ADDRESS + ADDRESS_LEAST
	    ? page->width - BESIDE_ADDRESS
	    : ADDRESS_LEAST;
	size_t most = ADDRESS_LEAST, width, i;

	for (i = 0; i < count && most < limit; i++) {
		width = text_width(span_of(panel->overview->item[i].address));
		if (width > most)
			most = width;
	}
	return most < limit ? most : limit;
}

/* Of what cannot be cut as an address, the end: it says whose domain it is. */
static void
add_address(struct page_row *row, struct span address, size_t columns)
{
	const struct span dots = row->utf8 ? SPAN("\xe2\x80\xa6") : SPAN("...");
	const size_t room =
	    columns > text_width(dots) ? columns - text_width(dots) : 0;

	if (row_add_address(row, ROLE_PLAIN, address, columns))
		return;
	while (address.len > 0 &&
	    (text_width(address) > room ||
		((unsigned char)address.at[0] & 0xc0) == 0x80))
		address = span_cut(address, 1, address.len);
	row_add(row, ROLE_PLAIN, dots);
	row_add(row, ROLE_PLAIN, address);
}

static void
draw_item(const struct panel *panel, const struct overview_item *item,
    size_t columns, struct page *page, bool chosen)
{
	const bool narrow = page_is_narrow(page);
	struct page_row *row = page_add(page);
	size_t room, when_width;
	struct buf when;

	buf_init(&when, 256);
	add_when_in(panel, item, narrow, &when);
	when_width = has_more(page, item) ? 0 : text_width(buf_span(&when));
	row->selected = chosen;
	row_add(row, ROLE_KEY, chosen ? SPAN(">") : SPAN(" "));
	row_pad(row, narrow ? 2 : WORD_AT);
	row_add(row, role_of(item->grade), span_of(item->word));
	row_pad(row, narrow ? NARROW_AT : ADDRESS_AT);
	room = page->width - row->width;
	if (when_width > 0)
		room = room > when_width + 2 ? room - when_width - 2 : 0;
	if (!narrow && item->id[0] != '\0' && room > columns)
		room = columns;
	if (item->id[0] == '\0')
		row_add_in(row, ROLE_PLAIN, span_of(item->what), room);
	else
		add_address(row, span_of(item->address), room);
	if (!narrow && item->id[0] != '\0') {
		row_pad(row, ADDRESS_AT + columns + 2);
		room = page->width - row->width;
		room = room > when_width + 2 ? room - when_width - 2 : 0;
		row_add_in(row, ROLE_PLAIN, span_of(item->what), room);
	}
	if (when_width > 0)
		(void)row_right(row,
		    item->grade == OVERVIEW_GOOD ? ROLE_PLAIN
						 : role_of(item->grade),
		    buf_span(&when));
	if (chosen)
		page_cursor(page, page->rows - 1, 0);
	buf_clear(&when);
}

/* What a narrow page has no room for beside the address. */
static void
draw_more(const struct panel *panel, const struct overview_item *item,
    struct page *page, bool chosen)
{
	struct page_row *row = page_add(page);
	struct buf when;

	row->selected = chosen;
	row_pad(row, NARROW_AT);
	row_add(row, ROLE_PLAIN, span_of(item->what));
	buf_init(&when, 256);
	if (item->when != 0)
		buf_add_text(&when, ", ");
	add_when_in(panel, item, true, &when);
	if (row->width + text_width(buf_span(&when)) <= page->width)
		row_add(row, ROLE_PLAIN, buf_span(&when));
	buf_clear(&when);
}

/* "18:52  answered: ...", or with its day. */
static void
draw_lately(const struct panel *panel, const struct decision *decision,
    struct page *page)
{
	struct page_row *row = page_add(page);
	char text[40] = "";
	int64_t when;

	if (date_parse_iso(decision->at, &when) == STATUS_OK)
		overview_short_time(when, panel->now, text, sizeof(text));
	row_pad(row, WORD_AT);
	row_add(row, ROLE_DIM, span_of(text));
	row_pad(row, ADDRESS_AT - 3);
	row_add(row, ROLE_PLAIN, decision->text);
}

static void
draw_row(const struct panel *panel, const struct row *row, size_t columns,
    struct page *page)
{
	const struct overview_item *item =
	    row->kind == ROW_ITEM || row->kind == ROW_MORE
	    ? &panel->overview->item[row->which]
	    : NULL;
	struct page_row *to;

	switch (row->kind) {
	case ROW_EMPTY:
		(void)page_add(page);
		break;
	case ROW_HEADING:
		to = page_add(page);
		row_pad(to, 1);
		row_add(to, ROLE_TITLE,
		    span_of(row->which == OVERVIEW_OVER
			    ? "Lately"
			    : overview_heading(
				  (enum overview_section)row->which)));
		break;
	case ROW_ITEM:
		draw_item(panel, item, columns, page, row->which == panel->at);
		break;
	case ROW_MORE:
		draw_more(panel, item, page, row->which == panel->at);
		break;
	case ROW_LATELY:
		draw_lately(
		    panel, &panel->decisions->decision[row->which], page);
		break;
	}
}

/* "3 certificates, 1 waits for you" */
static void
add_counts(const struct panel *panel, struct buf *out)
{
	const struct overview *overview = panel->overview;
	const size_t needs = overview_count(overview, OVERVIEW_NEEDS_YOU);
	size_t i, count = 0;

	if (panel->reading) {
		buf_add_text(out, "reading");
	} else {
		for (i = 0; i < overview->count; i++)
			count += overview->item[i].renewal != 0 &&
			    overview->item[i].section != OVERVIEW_OVER;
		if (count == 0)
			buf_add_text(out, "no certificates");
		else
			buf_addf(out, "%zu certificate%s", count,
			    count == 1 ? "" : "s");
	}
	if (needs > 0)
		buf_addf(out, needs == 1 ? ", %zu needs you" : ", %zu need you",
		    needs);
}

static void
add_renewal(const struct panel *panel, const struct overview_item *next,
    int brief, struct buf *out)
{
	char when[40];

	overview_short_time(next->renewal, panel->now, when, sizeof(when));
	buf_addf(out, "%s%s: ", out->len > 0 ? " " : "",
	    brief > 1 ? "Next" : "Next renewal");
	if (brief == 0)
		buf_addf(out, "%s, ", next->address);
	buf_addf(out, "%s%s.", when,
	    brief < 2 && panel->renewal == PANEL_BY_ITSELF ? ", by itself"
							   : "");
}

/* That nothing is to be done, in as many words as there is room for; it is not
 * said before all of it is known. */
static void
add_fine(const struct panel *panel, size_t room, struct buf *out)
{
	const struct overview *overview = panel->overview;
	const struct overview_item *next = overview_next_renewal(overview);
	size_t len;
	int brief;

	if (overview_count(overview, OVERVIEW_NEEDS_YOU) > 0)
		return;
	if (overview_count(overview, OVERVIEW_ON_ITS_WAY) > 0)
		buf_add_text(out, "Nothing needs you.");
	else if (panel->renewal == PANEL_BY_ITSELF ||
	    !overview_renews(overview))
		buf_add_text(out, "Everything is fine.");
	len = out->len;
	for (brief = 0; next != NULL && brief < 3; brief++) {
		add_renewal(panel, next, brief, out);
		if (text_width(buf_span(out)) <= room)
			return;
		buf_cut(out, len);
	}
}

/* What to do about the selected one, or that nothing is to be done. */
static void
add_next(const struct panel *panel, size_t room, struct buf *out)
{
	switch (panel->selected.first) {
	case OVERVIEW_ANSWER:
		buf_add_text(out, "Next: press a to answer the challenge.");
		return;
	case OVERVIEW_FINISH:
		buf_add_text(out,
		    panel->selected.section != OVERVIEW_NEEDS_YOU
			? (panel->renewal == PANEL_BY_ITSELF
				  ? "It goes on by itself; f asks now."
				  : "Next: press f to ask the CA.")
			: panel->selected.grade == OVERVIEW_DUE
			? "Next: f if your sent mail has it."
			: "Next: press f once the reply is sent.");
		return;
	case OVERVIEW_TIMER:
		buf_add_text(out, "Next: press t to turn one on.");
		return;
	case OVERVIEW_RENEW:
		buf_add_text(out, "Next: press r to renew it.");
		return;
	case OVERVIEW_ORDER:
		buf_add_text(out, "Next: press n to order again.");
		return;
	case OVERVIEW_IMPORT:
		buf_add_text(out,
		    panel->selected.renewal != 0
			? "Next: get another one; w makes a request, o takes "
			  "the file."
			: "Next: paste the request; o takes the certificate.");
		return;
	case OVERVIEW_DOCTOR:
		buf_add_text(out, "Next: press d to see what helps.");
		return;
	default:
		break;
	}
	if (!panel->reading)
		add_fine(panel, room, out);
}

/* The line above the keys, with what is out of sight at its right. */
static void
draw_foot(
    const struct panel *panel, struct page *page, size_t above, size_t below)
{
	struct page_row *row = page_add(page);
	struct buf line, rest;
	size_t room = page->width;

	buf_init(&line, 1024);
	buf_init(&rest, 128);
	if (above > 0)
		buf_addf(&rest, "^ %zu above", above);
	if (below > 0)
		buf_addf(&rest, "%sv %zu more", above > 0 ? "  " : "", below);
	if (rest.len > 0)
		room = room > rest.len + 3 ? room - rest.len - 3 : 0;
	if (panel->finding)
		buf_addf(&line, "/%s", panel->find);
	else if (panel->message[0] != '\0')
		buf_add_text(&line, panel->message);
	else if (panel->page == PANEL_LIST)
		add_next(panel, room > 0 ? room - 1 : 0, &line);
	row_pad(row, 1);
	row_add_in(row, ROLE_PLAIN, buf_span(&line), room);
	if (rest.len > 0)
		(void)row_right(row, ROLE_DIM, buf_span(&rest));
	buf_clear(&rest);
	buf_clear(&line);
	if (!page_is_low(page))
		page_rule(page);
}

/* --- pages -----------------------------------------------------------------*/

/* Rows for the foot and the keys. */
static size_t
foot_rows(const struct page *page)
{
	return page_is_low(page) ? 2 : 3;
}

/* True: there was room for what the chosen one means. */
static bool
draw_choices_at(const struct panel *panel, struct page *page, size_t least)
{
	const struct panel_choice *choice;
	size_t i, most = 0, width;
	struct page_row *row;
	bool explained = true;

	for (i = 0; i < panel->choices; i++) {
		width = text_width(span_of(panel->choice[i].label));
		if (width > most)
			most = width;
	}
	for (i = 0; i < panel->choices && page_room(page) > least; i++) {
		choice = &panel->choice[i];
		row = page_add(page);
		row->selected = i == panel->chosen;
		row_add(
		    row, ROLE_KEY, i == panel->chosen ? SPAN(">") : SPAN(" "));
		row_pad(row, WORD_AT);
		if (choice->key[0] != '\0')
			row_addf(row, ROLE_KEY, "%s  ", choice->key);
		row_add(row, ROLE_PLAIN, span_of(choice->label));
		if (!page_is_narrow(page) && choice->about[0] != '\0') {
			row_pad(row, WORD_AT + most + 5);
			row_addf(row, ROLE_DIM, "(%s)", choice->about);
		}
		if (i != panel->chosen)
			continue;
		page_cursor(page, page->rows - 1, 0);
		explained = choice->about[0] == '\0' ||
		    (!page_is_narrow(page) && !row->full);
	}
	return explained;
}

/* Below the choices, in as many lines as it takes. */
static void
draw_choice_foot(struct panel *panel, struct page *page, bool explained)
{
	static const char promise[] =
	    "Nothing is sent or written before you are asked.";
	const size_t keys = page_is_low(page) ? 1 : 2;
	struct lines lines;
	size_t room;

	if (!page_is_low(page))
		(void)page_add(page);
	lines_init(&lines, page);
	if (lines_add(&lines) != NULL) {
		row_pad(&lines.row[0], 1);
		lines_flow(&lines, explained ? ROLE_PLAIN : ROLE_DIM,
		    span_of(explained ? promise
				      : panel->choice[panel->chosen].about),
		    1);
		room = page_room(page) > keys ? page_room(page) - keys : 0;
		page_lines(
		    page, &lines, 0, lines.count < room ? lines.count : room);
	}
	lines_clear(&lines);
	if (!page_is_low(page))
		page_rule(page);
}

static void
draw_choices(struct panel *panel, struct page *page)
{
	const struct page_key *keys;
	bool explained;
	size_t count;

	page_title(
	    page, panel->title, panel->general ? "" : panel->selected.address);
	if (!page_is_low(page))
		(void)page_add(page);
	explained = draw_choices_at(panel, page, foot_rows(page));
	draw_choice_foot(panel, page, explained);
	keys = panel_choice_keys(&count);
	page_keys(page, keys, count);
}

static void
draw_beginning(struct panel *panel, struct page *page)
{
	static const struct page_key keys[] = { { "Enter", "choose", "", true },
		{ "j k", "move", "", false }, { "?", "help", "", true },
		{ "q", "quit", "", true } };
	struct page_row *row;
	bool explained;

	page_title(
	    page, "mailcert", panel->reading ? "reading" : "no certificates");
	if (!page_is_low(page))
		(void)page_add(page);
	row = page_add(page);
	row_pad(row, 1);
	row_add(row, ROLE_PLAIN, SPAN("No certificates yet."));
	if (!page_is_low(page))
		(void)page_add(page);
	explained = draw_choices_at(panel, page, foot_rows(page));
	draw_choice_foot(panel, page, explained);
	page_keys(page, keys, sizeof(keys) / sizeof(*keys));
}

static void
draw_list(struct panel *panel, struct page *page, size_t count)
{
	struct page_key keys[PANEL_KEYS_MAX];
	struct rows rows;
	struct buf right;
	size_t i, below, columns;

	buf_init(&right, 256);
	add_counts(panel, &right);
	page_title(page, "mailcert", right.at != NULL ? right.at : "");
	buf_clear(&right);
	if (!lay_out(panel, page, count, &rows))
		return;
	columns = address_columns(panel, page, count);
	panel->room = page_room(page) - foot_rows(page);
	follow_selection(panel, &rows, panel->room);
	for (i = panel->top; i < rows.count && i - panel->top < panel->room;
	     i++)
		draw_row(panel, &rows.at[i], columns, page);
	below = rows.count - i;
	if (below == 0 && !page_is_low(page) &&
	    page_room(page) > foot_rows(page))
		(void)page_add(page);
	draw_foot(panel, page, panel->top, below);
	page_keys(page, keys, panel_keys_for(panel->selected.can, true, keys));
	free(rows.at);
}

void
panel_draw(void *context, struct page *page)
{
	struct panel *panel = context;
	const size_t count = panel->overview->count -
	    overview_count(panel->overview, OVERVIEW_OVER);

	panel->columns = page->width;
	switch (panel->page) {
	case PANEL_LIST:
		if (count > 0) {
			draw_list(panel, page, count);
		} else {
			panel_offer_beginning(panel);
			draw_beginning(panel, page);
		}
		break;
	case PANEL_CHOICES:
		draw_choices(panel, page);
		break;
	case PANEL_TEXT:
		reader_draw(&panel->reader, page);
		break;
	}
}

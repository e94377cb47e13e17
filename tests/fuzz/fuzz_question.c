/* fuzz_question.c - tui/question: any text, any size, any keys */
#include "fuzz.h"
#include "page_check.h"
#include "tui/question.h"

enum { FIELDS = 10, KEYS_MAX = 16, HEAD = 4 };

static struct dialog dialog;
static struct page page;
static struct span detail_text;

static void
write_details(void *context, struct buf *out)
{
	(void)context;
	buf_add(out, detail_text);
}

/* The next piece of the input, as a C string. */
static const char *
field(struct span *rest, char *out, size_t size)
{
	const size_t end = span_find_byte(*rest, '\0');
	struct span piece = span_cut(*rest, 0, end < size ? end : size - 1);

	*rest = span_cut(*rest, end + 1, rest->len);
	if (!span_copy(piece, out, size))
		out[0] = '\0';
	return out;
}

static void
make_dialog(struct span *rest, unsigned char how)
{
	static const char *const labels[] = { "You ordered", "", "Warning" };
	char text[DIALOG_TEXT_MAX], address[DIALOG_TEXT_MAX];
	struct dialog_row *row;
	size_t i;

	dialog = (struct dialog){ .title = "Answer this challenge?",
		.shortest = "Send the answer for this address?",
		.refused = how % 5 == 4,
		.ask_twice = how % 2 == 1,
		.details = write_details };
	(void)field(rest, dialog.question, sizeof(dialog.question));
	(void)field(rest, dialog.brief, sizeof(dialog.brief));
	for (i = 0; i < FIELDS && rest->len > 0; i++) {
		row = dialog_add(&dialog, (enum dialog_mark)((how + i) % 5),
		    labels[i % 3], i % 2 == 0 ? "For" : "Warning", "%s",
		    field(rest, text, sizeof(text)));
		row->rank = (enum dialog_rank)((how / 5 + i) % 4);
		if (i % 3 == 0)
			dialog_address(
			    row, "for ", field(rest, address, sizeof(address)));
		if (i % 4 == 1)
			dialog_brief(
			    row, "%s", field(rest, text, sizeof(text)));
		if (i % 4 == 3)
			(void)field(rest, row->quoted, sizeof(row->quoted));
	}
}

/* Is each of these lines among those that were painted? */
static bool
are_painted(const struct buf *lines, const struct buf *painted)
{
	struct span rest = buf_span(lines), line;
	struct buf whole;
	bool all = true;
	size_t end;

	for (; rest.len > 0 && all; rest = span_cut(rest, end + 1, rest.len)) {
		end = span_find_byte(rest, '\n');
		line = span_cut(rest, 0, end);
		buf_init(&whole, 2 * PAGE_TEXT_SIZE);
		buf_addf(&whole, "\n%.*s\n", (int)line.len, line.at);
		all = span_find(buf_span(painted), buf_span(&whole)) <
		    painted->len;
		buf_clear(&whole);
	}
	return all;
}

/* What was painted at this width, as long as it stays; our own account of
 * whether all of it was on the screen. */
struct account {
	size_t width;
	struct buf painted;
	bool all;
};

static void
take_account(
    struct account *account, const struct question *question, bool utf8)
{
	struct buf lines;
	size_t i;

	if (question->reading)
		return;
	if (account->width != page.width)
		buf_cut(&account->painted, 0);
	account->width = page.width;
	for (i = 0; i < page.rows; i++) {
		buf_add_byte(&account->painted, '\n');
		buf_add_text(&account->painted, page.row[i].text);
		buf_add_byte(&account->painted, '\n');
	}
	buf_init(&lines, 1024 * 1024);
	question_print(&dialog, page.width, utf8, &lines);
	account->all = account->all || are_painted(&lines, &account->painted);
	buf_clear(&lines);
}

static void
draw(struct question *question, size_t width, size_t height, bool utf8,
    struct account *account)
{
	if (!page_begin(&page, width, height, utf8))
		abort();
	question_draw(question, &page);
	page_check(&page, width, height);
	take_account(account, question, utf8);
}

static struct stroke
stroke_of(unsigned char byte)
{
	/* The keys that mean something, and now and then others. */
	static const char keys[] = "yyynqjk gG-d?/hl\t\r\004\025";
	struct stroke stroke = { .kind = STROKE_TYPED };

	if (byte >= 0xf0)
		stroke.kind = (enum stroke_kind)(byte % (STROKE_PAGE_DOWN + 1));
	stroke.byte = byte < 0x80
	    ? (unsigned char)keys[byte % (sizeof(keys) - 1)]
	    : byte & 0x7f;
	stroke.more = byte == 0xef;
	return stroke;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = { (const char *)data, size };
	struct account account = { 0 };
	struct question question;
	struct stroke stroke;
	const uint8_t *keys;
	size_t width, height, i, count;
	int64_t now = 0;
	bool utf8;

	if (size < HEAD + KEYS_MAX)
		return 0;
	width = PAGE_COLUMNS_MIN + data[0] % 120;
	height = PAGE_ROWS_MIN + data[1] % 40;
	utf8 = data[2] % 2 == 1;
	count = data[2] / 2 % (KEYS_MAX + 1);
	keys = data + HEAD;
	rest = span_cut(rest, HEAD + KEYS_MAX, size);
	detail_text = span_cut(rest, 0, 2000);
	make_dialog(&rest, data[3]);
	buf_init(&account.painted, 4 * 1024 * 1024);
	question_init(&question, &dialog);
	draw(&question, width, height, utf8, &account);
	for (i = 0; i < count && question.result == QUESTION_OPEN; i++) {
		if (keys[i] % 16 == 15) { /* another size of the window */
			width = PAGE_COLUMNS_MIN + keys[i] % 90;
			height = PAGE_ROWS_MIN + keys[i] / 16;
		}
		stroke = stroke_of(keys[i]);
		now += keys[i] % 7 == 0 ? 10 : QUESTION_READ_MS;
		if (question_press(&question, &stroke, now) == SCREEN_FRESH)
			question.shown_at = now;
		draw(&question, width, height, utf8, &account);
	}
	if (question.result == QUESTION_YES) {
		assert(!dialog.refused && account.all);
		assert(question.asked_twice || !dialog.ask_twice);
	}
	question_clear(&question);
	buf_clear(&account.painted);
	return 0;
}

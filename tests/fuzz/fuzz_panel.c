/* fuzz_panel.c - all screens but the question: any text, any size, any keys */
#include "fuzz.h"
#include "overview/panel.h"
#include "page_check.h"
#include "setup/form.h"
#include "tui/waiting.h"

enum { NOW = 1800000000, RECORDS = 6, HEAD = 4, KEYS_MAX = 12, FORMS = 3 };

static const struct config config;
static struct page page;

/* The next piece of the input, as a C string. */
static void
field(struct span *rest, char *out, size_t size)
{
	const size_t end = span_find_byte(*rest, '\0');

	out[0] = '\0';
	(void)span_copy(
	    span_cut(*rest, 0, end < size ? end : size - 1), out, size);
	*rest = span_cut(*rest, end + 1, rest->len);
}

static unsigned char
byte(struct span *rest)
{
	const unsigned char first =
	    rest->len > 0 ? (unsigned char)rest->at[0] : 0;

	*rest = span_cut(*rest, 1, rest->len);
	return first;
}

static void
add_record(struct overview *overview, struct span *rest, bool utf8,
    struct order *order, struct expectation *one)
{
	const struct overview_world world = {
		.config = &config, .now = NOW, .utf8 = utf8
	};
	const unsigned char how = byte(rest), when = byte(rest);
	char text[400];

	if (how % 8 == 7) {
		field(rest, text, sizeof(text));
		overview_add_damage(overview, text, utf8);
		return;
	}
	*order = (struct order){ .addresses = 1 + how % 2,
		.state = (enum order_state)(how % (ORDER_REQUESTED + 1)),
		.queued = how % 3 == 0,
		.created = NOW - when * INT64_C(86400),
		.expires = NOW + (when - 128) * INT64_C(86400) };
	*one = (struct expectation){ .state = (enum expectation_state)(
					 when % (EXPECTATION_BOUNCED + 1)),
		.created = NOW - when,
		.expires = NOW + (how - 128) * INT64_C(3600),
		.answered = NOW - when * INT64_C(60) };
	(void)strcpy(order->id, "abcdefgh");
	order->id[0] = (char)('a' + how % 26);
	(void)strcpy(one->order, how % 5 == 0 ? "" : order->id);
	(void)strcpy(one->id, order->id);
	field(rest, order->address[0], sizeof(order->address[0]));
	field(rest, order->why, sizeof(order->why));
	field(rest, one->address, sizeof(one->address));
	field(rest, one->bounce, sizeof(one->bounce));
	if (one->order[0] == '\0')
		overview_add_challenge(overview, &world, one);
	else
		overview_add_order(overview, &world, order, one, how % 4 != 0);
}

/* What the program shows of an item comes from a file of the home. */
static void
add_details(void *context, const struct overview_item *item, size_t columns,
    struct buf *out)
{
	(void)item;
	text_show(out, *(const struct span *)context, columns, false);
	buf_add_byte(out, '\n');
}

static struct stroke
stroke_of(unsigned char key)
{
	static const char keys[] = "jkgGafrinowd?/q -\r\004\025\tyhlt";
	struct stroke stroke = { .kind = STROKE_TYPED };

	if (key >= 0xf0)
		stroke.kind = (enum stroke_kind)(key % (STROKE_PAGE_DOWN + 1));
	stroke.byte = key < 0xa0 ? (unsigned char)keys[key % (sizeof(keys) - 1)]
				 : key & 0x7f;
	stroke.more = key == 0xef;
	return stroke;
}

static void
draw(void (*paint)(void *, struct page *), void *context, size_t width,
    size_t height, bool utf8)
{
	if (!page_begin(&page, width, height, utf8))
		abort();
	paint(context, &page);
	page_check(&page, width, height);
}

/* Draw it, and press the keys; some of them change the size. */
static void
play(void (*paint)(void *, struct page *),
    enum screen_next (*press)(void *, const struct stroke *, int64_t),
    void *context, const uint8_t *data, bool utf8)
{
	const uint8_t *keys = data + HEAD;
	size_t width = PAGE_COLUMNS_MIN + data[0] % 120;
	size_t height = PAGE_ROWS_MIN + data[1] % 40;
	enum screen_next next = SCREEN_STAY;
	struct stroke stroke;
	size_t i;

	draw(paint, context, width, height, utf8);
	for (i = 0; i < KEYS_MAX && next != SCREEN_END; i++) {
		if (keys[i] % 16 == 15) {
			width = PAGE_COLUMNS_MIN + keys[i] % 90;
			height = PAGE_ROWS_MIN + keys[i] / 16;
		}
		stroke = stroke_of(keys[i]);
		next = press(context, &stroke, (int64_t)i * 1000);
		draw(paint, context, width, height, utf8);
	}
}

static void
play_panel(const uint8_t *data, struct span rest, bool utf8)
{
	static struct order order[RECORDS];
	static struct expectation one[RECORDS];
	static struct decisions decisions;
	struct overview overview = { 0 };
	struct span shown = span_cut(rest, 0, 500);
	struct panel panel;
	char line[300];
	size_t i;

	for (i = 0; i < RECORDS && rest.len > 0; i++)
		add_record(&overview, &rest, utf8, &order[i], &one[i]);
	panel_init(&panel);
	panel.renewal = (enum panel_renewal)(data[3] / 2 % 4);
	field(&rest, line, sizeof(line));
	panel.way[0] = (struct panel_way){ "cron", line };
	panel.ways = 1;
	if (panel.renewal >= PANEL_BY_HAND)
		overview_add_timer(&overview,
		    panel.renewal == PANEL_STOPPED ? "its.timer" : NULL);
	overview_settle(&overview);
	decisions.count = 1;
	decisions.decision[0].at = SPAN("2027-01-15T07:50:00Z");
	decisions.decision[0].text = shown;
	panel.overview = &overview;
	panel.decisions = &decisions;
	panel.details = add_details;
	panel.context = &shown;
	panel.mail = data[3] % 2 == 0 ? "neomutt" : NULL;
	panel.now = NOW;
	if (overview.count == 0)
		panel_offer_beginning(&panel);
	panel_update(&panel);
	play(panel_draw, panel_press, &panel, data, utf8);
	panel_clear(&panel);
	overview_clear(&overview);
}

static void
play_form(const uint8_t *data, struct span rest, bool utf8)
{
	static struct setup setup;
	static struct setup_facts facts;
	static struct setup_question question;
	static struct form form;
	static struct addresses addresses;
	static char text[6][600];
	struct note note = { "" };
	size_t i, played = 0;

	for (i = 0; i < 6; i++)
		field(&rest, text[i], sizeof(text[i]));
	setup = (struct setup){ .answer = { "" } };
	addresses.count = 1 + data[3] / 2 % 2;
	for (i = 0; i < addresses.count; i++) {
		(void)span_copy(
		    span_cut(span_of(text[1]), 0, OWN_ADDRESS_SIZE - 1),
		    addresses.found[i].address, OWN_ADDRESS_SIZE);
		(void)span_copy(span_cut(span_of(text[2]), 0, WHENCE_SIZE - 1),
		    addresses.found[i].whence, WHENCE_SIZE);
	}
	facts = (struct setup_facts){ .program = "neomutt",
		.why = text[0],
		.has = { "neomutt" },
		.has_count = 1,
		.addresses = &addresses,
		.lines = text[3],
		.config = text[4],
		.stands = text[5],
		.mailboxes = text[3],
		.subject = text[4] };
	for (i = 0; i < KEYS_MAX && played < FORMS; i++) {
		setup_ask(&setup, &facts, &question);
		if (question.kind == SETUP_RUNS)
			setup_ran(&setup, &question, data[HEAD + i] % 3);
		if (question.kind == SETUP_RUNS || question.kind == SETUP_ENDS)
			continue;
		played++;
		form_begin(&form, &setup, &question, text[0]);
		play(form_draw, form_press, &form, data, utf8);
		if (form.result == FORM_ANSWER &&
		    !setup_answer(&setup, &question, form_answer(&form), &note))
			assert(text_is_shown(note.text, sizeof(note.text)));
	}
}

/* It has no keys, and what is said comes from a CA. */
static void
play_waiting(const uint8_t *data, struct span rest, bool utf8)
{
	static struct waiting waiting;
	size_t i;

	waiting = (struct waiting){ .steps = 4,
		.current = data[3] % 5,
		.whom = "waiting for you",
		.leave = "q leaves and loses nothing; mailcert finish goes on.",
		.elapsed = (int64_t)data[4] * 100 };
	field(&rest, waiting.title, sizeof(waiting.title));
	for (i = 0; i < WAITING_ABOUT_MAX; i++)
		field(&rest, waiting.about[i], sizeof(waiting.about[i]));
	for (i = 0; i < waiting.steps; i++) {
		waiting.step[i].text = "the challenge is answered";
		field(
		    &rest, waiting.step[i].done, sizeof(waiting.step[i].done));
	}
	if (!page_begin(&page, PAGE_COLUMNS_MIN + data[0] % 120,
		PAGE_ROWS_MIN + data[1] % 40, utf8))
		abort();
	waiting_draw(&waiting, &page);
	page_check(&page, PAGE_COLUMNS_MIN + data[0] % 120,
	    PAGE_ROWS_MIN + data[1] % 40);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = { (const char *)data, size };
	bool utf8;

	if (size < HEAD + KEYS_MAX)
		return 0;
	utf8 = data[2] % 2 == 1;
	rest = span_cut(rest, HEAD + KEYS_MAX, size);
	if (data[2] / 2 % 2 == 0)
		play_panel(data, rest, utf8);
	else if (data[2] / 4 % 2 == 1)
		play_waiting(data, rest, utf8);
	else
		play_form(data, rest, utf8);
	return 0;
}

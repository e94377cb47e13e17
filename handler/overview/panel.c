/* panel.c - the state of the overview's screen, and its keys: see panel.h */
#include "overview/panel.h"

#include <stdio.h>
#include <string.h>

#include "install/install.h"
#include "overview/panel_keys.h"
#include "tui/moves.h"

enum { CTRL_C = 3 };

void
panel_init(struct panel *panel)
{
	*panel = (struct panel){ .page = PANEL_LIST };
	buf_init(&panel->text, 256 * 1024);
}

void
panel_clear(struct panel *panel)
{
	buf_clear(&panel->text);
}

/* How many are shown: what is over comes last, and is not. */
static size_t
shown(const struct panel *panel)
{
	return panel->overview->count -
	    overview_count(panel->overview, OVERVIEW_OVER);
}

static bool
is_same(const struct overview_item *a, const struct overview_item *b)
{
	return strcmp(a->id, b->id) == 0 &&
	    (a->id[0] != '\0' || strcmp(a->what, b->what) == 0);
}

static void
select_item(struct panel *panel, size_t at)
{
	const size_t count = shown(panel);

	if (at >= count)
		at = count > 0 ? count - 1 : 0;
	panel->at = at;
	if (count > 0)
		panel->selected = panel->overview->item[at];
}

void
panel_update(struct panel *panel)
{
	const size_t count = shown(panel);
	const bool first = panel->selected.word == NULL;
	size_t i;

	for (i = 0; i < count && !first; i++)
		if (is_same(&panel->overview->item[i], &panel->selected))
			break;
	panel->gone = panel->gone || (!first && i == count);
	select_item(panel, first ? 0 : i < count ? i : panel->at);
}

/* --- what a key leads to ---------------------------------------------------*/

static void
say(struct panel *panel, const char *message)
{
	(void)snprintf(panel->message, sizeof(panel->message), "%s", message);
}

static enum screen_next
run(struct panel *panel, struct panel_command command)
{
	panel->command = command;
	return SCREEN_END;
}

static bool
is_empty(const struct panel_command *command)
{
	return command->word[0] == NULL && !command->mail &&
	    command->timer == NULL;
}

bool
panel_leaves(const struct panel *panel)
{
	return is_empty(&panel->command);
}

static struct panel_choice *
add_choice(
    struct panel *panel, const char *key, const char *label, const char *about)
{
	struct panel_choice *choice;

	if (panel->choices == PANEL_CHOICES_MAX)
		return NULL;
	choice = &panel->choice[panel->choices++];
	*choice =
	    (struct panel_choice){ .key = key, .label = label, .about = about };
	return choice;
}

static void
begin_choices(struct panel *panel, const char *title)
{
	panel->page = PANEL_CHOICES;
	panel->title = title;
	panel->choices = panel->chosen = 0;
	panel->general = false;
	(void)snprintf(
	    panel->subject, sizeof(panel->subject), "%s", panel->selected.id);
}

/* The challenge is a message, and messages are the mail program's. */
static enum screen_next
answer(struct panel *panel)
{
	struct panel_choice *choice;

	begin_choices(panel, "Answer the challenge");
	if (panel->mail != NULL &&
	    (choice = add_choice(panel, "m", panel->mail,
		 "open the message there, and press Esc a on it")) != NULL)
		choice->command.mail = true;
	if (panel->mailboxes &&
	    (choice = add_choice(panel, "l", "look in my mailboxes",
		 "those of \"watch\"; answers it if your rules allow")) != NULL)
		choice->command =
		    (struct panel_command){ .word = { "watch", "--once" } };
	if ((choice = add_choice(panel, "f", "from a file",
		 "a message that you saved, or that lies in a Maildir")) !=
	    NULL)
		choice->command = (struct panel_command){
			.word = { "handle" }, .ask = "File: ", .path = true
		};
	if ((choice = add_choice(panel, "h", "by hand",
		 "paste its token, get the three lines for a reply")) != NULL)
		choice->command = (struct panel_command){
			.word = { "respond", panel->subject }
		};
	return SCREEN_STAY;
}

static enum screen_next
install(struct panel *panel)
{
	static const char *const programs[][2] = { { "mutt", "mutt" },
		{ "neomutt", "neomutt" }, { "gpgsm", "gpgsm, and KMail" },
		{ "thunderbird", "Thunderbird" }, { "s-nail", "s-nail" },
		{ "alpine", "alpine" }, { "nss", "an NSS database" } };
	struct panel_choice *choice;
	size_t i;

	begin_choices(panel, "Install it into");
	for (i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		if (install_find(programs[i][0]) == NULL)
			continue;
		choice = add_choice(panel, "", programs[i][1], "");
		if (choice == NULL)
			break;
		choice->command = (struct panel_command){
			.word = { "install", programs[i][0], panel->subject }
		};
		if (panel->program != NULL &&
		    strcmp(panel->program, programs[i][0]) == 0)
			panel->chosen = panel->choices - 1;
	}
	return SCREEN_STAY;
}

/* One that is not due is renewed after a question only. */
static enum screen_next
renew(struct panel *panel)
{
	const struct overview_item *item = &panel->selected;
	const struct panel_command now = { .word = { "renew", "--force",
					       panel->subject } };
	struct panel_choice *choice;

	if (item->failed)
		(void)snprintf(panel->subject, sizeof(panel->subject), "%s",
		    item->replaces);
	if (item->grade != OVERVIEW_GOOD)
		return run(panel, now);
	begin_choices(panel, "It is not due yet");
	(void)add_choice(panel, "l", "leave it", "it is renewed in time");
	if ((choice = add_choice(panel, "r", "renew it now",
		 "a new order, a new challenge")) != NULL)
		choice->command = now;
	return SCREEN_STAY;
}

/* What would be run or written is in sight. */
static enum screen_next
turn_timer_on(struct panel *panel)
{
	struct panel_choice *choice;
	size_t i;

	if (panel->renewal != PANEL_BY_HAND) {
		say(panel,
		    panel->renewal == PANEL_BY_ITSELF
			? "Certificates renew by themselves."
			: "Not here; ? lists the keys.");
		return SCREEN_STAY;
	}
	begin_choices(panel, "Renew automatically?");
	panel->general = true;
	for (i = 0; i < panel->ways; i++)
		if ((choice = add_choice(panel, "", panel->way[i].value,
			 panel->way[i].about)) != NULL)
			choice->command =
			    (struct panel_command){ .timer =
							panel->way[i].value };
	(void)add_choice(panel, "n", "no", "mailcert renew, when it is due");
	return SCREEN_STAY;
}

static const struct panel_command
    order_new = { .word = { "order" }, .ask = "Address: " },
    import_file = { .word = { "import" }, .ask = "File: ", .path = true },
    web_page = { .word = { "csr" }, .ask = "Address: " },
    doctor = { .word = { "doctor" } };

/* What a home without anything offers. */
void
panel_offer_beginning(struct panel *panel)
{
	struct panel_choice *choice;
	const size_t chosen = panel->chosen;

	panel->choices = 0;
	if ((choice = add_choice(panel, "n", "get one for my address",
		 "step by step, to a signed message")) != NULL)
		choice->command = (struct panel_command){ .word = { "setup" } };
	if ((choice = add_choice(
		 panel, "o", "I have a file", ".p12, .pfx, .pem")) != NULL)
		choice->command = import_file;
	if ((choice = add_choice(panel, "w", "my CA has a web page",
		 "makes the request to paste there")) != NULL)
		choice->command = web_page;
	if ((choice = add_choice(
		 panel, "d", "check this machine first", "doctor")) != NULL)
		choice->command = doctor;
	panel->chosen = chosen < panel->choices ? chosen : 0;
}

static enum screen_next
open_text(struct panel *panel)
{
	panel->before = panel->page;
	panel->page = PANEL_TEXT;
	return SCREEN_STAY;
}

static enum screen_next
open_details(struct panel *panel)
{
	if (shown(panel) == 0)
		return SCREEN_STAY;
	buf_clear(&panel->text);
	panel->details(
	    panel->context, &panel->selected, panel->columns, &panel->text);
	(void)snprintf(panel->subtitle, sizeof(panel->subtitle), "Details%s%s",
	    panel->selected.address[0] != '\0' ? ": " : "",
	    panel->selected.address);
	reader_open(&panel->reader, panel->subtitle, buf_span(&panel->text));
	return open_text(panel);
}

static enum screen_next
open_help(struct panel *panel)
{
	size_t count;
	const struct page_key *keys = panel->page == PANEL_CHOICES
	    ? panel_choice_keys(&count)
	    : panel_keys(&count);

	reader_open_help(&panel->reader, keys, count);
	return open_text(panel);
}

static enum screen_next
act(struct panel *panel, enum overview_act wanted)
{
	const bool can =
	    shown(panel) > 0 && (panel->selected.can & (unsigned)wanted) != 0;

	if (panel->gone) {
		panel->gone = false;
		say(panel, "That line is gone; press again.");
		return SCREEN_STAY;
	}
	if (!can) {
		say(panel, "Not here; ? lists the keys.");
		return SCREEN_STAY;
	}
	(void)snprintf(
	    panel->subject, sizeof(panel->subject), "%s", panel->selected.id);
	switch (wanted) {
	case OVERVIEW_ANSWER:
		return answer(panel);
	case OVERVIEW_FINISH:
		return run(panel,
		    (struct panel_command){
			.word = { "finish", panel->subject } });
	case OVERVIEW_RENEW:
		return renew(panel);
	case OVERVIEW_INSTALL:
		return install(panel);
	default:
		return SCREEN_STAY;
	}
}

/* --- keys ------------------------------------------------------------------*/

/* Move, by whatever key: false, if it is not one that moves. */
static bool
move(struct panel *panel, const struct stroke *stroke)
{
	const enum move by = move_of(stroke);
	const bool chooses = panel->page == PANEL_CHOICES || shown(panel) == 0;
	const size_t count = chooses ? panel->choices : shown(panel);
	const size_t at = chooses ? panel->chosen : panel->at;
	size_t to;

	if (by == MOVE_NONE)
		return false;
	panel->gone = false;
	to = count > 0
	    ? move_to(by, at, count - 1, panel->room > 1 ? panel->room - 1 : 1)
	    : 0;
	if (chooses)
		panel->chosen = to;
	else
		select_item(panel, to);
	return true;
}

/* The next item, from that one on, whose address or id has the text. */
static void
find_from(struct panel *panel, size_t from)
{
	const size_t count = shown(panel);
	const struct overview_item *item;
	size_t i, at;

	for (i = 0; i < count; i++) {
		at = (from + i) % count;
		item = &panel->overview->item[at];
		if (strcasestr(item->address, panel->find) == NULL &&
		    strcasestr(item->id, panel->find) == NULL)
			continue;
		select_item(panel, at);
		panel->message[0] = '\0';
		return;
	}
	say(panel, "Not found.");
}

static enum screen_next
press_find(struct panel *panel, const struct stroke *stroke)
{
	const unsigned char byte = stroke->byte;
	size_t len = strlen(panel->find);

	if (stroke->kind == STROKE_ESCAPE ||
	    (stroke->kind == STROKE_TYPED &&
		(byte == '\r' || byte == '\n' || byte == CTRL_C))) {
		panel->finding = false;
		return SCREEN_STAY;
	}
	if (stroke->kind != STROKE_TYPED && stroke->kind != STROKE_PASTED) {
		panel->finding = false;
		return panel_press(panel, stroke, 0);
	}
	if (byte == 0x7f || byte == '\b') {
		/* With all octets of a character. */
		while (len > 0 &&
		    ((unsigned char)panel->find[--len] & 0xc0) == 0x80)
			;
		panel->find[len] = '\0';
	} else if (byte > ' ' && len + 1 < sizeof(panel->find)) {
		panel->find[len] = (char)byte;
		panel->find[len + 1] = '\0';
	}
	find_from(panel, panel->at);
	return SCREEN_STAY;
}

/* q, Escape, ^C: back one level, and from the list out. */
static enum screen_next
leave(struct panel *panel)
{
	if (panel->page == PANEL_LIST)
		return run(panel, (struct panel_command){ .ask = NULL });
	panel->page = PANEL_LIST;
	panel->chosen = 0;
	return SCREEN_STAY;
}

static enum screen_next
choose(struct panel *panel, size_t which)
{
	const struct panel_command *command = &panel->choice[which].command;

	return is_empty(command) ? leave(panel) : run(panel, *command);
}

static enum screen_next
press_choices(struct panel *panel, unsigned char byte)
{
	size_t i, which = panel->choices;

	for (i = 0; i < panel->choices; i++)
		if (byte != 0 && panel->choice[i].key[0] == (char)byte)
			which = i;
	if (byte == '\r' || byte == '\n')
		which = panel->chosen;
	else if (byte >= '1' && byte <= '9')
		which = (size_t)(byte - '1');
	return which < panel->choices ? choose(panel, which) : SCREEN_STAY;
}

static enum screen_next
press_list(struct panel *panel, unsigned char byte)
{
	switch (byte) {
	case '\r':
	case '\n':
		if (shown(panel) > 0)
			return open_details(panel);
		return press_choices(panel, byte);
	case 'a':
		return act(panel, OVERVIEW_ANSWER);
	case 'f':
		return act(panel, OVERVIEW_FINISH);
	case 'r':
		return act(panel, OVERVIEW_RENEW);
	case 'i':
		return act(panel, OVERVIEW_INSTALL);
	case 'n':
		return shown(panel) == 0 ? press_choices(panel, byte)
					 : run(panel, order_new);
	case 'o':
		return run(panel, import_file);
	case 'w':
		return run(panel, web_page);
	case 'd':
		return run(panel, doctor);
	case 't':
		return turn_timer_on(panel);
	case '/':
		panel->finding = shown(panel) > 0;
		(void)memset(panel->find, 0, sizeof(panel->find));
		return SCREEN_STAY;
	default:
		return SCREEN_STAY;
	}
}

/* The text is left: q and Escape go back to the page below it. */
static enum screen_next
press_text(struct panel *panel, const struct stroke *stroke)
{
	if (!reader_press(&panel->reader, stroke))
		panel->page = panel->before;
	return SCREEN_STAY;
}

enum screen_next
panel_press(void *context, const struct stroke *stroke, int64_t now_ms)
{
	struct panel *panel = context;
	const unsigned char byte = move_typed(stroke);
	enum screen_next next;

	(void)now_ms;
	panel->message[0] = '\0';
	if (panel->page == PANEL_TEXT)
		return press_text(panel, stroke);
	if (panel->finding)
		return press_find(panel, stroke);
	if (panel->page == PANEL_LIST && shown(panel) == 0)
		panel_offer_beginning(panel);
	if (move(panel, stroke))
		return SCREEN_STAY;
	if (byte == 'q' || byte == CTRL_C || stroke->kind == STROKE_ESCAPE)
		return leave(panel);
	if (stroke->kind != STROKE_TYPED)
		return SCREEN_STAY;
	if (byte == '?')
		return open_help(panel);
	next = panel->page == PANEL_CHOICES ? press_choices(panel, byte)
					    : press_list(panel, byte);
	/* Who presses one key does not send ten at once: a paste. */
	if (next == SCREEN_END && stroke->more) {
		panel->command = (struct panel_command){ .ask = NULL };
		next = SCREEN_FRESH;
	}
	return next;
}

/* verb.c - the table of verbs, and messages checked against it: see verb.h */
#include "base/verb.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

enum { FRAMES_MAX = 32 }; /* names in one list */

static const struct verb_row table[] = {
#define X(name, program, verb, opens, takes, gives, fails) \
	{ program, verb, opens, takes, gives, fails },
	VERB_TABLE(X)
#undef X
};

const struct verb_row *
verb_row(enum verb_id verb)
{
	assert(verb < VERB_COUNT);
	return &table[verb];
}

bool
verb_find(const char *program, const char *name, enum verb_id *out)
{
	size_t i;

	for (i = 0; i < VERB_COUNT; i++)
		if (strcmp(table[i].program, program) == 0 &&
		    strcmp(table[i].name, name) == 0) {
			*out = (enum verb_id)i;
			return true;
		}
	return false;
}

bool
verb_fault(enum status status)
{
	return status == STATUS_USAGE || status == STATUS_BUG ||
	    status == STATUS_MEMORY || status == STATUS_CRYPTO ||
	    status == STATUS_IO || status == STATUS_BAD_SIZE;
}

/* Take the next word off a list of the table. */
static bool
take_word(struct span *list, struct span *out)
{
	const size_t end = span_find_byte(*list, ' ');

	*out = span_cut(*list, 0, end);
	*list = span_cut(*list, end + 1, list->len);
	return out->len > 0;
}

/* One name of a list, and how often it may and was seen. */
struct allowed {
	struct span name;
	bool needed, many, seen;
};

static size_t
read_list(const char *text, struct allowed out[FRAMES_MAX])
{
	struct span list = span_of(text), word;
	size_t count = 0;
	char last;

	while (take_word(&list, &word)) {
		assert(count < FRAMES_MAX);
		last = word.at[word.len - 1];
		out[count].many = last == '*' || last == '+';
		out[count].needed = last != '*' && last != '?';
		out[count].seen = false;
		if (last == '+' || last == '*' || last == '?')
			word.len--;
		out[count++].name = word;
	}
	return count;
}

static bool
is_wrong(struct note *note, const char *what, struct span name)
{
	char shown[80];

	text_show_in(shown, sizeof(shown), name, false);
	note_say(note, "%s frame \"%s\"", what, shown);
	return false;
}

bool
verb_frames_ok(const char *list, struct span frames, struct note *note)
{
	struct allowed allowed[FRAMES_MAX];
	const size_t count = read_list(list, allowed);
	enum status status;
	struct frame frame;
	size_t i;

	while ((status = frame_take(&frames, &frame)) == STATUS_OK) {
		for (i = 0; i < count; i++)
			if (span_eq(allowed[i].name, frame.name))
				break;
		if (i == count)
			return is_wrong(note, "unknown", frame.name);
		if (allowed[i].seen && !allowed[i].many)
			return is_wrong(note, "more than one", frame.name);
		allowed[i].seen = true;
	}
	if (status != STATUS_END) {
		note_say(note, "malformed frames");
		return false;
	}
	for (i = 0; i < count; i++)
		if (allowed[i].needed && !allowed[i].seen)
			return is_wrong(note, "missing", allowed[i].name);
	return true;
}

/* Without the frame "end", which must be its last. */
static bool
cut_end(struct span *message, struct note *note)
{
	static const char end[] = FRAME_END " 0\n\n";

	if (!frame_ended(*message) || message->len < sizeof(end) - 1)
		return is_wrong(note, "missing", SPAN(FRAME_END));
	*message = span_cut(*message, 0, message->len - (sizeof(end) - 1));
	return true;
}

bool
verb_question_ok(enum verb_id verb, struct span question, struct note *note)
{
	const struct verb_row *row = verb_row(verb);
	struct frame open;

	if (!cut_end(&question, note))
		return false;
	if (row->opens[0] == '\0')
		return verb_frames_ok(row->takes, question, note);
	if (frame_take(&question, &open) != STATUS_OK ||
	    !span_eq(open.name, SPAN(FRAME_OPEN)))
		return is_wrong(note, "missing", SPAN(FRAME_OPEN));
	return verb_frames_ok(row->opens, open.value, note) &&
	    verb_frames_ok(row->takes, question, note);
}

/* A status by its name: OK, or what the verb may fail with. */
static bool
take_status(const struct verb_row *row, struct span name, enum status *out)
{
	struct span list = span_of(row->fails), word;
	enum status status;

	for (status = STATUS_OK; status < STATUS_COUNT; status++)
		if (span_eq(name, span_of(status_name(status))))
			break;
	if (status == STATUS_COUNT)
		return false;
	*out = status;
	if (status == STATUS_OK || verb_fault(status))
		return true;
	while (take_word(&list, &word))
		if (span_eq(word, name))
			return true;
	return false;
}

bool
verb_answer_ok(enum verb_id verb, struct span answer, enum status *status,
    struct note *said)
{
	const struct verb_row *row = verb_row(verb);
	struct frame name, note;
	char shown[sizeof(said->text)];

	if (!cut_end(&answer, said))
		return false;
	if (frame_take(&answer, &name) != STATUS_OK ||
	    !span_eq(name.name, SPAN("status")))
		return is_wrong(said, "missing", SPAN("status"));
	if (frame_take(&answer, &note) != STATUS_OK ||
	    !span_eq(note.name, SPAN("note")))
		return is_wrong(said, "missing", SPAN("note"));
	if (!take_status(row, name.value, status)) {
		note_say(said, "unexpected status");
		return false;
	}
	if (!verb_frames_ok(
		*status == STATUS_OK ? row->gives : "", answer, said))
		return false;
	text_show_in(shown, sizeof(shown), note.value, true);
	note_say(said, "%s", shown);
	return true;
}

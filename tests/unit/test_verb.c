/* test_verb.c - questions and answers checked against the table of verbs */
#include "tap.h"

#include "base/verb.h"

static bool
frames(const char *list, const char *text)
{
	struct note note = { "" };
	const bool good = verb_frames_ok(list, span_of(text), &note);

	/* A refusal says why. */
	return good || note.text[0] == '\0';
}

static void
test_lists(void)
{
	OK(frames("", ""));
	OK(!frames("", "a 0\n\n"));
	OK(frames("a", "a 0\n\n"));
	OK(!frames("a", ""));
	OK(!frames("a", "a 0\n\na 0\n\n"));
	OK(!frames("a", "a 0\n\nb 0\n\n"));
	OK(!frames("ab", "a 0\n\n"));
	OK(frames("a?", ""));
	OK(frames("a?", "a 0\n\n"));
	OK(!frames("a?", "a 0\n\na 0\n\n"));
	OK(frames("a*", ""));
	OK(frames("a* b", "a 0\n\nb 0\n\na 0\n\n"));
	OK(!frames("a+ b", "b 0\n\n"));
	OK(frames("a+", "a 0\n\na 0\n\n"));
	OK(!frames("a", "a 0\n\nx"));
	OK(!frames("a", "a 5\n\n"));
}

/* Each list of the table can be read, and no frame has a name that the form
 * of messages needs. */
static void
test_table(void)
{
	struct note note = { "" };
	const char *lists[3];
	enum verb_id verb, found;
	size_t i;

	for (verb = 0; verb < VERB_COUNT; verb++) {
		const struct verb_row *row = verb_row(verb);

		OK(verb_find(row->program, row->name, &found) && found == verb);
		lists[0] = row->opens;
		lists[1] = row->takes;
		lists[2] = row->gives;
		for (i = 0; i < 3; i++) {
			OK(!verb_frames_ok(
			    lists[i], SPAN("no-such 0\n\n"), &note));
			OK(!verb_frames_ok(
			    lists[i], SPAN("status 0\n\n"), &note));
			OK(!verb_frames_ok(lists[i], SPAN("end 0\n\n"), &note));
		}
	}
	OK(!verb_find("mailcert-verify", "jws", &found));
	OK(!verb_find("mailcert", "response", &found));
	OK(!verb_find("mailcert-verify", "", &found));
}

/* Each status that a verb may fail with is one. */
static void
test_statuses(void)
{
	enum status status;
	enum verb_id verb;
	struct span list, word;
	size_t end;

	for (verb = 0; verb < VERB_COUNT; verb++)
		for (list = span_of(verb_row(verb)->fails); list.len > 0;) {
			end = span_find_byte(list, ' ');
			word = span_cut(list, 0, end);
			list = span_cut(list, end + 1, list.len);
			for (status = 0; status < STATUS_COUNT; status++)
				if (span_eq(word, span_of(status_name(status))))
					break;
			OK(status < STATUS_COUNT && status != STATUS_OK);
		}
}

static bool
asks(enum verb_id verb, const char *question)
{
	return verb_question_ok(verb, span_of(question), NULL);
}

static void
test_questions(void)
{
	OK(asks(VERB_DIGEST, "message 1\nx\nend 0\n\n"));
	OK(!asks(VERB_DIGEST, "message 1\nx\n"));
	OK(!asks(VERB_DIGEST, "message 1\nx\nend 1\n0\n"));
	OK(!asks(VERB_DIGEST, "end 0\n\n"));
	OK(!asks(VERB_DIGEST, "end 0\n\nmessage 1\nx\n"));
	OK(!asks(VERB_DIGEST, "message 1\nx\nend 0\n\nend 0\n\n"));
	OK(asks(VERB_DIGEST, "message 1\nx\nmessage 1\nx\nend 0\n\n"));
	OK(!asks(VERB_RECIPIENT, "message 1\nx\nmessage 1\nx\nend 0\n\n"));
	OK(!asks(VERB_DIGEST, "open 0\n\nmessage 1\nx\nend 0\n\n"));
	OK(!asks(VERB_DIGEST, ""));
}

static bool
says(enum verb_id verb, const char *answer, enum status want)
{
	struct note note = { "" };
	enum status status = STATUS_COUNT;

	return verb_answer_ok(verb, span_of(answer), &status, &note) &&
	    status == want;
}

#define END "end 0\n\n"

static void
test_answers(void)
{
	static const char *const bad[] = { "", END, "status 4\ndone\n",
		"status 4\ndone\nnote 0\n\n",
		"status 4\ndone\nnote 0\n\n" END, /* no digest */
		"status 4\ndone\ndigest 1\nx\n" END,
		"note 0\n\nstatus 4\ndone\ndigest 1\nx\n" END,
		"status 4\ndone\nnote 0\n\ndigest 1\nx\ndigest 1\nx\n" END,
		"status 4\ndone\nnote 0\n\ndigest 1\nx\nx 0\n\n" END,
		"status 4\ndone\nnote 0\n\ndigest 1\nx\n" END "x",
		"status 9\nbad-token\nnote 0\n\ndigest 1\nx\n" END,
		/* statuses that there are not, or not of this verb */
		"status 0\n\nnote 0\n\n" END, "status 4\nDONE\nnote 0\n\n" END,
		"status 7\nunknown\nnote 0\n\n" END,
		"status 8\ndeclined\nnote 0\n\n" END,
		"status 11\nonly-a-part\nnote 0\n\n" END,
		"status 10\nca-refused\nnote 0\n\n" END };
	size_t i;

	OK(says(VERB_RESPONSE, "status 4\ndone\nnote 0\n\ndigest 1\nx\n" END,
	    STATUS_OK));
	OK(says(VERB_RESPONSE, "status 9\nbad-token\nnote 0\n\n" END,
	    STATUS_BAD_TOKEN));
	OK(says(VERB_RESPONSE, "status 13\nout-of-memory\nnote 0\n\n" END,
	    STATUS_MEMORY));
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		OK(!says(VERB_RESPONSE, bad[i], STATUS_OK) &&
		    !says(VERB_RESPONSE, bad[i], STATUS_BAD_PART));
}

/* A sentence is made fit for a terminal here, whoever wrote it. */
static void
test_note(void)
{
	struct note note = { "" };
	enum status status = STATUS_COUNT;

	OK(verb_answer_ok(VERB_DIGEST,
	    SPAN("status 6\ncrypto\nnote 8\n\033]0;a\007\nb\n" END), &status,
	    &note));
	TEXT(span_of(note.text), "\\x1b]0;a\\x07\\x0ab");
	OK(status == STATUS_CRYPTO);
}

int
main(void)
{
	test_lists();
	test_table();
	test_statuses();
	test_questions();
	test_answers();
	test_note();
	return tap_done();
}

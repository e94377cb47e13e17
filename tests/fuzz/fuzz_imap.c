/* fuzz_imap.c - helpers/mail/imap: what a server answers, whatever it is asked */
#include <string.h>

#include "base/frame.h"
#include "base/text.h"
#include "fuzz.h"
#include "helpers/mail/imap.h"
#include "helpers/mail/imap_name.h"
#include "tests/unit/script.h"

enum { MOST = 200 };

static void
add_question(uint8_t kind, struct buf *out)
{
	frame_add(out, "folder", SPAN("Entw\xc3\xbcrfe"));
	frame_add(out, "validity", SPAN("7"));
	frame_add(out, "after", kind & 8 ? SPAN("3") : SPAN("0"));
	frame_add(out, "since", SPAN("1796036400"));
	frame_add(out, "domain", SPAN("ca.example"));
	if (kind & 16)
		frame_add(out, "auto-submitted", SPAN("1"));
	if (kind & 4)
		frame_add(out, "kind", SPAN("report"));
	frame_add_number(out, "most", MOST);
	frame_add(out, "uid", SPAN("4"));
	frame_add(out, "answered", SPAN("1"));
	frame_add(out, "move", SPAN("Done"));
	frame_add(out, "message", SPAN("a: b\n\nc\n"));
}

/* Whatever the server says, the answer is what the table of verbs allows. */
static void
check_look(struct span answer)
{
	struct span rest = answer, uid, message;
	size_t messages = 0, octets = 0;
	int64_t number, before = 0, after;

	assert(frame_number(frame_get(answer, "validity"), &number));
	assert(number > 0 && number <= UINT32_MAX);
	assert(frame_number(frame_get(answer, "after"), &after));
	while (frame_next(&rest, "uid", &uid)) {
		assert(frame_number(uid, &number));
		assert(number > before && number <= after);
		before = number;
		assert(frame_next(&rest, "message", &message));
		assert(message.len <= MOST);
		messages++;
		octets += message.len;
	}
	assert(messages <= 64 && octets <= MOST);
}

/* One question in a dialogue that is open. */
static enum status
ask(struct imap *imap, uint8_t kind, struct buf *out, struct note *note)
{
	struct buf question;
	enum status status;
	struct span frames;

	buf_init(&question, 4096);
	add_question(kind, &question);
	frames = buf_span(&question);
	/* Without "folder": the one for drafts. */
	if (kind & 8 && (kind & 3) == 1) {
		buf_cut(&question, 0);
		frame_add(&question, "special", SPAN("drafts"));
		frame_add(&question, "message", SPAN("x\n"));
		frames = buf_span(&question);
	}
	switch (kind & 3) {
	case 1:
		status = imap_answer_append(imap, frames, out, note);
		break;
	case 2:
		status = imap_answer_mark(imap, frames, note);
		break;
	default:
		status = imap_answer_look(imap, frames, out, note);
		if (status == STATUS_OK)
			check_look(buf_span(out));
	}
	buf_clear(&question);
	return status;
}

/* The first octet chooses the question and the mechanisms, the second how the
 * answers come in pieces. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct imap imap;
	const struct sasl_account account = { .user = SPAN("alice"),
		.secret = SPAN("secret"),
		.token = size > 0 && (data[0] & 64) != 0,
		.host = SPAN("h"),
		.port = 993 };
	struct note note = { "" };
	struct script script;
	struct stream stream;
	enum status status;
	struct buf out;

	if (size < 2)
		return 0;
	stream = script_stream(&script,
	    (struct span){ (const char *)data + 2, size - 2 }, data[1] + 1u);
	script.at_end = data[0] & 128 ? STATUS_AGAIN : STATUS_END;
	buf_init(&out, 100000);
	status = imap_begin(&imap, &stream, (data[0] & 32) != 0, &note);
	if (status == STATUS_OK && (data[0] & 4) == 0)
		status = imap_login(&imap, &account, &note);
	if (status == STATUS_OK)
		status = ask(&imap, data[0], &out, &note);
	assert(status == STATUS_OK || note.text[0] != '\0');
	assert(text_is_shown(note.text, sizeof(note.text)));
	/* One look for each piece, and no more: it does not spin. */
	assert(script.reads <= size + 2);
	/* Names go both ways. */
	buf_cut(&out, 0);
	imap_name_decode((struct span){ (const char *)data, size }, &out);
	imap_end(&imap);
	stream_close(&stream);
	buf_clear(&out);
	return 0;
}

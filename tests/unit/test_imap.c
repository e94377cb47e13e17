/* test_imap.c - helpers/mail/imap: what servers are told, and what comes of it */
#include "tap.h"

#include "base/frame.h"
#include "helpers/mail/imap.h"
#include "script.h"

/* --- The dialogue */

#define GREETING "* OK [CAPABILITY IMAP4rev1] hello\r\n"
#define CAN(tag, what) "* CAPABILITY IMAP4rev1 " what "\r\n" tag " OK done\r\n"
/* The begin of every dialogue: then comes m4. */
#define BEGIN(what) \
	GREETING CAN("m1", "AUTH=PLAIN SASL-IR") "m2 OK\r\n" CAN("m3", what)

enum question { LOG_IN, LOOK, APPEND, MARK, LOOK_TWICE };

static struct {
	struct script script;
	struct imap imap;
	struct buf frames; /* of the question; emptied by each */
	struct buf out;
	struct note note;
	struct sasl_account account;
	const char *secret;
	int64_t wait; /* milliseconds between two questions */
} with;

static enum status
ask(enum question question)
{
	const struct span frames = buf_span(&with.frames);

	switch (question) {
	case LOOK:
	case LOOK_TWICE:
		return imap_answer_look(
		    &with.imap, frames, &with.out, &with.note);
	case APPEND:
		return imap_answer_append(
		    &with.imap, frames, &with.out, &with.note);
	case MARK:
		return imap_answer_mark(&with.imap, frames, &with.note);
	case LOG_IN:
		break;
	}
	return STATUS_OK;
}

/* What comes of a question to a server that says this: the status, and the note
 * or the answer. */
static struct span
gives(enum question question, struct span says, bool greeted)
{
	static struct buf result;
	struct frame frame;
	struct span rest;
	struct stream stream;
	enum status status;

	buf_clear(&with.script.told);
	stream = script_stream(&with.script, says, 11);
	with.note.text[0] = '\0';
	with.account = (struct sasl_account){ .user = SPAN("alice"),
		.secret = span_of(with.secret != NULL ? with.secret : "secret"),
		.host = SPAN("mail.example"),
		.port = 993 };
	buf_clear(&with.out);
	buf_init(&with.out, 100000);
	buf_clear(&result);
	buf_init(&result, 100000);
	status = imap_begin(&with.imap, &stream, greeted, &with.note);
	if (status == STATUS_OK)
		status = imap_login(&with.imap, &with.account, &with.note);
	if (status == STATUS_OK)
		status = ask(question);
	if (status == STATUS_OK && question == LOOK_TWICE) {
		buf_cut(&with.out, 0);
		with.script.now += with.wait;
		status = imap_is_alive(&with.imap) ? ask(question) : STATUS_NET;
	}
	imap_end(&with.imap);
	buf_clear(&with.frames);
	buf_init(&with.frames, 100000);
	buf_add_text(&result, status_name(status));
	if (status != STATUS_OK)
		buf_addf(&result, ": %s", with.note.text);
	rest = buf_span(&with.out);
	while (status == STATUS_OK && frame_take(&rest, &frame) == STATUS_OK)
		buf_addf(&result, " %.*s=%.*s", (int)frame.name.len,
		    frame.name.at, (int)frame.value.len, frame.value.at);
	return buf_span(&result);
}

static void
frame(const char *name, const char *value)
{
	if (with.frames.ceiling == 0)
		buf_init(&with.frames, 100000);
	frame_add(&with.frames, name, span_of(value));
}

/* What the server was told from that tag on. */
static struct span
told(const char *tag)
{
	const struct span all = buf_span(&with.script.told);

	return span_cut(all, span_find(all, span_of(tag)), all.len);
}

#define GIVES(question, says, want) \
	TEXT(gives((question), SPAN(says), false), want)

static void
test_login(void)
{
	GIVES(LOG_IN, BEGIN(""), "done");
	TEXT(told("m1"),
	    "m1 CAPABILITY\r\nm2 AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==\r\n"
	    "m3 CAPABILITY\r\n");
	/* Without an initial response; unasked words anywhere. */
	GIVES(LOG_IN,
	    GREETING
		CAN("m1", "AUTH=PLAIN LOGINDISABLED") "* 3 EXISTS\r\n+ \r\n* OK x\r\nm2 OK\r\n* 3 EXPUNGE\r\n" CAN(
		    "m3", ""),
	    "done");
	TEXT(told("m2"),
	    "m2 AUTHENTICATE PLAIN\r\nAGFsaWNlAHNlY3JldA==\r\nm3 CAPABILITY\r\n");
	GIVES(LOG_IN, GREETING CAN("m1", "") "m2 OK\r\n" CAN("m3", ""), "done");
	TEXT(told("m2"), "m2 LOGIN \"alice\" \"secret\"\r\nm3 CAPABILITY\r\n");
	with.secret = "a\"\\b";
	GIVES(LOG_IN, GREETING CAN("m1", "") "m2 OK\r\n" CAN("m3", ""), "done");
	TEXT(told("m2"),
	    "m2 LOGIN \"alice\" \"a\\\"\\\\b\"\r\nm3 CAPABILITY\r\n");
	with.secret = "gr\xc3\xbc\xc3\x9f";
	GIVES(LOG_IN,
	    GREETING CAN("m1", "") "+ go on\r\nm2 OK\r\n" CAN("m3", ""),
	    "done");
	TEXT(told("m2"),
	    "m2 LOGIN \"alice\" {6}\r\ngr\xc3\xbc\xc3\x9f\r\nm3 CAPABILITY\r\n");
	with.secret = NULL;
}

static void
test_no_login(void)
{
	GIVES(LOG_IN,
	    GREETING CAN("m1", "") "m2 NO [AUTHENTICATIONFAILED] x\r\n",
	    "login-failed: it does not accept the password: x");
	GIVES(LOG_IN, GREETING CAN("m1", "AUTH=PLAIN SASL-IR") "m2 NO\r\n",
	    "login-failed: it does not accept the password: it does not say why");
	GIVES(LOG_IN, GREETING CAN("m1", "") "m2 NO [UNAVAILABLE] x\r\n",
	    "try-again: it refuses the login: x");
	GIVES(LOG_IN, GREETING CAN("m1", "") "m2 NO [PRIVACYREQUIRED] x\r\n",
	    "no: it refuses the login: x");
	GIVES(LOG_IN, GREETING CAN("m1", "") "m2 BAD x\x1b[2J\r\n",
	    "no: it refuses the login: x\\x1b[2J");
	GIVES(LOG_IN, GREETING CAN("m1", "LOGINDISABLED"),
	    "no: it offers no way to log in with a password");
	/* Nothing weaker is tried. */
	GIVES(LOG_IN,
	    GREETING CAN(
		"m1", "AUTH=SCRAM-SHA-256 AUTH=PLAIN SASL-IR") "m2 NO\r\n",
	    "login-failed: it does not accept the password: it does not say why");
	OK(span_find(told("m2"), SPAN("m3")) == told("m2").len);
	OK(span_find(told("m2"), SPAN("PLAIN")) == told("m2").len);
	/* A challenge that is not one ends it. */
	GIVES(LOG_IN,
	    GREETING CAN("m1",
		"AUTH=SCRAM-SHA-256 SASL-IR") "+ !!!\r\nm2 BAD cancelled\r\n",
	    "login-failed: what it says is not SCRAM-SHA-256, with which it "
	    "wants to log us in");
	OK(span_find(told("m2"), SPAN("\r\n*\r\n")) < told("m2").len);
}

/* BYE, the end, or another language, wherever it comes. */
static void
test_broken(void)
{
	static const char *const says[] = { GREETING,
		CAN("m1",
		    "AUTH=PLAIN "
		    "SASL-IR"),
		"m2 OK\r\n", CAN("m3", ""),
		"* OK [UIDVALIDITY 7]\r\n* OK [UIDNEXT 5]\r\n* 4 EXISTS\r\n"
		"m4 OK\r\n",
		"* SEARCH 4\r\nm5 OK\r\n",
		"* 1 FETCH (UID 4 RFC822.SIZE 3 BODY[HEADER.FIELDS (X)] "
		"{0}\r\n)\r\nm6 OK\r\n",
		"* 1 FETCH (UID 4 BODY[] {3}\r\nabc)\r\nm7 OK\r\n" };
	const size_t count = sizeof(says) / sizeof(*says);
	struct buf text;
	size_t i, n;

	buf_init(&text, 10000);
	for (n = 0; n <= count; n++) {
		buf_cut(&text, 0);
		for (i = 0; i < n; i++)
			buf_add_text(&text, says[i]);
		i = text.len;
		frame("folder", "INBOX");
		frame("most", "1000");
		if (n == count) {
			TEXT(gives(LOOK, buf_span(&text), false),
			    "done uid=4 message=abc validity=7 after=4");
			break;
		}
		TEXT(gives(LOOK, buf_span(&text), false),
		    "network-trouble: the script ends");
		buf_add_text(&text, "* BYE sorry\r\n");
		frame("folder", "INBOX");
		frame("most", "1000");
		TEXT(gives(LOOK, buf_span(&text), false),
		    n == 0 ? "try-again: it refuses the connection: sorry"
			   : "network-trouble: it ends the connection: sorry");
		buf_cut(&text, i);
		buf_add_text(&text, "HTTP/1.1 400 Bad Request\r\n");
		frame("folder", "INBOX");
		frame("most", "1000");
		TEXT(gives(LOOK, buf_span(&text), false),
		    "network-trouble: it sends a malformed answer");
		buf_cut(&text, i);
		buf_add_text(&text, "x9 OK\r\n");
		frame("folder", "INBOX");
		frame("most", "1000");
		TEXT(gives(LOOK, buf_span(&text), false),
		    n == 0
			? "network-trouble: it does not speak IMAP as it "
			  "should"
			: "network-trouble: it answers what it was not asked");
		buf_cut(&text, i);
		buf_add_text(&text, "* PREAUTH hello\r\n");
		frame("folder", "INBOX");
		frame("most", "1000");
		TEXT(gives(LOOK, buf_span(&text), false),
		    n == 0
			? "network-trouble: it does not ask who we are (PREAUTH)"
			: "network-trouble: it answers what it was not asked");
		buf_cut(&text, i);
		buf_add_text(&text, "+ what\r\n");
		frame("folder", "INBOX");
		frame("most", "1000");
		OK(span_starts(gives(LOOK, buf_span(&text), false),
		    n == 2 ? SPAN("login-failed: ")
			   : SPAN("network-trouble: ")));
	}
	buf_clear(&text);
}

/* --- Looking */

#define OPENED(tag, next, exists)               \
	"* FLAGS (\\Seen)\r\n* " exists         \
	" EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n" \
	"* OK [UIDNEXT " next "] x\r\n" tag " OK [READ-ONLY] done\r\n"
#define FIELDS(uid, size, fields)                  \
	"* 1 FETCH (UID " uid " RFC822.SIZE " size \
	" BODY[HEADER.FIELDS (AUTO-SUBMITTED FROM)] " fields ")\r\n"
#define FROM_CA "{20}\r\nFrom: a@ca.example\r\n"
#define FROM_EVE "{21}\r\nFrom: eve@evil.test\r\n"

static void
look_for(const char *validity, const char *after)
{
	frame("folder", "INBOX");
	if (validity != NULL) {
		frame("validity", validity);
		frame("after", after);
	}
	frame("since", "1796036400"); /* 2026-11-30 */
	frame("domain", "ca.example");
	frame("most", "100");
}

static void
test_look(void)
{
	/* A new folder: since the day before; only what may be a challenge. */
	look_for(NULL, NULL);
	GIVES(LOOK,
	    BEGIN("") OPENED(
		"m4", "12", "5") "* SEARCH 3 9 10 11\r\nm5 OK\r\n" FIELDS("3",
		"50", FROM_CA) FIELDS("9", "50", FROM_EVE) FIELDS("11", "5000",
		FROM_CA) "m6 OK\r\n"
			 "* 3 FETCH (FLAGS () UID 3 BODY[] {5}\r\nab\r\nc)\r\nm7 OK\r\n",
	    "done uid=3 message=ab\r\nc uid=11 message= validity=7 after=11");
	TEXT(told("m4"),
	    "m4 EXAMINE \"INBOX\"\r\n"
	    "m5 UID SEARCH UID 1:* SINCE 29-Nov-2026\r\n"
	    "m6 UID FETCH 3,9:11 (UID RFC822.SIZE BODY.PEEK[HEADER.FIELDS "
	    "(AUTO-SUBMITTED FROM)])\r\n"
	    "m7 UID FETCH 3 (UID BODY.PEEK[])\r\n");
	/* Known: only what came since; "n:*" names the last one anyway. */
	look_for("7", "11");
	GIVES(LOOK, BEGIN("") OPENED("m4", "12", "5"),
	    "done validity=7 after=11");
	look_for("7", "10");
	GIVES(LOOK, BEGIN("") OPENED("m4", "12", "5") "* SEARCH 9\r\nm5 OK\r\n",
	    "done validity=7 after=11");
	TEXT(told("m5"), "m5 UID SEARCH UID 11:*\r\n");
	/* Other numbers: all begins again. */
	look_for("8", "100");
	GIVES(LOOK, BEGIN("") OPENED("m4", "12", "5") "* SEARCH\r\nm5 OK\r\n",
	    "done validity=7 after=11");
	TEXT(told("m5"), "m5 UID SEARCH UID 1:* SINCE 29-Nov-2026\r\n");
	/* An empty folder; one that does not say its next number. */
	look_for("8", "100");
	GIVES(LOOK, BEGIN("") OPENED("m4", "12", "0"),
	    "done validity=7 after=11");
	look_for("7", "5");
	GIVES(LOOK,
	    BEGIN("") "* 1 EXISTS\r\n* OK [UIDVALIDITY 7]\r\nm4 OK\r\n"
		      "* SEARCH 6\r\nm5 OK\r\n" FIELDS(
			  "6", "9", FROM_EVE) "m6 OK\r\n",
	    "done validity=7 after=6");
}

/* Twice on one connection: what came meanwhile is seen. */
static void
test_look_again(void)
{
	look_for("7", "11");
	GIVES(LOOK_TWICE,
	    BEGIN("") OPENED("m4", "12",
		"5") "* 6 EXISTS\r\nm5 OK\r\n"
		     "* SEARCH 12\r\nm6 OK\r\n" FIELDS("12", "9",
			 FROM_CA) "m7 OK\r\n"
				  "* 6 FETCH (UID 12 BODY[] \"abc\")\r\nm8 OK\r\n",
	    "done uid=12 message=abc validity=7 after=12");
	TEXT(told("m5"),
	    "m5 NOOP\r\nm6 UID SEARCH UID 12:*\r\n"
	    "m7 UID FETCH 12 (UID RFC822.SIZE BODY.PEEK[HEADER.FIELDS "
	    "(AUTO-SUBMITTED FROM)])\r\nm8 UID FETCH 12 (UID BODY.PEEK[])\r\n");
	/* Nothing new; other numbers, which it tells at once or when the folder
	 * is opened again. */
	look_for("7", "11");
	GIVES(LOOK_TWICE, BEGIN("") OPENED("m4", "12", "5") "m5 OK\r\n",
	    "done validity=7 after=11");
	TEXT(told("m5"), "m5 NOOP\r\n");
	look_for("7", "11");
	GIVES(LOOK_TWICE,
	    BEGIN("") OPENED("m4", "12",
		"5") "* OK [UIDVALIDITY 9] new\r\nm5 OK\r\n"
		     "* 0 EXISTS\r\n* OK [UIDVALIDITY 9]\r\n* OK [UIDNEXT 1]\r\n"
		     "m6 OK\r\n",
	    "done validity=9 after=0");
	with.wait = 60000;
	look_for("7", "11");
	GIVES(LOOK_TWICE,
	    BEGIN("") OPENED("m4", "12",
		"5") "m5 OK\r\n"
		     "* 0 EXISTS\r\n* OK [UIDVALIDITY 9]\r\n* OK [UIDNEXT 1]\r\n"
		     "m6 OK\r\n",
	    "done validity=9 after=0");
	with.wait = 0;
	look_for("7", "11");
	GIVES(LOOK_TWICE, BEGIN("") OPENED("m4", "12", "5") "* BYE idle\r\n",
	    "network-trouble: ");
}

static void
test_look_gone(void)
{
	/* Expunged before the fields came, and after them. */
	look_for("7", "0");
	GIVES(LOOK,
	    BEGIN("") OPENED("m4", "4",
		"3") "* SEARCH 1 2 3\r\nm5 OK\r\n"
		     "* 1 EXPUNGE\r\n" FIELDS("2", "9", FROM_CA) FIELDS("3",
			 "9",
			 FROM_CA) "m6 OK\r\n"
				  "* 1 EXPUNGE\r\nm7 OK\r\n"
				  "* 1 FETCH (UID 3 BODY[] {1}\r\nx)\r\nm8 OK\r\n",
	    "done uid=3 message=x validity=7 after=3");
	/* NO because of one: the others are not lost. */
	look_for("7", "0");
	GIVES(LOOK,
	    BEGIN("") OPENED(
		"m4", "4", "3") "* SEARCH 1 2 3\r\nm5 OK\r\n" FIELDS("2", "9",
		FROM_EVE) "m6 NO some are gone\r\n"
			  "m7 NO [EXPUNGEISSUED] x\r\n"
			  "* 1 FETCH (UID 3 BODY[] {1}\r\nx)\r\nm8 OK\r\n",
	    "done uid=3 message=x validity=7 after=3");
	/* One that cannot be read is named; what may pass is not skipped. */
	look_for("7", "0");
	GIVES(LOOK,
	    BEGIN("") OPENED("m4", "2", "1") "* SEARCH 1\r\nm5 OK\r\n" FIELDS(
		"1", "9", FROM_CA) "m6 OK\r\nm7 NO broken\r\n",
	    "done uid=1 message= validity=7 after=1");
	look_for("7", "0");
	GIVES(LOOK,
	    BEGIN("") OPENED("m4", "2", "1") "* SEARCH 1\r\nm5 OK\r\n" FIELDS(
		"1", "9", FROM_CA) "m6 OK\r\nm7 NO [INUSE] later\r\n",
	    "try-again: it refuses a message: later");
	look_for(NULL, NULL);
	GIVES(LOOK, BEGIN("") "m4 NO [NONEXISTENT] no such\r\n",
	    "missing: it refuses the folder INBOX: no such");
	look_for(NULL, NULL);
	GIVES(LOOK, BEGIN("") "m4 NO [NOPERM] not you\r\n",
	    "no: it refuses the folder INBOX: not you");
	look_for(NULL, NULL);
	GIVES(LOOK, BEGIN("") "m4 NO [SERVERBUG] ouch\r\n",
	    "try-again: it refuses the folder INBOX: ouch");
	look_for(NULL, NULL);
	GIVES(LOOK, BEGIN("") "* 1 EXISTS\r\nm4 OK\r\n",
	    "no: it does not number the messages of the folder INBOX");
}

/* Sizes that lie. */
static void
test_look_lies(void)
{
	look_for("7", "0");
	GIVES(LOOK,
	    BEGIN("") OPENED("m4", "3", "1") "* SEARCH 1\r\nm5 OK\r\n" FIELDS(
		"1", "9",
		FROM_CA) "m6 OK\r\n"
			 "* 1 FETCH (UID 1 BODY[] {104857600000}\r\nxxx",
	    "network-trouble: it announces 104857600000 octets, which is too "
	    "much");
	/* Larger than it said, and than what is asked for: as if it had said
	 * so. */
	look_for("7", "0");
	GIVES(LOOK,
	    BEGIN("") OPENED("m4", "3", "1") "* SEARCH 1\r\nm5 OK\r\n" FIELDS(
		"1", "9",
		FROM_CA) "m6 OK\r\n"
			 "* 1 FETCH (UID 1 BODY[] {101}\r\n"
			 "01234567890123456789012345678901234567890123456789"
			 "01234567890123456789012345678901234567890123456789x)\r\nm7 OK\r\n",
	    "done uid=1 message= validity=7 after=2");
	/* A second one for which there is no room comes with the next answer. */
	look_for("7", "0");
	GIVES(LOOK,
	    BEGIN("") OPENED("m4", "3", "2") "* SEARCH 1 2\r\nm5 OK\r\n" FIELDS(
		"1", "9", FROM_CA) FIELDS("2", "9",
		FROM_CA) "m6 OK\r\n"
			 "* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\nm7 OK\r\n"
			 "* 2 FETCH (UID 2 BODY[] {99}\r\n"
			 "01234567890123456789012345678901234567890123456789"
			 "0123456789012345678901234567890123456789012345678)\r\nm8 OK\r\n",
	    "done uid=1 message=abc validity=7 after=1 more=1");
	/* Shorter than it said: what follows is not a response. */
	look_for("7", "0");
	GIVES(LOOK,
	    BEGIN("") OPENED("m4", "3", "1") "* SEARCH 1\r\nm5 OK\r\n" FIELDS(
		"1", "9",
		FROM_CA) "m6 OK\r\n"
			 "* 1 FETCH (UID 1 BODY[] {1}\r\nabc)\r\nm7 OK\r\n",
	    "network-trouble: it sends a malformed answer");
	/* Another message than the one that was asked for. */
	look_for("7", "0");
	GIVES(LOOK,
	    BEGIN("") OPENED("m4", "3", "1") "* SEARCH 1\r\nm5 OK\r\n" FIELDS(
		"1", "9",
		FROM_CA) "m6 OK\r\n"
			 "* 1 FETCH (UID 2 BODY[] {1}\r\nx)\r\nm7 OK\r\n",
	    "done validity=7 after=2");
}

/* --- Large folders */

/* A folder of that many messages; those whose number ends in 000 match. */
static void
add_search(struct buf *text, const char *tag, uint32_t from, uint32_t to,
    uint32_t step)
{
	uint32_t i;

	buf_add_text(text, "* SEARCH");
	for (i = from; i <= to; i += step)
		buf_addf(text, " %lu", (unsigned long)i);
	buf_addf(text, "\r\n%s OK\r\n", tag);
}

static void
test_look_large(void)
{
	struct buf text;
	uint32_t i;

	buf_init(&text, 8 * 1024 * 1024);
	buf_add_text(&text, BEGIN("") OPENED("m4", "100001", "100000"));
	add_search(&text, "m5", 1, 100000, 1);
	add_search(&text, "m6", 10000, 100000, 10000);
	for (i = 10000; i <= 100000; i += 10000)
		buf_addf(&text,
		    "* 1 FETCH (UID %lu RFC822.SIZE 10 BODY[HEADER.FIELDS "
		    "(X)] {52}\r\nFrom: a@ca.example\r\nAuto-Submitted: "
		    "auto-generated\r\n)\r\n",
		    (unsigned long)i);
	buf_add_text(&text, "m7 OK\r\n");
	for (i = 1; i <= 10; i++)
		buf_addf(&text,
		    "* 1 FETCH (UID %lu BODY[] {10}\r\n0123456789)\r\n"
		    "m%lu OK\r\n",
		    (unsigned long)i * 10000, (unsigned long)i + 7);
	frame("auto-submitted", "1");
	look_for("7", "0");
	OK(span_starts(gives(LOOK, buf_span(&text), false),
	    SPAN("done uid=10000 message=0123456789 uid=20000 ")));
	OK(frame_get(buf_span(&with.out), "more").len == 0);
	TEXT(frame_get(buf_span(&with.out), "after"), "100000");
	OK(span_starts(told("m6"),
	    SPAN("m6 UID SEARCH UID 1:* HEADER \"Auto-Submitted\" "
		 "\"auto-generated\" FROM \"ca.example\"\r\n"
		 "m7 UID FETCH 10000,20000,30000,")));

	/* Reports as well, or nothing else. */
	look_for("7", "100");
	frame("auto-submitted", "1");
	frame("kind", "report");
	frame("kind", "challenge");
	(void)gives(LOOK, buf_span(&text), false);
	OK(span_starts(told("m6"),
	    SPAN("m6 UID SEARCH UID 101:* OR HEADER \"Content-Type\" "
		 "\"multipart/report\" (ALL HEADER \"Auto-Submitted\" "
		 "\"auto-generated\" FROM \"ca.example\")\r\n")));
	look_for("7", "100");
	frame("auto-submitted", "1");
	frame("kind", "report");
	(void)gives(LOOK, buf_span(&text), false);
	OK(span_starts(told("m6"),
	    SPAN("m6 UID SEARCH UID 101:* HEADER \"Content-Type\" "
		 "\"multipart/report\"\r\n")));

	/* A server that cannot search like that; then so many at a time, and no
	 * more messages than there is room for. */
	buf_cut(&text, 0);
	buf_add_text(&text, BEGIN("") OPENED("m4", "5001", "5000"));
	add_search(&text, "m5", 1, 5000, 1);
	buf_add_text(&text, "m6 BAD what\r\n");
	add_search(&text, "m7", 1, 5000, 1);
	for (i = 1; i <= 3; i++)
		buf_addf(&text,
		    "* 1 FETCH (UID %lu RFC822.SIZE 40 BODY[HEADER.FIELDS "
		    "(X)] " FROM_CA ")\r\n",
		    (unsigned long)i);
	buf_add_text(&text, "m8 OK\r\n");
	for (i = 1; i <= 2; i++)
		buf_addf(&text,
		    "* 1 FETCH (UID %lu BODY[] {40}\r\n%040d)\r\nm%lu OK\r\n",
		    (unsigned long)i, 0, (unsigned long)i + 8);
	look_for("7", "0");
	OK(span_starts(
	    gives(LOOK, buf_span(&text), false), SPAN("done uid=1 ")));
	TEXT(frame_get(buf_span(&with.out), "more"), "1");
	TEXT(frame_get(buf_span(&with.out), "after"), "2");
	buf_clear(&text);
}

/* --- Appending, marking */

static void
draft(const char *folder, const char *special)
{
	frame(folder != NULL ? "folder" : "special",
	    folder != NULL ? folder : special);
	frame("flag", "\\Draft");
	frame("flag", "\\Seen");
	frame("message", "a: b\n\nc\r\nd");
}

static void
test_append(void)
{
	draft("Entw\xc3\xbcrfe", NULL);
	GIVES(APPEND, BEGIN("") "+ go\r\nm4 OK [APPENDUID 1 2] done\r\n",
	    "done folder=Entw\xc3\xbcrfe");
	TEXT(told("m4"),
	    "m4 APPEND \"Entw&APw-rfe\" (\\Draft \\Seen) {12}\r\n"
	    "a: b\r\n\r\nc\r\nd\r\n");
	draft(NULL, "drafts");
	GIVES(APPEND,
	    BEGIN(
		"SPECIAL-USE LIST-EXTENDED") "* LIST (\\HasNoChildren) \"/\" Drafts\r\n"
					     "* LIST (\\Drafts) \"/\" {10}\r\nEntw&APw-x\r\n"
					     "* LIST (\\Sent) \"/\" Sent\r\nm4 OK\r\n+\r\nm5 OK\r\n",
	    "done folder=Entw\xc3\xbcx");
	OK(span_starts(told("m4"),
	    SPAN("m4 LIST \"\" \"*\" RETURN (SPECIAL-USE)\r\n"
		 "m5 APPEND \"Entw&APw-x\" (\\Draft \\Seen) {12}\r\n")));
	/* By its name, wherever it lies. */
	draft(NULL, "sent");
	GIVES(APPEND,
	    BEGIN("") "* LIST (\\Noselect) \".\" Sent\r\n"
		      "* LIST () NIL SentX\r\n"
		      "* LIST () \".\" \"INBOX.sent items\"\r\nm4 OK\r\n"
		      "+\r\nm5 OK\r\n",
	    "done folder=INBOX.sent items");
	draft(NULL, "drafts");
	GIVES(APPEND, BEGIN("") "* LIST () \".\" Sent\r\nm4 OK\r\n",
	    "missing: it has no folder for drafts, neither marked \\Drafts nor "
	    "named Drafts; make one");
	/* Refused before and after the message. */
	draft("x", NULL);
	GIVES(APPEND, BEGIN("") "m4 NO [TRYCREATE] no x\r\n",
	    "missing: it refuses the folder x: no x");
	OK(span_find(told("m4"), SPAN("a: b")) == told("m4").len);
	draft("x", NULL);
	GIVES(APPEND, BEGIN("") "+\r\nm4 NO [OVERQUOTA] full\r\n",
	    "no: it refuses the folder x: full");
	draft("x", NULL);
	GIVES(APPEND, BEGIN("") "+\r\nm4 NO [LIMIT] not now\r\n",
	    "try-again: it refuses the folder x: not now");
	/* Nobody knows. */
	draft("x", NULL);
	GIVES(APPEND, BEGIN("") "+\r\n", "done folder=x doubt=the script ends");
	OK(with.imap.broken);
	draft("x", NULL);
	GIVES(APPEND, BEGIN("") "+\r\n* BYE sorry\r\n",
	    "done folder=x doubt=it ends the connection: sorry");
	draft("x", NULL);
	GIVES(APPEND, BEGIN(""), "network-trouble: the script ends");
	draft("x", NULL);
	GIVES(APPEND, BEGIN("") "m4 OK\r\n",
	    "network-trouble: it answers before all is asked");
	draft("a\xff", NULL);
	GIVES(APPEND, BEGIN(""),
	    "missing: it cannot have a folder whose name is not UTF-8");
	frame("flag", "\\Deleted");
	draft("x", NULL);
	GIVES(APPEND, BEGIN(""), "usage: ");
}

static void
mark(const char *answered, const char *move)
{
	frame("folder", "INBOX");
	frame("validity", "7");
	frame("uid", "4");
	if (answered != NULL)
		frame("answered", answered);
	if (move != NULL)
		frame("move", move);
}

#define THERE "* 3 FETCH (UID 4)\r\nm5 OK\r\n"

static void
test_mark(void)
{
	mark("1", NULL);
	GIVES(MARK, BEGIN("") OPENED("m4", "9", "3") THERE "m6 OK\r\n", "done");
	TEXT(told("m4"),
	    "m4 SELECT \"INBOX\"\r\nm5 UID FETCH 4 (UID)\r\n"
	    "m6 UID STORE 4 +FLAGS.SILENT (\\Answered)\r\n");
	mark("1", "Done");
	GIVES(MARK,
	    BEGIN("MOVE UIDPLUS") OPENED("m4", "9", "3") THERE
	    "m6 OK\r\nm7 OK\r\n",
	    "done");
	TEXT(told("m7"), "m7 UID MOVE 4 \"Done\"\r\n");
	mark(NULL, "Done");
	GIVES(MARK,
	    BEGIN("UIDPLUS") OPENED("m4", "9", "3") THERE
	    "m6 OK\r\nm7 OK\r\nm8 OK\r\n",
	    "done");
	TEXT(told("m6"),
	    "m6 UID COPY 4 \"Done\"\r\n"
	    "m7 UID STORE 4 +FLAGS.SILENT (\\Deleted)\r\n"
	    "m8 UID EXPUNGE 4\r\n");
	/* What would expunge the messages of others is refused at once. */
	mark("1", "Done");
	GIVES(MARK, BEGIN(""), "no: it cannot move a message (MOVE, UIDPLUS)");
	TEXT(told("m4"), "");
	/* A copy that fails removes nothing. */
	mark(NULL, "Done");
	GIVES(MARK,
	    BEGIN("UIDPLUS") OPENED("m4", "9", "3") THERE
	    "m6 NO [TRYCREATE] no such\r\n",
	    "missing: it refuses the folder Done: no such");
	OK(span_find(told("m4"), SPAN("m7")) == told("m4").len);
	mark("1", NULL);
	GIVES(MARK, BEGIN("") OPENED("m4", "9", "3") "m5 OK\r\n",
	    "missing: the message is not there any more");
	frame("validity", "8");
	frame("folder", "INBOX");
	frame("uid", "4");
	frame("answered", "1");
	GIVES(MARK, BEGIN("") OPENED("m4", "9", "3"),
	    "missing: its messages have other numbers now; which one was meant "
	    "is not known");
	OK(span_find(told("m4"), SPAN("STORE")) == told("m4").len);
}

int
main(void)
{
	test_login();
	test_no_login();
	test_broken();
	test_look();
	test_look_again();
	test_look_gone();
	test_look_lies();
	test_look_large();
	test_append();
	test_mark();
	buf_clear(&with.script.told);
	buf_clear(&with.out);
	buf_clear(&with.frames);
	return tap_done();
}

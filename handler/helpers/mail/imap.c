/* imap.c - talk to an IMAP server: see imap.h.  Input: hostile. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "helpers/mail/imap_p.h"

enum {
	QUESTION_SECONDS = 240, /* mailcert waits longer for us */
	ALIVE_SECONDS = 10,
	ASKED_MAX = 64 * 1024,
	COMMAND_MAX = 64 * 1024 * 1024 /* octets; a message is one of them */
};

void
imap_question(struct imap *imap, struct note *note)
{
	imap->reader.note = note;
	imap->reader.until =
	    stream_now(&imap->stream) + QUESTION_SECONDS * INT64_C(1000);
}

/* --- What the server said, in words */

bool
imap_code_is(const struct imap_response *response, const char *name)
{
	const size_t end = span_find_byte(response->code, ' ');

	return span_eq_nocase(span_cut(response->code, 0, end), span_of(name));
}

bool
imap_code_number(const struct imap_response *response, const char *name,
    uint64_t most, uint64_t *out)
{
	const size_t end = span_find_byte(response->code, ' ');

	return imap_code_is(response, name) &&
	    imap_number(
		span_trim(span_cut(response->code, end, response->code.len)),
		most, out);
}

enum status
imap_say(struct imap *imap, enum status status, const char *what,
    const struct imap_response *done)
{
	char shown[160];

	text_show_in(shown, sizeof(shown), done->text, true);
	return note_set(imap->reader.note, status, "it refuses %.100s: %s",
	    what, shown[0] != '\0' ? shown : "it does not say why");
}

enum status
imap_judge(
    struct imap *imap, const struct imap_response *done, const char *what)
{
	/* RFC 5530 section 3. */
	static const char *const for_now[] = { "UNAVAILABLE", "INUSE", "LIMIT",
		"SERVERBUG" };
	size_t i;

	if (done->condition == IMAP_OK)
		return STATUS_OK;
	for (i = 0; i < sizeof(for_now) / sizeof(*for_now); i++)
		if (imap_code_is(done, for_now[i]))
			return imap_say(imap, STATUS_AGAIN, what, done);
	return imap_say(imap, STATUS_NO, what, done);
}

/* --- Commands */

void
imap_command(struct imap *imap, const char *text)
{
	(void)snprintf(imap->tag, sizeof(imap->tag), "m%u", ++imap->tags);
	buf_wipe(&imap->out);
	buf_init(&imap->out, COMMAND_MAX);
	buf_addf(&imap->out, "%s %s", imap->tag, text);
	imap->reader.left = IMAP_ANSWER_MAX;
}

void
imap_add(struct imap *imap, const char *text)
{
	buf_add_text(&imap->out, text);
}

void
imap_add_uid(struct imap *imap, uint64_t uid)
{
	buf_addf(&imap->out, "%llu", (unsigned long long)uid);
}

/* Send what there is. */
static enum status
flush(struct imap *imap)
{
	enum status status = buf_status(&imap->out);

	if (status == STATUS_OK)
		status = stream_write(&imap->stream, buf_span(&imap->out),
		    imap->reader.until, imap->reader.note);
	buf_wipe(&imap->out);
	buf_init(&imap->out, COMMAND_MAX);
	return status;
}

enum status
imap_send(struct imap *imap)
{
	imap_add(imap, "\r\n");
	return flush(imap);
}

/* What the server says unasked of the folder that is open (RFC 3501 section
 * 5.2). */
static void
notice(struct imap *imap, const struct imap_response *response)
{
	uint64_t validity;

	if (response->kind == IMAP_DATA &&
	    strcmp(response->word, "EXISTS") == 0) {
		imap->folder.exists = response->number;
		imap->folder.grew = true;
	} else if (response->kind == IMAP_STATE &&
	    imap_code_number(response, "UIDVALIDITY", UINT32_MAX, &validity) &&
	    validity != imap->folder.validity) {
		imap->folder.stale = true;
	}
}

enum status
imap_next(struct imap *imap, struct imap_response *out)
{
	enum status status = imap_read_response(&imap->reader, out);
	char shown[200];

	if (status != STATUS_OK)
		return status;
	if (out->kind == IMAP_STATE && out->condition == IMAP_BYE) {
		text_show_in(shown, sizeof(shown), out->text, true);
		return note_set(imap->reader.note, STATUS_NET,
		    "it ends the connection: %s", shown);
	}
	if ((out->kind == IMAP_DONE && strcmp(out->tag, imap->tag) != 0) ||
	    (out->kind == IMAP_STATE && out->condition == IMAP_PREAUTH))
		return note_set(imap->reader.note, STATUS_NET,
		    "it answers what it was not asked");
	notice(imap, out);
	return STATUS_OK;
}

enum status
imap_wait(struct imap *imap, struct imap_response *out)
{
	enum status status;

	do
		status = imap_next(imap, out);
	while (status == STATUS_OK &&
	    (out->kind == IMAP_DATA || out->kind == IMAP_STATE));
	if (status == STATUS_OK && out->kind == IMAP_CONTINUE)
		status = note_set(imap->reader.note, STATUS_NET,
		    "it waits for what it did not ask for");
	return status;
}

enum status
imap_do(struct imap *imap, const char *what)
{
	struct imap_response done;
	enum status status = imap_send(imap);

	if (status == STATUS_OK)
		status = imap_wait(imap, &done);
	return status == STATUS_OK ? imap_judge(imap, &done, what) : status;
}

enum status
imap_add_literal(struct imap *imap, struct span octets, const char *what)
{
	struct imap_response answer;
	enum status status;

	buf_addf(&imap->out, "{%zu}\r\n", octets.len);
	status = flush(imap);
	do
		status =
		    status == STATUS_OK ? imap_next(imap, &answer) : status;
	while (status == STATUS_OK &&
	    (answer.kind == IMAP_DATA || answer.kind == IMAP_STATE));
	if (status != STATUS_OK)
		return status;
	if (answer.kind == IMAP_DONE) {
		if (imap_code_is(&answer, "TRYCREATE"))
			return imap_say(imap, STATUS_MISSING, what, &answer);
		if (answer.condition == IMAP_OK)
			return note_set(imap->reader.note, STATUS_NET,
			    "it answers before all is asked");
		return imap_judge(imap, &answer, what);
	}
	buf_add(&imap->out, octets);
	return STATUS_OK;
}

/* quoted = DQUOTE *QUOTED-CHAR DQUOTE; other octets need a literal. */
static bool
can_quote(struct span string)
{
	size_t i;

	for (i = 0; i < string.len; i++)
		if ((unsigned char)string.at[i] < 0x20 ||
		    (unsigned char)string.at[i] >= 0x7f)
			return false;
	return string.len <= 512;
}

enum status
imap_add_string(struct imap *imap, struct span string, const char *what)
{
	size_t i;

	if (span_has_byte(string, '\0'))
		return note_set(imap->reader.note, STATUS_NO,
		    "it cannot be asked for %.100s: it has a NUL", what);
	if (!can_quote(string))
		return imap_add_literal(imap, string, what);
	buf_add_byte(&imap->out, '"');
	for (i = 0; i < string.len; i++) {
		if (string.at[i] == '"' || string.at[i] == '\\')
			buf_add_byte(&imap->out, '\\');
		buf_add_byte(&imap->out, string.at[i]);
	}
	buf_add_byte(&imap->out, '"');
	return STATUS_OK;
}

/* --- The begin */

static void
take_capability(struct imap *imap, struct span word)
{
	const struct span auth = SPAN("AUTH=");
	const struct {
		const char *name;
		bool *flag;
	} flags[] = {
		{ "SASL-IR", &imap->sasl_ir },
		{ "LOGINDISABLED", &imap->login_disabled },
		{ "SPECIAL-USE", &imap->special_use },
		{ "LIST-EXTENDED", &imap->list_extended },
		{ "MOVE", &imap->move },
		{ "UIDPLUS", &imap->uidplus },
	};
	size_t i;

	if (span_starts_nocase(word, auth))
		sasl_add_offered(
		    &imap->offered, span_cut(word, auth.len, word.len));
	for (i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (span_eq_nocase(word, span_of(flags[i].name)))
			*flags[i].flag = true;
}

/* capability-data = "CAPABILITY" *(SP capability) SP "IMAP4rev1" ... */
static enum status
read_capabilities(struct imap *imap)
{
	enum status status = STATUS_OK;
	struct imap_token token;

	imap->sasl_ir = imap->login_disabled = imap->special_use = false;
	imap->move = imap->uidplus = false;
	imap->list_extended = false;
	imap->offered = 0;
	do {
		status = imap_read_token(&imap->reader, &token);
		if (status == STATUS_OK && token.kind == IMAP_WORD)
			take_capability(imap, token.text);
	} while (status == STATUS_OK && token.kind != IMAP_END);
	return status;
}

enum status
imap_ask_capabilities(struct imap *imap)
{
	struct imap_response response;
	enum status status;

	imap_command(imap, "CAPABILITY");
	status = imap_send(imap);
	while (status == STATUS_OK &&
	    (status = imap_next(imap, &response)) == STATUS_OK &&
	    response.kind != IMAP_DONE)
		if (response.kind == IMAP_DATA &&
		    strcmp(response.word, "CAPABILITY") == 0)
			status = read_capabilities(imap);
	return status == STATUS_OK
	    ? imap_judge(imap, &response, "to say what it can")
	    : status;
}

/* greeting = "*" SP (resp-cond-auth / resp-cond-bye) CRLF */
static enum status
read_greeting(struct imap *imap)
{
	struct imap_response greeting;
	enum status status = imap_read_response(&imap->reader, &greeting);

	if (status != STATUS_OK)
		return status;
	if (greeting.kind != IMAP_STATE)
		return note_set(imap->reader.note, STATUS_NET,
		    "it does not speak IMAP as it should");
	if (greeting.condition == IMAP_OK)
		return STATUS_OK;
	/* PREAUTH: somebody is logged in already, and it may be anybody. */
	return greeting.condition == IMAP_PREAUTH
	    ? note_set(imap->reader.note, STATUS_NET,
		  "it does not ask who we are (PREAUTH)")
	    : imap_say(imap, STATUS_AGAIN, "the connection", &greeting);
}

enum status
imap_begin(struct imap *imap, const struct stream *stream, bool greeted,
    struct note *note)
{
	enum status status = STATUS_OK;

	*imap = (struct imap){ .stream = *stream };
	buf_init(&imap->found.asked, ASKED_MAX);
	imap_reader_begin(&imap->reader, &imap->stream);
	buf_init(&imap->out, COMMAND_MAX);
	imap_question(imap, note);
	if (!greeted)
		status = read_greeting(imap);
	return status == STATUS_OK ? imap_ask_capabilities(imap) : status;
}

void
imap_end(struct imap *imap)
{
	buf_wipe(&imap->out);
	buf_clear(&imap->found.asked);
	imap_reader_clear(&imap->reader);
}

bool
imap_is_alive(struct imap *imap)
{
	struct note note = { "" };

	imap_question(imap, &note);
	imap->reader.until =
	    stream_now(&imap->stream) + ALIVE_SECONDS * INT64_C(1000);
	imap_command(imap, "NOOP");
	return imap_do(imap, "a question") == STATUS_OK;
}

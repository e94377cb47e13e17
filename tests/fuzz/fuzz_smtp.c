/* fuzz_smtp.c - helpers/mail/smtp: what a submission server may say */
#include <string.h>

#include <openssl/evp.h>

#include "base/text.h"
#include "fuzz.h"
#include "helpers/mail/smtp.h"

/* What the server says, in turns: a NUL waits until we have said a line. */
struct server {
	struct span says;
	size_t allowed; /* so much of it has been said */
	struct buf heard;
	bool in_data;
};

/* The real one would take seconds for what a fuzzer asks for. */
int
PKCS5_PBKDF2_HMAC(const char *secret, int secret_len, const unsigned char *salt,
    int salt_len, int iterations, const EVP_MD *digest, int len,
    unsigned char *out)
{
	(void)secret;
	(void)digest;
	assert(secret_len == 6 && salt_len > 0 && salt_len <= 1024);
	assert(iterations >= SASL_ITERATIONS_LEAST &&
	    iterations <= SASL_ITERATIONS_MOST);
	memset(out, salt[0], (size_t)len);
	return 1;
}

static void
next_turn(struct server *server)
{
	const struct span rest =
	    span_cut(server->says, server->allowed, server->says.len);

	server->allowed += span_find_byte(rest, '\0');
}

static int64_t
now(void *of)
{
	(void)of;
	return 0;
}

static enum status
hear(void *of, struct span bytes, int64_t until, struct note *note)
{
	struct server *server = of;

	(void)until;
	(void)note;
	buf_add(&server->heard, bytes);
	assert(buf_status(&server->heard) == STATUS_OK);
	if (server->allowed < server->says.len &&
	    server->heard.at[server->heard.len - 1] == '\n') {
		/* The NUL itself. */
		server->says = span_cut(
		    server->says, server->allowed + 1, server->says.len);
		server->allowed = 0;
		next_turn(server);
	}
	return STATUS_OK;
}

static enum status
say(void *of, struct buf *into, int64_t until, struct note *note)
{
	struct server *server = of;
	const size_t n = server->allowed < 100 ? server->allowed : 100;

	(void)until;
	if (n == 0)
		return note_set(note, STATUS_AGAIN, "silent");
	buf_add(into, span_cut(server->says, 0, n));
	server->says = span_cut(server->says, n, server->says.len);
	server->allowed -= n;
	return buf_status(into);
}

static void
close_it(void *of)
{
	(void)of;
}

static const struct stream_kind kind = { now, hear, say, close_it };

/* How often it occurs in what was heard. */
static size_t
count(struct span all, struct span what)
{
	size_t at, n = 0;

	while ((at = span_find(all, what)) < all.len) {
		all = span_cut(all, at + what.len, all.len);
		n++;
	}
	return n;
}

static void
check(struct span heard, enum status status, enum smtp_outcome outcome,
    const struct note *said, const struct note *note)
{
	const bool whole = count(heard, SPAN("\r\n.\r\n")) == 1;

	assert(count(heard, SPAN("\r\n.\r\n")) <= 1);
	assert(count(heard, SPAN("DATA\r\n")) <= 1);
	assert(count(heard, SPAN("AUTH ")) <= 1);
	assert(text_is_shown(said->text, sizeof(said->text)));
	assert(text_is_shown(note->text, sizeof(note->text)));
	if (status == STATUS_OK) {
		assert(whole);
		assert((outcome == SMTP_SENT) == (said->text[0] == '2'));
		assert(outcome == SMTP_SENT || note->text[0] != '\0');
		return;
	}
	/* Nothing was sent: it had no chance, or it said so. */
	assert(!whole || status == STATUS_AGAIN || status == STATUS_NO);
	assert(status == STATUS_NET || status == STATUS_AGAIN ||
	    status == STATUS_NO || status == STATUS_LOGIN);
	assert(note->text[0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct span to[] = { SPAN("a@ca.example"),
		SPAN("b@ca.example") };
	const uint8_t choice = size > 0 ? data[0] : 0;
	const struct sasl_account account = { SPAN("al,ice"), SPAN("geheim"),
		(choice & 1) != 0, SPAN("h"), 587 };
	const struct smtp_mail mail = { SPAN("a@b"), to, choice & 2 ? 2 : 1,
		choice & 4 ? SPAN("a: b\n\n.\303\244\n")
			   : SPAN("a: b\n\n.c\n") };
	enum smtp_outcome outcome = SMTP_DOUBT;
	struct note said = { "" }, note = { "" };
	struct server server = { .says = SPAN("") };
	struct stream stream = { &kind, &server };
	enum status status;

	if (size > 0)
		server.says = (struct span){ (const char *)data + 1, size - 1 };
	buf_init(&server.heard, 1024 * 1024);
	next_turn(&server);
	status = smtp_submit(&stream, (choice & 8) != 0, &account, &mail,
	    "abcdefghijklmnopqrstuvwxyzABCDEF", &outcome, &said, &note);
	check(buf_span(&server.heard), status, outcome, &said, &note);
	buf_clear(&server.heard);
	return 0;
}

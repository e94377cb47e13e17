/* test_smtp.c - submit a message, to a server that says what a test wants */
#include "tap.h"

#include "helpers/mail/smtp.h"

enum { STAGES = 8, NEVER = 1000000 };

/* What the server says at each stage; NULL: nothing; "": it hangs up. */
enum stage { GREETING, EHLO, AUTH, MAIL, RCPT, DATA, DOT, QUIT };

#define ABILITIES                                                \
	"250-mail.example\r\n250-SIZE 10000\r\n250-8BITMIME\r\n" \
	"250-SMTPUTF8\r\n250 AUTH PLAIN LOGIN\r\n"

static const char *const usual[STAGES] = { "220 mail.example ESMTP\r\n",
	ABILITIES, "235 2.7.0 welcome\r\n", "250 2.1.0 ok\r\n",
	"250 2.1.5 ok\r\n", "354 go ahead\r\n", "250 2.0.0 queued as 1\r\n",
	"221 bye\r\n" };

struct server {
	const char *says[STAGES];
	size_t stage;
	struct buf heard, said;
	size_t taken;     /* of said */
	size_t cut_heard; /* the connection ends when it heard that many */
	size_t cut_said;  /* or when that many octets of the last are taken */
	size_t piece;     /* octets for each read */
	bool in_data, closed;
	int64_t now;
	int64_t slow; /* milliseconds for each read */
};

static void
say_next(struct server *server)
{
	const char *text;

	if (server->stage == STAGES)
		return;
	text = server->says[server->stage++];
	if (text == NULL)
		return;
	server->closed = text[0] == '\0';
	if (server->stage == DATA + 1)
		server->in_data = strncmp(text, "354", 3) == 0;
	buf_add_text(&server->said, text);
}

static void
hear(struct server *server, char c)
{
	const struct span end = SPAN("\r\n.\r\n");
	struct span heard;

	buf_add_byte(&server->heard, c);
	heard = buf_span(&server->heard);
	if (c != '\n')
		return;
	if (server->in_data &&
	    !span_eq(span_cut(heard, heard.len - end.len, heard.len), end))
		return;
	server->in_data = false;
	say_next(server);
}

static int64_t
now(void *of)
{
	return ((struct server *)of)->now;
}

static enum status
write_all(void *of, struct span bytes, int64_t until, struct note *note)
{
	struct server *server = of;
	size_t i;

	(void)until;
	for (i = 0; i < bytes.len; i++) {
		if (server->closed || server->heard.len == server->cut_heard) {
			server->closed = true;
			return note_set(note, STATUS_NET, "cut");
		}
		hear(server, bytes.at[i]);
	}
	return STATUS_OK;
}

static enum status
read_some(void *of, struct buf *into, int64_t until, struct note *note)
{
	struct server *server = of;
	const size_t end = server->said.len < server->cut_said
	    ? server->said.len
	    : server->cut_said;
	size_t n = end - server->taken;

	if (n > server->piece)
		n = server->piece;
	if (n > 0 && server->now + server->slow <= until) {
		server->now += server->slow;
		buf_add(
		    into, (struct span){ server->said.at + server->taken, n });
		server->taken += n;
		return buf_status(into);
	}
	if (server->closed || server->taken == server->cut_said)
		return note_set(note, STATUS_END, "closed");
	/* A time that is over only looks. */
	if (until > server->now)
		server->now = until;
	return note_set(note, STATUS_AGAIN, "silent");
}

static void
close_it(void *of)
{
	(void)of;
}

static const struct stream_kind kind = { now, write_all, read_some, close_it };

static void
server_init(struct server *server)
{
	*server = (struct server){
		.cut_heard = NEVER, .cut_said = NEVER, .piece = 5, .now = 1000
	};
	memcpy(server->says, usual, sizeof(usual));
	buf_init(&server->heard, NEVER);
	buf_init(&server->said, NEVER);
}

static void
server_clear(struct server *server)
{
	buf_clear(&server->heard);
	buf_clear(&server->said);
}

static const struct sasl_account alice = { SPAN("alice"), SPAN("geheim"), false,
	SPAN("mail.example"), 587 };
static const struct span to_ca[] = { SPAN("ca@ca.example") };
static const struct smtp_mail mail = { SPAN("alice@example.org"), to_ca, 1,
	SPAN("Subject: x\n\n.dot\nend\n") };

/* What one run came to. */
struct result {
	enum status status;
	enum smtp_outcome outcome; /* SMTP_DOUBT unless it was written */
	struct note said, note;
};

static struct result
submit(struct server *server, bool greeted, const struct sasl_account *account,
    const struct smtp_mail *what)
{
	struct result result = { .outcome = SMTP_DOUBT };
	struct stream stream = { &kind, server };

	if (!greeted)
		say_next(server);
	else
		server->stage = EHLO;
	result.status = smtp_submit(&stream, greeted, account, what, NULL,
	    &result.outcome, &result.said, &result.note);
	stream_close(&stream);
	return result;
}

static bool
heard(const struct server *server, const char *text)
{
	const struct span all = buf_span(&server->heard);

	return span_find(all, span_of(text)) < all.len;
}

static void
test_usual(void)
{
	struct server server;
	struct result result;

	server_init(&server);
	result = submit(&server, false, &alice, &mail);
	OK(result.status == STATUS_OK && result.outcome == SMTP_SENT);
	TEXT(span_of(result.said.text), "250 2.0.0 queued as 1");
	TEXT(span_of(result.note.text), "");
	TEXT(buf_span(&server.heard),
	    "EHLO [127.0.0.1]\r\n"
	    "AUTH PLAIN AGFsaWNlAGdlaGVpbQ==\r\n"
	    "MAIL FROM:<alice@example.org> SIZE=26\r\n"
	    "RCPT TO:<ca@ca.example>\r\n"
	    "DATA\r\n"
	    "Subject: x\r\n\r\n..dot\r\nend\r\n.\r\n"
	    "QUIT\r\n");
	server_clear(&server);
	/* After STARTTLS, it has greeted. */
	server_init(&server);
	result = submit(&server, true, &alice, &mail);
	OK(result.status == STATUS_OK && result.outcome == SMTP_SENT);
	server_clear(&server);
}

/* How the lines of a message go over the wire. */
static void
test_lines(void)
{
	static const struct {
		struct span message;
		const char *wire;
	} rows[] = {
		{ SPAN("a: b\n\nx\n"), "a: b\r\n\r\nx\r\n.\r\n" },
		{ SPAN("a: b\r\n\r\nx\r\n"), "a: b\r\n\r\nx\r\n.\r\n" },
		{ SPAN("a: b\n\nx"), "a: b\r\n\r\nx\r\n.\r\n" },
		{ SPAN("a: b\n\n.\n"), "a: b\r\n\r\n..\r\n.\r\n" },
		{ SPAN("a: b\n\n..\r\n.x\n"),
		    "a: b\r\n\r\n...\r\n..x\r\n.\r\n" },
		{ SPAN(".\n"), "..\r\n.\r\n" },
		{ SPAN("\n"), "\r\n.\r\n" },
	};
	static const struct span bad[] = { SPAN(""), SPAN("a\0b\n"),
		SPAN("a\rb\n"), SPAN("a\n.\r.\n"), SPAN("a\r"),
		SPAN("a\n\r\r\n") };
	struct smtp_mail other = mail;
	struct result result;
	struct server server;
	char line[1100];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		other.message = rows[i].message;
		server_init(&server);
		OK(smtp_mail_ok(&other));
		result = submit(&server, false, &alice, &other);
		OK(result.outcome == SMTP_SENT);
		OK(heard(&server, "DATA\r\n"));
		TEXT(span_cut(buf_span(&server.heard),
			 span_find(buf_span(&server.heard), SPAN("DATA\r\n")) +
			     6,
			 server.heard.len - 6),
		    rows[i].wire);
		server_clear(&server);
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		other.message = bad[i];
		OK(!smtp_mail_ok(&other));
	}
	memset(line, 'x', sizeof(line));
	other.message = (struct span){ line, 998 };
	OK(smtp_mail_ok(&other));
	other.message = (struct span){ line, 999 };
	OK(!smtp_mail_ok(&other));
}

static void
test_addresses(void)
{
	static const struct span good[] = { SPAN("a@b"), SPAN("\"a b\"@c"),
		SPAN("\"a\\\"<>\"@c"), SPAN("a@[127.0.0.1]"),
		SPAN("j\303\266rg@example.org"), SPAN("a|b`c@d") };
	static const struct span bad[] = { SPAN(""), SPAN("a"), SPAN("a b@c"),
		SPAN("a@b>"), SPAN("<a@b"), SPAN("a@b>\r\nRCPT TO:<evil@x"),
		SPAN("a@b\n"), SPAN("a@b\r"), SPAN("a\0@b"), SPAN("a\177@b"),
		SPAN("a\t@b"), SPAN("\"a@b"), SPAN("\"a\\"),
		SPAN("\"a\\\n\"@b"), SPAN("a@b SIZE=1"), SPAN("a@\377b"),
		SPAN("\"a\r\nb\"@c") };
	struct smtp_mail other = mail;
	struct span many[SMTP_RECIPIENTS_MAX + 1];
	char line[SMTP_ADDRESS_MAX + 1];
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		other.sender = good[i];
		OK(smtp_mail_ok(&other));
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		other = mail;
		other.sender = bad[i];
		OK(!smtp_mail_ok(&other));
		other.sender = mail.sender;
		other.recipients = &bad[i];
		OK(!smtp_mail_ok(&other));
	}
	other = mail;
	memset(line, 'a', sizeof(line));
	line[1] = '@';
	other.sender = (struct span){ line, SMTP_ADDRESS_MAX };
	OK(smtp_mail_ok(&other));
	other.sender = (struct span){ line, SMTP_ADDRESS_MAX + 1 };
	OK(!smtp_mail_ok(&other));
	other = mail;
	other.recipient_count = 0;
	OK(!smtp_mail_ok(&other));
	for (i = 0; i <= SMTP_RECIPIENTS_MAX; i++)
		many[i] = mail.sender;
	other.recipients = many;
	other.recipient_count = SMTP_RECIPIENTS_MAX;
	OK(smtp_mail_ok(&other));
	other.recipient_count++;
	OK(!smtp_mail_ok(&other));
}

/* One answer at one stage, and what follows from it. */
static void
stage_gives(enum stage stage, const char *says, enum status want)
{
	struct server server;
	struct result result;
	bool good;

	server_init(&server);
	server.says[stage] = says;
	result = submit(&server, false, &alice, &mail);
	good = result.status == want &&
	    (want != STATUS_OK || result.outcome == SMTP_DOUBT) &&
	    result.note.text[0] != '\0' &&
	    /* Nothing of the message where it was refused before. */
	    (stage >= DOT || !heard(&server, "Subject: x"));
	OK(good);
	if (!good)
		printf("# stage %d, %.40s: %s, %s\n", (int)stage,
		    says != NULL ? says : "nothing", status_name(result.status),
		    result.note.text);
	server_clear(&server);
}

static void
test_stages(void)
{
	static const char *const nonsense[] = { "hello\r\n", "2\r\n",
		"25x ok\r\n", "250_ok\r\n", "199 ok\r\n", "600 ok\r\n",
		"000 ok\r\n", "\r\n", "250-a\r\n251 b\r\n",
		"250-a\r\nhello\r\n", "-250 a\r\n", " 250 a\r\n", "2500 a\r\n",
		NULL };
	int stage;
	size_t i;

	for (stage = GREETING; stage <= DOT; stage++) {
		const bool after = stage == DOT;

		stage_gives(stage, "421 4.3.2 going down\r\n", STATUS_AGAIN);
		stage_gives(stage, "450 4.7.1 later\r\n", STATUS_AGAIN);
		stage_gives(stage, "451-a\r\n451 b\r\n", STATUS_AGAIN);
		stage_gives(stage, "550 5.7.1 no\r\n",
		    stage == AUTH ? STATUS_LOGIN : STATUS_NO);
		/* A lie about more, garbage, silence. */
		stage_gives(stage, "", after ? STATUS_OK : STATUS_NET);
		stage_gives(stage, "250-there is more\r\n",
		    after ? STATUS_OK : STATUS_NET);
		for (i = 0; i < sizeof(nonsense) / sizeof(*nonsense); i++)
			stage_gives(
			    stage, nonsense[i], after ? STATUS_OK : STATUS_NET);
	}
	stage_gives(AUTH, "504 5.5.4 no such way\r\n", STATUS_NO);
	stage_gives(AUTH, "454 4.7.0 try again\r\n", STATUS_AGAIN);
	stage_gives(DATA, "250 ok\r\n", STATUS_NET);
	stage_gives(MAIL, "354 go on\r\n", STATUS_NET);
	stage_gives(DOT, "354 go on\r\n", STATUS_OK);
	/* It answers what it was not asked. */
	stage_gives(GREETING, "220 a\r\n250 b\r\n", STATUS_NET);
	stage_gives(AUTH, "235 ok\r\n421 bye\r\n", STATUS_AGAIN);
	stage_gives(RCPT, "250 ok\r\n250 ok\r\n354 go\r\n", STATUS_NET);
}

/* It decides before the message is whole: the end is never sent. */
static void
early(const char *says, enum status want)
{
	struct server server;
	struct result result;

	server_init(&server);
	server.says[DATA] = says;
	result = submit(&server, false, &alice, &mail);
	OK(result.status == want);
	OK(!heard(&server, "\r\n.\r\n") || want == STATUS_OK);
	server_clear(&server);
}

static void
test_early(void)
{
	early("354 go\r\n250 taken\r\n", STATUS_NET);
	early("354 go\r\n552 too large\r\n", STATUS_NO);
	early("354 go\r\n421 going down\r\n", STATUS_AGAIN);
	early("354 go\r\n4", STATUS_NET);
}

/* The connection ends at each octet that we send. */
static void
test_cut_heard(void)
{
	struct server server;
	struct result result;
	size_t k, end, whole;

	server_init(&server);
	result = submit(&server, false, &alice, &mail);
	OK(result.outcome == SMTP_SENT);
	whole = server.heard.len;
	end = span_find(buf_span(&server.heard), SPAN("\r\n.\r\n")) + 5;
	server_clear(&server);
	for (k = 0; k < whole; k++) {
		bool good;

		server_init(&server);
		server.cut_heard = k;
		result = submit(&server, false, &alice, &mail);
		if (k < end - 1)
			good = result.status == STATUS_NET;
		else if (k == end - 1)
			good = result.status == STATUS_OK &&
			    result.outcome == SMTP_DOUBT;
		else
			good = result.status == STATUS_OK &&
			    result.outcome == SMTP_SENT;
		if (!good)
			printf("# cut at %zu of %zu: %s\n", k, end,
			    status_name(result.status));
		OK(good);
		server_clear(&server);
	}
}

/* And at each octet that it says: only a whole reply counts. */
static void
cut_said(const char *dot, enum status whole, bool sent)
{
	struct server server;
	struct result result;
	size_t k, begin, end;

	server_init(&server);
	server.says[DOT] = dot;
	server.says[QUIT] = NULL;
	(void)submit(&server, false, &alice, &mail);
	end = server.said.len;
	begin = end - strlen(dot);
	server_clear(&server);
	for (k = 0; k <= end; k++) {
		bool good;

		server_init(&server);
		server.says[DOT] = dot;
		server.says[QUIT] = NULL;
		server.cut_said = k;
		result = submit(&server, false, &alice, &mail);
		/* Gone before the dot, which it does not get. */
		if (k <= begin)
			good = result.status == STATUS_NET;
		else if (k < end)
			good = result.status == STATUS_OK &&
			    result.outcome == SMTP_DOUBT;
		else
			good = result.status == whole &&
			    (result.outcome == SMTP_SENT) == sent;
		if (!good)
			printf("# cut at %zu of %zu: %s\n", k, end,
			    status_name(result.status));
		OK(good);
		server_clear(&server);
	}
}

static void
test_cut_said(void)
{
	cut_said(
	    "250-2.0.0 thank you\r\n250 2.0.0 queued\r\n", STATUS_OK, true);
	cut_said("250\r\n", STATUS_OK, true);
	cut_said("250 LF alone\n", STATUS_OK, true);
	cut_said("451 4.3.0 later\r\n", STATUS_AGAIN, false);
	cut_said("554-5.7.1 no\r\n554 5.7.1 never\r\n", STATUS_NO, false);
}

/* A line without end, a reply without end. */
static void
test_limits(void)
{
	enum { MORE = 100 * 1024 };
	const int stages[] = { GREETING, EHLO, MAIL, DOT };
	struct server server;
	struct result result;
	struct buf text;
	size_t i, kind_of;

	for (kind_of = 0; kind_of < 2; kind_of++) {
		buf_init(&text, 2 * MORE);
		while (text.len < MORE)
			buf_add_text(&text,
			    kind_of == 0 ? "250-xxxxxxxxxxxxxxxxxxxxxxxx"
					 : "250-xxxxxxxxxxxxxxxxxxxxxx\r\n");
		for (i = 0; i < sizeof(stages) / sizeof(*stages); i++) {
			server_init(&server);
			server.piece = STREAM_PIECE;
			server.says[stages[i]] = text.at;
			result = submit(&server, false, &alice, &mail);
			OK(result.status ==
			    (stages[i] == DOT ? STATUS_OK : STATUS_NET));
			OK(result.outcome == SMTP_DOUBT);
			OK(strstr(result.note.text, "of more than") != NULL);
			server_clear(&server);
		}
		buf_clear(&text);
	}
}

/* However it stretches its replies, it comes to an end. */
static void
test_time(void)
{
	const int stages[] = { GREETING, EHLO, AUTH, MAIL, RCPT, DATA, DOT };
	struct server server;
	struct result result;
	size_t i;

	for (i = 0; i < sizeof(stages) / sizeof(*stages); i++) {
		server_init(&server);
		server.says[stages[i]] = NULL;
		result = submit(&server, false, &alice, &mail);
		OK(result.status ==
		    (stages[i] == DOT ? STATUS_OK : STATUS_NET));
		OK(server.now <= 1000 + 1000 * SMTP_ALL_SECONDS);
		server_clear(&server);
	}
	/* An octet each second. */
	server_init(&server);
	server.piece = 1;
	server.slow = 1000;
	result = submit(&server, false, &alice, &mail);
	OK(result.status == STATUS_NET);
	OK(server.now <= 1000 + 1000 * SMTP_BEFORE_SECONDS);
	OK(!heard(&server, "Subject"));
	server_clear(&server);
	/* The last answer may take what is left. */
	server_init(&server);
	server.piece = 1000;
	server.slow = 14000;
	server.says[DOT] = "250 slowly\r\n";
	result = submit(&server, false, &alice, &mail);
	OK(result.status == STATUS_OK && result.outcome == SMTP_SENT);
	server_clear(&server);
}

static void
test_abilities(void)
{
	static const struct span umlaut[] = { SPAN("j\303\266rg@ca.example") };
	static const char bare[] = "250-x\r\n250 AUTH PLAIN\r\n";
	const struct smtp_mail eight = { SPAN("a@b"), to_ca, 1,
		SPAN("Subject: x\n\n\303\244\n") };
	const struct smtp_mail header = { SPAN("a@b"), to_ca, 1,
		SPAN("Subject: \303\244\n\nx\n") };
	const struct smtp_mail address = { SPAN("a@b"), umlaut, 1,
		SPAN("Subject: x\n\nx\n") };
	const struct {
		const struct smtp_mail *mail;
		const char *ehlo;
		enum status want;
		const char *line;
	} rows[] = {
		{ &mail, bare, STATUS_OK, "FROM:<alice@example.org>\r\n" },
		{ &mail, "250-x\r\n250-SIZE\r\n250 AUTH PLAIN\r\n", STATUS_OK,
		    "FROM:<alice@example.org> SIZE=26\r\n" },
		{ &mail, "250-x\r\n250-size 26\r\n250 auth plain\r\n",
		    STATUS_OK, "FROM:<alice@example.org> SIZE=26\r\n" },
		{ &mail, "250-x\r\n250-SIZE 25\r\n250 AUTH PLAIN\r\n",
		    STATUS_NO, NULL },
		{ &mail, "250-x\r\n250-SIZE 0\r\n250 AUTH PLAIN\r\n", STATUS_OK,
		    "FROM:<alice@example.org> SIZE=26\r\n" },
		{ &eight, usual[EHLO], STATUS_OK,
		    "FROM:<a@b> SIZE=18 BODY=8BITMIME\r\n" },
		{ &eight, bare, STATUS_NO, NULL },
		{ &header, usual[EHLO], STATUS_OK,
		    "FROM:<a@b> SIZE=18 BODY=8BITMIME SMTPUTF8\r\n" },
		{ &header, "250-x\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n",
		    STATUS_NO, NULL },
		{ &address, usual[EHLO], STATUS_OK,
		    "FROM:<a@b> SIZE=17 SMTPUTF8\r\n"
		    "RCPT TO:<j\303\266rg@ca.example>\r\n" },
		{ &address, bare, STATUS_NO, NULL },
		/* No way to log in: not even tried without. */
		{ &mail, "250-x\r\n250 SIZE\r\n", STATUS_NO, NULL },
		{ &mail, "250 x\r\n", STATUS_NO, NULL },
		{ &mail, "250-x\r\n250 AUTH GSSAPI XOAUTH2\r\n", STATUS_NO,
		    NULL },
		/* The first line is a greeting, whatever it looks like. */
		{ &mail, "250 AUTH PLAIN\r\n", STATUS_NO, NULL },
	};
	struct server server;
	struct result result;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		server_init(&server);
		server.says[EHLO] = rows[i].ehlo;
		result = submit(&server, false, &alice, rows[i].mail);
		OK(result.status == rows[i].want);
		OK(rows[i].line == NULL ? !heard(&server, "MAIL FROM")
					: heard(&server, rows[i].line));
		server_clear(&server);
	}
}

/* All recipients or none. */
static void
test_recipients(void)
{
	static const struct span two[] = { SPAN("a@ca.example"),
		SPAN("b@ca.example") };
	const struct smtp_mail both = { SPAN("a@b"), two, 2,
		SPAN("Subject: x\n\nx\n") };
	struct server server;
	struct result result;

	server_init(&server);
	/* RCPT, and RCPT where DATA would be. */
	server.says[DATA] = "550 5.1.1 \033[31mnobody\r\n";
	result = submit(&server, false, &alice, &both);
	OK(result.status == STATUS_NO);
	OK(heard(&server,
	    "TO:<a@ca.example>\r\nRCPT TO:<b@ca.example>\r\n"
	    "QUIT\r\n"));
	OK(!heard(&server, "DATA"));
	TEXT(span_of(result.note.text),
	    "it refuses the recipient b@ca.example: 550 5.1.1 "
	    "\\x1b[31mnobody");
	server_clear(&server);
}

/* AUTH with challenges takes more replies than the usual. */
static void
test_login(void)
{
	static const char login[] = "250-x\r\n250 AUTH LOGIN\r\n";
	static const char oauth[] = "250-x\r\n250 AUTH XOAUTH2 PLAIN\r\n";
	const struct sasl_account token = { SPAN("alice"), SPAN("t"), true,
		SPAN("h"), 1 };
	char secret[600];
	struct sasl_account lengthy = alice;
	struct server server;
	struct result result;

	/* LOGIN: user and password, one by one. */
	server_init(&server);
	server.says[EHLO] = login;
	server.says[AUTH] = "334 VXNlcm5hbWU6\r\n";
	server.says[MAIL] = "334 UGFzc3dvcmQ6\r\n";
	server.says[RCPT] = "535 5.7.8 wrong\r\n";
	result = submit(&server, false, &alice, &mail);
	OK(result.status == STATUS_LOGIN);
	OK(heard(&server, "AUTH LOGIN\r\nYWxpY2U=\r\nZ2VoZWlt\r\nQUIT\r\n"));
	TEXT(span_of(result.note.text),
	    "it does not accept the password: 535 5.7.8 wrong");
	server_clear(&server);

	/* A third challenge is none. */
	server_init(&server);
	server.says[EHLO] = login;
	server.says[AUTH] = server.says[MAIL] = server.says[RCPT] =
	    "334 eDo=\r\n";
	result = submit(&server, false, &alice, &mail);
	OK(result.status == STATUS_LOGIN && heard(&server, "*\r\n"));
	server_clear(&server);

	/* A token that is not accepted: the error is acknowledged first. */
	server_init(&server);
	server.says[EHLO] = oauth;
	server.says[AUTH] = "334 eyJzdGF0dXMiOiI0MDEifQ==\r\n";
	server.says[MAIL] = "535 5.7.8 wrong\r\n";
	result = submit(&server, false, &token, &mail);
	OK(result.status == STATUS_LOGIN);
	OK(heard(&server, "=\r\n\r\nQUIT\r\n"));
	TEXT(span_of(result.note.text),
	    "it does not accept the token: 535 5.7.8 wrong "
	    "({\"status\":\"401\"})");
	server_clear(&server);

	/* Too long for the command: after an empty challenge. */
	memset(secret, 'x', sizeof(secret));
	lengthy.secret = (struct span){ secret, sizeof(secret) };
	server_init(&server);
	server.says[AUTH] = "334 \r\n";
	server.says[MAIL] = "535 no\r\n";
	result = submit(&server, false, &lengthy, &mail);
	OK(result.status == STATUS_LOGIN);
	OK(heard(&server, "AUTH PLAIN\r\nAGFsaWNlAHh4eHh4"));
	server_clear(&server);
	server_init(&server);
	server.says[AUTH] = "535 no\r\n";
	lengthy.secret.len = 365;
	result = submit(&server, false, &lengthy, &mail);
	OK(result.status == STATUS_LOGIN);
	OK(heard(&server, "AUTH PLAIN AGFsaWNlAHh4eHh4"));
	server_clear(&server);

	/* Let in without the server's proof. */
	server_init(&server);
	server.says[EHLO] = "250-x\r\n250 AUTH SCRAM-SHA-256 PLAIN\r\n";
	result = submit(&server, false, &alice, &mail);
	OK(result.status == STATUS_LOGIN && !heard(&server, "MAIL"));
	OK(!heard(&server, "AUTH PLAIN"));
	server_clear(&server);
}

static void
test_probe(void)
{
	struct stream stream = { &kind, NULL };
	struct note note = { "" };
	struct server server;

	server_init(&server);
	server.says[MAIL] = "221 bye\r\n";
	stream.of = &server;
	say_next(&server);
	OK(smtp_probe(&stream, false, &alice, NULL, &note) == STATUS_OK);
	OK(heard(&server, "==\r\nQUIT\r\n") && !heard(&server, "MAIL"));
	server_clear(&server);
}

int
main(void)
{
	test_usual();
	test_lines();
	test_addresses();
	test_stages();
	test_early();
	test_cut_heard();
	test_cut_said();
	test_limits();
	test_time();
	test_abilities();
	test_recipients();
	test_login();
	test_probe();
	return tap_done();
}

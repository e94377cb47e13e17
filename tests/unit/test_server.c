/* test_server.c - names of mail servers and mailboxes, and their passwords */
#include "tap.h"

#include <string.h>

#include "config/config.h"
#include "config/source.h"

/* What a name is read as: "KIND TLS USER HOST PORT FOLDER". */
static struct span
reads(const char *text)
{
	static const char *const kinds[] = { "none", "smtp", "imap", "jmap" };
	static char out[1400];
	struct server server;

	if (!server_parse(span_of(text), &server))
		return SPAN("no");
	(void)snprintf(out, sizeof(out), "%s %s %s %s %u %s",
	    kinds[server.kind], server.implicit_tls ? "tls" : "starttls",
	    server.user, server.host, server.port, server.folder);
	return span_of(out);
}

static struct span
name(const char *text)
{
	static char out[SERVER_NAME_SIZE];
	struct server server;

	if (!server_parse(span_of(text), &server))
		return SPAN("no");
	server_name(&server, out);
	return span_of(out);
}

static void
test_servers(void)
{
	TEXT(reads("imaps://alice@mail.example"),
	    "imap tls alice mail.example 993 ");
	TEXT(reads("imap://alice@mail.example:1143/Mail%20box/x"),
	    "imap starttls alice mail.example 1143 Mail box/x");
	TEXT(reads("IMAPS://a@b.example@Mail.Example/INBOX"),
	    "imap tls a@b.example mail.example 993 INBOX");
	TEXT(reads("imaps://a%40b@h/"), "imap tls a@b h 993 ");
	TEXT(reads("imaps://a@h/a@b"), "imap tls a h 993 a@b");
	TEXT(reads("submission://a@h"), "smtp starttls a h 587 ");
	TEXT(reads("submissions://a@[::1]:25"), "smtp tls a [::1] 25 ");
	TEXT(reads("jmap:https://h:8443"), "jmap tls  h 8443 ");
	TEXT(reads("jmap:https://a@h"), "jmap tls a h 443 ");
	TEXT(name("imaps://a@H:993/x"), "imaps://a@h");
	TEXT(name("submission://a@h:25"), "submission://a@h:25");
	TEXT(name("jmap:https://h"), "jmap:https://h");
}

static void
test_not_servers(void)
{
	static const char *const bad[] = { "", "imaps://", "imaps://h",
		"imaps://@h", "imaps://a@", "imaps://a@h:", "imaps://a@h:0",
		"imaps://a@h:65536", "imaps://a@h:1x", "imaps://a@h:123456",
		"imaps://a@h h", "imaps://a@-h", "imaps://a@h\n",
		"imaps://a@h/x%0a", "imaps://a%0d@h", "imaps://a%@h",
		"imaps://a%4@h", "imaps://a@h/%", "imaps://a@h/x%2",
		"submission://a@h/x", "jmap:https://h/x", "smtp://a@h",
		"https://h", "imaps://a@[::1", "imaps://a@[::1]x",
		"imaps://a@h_x" };
	char long_user[SERVER_USER_SIZE + 16];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		TEXT(reads(bad[i]), "no");
	(void)strcpy(long_user, "imaps://");
	memset(long_user + 8, 'a', SERVER_USER_SIZE - 1);
	(void)strcpy(long_user + 8 + SERVER_USER_SIZE - 1, "@h");
	OK(!span_eq(reads(long_user), SPAN("no")));
	(void)strcpy(long_user + 8 + SERVER_USER_SIZE - 1, "a@h");
	TEXT(reads(long_user), "no");
}

/* The names of a list, one after another. */
static struct span
list(const char *text)
{
	static char out[4 * SOURCE_NAME_SIZE];
	char one[SOURCE_NAME_SIZE];
	struct source sources[3];
	size_t count, i;

	if (!sources_parse(span_of(text), sources, 3, &count))
		return SPAN("no");
	out[0] = '\0';
	for (i = 0; i < count; i++) {
		source_name(&sources[i], one);
		(void)snprintf(out + strlen(out), sizeof(out) - strlen(out),
		    "%s%s", i > 0 ? "|" : "", one);
	}
	return span_of(out);
}

static void
test_sources(void)
{
	TEXT(list(""), "");
	TEXT(list("maildir:/m"), "maildir:/m");
	TEXT(list(" maildir:/m/**  mbox:/x "), "maildir:/m/**|mbox:/x");
	TEXT(list("maildir:/a\\ b mbox:/c"), "maildir:/a b|mbox:/c");
	TEXT(list("imaps://a@h imap://a@h/Lists/x jmap:https://h"),
	    "imaps://a@h/INBOX|imap://a@h/Lists/x|jmap:https://h");
	TEXT(list("mbox:/a mbox:/b mbox:/c mbox:/d"), "no");
	TEXT(list("maildir:"), "no");
	TEXT(list("mbox:"), "no");
	TEXT(list("/home/alice/Maildir"), "no");
	TEXT(list("submission://a@h"), "no");
}

static struct span
command_of(const struct config *config, const char *text)
{
	const struct config_secret *secret;
	struct server server;

	if (!server_parse(span_of(text), &server))
		return SPAN("no server");
	secret = config_secret_of(config, &server);
	return secret != NULL ? span_of(secret->command) : SPAN("none");
}

static void
test_secrets(void)
{
	static struct config config;
	static const char *const settings[] = {
		"password.alice@Mail.example = pass show mail",
		"token.bob@h=oauth --x=y", "password.b@c@h=two",
		"password.alice@mail.example=later"
	};
	static const char *const many[] = { "password.1@h=x", "password.2@h=x",
		"password.3@h=x", "password.4@h=x", "password.5@h=x",
		"password.6@h=x", "password.7@h=x", "password.8@h=x",
		"password.9@h=x" };
	static const char *const bad[] = { "password.=x" };
	struct note note;

	OK(config_load("/nowhere", settings, 4, &config, &note) == STATUS_OK);
	TEXT(command_of(&config, "imaps://alice@MAIL.example/x"), "later");
	TEXT(command_of(&config, "submission://alice@mail.example"), "later");
	TEXT(command_of(&config, "imaps://Alice@mail.example"), "none");
	TEXT(command_of(&config, "imaps://bob@h"), "oauth --x=y");
	TEXT(command_of(&config, "imaps://b@c@h"), "two");
	TEXT(command_of(&config, "imaps://c@h"), "none");
	OK(config.secret_count == 3 && config.secrets[1].token &&
	    !config.secrets[0].token);
	OK(config_load("/nowhere", many, 8, &config, &note) == STATUS_OK);
	OK(config_load("/nowhere", many, 9, &config, &note) == STATUS_CONFIG);
	OK(span_find(span_of(note.text), SPAN("password.9@h")) <
	    strlen(note.text));
	OK(config_load("/nowhere", bad, 1, &config, &note) == STATUS_CONFIG);
}

int
main(void)
{
	test_servers();
	test_not_servers();
	test_sources();
	test_secrets();
	return tap_done();
}

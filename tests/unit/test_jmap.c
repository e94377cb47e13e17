/* test_jmap.c - what a JMAP server answers, and its URLs */
#include "tap.h"

#include "watch/jmap_answer.h"

static const struct server server = { .kind = SERVER_JMAP,
	.implicit_tls = true,
	.host = "mail.example.org",
	.port = 8443 };
static const struct server literal = { .kind = SERVER_JMAP,
	.implicit_tls = true,
	.host = "[::1]",
	.port = 443 };

static const char *
resolved(const struct server *of, const char *reference, bool plain)
{
	static char out[JMAP_URL_SIZE];

	return jmap_resolve(span_of(reference), of, "/jmap/session?a=/b", plain,
		   out, sizeof(out))
	    ? out
	    : "elsewhere";
}

#define RESOLVES(reference, want) \
	TEXT(span_of(resolved(&server, reference, false)), want)

static void
test_resolve(void)
{
	RESOLVES("/jmap/", "/jmap/");
	RESOLVES("api", "/jmap/api");
	RESOLVES("?x={type}", "/jmap/session?x={type}");
	RESOLVES("a?x=https://b/", "/jmap/a?x=https://b/");
	RESOLVES("https://mail.example.org:8443/x", "/x");
	RESOLVES("HTTPS://MAIL.example.org:8443", "/");
	RESOLVES("https://mail.example.org:8443?x", "/?x");
	RESOLVES("//mail.example.org:8443/x", "/x");
	RESOLVES("https://mail.example.org/x", "elsewhere");
	RESOLVES("https://mail.example.org:443/x", "elsewhere");
	RESOLVES("https://mail.example.org:84430/x", "elsewhere");
	RESOLVES("https://mail.example.org:99999999999/x", "elsewhere");
	RESOLVES("https://mail.example.org.evil.example:8443/x", "elsewhere");
	RESOLVES("https://mail.example.org:8443@evil.example/", "elsewhere");
	RESOLVES("https://evil.example:8443/x", "elsewhere");
	RESOLVES("//evil.example/", "elsewhere");
	RESOLVES("http://mail.example.org:8443/x", "elsewhere");
	RESOLVES("https:/x", "elsewhere");
	RESOLVES("https:x", "elsewhere");
	RESOLVES("https:", "elsewhere");
	RESOLVES("https://", "elsewhere");
	RESOLVES("file:///etc/passwd", "elsewhere");
	RESOLVES("data:x", "elsewhere");
	RESOLVES("", "elsewhere");
	RESOLVES("/a b", "elsewhere");
	RESOLVES("/a\r\nX: y", "elsewhere");
	RESOLVES("/a#b", "elsewhere");
	RESOLVES("/\xc3\xa9", "elsewhere");
}

static void
test_resolve_plain(void)
{
	TEXT(span_of(resolved(&server, "http://mail.example.org:80/x", true)),
	    "/x");
	TEXT(span_of(resolved(&server, "http://mail.example.org/x", true)),
	    "/x");
	TEXT(span_of(resolved(&server, "http://evil.example:8443/x", true)),
	    "elsewhere");
	TEXT(span_of(resolved(&server, "https://mail.example.org/x", true)),
	    "elsewhere");
	TEXT(span_of(resolved(&literal, "https://[::1]/x", false)), "/x");
	TEXT(span_of(resolved(&literal, "https://[::1]:443/x", false)), "/x");
	TEXT(span_of(resolved(&literal, "https://[::1]:444/x", false)),
	    "elsewhere");
	TEXT(span_of(resolved(&literal, "http://[::2]/x", true)), "elsewhere");
}

static void
test_expand(void)
{
	struct jmap_session session = {
		.download = "/d/{accountId}/{blobId}/{name}?t={type}&{other}x",
		.account = "a-1",
	};
	char url[JMAP_URL_SIZE];

	OK(jmap_expand(&session, "G_2", url, sizeof(url)));
	TEXT(span_of(url), "/d/a-1/G_2/message.eml?t=message%2Frfc822&x");
	OK(!jmap_expand(&session, "G_2", url, 30));
}

#define SESSION(urls, accounts)                                        \
	"{\"capabilities\":{\"urn:ietf:params:jmap:core\":"            \
	"{\"maxObjectsInGet\":7}}," urls ",\"primaryAccounts\":"       \
	"{\"urn:ietf:params:jmap:mail\":\"a1\"},\"accounts\":{\"a1\":" \
	"{\"accountCapabilities\":" accounts "}}}"
#define URLS                 \
	"\"apiUrl\":\"/a\"," \
	"\"downloadUrl\":\"d/{accountId}/{blobId}\""

static struct jmap_session session;

static bool
is_session(const char *text)
{
	struct note note = { "" };
	const enum status status = jmap_session_parse(
	    span_of(text), &server, "/jmap/session", &session, &note);

	OK(status == STATUS_OK
		? jmap_session_ok(&session)
		: status == STATUS_BAD_JSON && note.text[0] != '\0');
	return status == STATUS_OK;
}

static void
test_session(void)
{
	OK(is_session(SESSION(URLS, "{\"urn:ietf:params:jmap:mail\":{}}")));
	TEXT(span_of(session.api), "/a");
	TEXT(span_of(session.download), "/jmap/d/{accountId}/{blobId}");
	TEXT(span_of(session.account), "a1");
	OK(session.batch == 7 && session.smime == 0);
	OK(is_session(SESSION(URLS, "null")));
	TEXT(span_of(session.account), "");
	OK(!is_session(SESSION(URLS, "{}")));
	OK(!is_session(SESSION(URLS, "[]")));
	OK(!is_session(SESSION("\"apiUrl\":\"/a\"", "null")));
	OK(!is_session(SESSION("\"apiUrl\":\"/{a}\",\"downloadUrl\":"
			       "\"/{accountId}{blobId}\"",
	    "null")));
	OK(!is_session(SESSION("\"apiUrl\":\"/a\",\"downloadUrl\":"
			       "\"/{accountId}{blobId}{?x}\"",
	    "null")));
	OK(!is_session("{}"));
	OK(!is_session("[]"));
	OK(!is_session(""));
}

static struct jmap_ids ids;

static bool
has_ids(enum jmap_list list, const char *response)
{
	struct note note = { "" };
	char text[4096];

	(void)snprintf(
	    text, sizeof(text), "{\"methodResponses\":[%s]}", response);
	if (jmap_ids_parse(span_of(text), list, &ids, &note) != STATUS_OK)
		return false;
	OK(jmap_ids_ok(&ids));
	return true;
}

static void
test_ids(void)
{
	OK(has_ids(JMAP_QUERY, "[\"Email/query\",{\"ids\":[\"a\",\"b\"]},0]"));
	OK(ids.count == 2 && ids.result.outcome == JMAP_DONE);
	TEXT(span_of(ids.id[1]), "b");
	OK(!has_ids(JMAP_QUERY, "[\"Email/query\",{\"ids\":[\"a/b\"]},0]"));
	OK(!has_ids(JMAP_QUERY, "[\"Email/query\",{\"ids\":[\"\"]},0]"));
	OK(!has_ids(JMAP_QUERY, "[\"Email/query\",{\"ids\":[1]},0]"));
	OK(!has_ids(JMAP_QUERY, "[\"Email/query\",{\"ids\":null},0]"));
	OK(!has_ids(JMAP_QUERY, "[\"Email/query\",{},0]"));
	OK(!has_ids(JMAP_QUERY, "[\"Email/get\",{\"ids\":[]},0]"));
	OK(!has_ids(JMAP_QUERY, "{\"ids\":[]}"));
	OK(has_ids(JMAP_CHANGES,
	    "[\"Email/changes\",{\"newState\":\"s 2\",\"created\":[],"
	    "\"hasMoreChanges\":true},0]"));
	OK(ids.more == 1 && ids.count == 0);
	TEXT(span_of(ids.state), "s 2");
	OK(!has_ids(JMAP_CHANGES,
	    "[\"Email/changes\",{\"newState\":\"\",\"created\":[]},0]"));
	OK(!has_ids(JMAP_CHANGES,
	    "[\"Email/changes\",{\"newState\":\"\\u202e\",\"created\":[]},0]"));
	OK(has_ids(JMAP_STATE, "[\"Email/get\",{\"state\":\"5\"},0]"));
	TEXT(span_of(ids.state), "5");
	OK(has_ids(JMAP_CHANGES,
	    "[\"error\",{\"type\":\"cannotCalculateChanges\"},0]"));
	OK(ids.result.outcome == JMAP_CANNOT_CALCULATE);
	OK(has_ids(
	    JMAP_QUERY, "[\"error\",{\"type\":\"serverUnavailable\"},0]"));
	OK(ids.result.outcome == JMAP_LATER);
	OK(has_ids(JMAP_QUERY, "[\"error\",{\"type\":\"\\u001b[1m\"},0]"));
	OK(ids.result.outcome == JMAP_REFUSED);
	TEXT(span_of(ids.result.type), "\\x1b[1m");
	OK(has_ids(JMAP_QUERY, "[\"error\",{},0]"));
	TEXT(span_of(ids.result.type), "unknown");
}

static struct watch_wanted wanted = { .count = 1,
	.domain = { "ca.example" },
	.domains = 1,
	.auto_submitted = true };

/* Does the message fit?  -1: the answer is malformed. */
static int
fits(const char *fields)
{
	static struct jmap_emails emails;
	struct note note = { "" };
	char text[4096];

	(void)snprintf(text, sizeof(text),
	    "{\"methodResponses\":[[\"Email/get\",{\"list\":[{\"id\":\"a\","
	    "\"blobId\":\"b\",\"size\":9,%s}]},0]]}",
	    fields);
	if (jmap_emails_parse(span_of(text), &wanted, &emails, &note) !=
	    STATUS_OK)
		return -1;
	OK(jmap_emails_ok(&emails) && emails.count == 1 &&
	    emails.email[0].size == 9);
	return (int)emails.email[0].fits;
}

#define AUTO(value) "\"header:Auto-Submitted:asRaw\":" value ","
#define FROM(value) "\"header:From:asRaw\":" value ","
#define SUBJECT(value) "\"header:Subject:asRaw\":" value
#define TYPE(value) "\"header:Content-Type:asRaw\":" value ","
#define ACME "\" auto-generated;\\r\\n type=ACME\""
#define TOKEN SUBJECT("\" ACME: x\"")
#define LUNCH SUBJECT("\" lunch\"")

static void
test_emails(void)
{
	OK(fits(AUTO(ACME) FROM("\" a@CA.example\"") TOKEN) == 1);
	OK(fits(AUTO(ACME) FROM("\" a@CA.example\"") LUNCH) == 0);
	OK(fits(AUTO(ACME) FROM("\" a@ca.test\"") TOKEN) == 0);
	OK(fits(AUTO(ACME) FROM("null") TOKEN) == 0);
	OK(fits(AUTO("null") FROM("\" a@ca.example\"") TOKEN) == 0);
	OK(fits(AUTO("\" no\"") FROM("\" a@ca.example\"") TOKEN) == 0);
	OK(fits(AUTO(ACME) LUNCH) == -1);
	OK(fits(FROM("\" a@ca.example\"") LUNCH) == -1);
	OK(fits(AUTO("7") FROM("\" a@ca.example\"") LUNCH) == -1);
	OK(fits(AUTO(ACME) FROM("\" a@ca.example\"") "\"x\":1") == -1);
	wanted.domains = 0;
	OK(fits(AUTO(ACME) FROM("\" a@ca.test\"") TOKEN) == 1);
	wanted.domains = 1;
	wanted.auto_submitted = false;
	OK(fits(AUTO("null") FROM("\"ca.example\"") TOKEN) == 1);
	OK(fits(AUTO("null") FROM("\"ca.example\"") LUNCH) == 0);
	wanted.auto_submitted = true;

	/* Reports, from anybody; or nothing else. */
	wanted.sent = 1;
	OK(fits(AUTO(ACME) FROM("\" a@ca.example\"") TOKEN) == -1);
	OK(fits(TYPE("\" text/plain\"") AUTO(ACME) FROM("\" a@ca.example\"")
		   TOKEN) == 1);
	OK(fits(TYPE("null") AUTO("null") FROM("null") LUNCH) == 0);
	OK(fits(TYPE("\" Multipart/Report;\\r\\n x=y\"") AUTO("null")
		   FROM("null") LUNCH) == 1);
	wanted.count = 0;
	OK(fits(TYPE("\" text/plain\"") AUTO(ACME) FROM("\" a@ca.example\"")
		   TOKEN) == 0);
	OK(fits(TYPE("\" multipart/report\"") AUTO("null") FROM("null")
		   LUNCH) == 1);
	wanted.count = 1;
	wanted.sent = 0;
}

static void
test_problem(void)
{
	struct jmap_result result;

	jmap_problem_parse(
	    SPAN("{\"type\":\"urn:ietf:params:jmap:error:limit\"}"), &result);
	OK(result.outcome == JMAP_LATER);
	TEXT(span_of(result.type), "limit");
	jmap_problem_parse(SPAN("<html>"), &result);
	OK(result.outcome == JMAP_REFUSED);
	TEXT(span_of(result.type), "unknown");
	OK(jmap_result_ok(&result));
}

int
main(void)
{
	test_resolve();
	test_resolve_plain();
	test_expand();
	test_session();
	test_ids();
	test_emails();
	test_problem();
	return tap_done();
}

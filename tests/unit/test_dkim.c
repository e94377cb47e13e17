/* test_dkim.c - mail/dkim on RFC 8463 appendix A and a recorded message */
#include "tap.h"

#include "mail/dkim.h"
#include "tests/vectors/rfc8463.h"

static const char ed_key[] =
    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
static const char rsa_key[] =
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs"
    "5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ"
    "/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2k"
    "ryOTIKT+l/K4w3QIDAQAB";

/* Verify the index-th field of the message with that record. */
static enum status
verify(struct span message, size_t index, const char *record,
    struct dkim_evidence *evidence)
{
	static struct header header;
	struct dkim_signature signature;
	struct note note = { "" };
	enum status status;

	header_parse(message, &header);
	status = dkim_signature_parse(
	    &header.field[index], 1528700000, &signature, &note);
	return status == STATUS_OK
	    ? dkim_verify(
		  &header, &signature, span_of(record), false, evidence, &note)
	    : status;
}

/* The same message with one piece replaced. */
static enum status
changed(const char *from, const char *to, size_t index, const char *record)
{
	struct span all = span_of(rfc8463);
	size_t at = span_find(all, span_of(from));
	struct dkim_evidence evidence;
	struct buf message;
	enum status status;

	buf_init(&message, 10000);
	buf_add(&message, span_cut(all, 0, at));
	buf_add_text(&message, to);
	buf_add(&message, span_cut(all, at + strlen(from), all.len));
	status = verify(buf_span(&message), index, record, &evidence);
	buf_clear(&message);
	return status;
}

/* Is the first signature one whose key is worth asking for? */
static enum status
parsed(const char *from, const char *to)
{
	static struct header header;
	struct span all = span_of(rfc8463);
	size_t at = span_find(all, span_of(from));
	struct dkim_signature signature;
	struct buf message;
	enum status status;

	buf_init(&message, 10000);
	buf_add(&message, span_cut(all, 0, at));
	buf_add_text(&message, to);
	buf_add(&message, span_cut(all, at + strlen(from), all.len));
	header_parse(buf_span(&message), &header);
	status = dkim_signature_parse(
	    &header.field[0], 1528700000, &signature, NULL);
	buf_clear(&message);
	return status;
}

static void
test_rfc8463(void)
{
	struct dkim_evidence evidence;
	struct buf crlf;
	size_t i;

	OK(verify(span_of(rfc8463), 0, ed_key, &evidence) == STATUS_OK);
	OK(!evidence.weak);
	OK(verify(span_of(rfc8463), 1, rsa_key, &evidence) == STATUS_OK);
	OK(evidence.weak && evidence.bits == 1024);
	buf_init(&crlf, 10000);
	for (i = 0; rfc8463[i] != '\0'; i++) {
		if (rfc8463[i] == '\n')
			buf_add_byte(&crlf, '\r');
		buf_add_byte(&crlf, rfc8463[i]);
	}
	OK(verify(buf_span(&crlf), 0, ed_key, &evidence) == STATUS_OK);
	OK(verify(buf_span(&crlf), 1, rsa_key, &evidence) == STATUS_OK);
	buf_clear(&crlf);
	/* What relaxed forgives, and what it does not. */
	OK(changed("Subject: Is", "subject:  Is", 0, ed_key) == STATUS_OK);
	OK(changed("Joe.\n", "Joe. \n\n\n", 0, ed_key) == STATUS_OK);
	OK(changed("dinner", "lunch", 0, ed_key) == STATUS_BAD_DKIM);
	OK(changed("hungry", "angry", 0, ed_key) == STATUS_BAD_DKIM);
	OK(changed("To: Suzie", "To: Susie", 1, rsa_key) == STATUS_BAD_DKIM);
	OK(changed("From: Joe", "From: x@y.z\nFrom: Joe", 0, ed_key) ==
	    STATUS_BAD_DKIM); /* From is signed twice: one may not be added */
	OK(changed("t=1528637909", "t=1528637908", 0, ed_key) ==
	    STATUS_BAD_DKIM);
	OK(changed("v=1; a=ed", "v=1; l=1; a=ed", 0, ed_key) ==
	    STATUS_BAD_DKIM_COVERAGE);
	OK(changed("v=1; a=ed", "v=1; x=1528637910; a=ed", 0, ed_key) ==
	    STATUS_BAD_DKIM);
	/* RFC 6376 section 3.5: at most twelve digits. */
	OK(changed("v=1; a=ed", "v=1; x=9999999999999; a=ed", 0, ed_key) ==
	    STATUS_BAD_DKIM);
	OK(changed("t=1528637909", "t=0001528637909", 0, ed_key) ==
	    STATUS_BAD_DKIM);
	OK(parsed("v=1; a=ed", "v=1; x=999999999999; a=ed") == STATUS_OK);
	OK(parsed("v=1; a=ed", "v=1; x=0999999999999; a=ed") ==
	    STATUS_BAD_DKIM);
	/* Section 3.5: methods that nobody knows are ignored. */
	OK(parsed("q=dns/txt", "q=http/well-known : DNS/TXT") == STATUS_OK);
	OK(parsed("q=dns/txt", "q=dns/txt:dns/other") == STATUS_OK);
	OK(parsed("q=dns/txt", "q=http/well-known") == STATUS_BAD_DKIM);
	OK(parsed("q=dns/txt", "q=") == STATUS_BAD_DKIM);
	OK(changed("v=1; a=ed25519-sha256", "v=1; a=rsa-sha1", 0, ed_key) ==
	    STATUS_BAD_DKIM);
	OK(changed("v=1; a=ed", "v=1; v=1; a=ed", 0, ed_key) ==
	    STATUS_BAD_DKIM);
	OK(changed("i=@football", "i=@evil", 0, ed_key) == STATUS_BAD_DKIM);
}

static void
test_keys(void)
{
	static const char *const bad[] = { "", "v=DKIM1; p=",
		"v=DKIM2; k=ed25519; p="
		"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
		"k=ed25519; v=DKIM1; p="
		"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
		"k=ed25519; t=y; p="
		"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
		"k=ed25519; h=sha1; p="
		"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
		"k=ed25519; s=other; p="
		"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
		"k=rsa; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
		"k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUQ==",
		"k=ed25519; p=!", "nonsense" };
	struct dkim_evidence evidence;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		OK(verify(span_of(rfc8463), 0, bad[i], &evidence) ==
		    STATUS_BAD_DKIM_KEY);
	OK(verify(span_of(rfc8463), 0,
	       "v=DKIM1;\tk=ed25519;\r\n\tp=11qYAYKxCrfVS/7TyWQHOg7hcv\n"
	       "  Papi\tMlrwIaaPcHURo=",
	       &evidence) == STATUS_OK);
	OK(verify(span_of(rfc8463), 0,
	       "k=ed25519; t=s; s=x:email; h=sha1:sha256; n=a note; p= "
	       "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= ;",
	       &evidence) == STATUS_OK);
}

int
main(void)
{
	test_rfc8463();
	test_keys();
	return tap_done();
}

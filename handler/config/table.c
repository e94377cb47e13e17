/*
 * table.c - the table of configuration names: see config_p.h
 *
 * tests/flow/docs.py reads the rows: each begins with its name and its initial
 * value, and mailcert-config(5) must give both.
 */
#include <assert.h>

#include "config/config_p.h"

enum {
	RECEIVED_MOST = 16,
	SETTLE_MOST = 3600,
	ANSWERS_MOST = 1000 * 1000,
	MESSAGE_LEAST = 1024,
	MESSAGE_MOST = 256 * 1024 * 1024
};
#define PERIOD_MOST (3650 * INT64_C(86400))

#define OF(record, field)                         \
	.offset = offsetof(struct record, field), \
	.size = sizeof(((struct record *)0)->field)
#define ALL(field) OF(config, field)
#define CA(field) OF(config_ca, field)
#define ZONE(field) OF(config_zone, field)

#define AUTHENTICATE "dkim, smime, results:NAME, in order; or none"
#define PROGRAM "the full path of a program, and its arguments"
#define SERVER "HOST or HOST@PORT"
#define SERVERS "addresses as in 192.0.2.1 2001:db8::1@5353, 16 at most"
#define KEYS "rsa:2048, rsa:3072, rsa:4096, ec:p256, ec:p384 or ed25519"
#define PROXY "http://HOST:PORT, https://, socks5://, socks5h://, or none"

static const char *const yes_no[] = { "yes", "no", NULL };
static const char *const finishes[] = { "auto", "ask", "manual", NULL };
static const char *const retrievals[] = { "no", "crl", "ocsp", "both", NULL };
static const char *const revocations[] = { "off", "soft", "hard", NULL };
static const char *const sandboxes[] = { "required", "best-effort", NULL };
static const char *const usages[] = { "both", "sign", "encrypt", "separate",
	NULL };
static const char *const coverages[] = { "relaxed", "rfc8823", "minimal",
	NULL };
static const char *const auto_submitted[] = { "rfc8823", "relaxed", NULL };
static const char *const joins[] = { "string", "octets", NULL };
static const char *const posts[] = { "before-mail", "after-reply", NULL };
static const char *const services_in[] = { "payload", "header", "none", NULL };
static const char *const subjects[] = { "empty", "address", NULL };

static const struct setting all[] = {
	{ "account_key", "ec:p256", value_key_kind, ALL(account_key),
	    .expected = KEYS },
	{ "answer_for", NULL, value_addresses, ALL(answer_for),
	    .expected = "addresses, @DOMAIN or *" },
	{ "answered_flag", "no", value_flag, ALL(answered_flag),
	    .words = yes_no },
	{ "answered_folder", NULL, value_text, ALL(answered_folder) },
	{ "answers_per_day", "10", value_number, ALL(answers_per_day),
	    .most = ANSWERS_MOST },
	{ "answers_per_day_in_all", "1000", value_number,
	    ALL(answers_per_day_in_all), .most = ANSWERS_MOST },
	{ "answers_per_order", "1", value_number, ALL(answers_per_order),
	    .most = ANSWERS_MOST },
	{ "authenticate", "dkim smime", value_methods, ALL(authenticate.by),
	    .expected = AUTHENTICATE },
	{ "auto_submitted", "rfc8823", value_flag, ALL(rules.auto_submitted),
	    .words = auto_submitted },
	{ "ca", NULL, value_text, ALL(ca) },
	{ "caa", "yes", value_flag, ALL(caa), .words = yes_no },
	{ "color", "yes", value_flag, ALL(color), .words = yes_no },
	{ "deploy_hook", NULL, value_text, ALL(deploy_hook) },
	{ "dkim_headers", "relaxed", value_coverage, ALL(authenticate.coverage),
	    .words = coverages },
	{ "dns_patience", "5m", value_period, ALL(dns_patience),
	    .expected = "30s, 5m or 1h", .least = 1, .most = PERIOD_MOST },
	{ "dns_servers", NULL, value_dns_servers, ALL(dns_servers),
	    .expected = SERVERS },
	{ "dns_update_command", "/usr/bin/nsupdate", value_program,
	    ALL(dns_update_command), .expected = PROGRAM },
	{ "dns_update_key", NULL, value_path, ALL(dns_update_key) },
	{ "dns_update_server", NULL, value_dns_server, ALL(dns_update_server),
	    .expected = SERVER },
	/* From the package dns-root-data; without this file nothing is
	 * validated. */
	{ "dnssec_anchor", "/usr/share/dns/root.key", value_text,
	    ALL(authenticate.anchor) },
	{ "draft", NULL, value_draft, ALL(draft),
	    .expected = "mua, stage, stdout, smtp, sendmail, imap, file:PATH, "
			"maildir:DIR or mbox:FILE" },
	{ "finish", "auto", value_choice, ALL(finish), .words = finishes },
	{ "imap", NULL, value_imap, ALL(imap),
	    .expected = "imaps://USER@HOST or imap://USER@HOST, perhaps with "
			"/FOLDER" },
	{ "key", "rsa:3072", value_key_kind, ALL(key), .expected = KEYS },
	{ "lock_keys", "no", value_flag, ALL(lock_keys), .words = yes_no },
	{ "mail_ca_file", NULL, value_path, ALL(mail_ca_file) },
	{ "max_message", "10485760", value_number, ALL(max_message),
	    .least = MESSAGE_LEAST, .most = MESSAGE_MOST },
	{ "orders_per_minute", "60", value_number, ALL(orders_per_minute),
	    .least = 1, .most = ORDERS_PER_MINUTE_MOST },
	{ "password_command", NULL, value_text, ALL(password_command),
	    .secret = true },
	{ "patience", "1h", value_period, ALL(patience),
	    .expected = "10m, 1h or 2d", .least = 1, .most = PERIOD_MOST },
	{ "plain", "no", value_flag, ALL(plain), .words = yes_no },
	{ "proxy", NULL, value_proxy, ALL(proxy), .expected = PROXY,
	    .secret = true },
	{ "renew_before", NULL, value_period, ALL(renew_before),
	    .expected = "30d or 36h", .most = PERIOD_MOST },
	{ "report", NULL, value_report, ALL(report),
	    .expected = "maildir:DIR, mailto:ADDRESS, or the full path of a "
			"program, and its arguments" },
	{ "resolver", "system", value_resolver, ALL(authenticate.resolver),
	    .expected = "system, or addresses as in 127.0.0.1@53" },
	{ "results_received", "0", value_number, ALL(authenticate.received),
	    .most = RECEIVED_MOST },
	{ "retrieve_private", "no", value_flag, ALL(retrieve_private),
	    .words = yes_no },
	{ "retrieve_revocation", "no", value_word, ALL(retrieve_revocation),
	    .words = retrievals },
	{ "reuse_key", "no", value_flag, ALL(reuse_key), .words = yes_no },
	{ "revocation", "hard", value_word, ALL(revocation),
	    .words = revocations },
	{ "sandbox", "required", value_flag, ALL(sandbox_required),
	    .words = sandboxes },
	{ "sendmail", "/usr/sbin/sendmail", value_program, ALL(sendmail),
	    .expected = PROGRAM },
	{ "sent_copy", NULL, value_sent_copy, ALL(sent_copy),
	    .expected = "maildir:DIR, mbox:FILE or imap" },
	{ "sent_folder", NULL, value_sent_folder, ALL(sent_folder),
	    .expected = "maildir:DIR or mbox:FILE" },
	{ "settle", "30", value_number, ALL(settle), .most = SETTLE_MOST },
	{ "smime_anchors", NULL, value_text, ALL(authenticate.smime_anchors) },
	{ "smime_crls", NULL, value_text, ALL(authenticate.smime_crls) },
	{ "smime_identities", NULL, value_identities, ALL(smime_identities),
	    .expected = "FROM:SIGNER, two addresses, with blanks between such "
			"pairs" },
	{ "smimea_publish", NULL, value_addresses, ALL(smimea_publish),
	    .expected = "addresses, @DOMAIN or *" },
	{ "smtp", NULL, value_smtp, ALL(smtp),
	    .expected = "submissions://USER@HOST or submission://USER@HOST" },
	{ "syslog", "no", value_flag, ALL(syslog), .words = yes_no },
	{ "usage", "both", value_usage, ALL(usage), .words = usages },
	{ "watch", NULL, value_sources, ALL(watch),
	    .expected = "maildir:DIR, mbox:FILE, imaps://USER@HOST/FOLDER or "
			"jmap:https://HOST, 16 at most" },
};

/* The names that may follow "ca.NAME.". */
static const struct setting of_ca[] = {
	{ "answers_per_day", NULL, value_number, CA(own.answers_per_day),
	    .most = ANSWERS_MOST,
	    .given = offsetof(struct config_ca, own.has_answers_per_day) },
	{ "authenticate", NULL, value_methods, CA(own.authenticate),
	    .expected = AUTHENTICATE,
	    .given = offsetof(struct config_ca, own.has_authenticate) },
	{ "auto_submitted", NULL, value_flag, CA(own.auto_submitted),
	    .words = auto_submitted,
	    .given = offsetof(struct config_ca, own.has_auto_submitted) },
	{ "ca_file", NULL, value_text, CA(file) },
	{ "chain", NULL, value_text, CA(chain) },
	{ "challenge_post", "after-reply", value_flag, CA(before_mail),
	    .words = posts },
	{ "command", NULL, value_program, CA(command), .expected = PROGRAM },
	{ "csr_eku", "no", value_flag, CA(csr_eku), .words = yes_no },
	{ "directory", NULL, value_url, CA(directory),
	    .expected = "an https:// URL (RFC 8555 section 6.1)" },
	{ "dkim_headers", NULL, value_coverage, CA(own.coverage),
	    .words = coverages,
	    .given = offsetof(struct config_ca, own.has_coverage) },
	{ "eab_key_file", NULL, value_text, CA(eab_key_file) },
	{ "eab_kid", NULL, value_text, CA(eab_kid) },
	{ "proxy", NULL, value_proxy, CA(proxy), .expected = PROXY,
	    .secret = true },
	{ "service_hash", "no", value_flag, CA(service_hash), .words = yes_no },
	{ "service_in", "payload", value_choice, CA(service_in),
	    .words = services_in },
	{ "settle", NULL, value_number, CA(settle), .most = SETTLE_MOST,
	    .given = offsetof(struct config_ca, own.has_settle) },
	{ "subject", "address", value_flag, CA(empty_subject),
	    .words = subjects },
	{ "token_join", "string", value_join, CA(join), .words = joins },
};

/* The names that ".ZONE" may follow. */
static const struct setting of_zone[] = {
	{ "dns_servers", NULL, value_dns_servers, ZONE(servers),
	    .expected = SERVERS },
	{ "dns_update_command", NULL, value_program, ZONE(update_command),
	    .expected = PROGRAM },
	{ "dns_update_key", NULL, value_path, ZONE(update_key) },
	{ "dns_update_server", NULL, value_dns_server, ZONE(update_server),
	    .expected = SERVER },
};

/* What follows "password.USER@HOST" and "token.USER@HOST". */
const struct setting setting_of_secret = { "", NULL, value_text,
	.offset = offsetof(struct config_secret, command),
	.size = sizeof(((struct config_secret *)0)->command), .secret = true };

const struct settings settings_all = { all, sizeof(all) / sizeof(*all) };
const struct settings settings_of_ca = { of_ca,
	sizeof(of_ca) / sizeof(*of_ca) };
const struct settings settings_of_zone = { of_zone,
	sizeof(of_zone) / sizeof(*of_zone) };

const struct setting *
setting_find(const struct settings *settings, struct span name)
{
	size_t i;

	for (i = 0; i < settings->count; i++)
		if (span_eq(span_of(settings->rows[i].name), name))
			return &settings->rows[i];
	return NULL;
}

bool
setting_set(const struct setting *setting, struct span value, void *record)
{
	const bool done =
	    setting->read(setting, value, (char *)record + setting->offset);

	if (done && setting->given != 0)
		*(bool *)((char *)record + setting->given) = true;
	return done;
}

static void
add_words(const char *const *words, struct buf *out)
{
	size_t i;

	for (i = 0; words[i] != NULL; i++)
		buf_addf(out, "%s%s",
		    i == 0                     ? ""
			: words[i + 1] != NULL ? ", "
					       : " or ",
		    words[i]);
}

void
setting_expected(const struct setting *setting, struct buf *out)
{
	if (setting->expected != NULL)
		buf_add_text(out, setting->expected);
	else if (setting->words != NULL)
		add_words(setting->words, out);
	else if (setting->most > 0)
		buf_addf(out, "a number from %lld to %lld",
		    (long long)setting->least, (long long)setting->most);
	else
		buf_addf(out, "at most %zu bytes", setting->size - 1);
}

void
settings_begin(const struct settings *settings, void *record)
{
	const struct setting *setting;
	bool done;
	size_t i;

	for (i = 0; i < settings->count; i++) {
		setting = &settings->rows[i];
		if (setting->initial == NULL)
			continue;
		done = setting_set(setting, span_of(setting->initial), record);
		assert(done);
	}
}

/* test_config.c - the table of names: defaults, values, and what errors say */
#include "tap.h"

#include "config/config.h"

static struct config config;
static struct note note;

static enum status
load(const char *setting)
{
	note_say(&note, "%s", "");
	return config_load("/nowhere", &setting, 1, &config, &note);
}

/* What a setting is refused with. */
static struct span
refusal(const char *setting)
{
	return load(setting) == STATUS_CONFIG ? span_of(note.text)
					      : SPAN("taken");
}

static void
test_defaults(void)
{
	const struct config_ca *demo;

	OK(config_load("/nowhere", NULL, 0, &config, &note) == STATUS_OK);
	TEXT(span_of(config.home), "/nowhere");
	OK(config.account_key == KEY_EC_P256 && config.key == KEY_RSA_3072);
	OK(config.authenticate.by.count == 2 && !config.authenticate.by.none);
	OK(config.authenticate.by.method[0] == AUTHRES_DKIM);
	OK(config.authenticate.by.method[1] == AUTHRES_SMIME);
	OK(config.authenticate.coverage == COVERAGE_RELAXED);
	OK(config.authenticate.received == 0);
	TEXT(span_of(config.authenticate.resolver), "system");
	TEXT(span_of(config.authenticate.anchor), "/usr/share/dns/root.key");
	TEXT(span_of(config.authenticate.smime_anchors), "");
	TEXT(span_of(config.sendmail), "/usr/sbin/sendmail");
	TEXT(span_of(config.revocation), "hard");
	TEXT(span_of(config.ca), "");
	OK(config.rules.auto_submitted && config.caa && config.color);
	OK(config.sandbox_required && !config.lock_keys);
	OK(config.finish == FINISH_AUTO);
	OK(config.usage.of == CSR_BOTH && !config.usage.separate);
	OK(config.patience == 3600 && config.renew_before == 0);
	OK(config.max_message == 10 * 1024 * 1024);
	demo = config_known_ca(&config, "demo");
	OK(demo != NULL && demo->settle == 0 &&
	    demo->join == TOKEN_JOIN_STRING);
	demo = config_known_ca(&config, "castle");
	OK(demo != NULL && demo->settle == 30 &&
	    demo->join == TOKEN_JOIN_OCTETS);
}

static void
test_values(void)
{
	OK(load("color=no") == STATUS_OK && !config.color);
	OK(load("sandbox = best-effort") == STATUS_OK &&
	    !config.sandbox_required);
	OK(load("finish=manual") == STATUS_OK &&
	    config.finish == FINISH_MANUAL);
	OK(load("usage=separate") == STATUS_OK && config.usage.separate &&
	    config.usage.of == CSR_SIGN);
	OK(load("usage=encrypt") == STATUS_OK && !config.usage.separate &&
	    config.usage.of == CSR_ENCRYPT);
	OK(load("revocation=off") == STATUS_OK);
	TEXT(span_of(config.revocation), "off");
	OK(load("sendmail=\"/usr/bin/msmtp -a work\"") == STATUS_OK);
	TEXT(span_of(config.sendmail), "/usr/bin/msmtp -a work");
	OK(load("authenticate = none") == STATUS_OK &&
	    config.authenticate.by.none);
	OK(load("authenticate = results:mx smime") == STATUS_OK &&
	    config.authenticate.by.method[0] == AUTHRES_RESULTS);
	TEXT(span_of(config.authenticate.by.results), "mx");
	OK(load("patience=90s") == STATUS_OK && config.patience == 90);
	OK(load("patience=2h") == STATUS_OK && config.patience == 7200);
	OK(load("renew_before=30") == STATUS_OK &&
	    config.renew_before == 30 * 86400);
	OK(load("max_message=1024") == STATUS_OK && config.max_message == 1024);
	OK(load("sent_folder=mbox:/m") == STATUS_OK &&
	    config.sent_folder.kind == DESTINATION_MBOX);
	OK(load("proxy=socks5h://u:p@h:1") == STATUS_OK);
	OK(load("resolver=127.0.0.1@53 ::1") == STATUS_OK);
}

static void
test_ca(void)
{
	struct config_ca ca;

	OK(load("ca.x.settle=5") == STATUS_OK);
	OK(config_known_ca(&config, "x")->settle == 5);
	OK(config_find_ca(&config, "x", &ca, &note) == STATUS_CONFIG);
	TEXT(span_of(note.text), "ca.x.directory is not set");
	OK(load("ca.x.subject=empty") == STATUS_OK &&
	    config_known_ca(&config, "x")->empty_subject);
	OK(config_known_ca(&config, "x")->settle == 30);
	OK(!config_has_own(&config));
	OK(load("ca.demo.authenticate=smime") == STATUS_OK &&
	    config_has_own(&config));
	OK(config_known_ca(&config, "demo")->own.has_authenticate);
	OK(!config_known_ca(&config, "demo")->own.has_coverage);
	OK(load("ca.x.challenge_post=before-mail") == STATUS_OK &&
	    config_known_ca(&config, "x")->before_mail);
	OK(config_find_ca(&config, "https://ca.example/d", &ca, &note) ==
	    STATUS_OK);
	OK(ca.settle == 30 && ca.name[0] == '\0' && !ca.before_mail);
}

static void
test_errors(void)
{
	TEXT(refusal("color=maybe"),
	    "-o: color = maybe is not valid; use yes or no");
	TEXT(refusal("finish=later"),
	    "-o: finish = later is not valid; use auto, ask or manual");
	TEXT(refusal("max_message=1023"),
	    "-o: max_message = 1023 is not valid; use a number from 1024 to "
	    "268435456");
	TEXT(refusal("results_received=17"),
	    "-o: results_received = 17 is not valid; use a number from 0 to "
	    "16");
	TEXT(refusal("patience=0"),
	    "-o: patience = 0 is not valid; use 10m, 1h or 2d");
	TEXT(refusal("ca.x.directory=http://ca.example/"),
	    "-o: ca.x.directory = http://ca.example/ is not valid; use an "
	    "https:// URL (RFC 8555 section 6.1)");
	TEXT(refusal("color=\x1b[31m\xff"),
	    "-o: color = \\x1b[31m\\xff is not valid; use yes or no");
	TEXT(refusal("proxy=gopher://user:secret@host"),
	    "-o: not a value for proxy; use http://HOST:PORT, https://, "
	    "socks5://, socks5h://, or none");
	TEXT(refusal("authenticate=dkim dkim"),
	    "-o: authenticate = dkim dkim is not valid; use dkim, smime, "
	    "results:NAME, in order; or none");
}

static void
test_names(void)
{
	TEXT(refusal("dkim_header=relaxed"),
	    "-o: unknown name \"dkim_header\"; did you mean dkim_headers?");
	TEXT(refusal("ca.demo.directry=x"),
	    "-o: unknown name \"ca.demo.directry\"; did you mean "
	    "ca.demo.directory?");
	TEXT(refusal("nonsense=1"),
	    "-o: unknown name \"nonsense\"; mailcert-config(5) lists them");
	TEXT(refusal("directory=x"),
	    "-o: unknown name \"directory\"; mailcert-config(5) lists them");
	TEXT(refusal("ca.demo=1"),
	    "-o: unknown name \"ca.demo\"; mailcert-config(5) lists them");
	TEXT(refusal("color"), "-o: \"color\" has no \"=\"; use NAME = VALUE");
	TEXT(refusal("proxy http://user:secret@host"),
	    "-o: \"proxy\" has no \"=\"; use NAME = VALUE");
	OK(load("ca..settle=1") == STATUS_CONFIG);
	OK(load("ca.abcdefghijklmnopqrstuvwxyzabcdef.settle=1") ==
	    STATUS_CONFIG);
}

/* Each zone has its own, or the default; the nearest above a name counts. */
static void
test_zones(void)
{
	static const char *const many[] = { "dns_update_key=/all",
		"dns_servers=192.0.2.1", "dns_update_key.Example.org=/org",
		"dns_update_key.sub.example.org.=/sub",
		"dns_servers.sub.example.org=192.0.2.2",
		"dns_update_server.example.net=ns.example.net@5353" };
	static const struct {
		const char *name, *key, *server, *servers;
	} want[] = { { "example.com", "/all", "", "192.0.2.1" },
		{ "example.org", "/org", "", "192.0.2.1" },
		{ "a.b.EXAMPLE.ORG", "/org", "", "192.0.2.1" },
		{ "notexample.org", "/all", "", "192.0.2.1" },
		{ "org", "/all", "", "192.0.2.1" },
		{ "sub.example.org", "/sub", "", "192.0.2.2" },
		{ "a.sub.example.org", "/sub", "", "192.0.2.2" },
		{ "x.example.net", "/all", "ns.example.net@5353",
		    "192.0.2.1" } };
	char text[16][40];
	const char *full[17];
	struct config_dns dns;
	size_t i;

	OK(config_load("/nowhere", many, 6, &config, &note) == STATUS_OK);
	OK(config.zone_count == 3);
	for (i = 0; i < sizeof(want) / sizeof(*want); i++) {
		dns = config_dns_of(&config, want[i].name);
		TEXT(span_of(dns.update_key), want[i].key);
		TEXT(span_of(dns.update_server), want[i].server);
		TEXT(span_of(dns.servers), want[i].servers);
		TEXT(span_of(dns.update_command), "/usr/bin/nsupdate");
	}
	for (i = 0; i < 16; i++) {
		(void)snprintf(
		    text[i], sizeof(text[i]), "dns_servers.z%zu=::1", i);
		full[i] = text[i];
	}
	full[16] = "dns_update_key.z15=/k";
	OK(config_load("/nowhere", full, 17, &config, &note) == STATUS_OK);
	full[16] = "dns_update_key.z16=/k";
	OK(config_load("/nowhere", full, 17, &config, &note) == STATUS_CONFIG);
	TEXT(span_of(note.text),
	    "-o: dns_update_key.z16 does not name a zone as the DNS writes it, "
	    "or is one of more than 16");
	OK(load("dns_update_key.=/k") == STATUS_CONFIG);
	OK(load("dns_update_key.b\xc3\xbc.example=/k") == STATUS_CONFIG);
	OK(load("dns_update_key.a b=/k") == STATUS_CONFIG);
	OK(load("dns_patience.example.org=1m") == STATUS_CONFIG);
	TEXT(refusal("dns_update_command.x=nsupdate"),
	    "-o: dns_update_command.x = nsupdate is not valid; use the full "
	    "path of a program, and its arguments");
}

static void
test_many_cas(void)
{
	static const char *const many[] = { "ca.a.settle=1", "ca.b.settle=1",
		"ca.c.settle=1", "ca.d.settle=1", "ca.e.settle=1",
		"ca.f.settle=1" };

	OK(config_load("/nowhere", many, 5, &config, &note) == STATUS_OK);
	OK(config_load("/nowhere", many, 6, &config, &note) == STATUS_CONFIG);
}

int
main(void)
{
	/* No file is read: what the user has configured does not matter. */
	if (setenv("XDG_CONFIG_HOME", "/nowhere", 1) != 0)
		return 1;
	test_defaults();
	test_values();
	test_ca();
	test_errors();
	test_names();
	test_zones();
	test_many_cas();
	return tap_done();
}

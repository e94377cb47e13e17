/* doctor.c - mailcert doctor: check that everything is in place */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer/anchors.h"
#include "base/fd.h"
#include "base/frame.h"
#include "base/sandbox.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/confinement.h"
#include "process/child.h"
#include "process/helper.h"
#include "process/resolve.h"
#include "store/account.h"
#include "store/expectation.h"
#include "store/order.h"

static const struct cmd_line command_line = {
	.name = "doctor",
	.operands = "",
	.options = cmd_json_only,
	.about =
	    "Check that everything is in place: our programs, their sandbox, the\n"
	    "home, the DNS, the trust anchors, the mail program.  Changes nothing.\n"
	    "Exit 0 if nothing is wrong, else 1.\n",
};

enum { FINDINGS_MAX = 32 };

enum result { GOOD, ODD, WRONG };

struct finding {
	enum result result;
	const char *what;
	char text[400];
};

struct findings {
	struct finding finding[FINDINGS_MAX];
	size_t count;
};

static void add(struct findings *out, enum result result, const char *what,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

static void
add(struct findings *out, enum result result, const char *what,
    const char *format, ...)
{
	struct finding *finding = &out->finding[out->count];
	va_list args;

	if (out->count == FINDINGS_MAX)
		return;
	out->count++;
	finding->result = result;
	finding->what = what;
	va_start(args, format);
	(void)vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
}

static void
check_programs(struct findings *out)
{
	static const char *const names[] = { "mailcert-verify", "mailcert-net",
		"mailcert-https", "mailcert-key", "mailcert-screen.so" };
	char path[600];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (helper_path(names[i], path, sizeof(path), NULL) !=
		    STATUS_OK)
			add(out, WRONG, "programs", "%s is not installed",
			    names[i]);
		else if (i == 0)
			add(out, GOOD, "programs", "in %.*s",
			    (int)(strrchr(path, '/') - path), path);
}

/* What a compromised parser could still do.  Flat: a child reports it. */
struct attempt {
	uint32_t opened;
	uint32_t connected;
};

static void
try_to_get_out(const void *arg, void *report)
{
	struct attempt *attempt = report;

	(void)arg;
	attempt->opened = open("/", O_RDONLY | O_CLOEXEC) >= 0;
	attempt->connected =
	    socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
}

static void
do_nothing(const void *arg, void *report)
{
	(void)arg;
	(void)report;
}

/* Test what the kernel enforces, not what it claims to support. */
static void
check_children(struct findings *out)
{
	const int none[1] = { 0 };
	struct attempt attempt = { 1, 1 };

	if (child_run(do_nothing, NULL, &attempt, sizeof(attempt), NULL, 0,
		NULL) != STATUS_OK)
		add(out, WRONG, "parser", "the sandboxed parser cannot run");
	else if (child_run(try_to_get_out, NULL, &attempt, sizeof(attempt),
		     NULL, 0, NULL) == STATUS_OK &&
	    (attempt.opened != 0 || attempt.connected != 0))
		add(out, WRONG, "parser", "not sandboxed: it can open %s%s%s",
		    attempt.opened ? "files" : "",
		    attempt.opened && attempt.connected ? " and " : "",
		    attempt.connected ? "sockets" : "");
	else
		add(out, GOOD, "parser",
		    "sandboxed: it can read, write and exit");
	attempt = (struct attempt){ 1, 1 };
	if (child_run(try_to_get_out, NULL, &attempt, sizeof(attempt), none, 0,
		NULL) != STATUS_OK ||
	    attempt.opened != 0 || attempt.connected != 0)
		add(out, WRONG, "verifier", "not sandboxed: it can open %s%s%s",
		    attempt.opened ? "files" : "",
		    attempt.opened && attempt.connected ? " and " : "",
		    attempt.connected ? "sockets" : "");
	else
		add(out, GOOD, "verifier", "sandboxed: no files, no network");
}

/* Report what the helpers rely on, and the consequences if it is missing. */
static void
check_kernel(const struct config *config, struct findings *out)
{
	const enum result result = config->sandbox_required ? WRONG : ODD;
	const struct sandbox can = sandbox_kernel();

	if (can.landlock)
		add(out, GOOD, "landlock", "version %d",
		    sandbox_landlock_version());
	else
		add(out, result, "landlock",
		    "missing from this kernel, or switched off: the network "
		    "programs and the key holder can open all your files");
	if (can.seccomp)
		add(out, GOOD, "seccomp", "system calls are filtered");
	else
		add(out, result, "seccomp",
		    "this kernel does not filter system calls: our programs "
		    "can start others and open sockets");
	if (can.landlock && can.seccomp)
		add(out, GOOD, "sandbox", "every helper is confined");
	else if (config->sandbox_required)
		add(out, WRONG, "sandbox",
		    "missing: %s; --auto-approve, --mda and renew refuse to "
		    "work unless \"set sandbox = best-effort\"",
		    confinement_lacks());
	else
		add(out, ODD, "sandbox",
		    "missing: %s; unattended commands run without it "
		    "(sandbox = best-effort)",
		    confinement_lacks());
}

/* Load the other kinds of records, too, and report all that cannot be read. */
static void
check_records(const struct home *home, struct findings *out)
{
	struct order *orders = NULL;
	struct account *accounts = NULL;
	const struct note *warning;
	struct note note = { "" };
	enum status status;
	size_t count, i;

	status = orders_load(home, &orders, &count, &note);
	if (status == STATUS_OK)
		status = accounts_load(home, &accounts, &count, &note);
	if (status != STATUS_OK)
		add(out, WRONG, "home", "%s", note_text(&note, status));
	for (i = 0; (warning = home_warning(home, i)) != NULL; i++)
		add(out, WRONG, "home", "skipped %s", warning->text);
	free(accounts);
	free(orders);
}

static void
check_home(const struct config *config, struct findings *out)
{
	struct home home = { .dir = -1 };
	struct expectation *expectations = NULL;
	struct note note = { "" };
	enum status status;
	size_t count = 0;

	status = home_open(config->home, false, &home, &note);
	if (status == STATUS_OK && home.dir >= 0)
		status = expectations_load(&home, &expectations, &count, &note);
	if (status == STATUS_OK && home.dir >= 0)
		status = home_try(&home, &note);
	if (status == STATUS_UNABLE)
		add(out, ODD, "home", "%s", note_text(&note, status));
	else if (status != STATUS_OK)
		add(out, WRONG, "home", "%s", note_text(&note, status));
	else if (home.dir < 0)
		add(out, GOOD, "home", "%.300s does not exist yet",
		    config->home);
	else
		add(out, GOOD, "home", "%.300s, %zu expected challenge%s",
		    config->home, count, count == 1 ? "" : "s");
	check_records(&home, out);
	free(expectations);
	home_close(&home);
}

static void
check_dns(const struct config *config, struct findings *out)
{
	const char *anchor = config->authenticate.anchor;
	struct note note = { "" }, why = { "" };
	enum dns_state state = DNS_TROUBLE;
	enum status status;

	status = resolve_check(&config->authenticate, &state, &why, &note);
	if (status != STATUS_OK)
		add(out, WRONG, "dns", "%s", note_text(&note, status));
	else if (state == DNS_SECURE)
		add(out, GOOD, "dns",
		    "the resolver answers, DNSSEC is validated");
	else if (state == DNS_TROUBLE)
		add(out, ODD, "dns", "the resolver (%.100s) does not answer",
		    config->authenticate.resolver);
	else if (state == DNS_BOGUS)
		add(out, WRONG, "dns",
		    "the keys of the DNS root do not validate, so nothing "
		    "will: %.200s",
		    why.text);
	else if (strcmp(anchor, "none") == 0)
		add(out, ODD, "dns",
		    "no DNSSEC: it is switched off (dnssec_anchor = none)");
	else if (anchor[0] == '\0' || access(anchor, R_OK) != 0)
		add(out, ODD, "dns",
		    "no DNSSEC: %.200s is missing (package dns-root-data)",
		    anchor);
	else
		add(out, ODD, "dns",
		    "the resolver answers, but does not pass on DNSSEC: keys "
		    "are \"not secured\" (%.160s); use another resolver, or "
		    "set dnssec_anchor = none",
		    why.text);
}

static void
check_trust(const struct config *config, struct findings *out)
{
	const struct authres_policy *policy = &config->authenticate;
	struct note note = { "" };
	struct buf files;
	enum status status;

	if (policy->by.none) {
		add(out, ODD, "trust",
		    "authenticate = none: anybody can forge a challenge");
		return;
	}
	buf_init(&files, FRAME_TRUST_MAX);
	status = anchors_add(policy->smime_anchors, "anchor", &files, &note);
	if (status == STATUS_OK)
		status = anchors_add(policy->smime_crls, "crl", &files, &note);
	if (status != STATUS_OK)
		add(out, WRONG, "trust", "%s", note_text(&note, status));
	else if (policy->smime_anchors[0] == '\0')
		add(out, GOOD, "trust",
		    "no smime_anchors: S/MIME proves nothing");
	else
		add(out, GOOD, "trust", "smime_anchors = %.300s",
		    policy->smime_anchors);
	buf_clear(&files);
	if (policy->by.results[0] != '\0')
		add(out, ODD, "trust",
		    "%.200s must remove forged Authentication-Results that "
		    "bear its name",
		    policy->by.results);
}

static void
check_mail(const struct config *config, struct findings *out)
{
	const struct span line = span_of(config->sendmail);
	const char *user = getenv("HOME");
	char path[1100];
	struct buf file;
	int fd;

	(void)span_copy(
	    span_cut(line, 0, span_find_byte(line, ' ')), path, sizeof(path));
	if (access(path, X_OK) == 0)
		add(out, GOOD, "sendmail", "%.300s", path);
	else
		add(out, ODD, "sendmail",
		    "%.300s is missing: --draft sendmail and --mda cannot "
		    "send",
		    path);
	buf_init(&file, 1024 * 1024);
	(void)snprintf(
	    path, sizeof(path), "%.1000s/.mailcap", user != NULL ? user : "");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && fd_read(fd, &file, 1) == STATUS_OK &&
	    span_find(buf_span(&file), SPAN("# BEGIN mailcert")) < file.len)
		add(out, GOOD, "mailcap", "our entries are in ~/.mailcap");
	else
		add(out, GOOD, "mailcap",
		    "not in ~/.mailcap (mailcert install mailcap, or the macro "
		    "of mutt.rc)");
	if (fd >= 0)
		(void)close(fd);
	buf_clear(&file);
}

static void
print_text(const struct findings *findings, struct buf *out)
{
	static const char *const words[] = { "ok", "odd", "wrong" };
	const struct finding *finding;
	size_t i;

	for (i = 0; i < findings->count; i++) {
		finding = &findings->finding[i];
		buf_addf(
		    out, "%-6s %-10s ", words[finding->result], finding->what);
		text_show(out, span_of(finding->text), TEXT_NO_LIMIT,
		    text_locale_is_utf8());
		buf_add_byte(out, '\n');
	}
}

static void
print_json(const struct findings *findings, struct buf *out)
{
	static const char *const words[] = { "ok", "odd", "wrong" };
	struct json_writer json = json_begin(out);
	const struct finding *finding;
	size_t i;

	json_open_array(&json, "checks");
	for (i = 0; i < findings->count; i++) {
		finding = &findings->finding[i];
		json_open_object(&json, NULL);
		json_add_text(&json, "check", finding->what);
		json_add_text(&json, "result", words[finding->result]);
		json_add_text(&json, "text", finding->text);
		json_close(&json);
	}
	json_close(&json);
	json_close(&json);
}

int
cmd_doctor(const struct invocation *invocation, int argc, char *argv[])
{
	struct findings *findings;
	struct config config;
	struct buf out;
	struct cmd_json options = { 0 };
	bool wrong = false;
	int code = 0;
	size_t i;

	if (!cmd_parse(&command_line, argc, argv, &options, &code) ||
	    !cmd_config(invocation, &config, &code))
		return code;
	if ((findings = calloc(1, sizeof(*findings))) == NULL)
		return cmd_fail(STATUS_MEMORY, NULL);
	check_programs(findings);
	check_children(findings);
	check_kernel(&config, findings);
	check_home(&config, findings);
	check_dns(&config, findings);
	check_trust(&config, findings);
	check_mail(&config, findings);
	buf_init(&out, 64 * 1024);
	if (options.json)
		print_json(findings, &out);
	else
		print_text(findings, &out);
	for (i = 0; i < findings->count; i++)
		wrong = wrong || findings->finding[i].result == WRONG;
	code = cmd_print(buf_span(&out));
	buf_clear(&out);
	free(findings);
	return code != 0 ? code : wrong;
}

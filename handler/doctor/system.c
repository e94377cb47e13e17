/* system.c - our programs, their sandbox, the DNS, trust */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer/anchors.h"
#include "base/frame.h"
#include "base/sandbox.h"
#include "doctor/doctor_p.h"
#include "process/child.h"
#include "process/helper.h"
#include "process/resolve.h"

void
doctor_programs(const struct doctor *doctor, struct findings *out)
{
	static const char *const names[] = { "mailcert-verify", "mailcert-net",
		"mailcert-https", "mailcert-mail", "mailcert-key",
		"mailcert-screen.so" };
	char path[600];
	size_t i;

	(void)doctor;
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (helper_path(names[i], path, sizeof(path), NULL) !=
		    STATUS_OK)
			finding_add(out, FINDING_ERROR, "programs",
			    "%s is not installed", names[i]);
		else if (i == 0)
			finding_add(out, FINDING_OK, "programs", "in %.*s",
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

static bool
got_out(const struct attempt *attempt)
{
	return attempt->opened != 0 || attempt->connected != 0;
}

static void
add_open(const struct attempt *attempt, const char *check, struct findings *out)
{
	finding_add(out, FINDING_ERROR, check,
	    "not sandboxed: it can open %s%s%s", attempt->opened ? "files" : "",
	    attempt->opened && attempt->connected ? " and " : "",
	    attempt->connected ? "sockets" : "");
}

/* Test what the kernel enforces, not what it claims to support. */
void
doctor_children(const struct doctor *doctor, struct findings *out)
{
	const int none[1] = { 0 };
	struct attempt attempt = { 1, 1 };

	(void)doctor;
	if (child_run(do_nothing, NULL, &attempt, sizeof(attempt), NULL, 0,
		NULL) != STATUS_OK)
		finding_add(out, FINDING_ERROR, "parser",
		    "the sandboxed parser cannot run");
	else if (child_run(try_to_get_out, NULL, &attempt, sizeof(attempt),
		     NULL, 0, NULL) == STATUS_OK &&
	    got_out(&attempt))
		add_open(&attempt, "parser", out);
	else
		finding_add(out, FINDING_OK, "parser",
		    "sandboxed: it can read, write and exit");
	attempt = (struct attempt){ 1, 1 };
	if (child_run(try_to_get_out, NULL, &attempt, sizeof(attempt), none, 0,
		NULL) != STATUS_OK ||
	    got_out(&attempt))
		add_open(&attempt, "verifier", out);
	else
		finding_add(out, FINDING_OK, "verifier",
		    "sandboxed: no files, no network");
}

/* Report what the helpers rely on, and the consequences if it is missing. */
void
doctor_kernel(const struct doctor *doctor, struct findings *out)
{
	const enum finding_status bad =
	    doctor->config->sandbox_required ? FINDING_ERROR : FINDING_WARNING;
	const struct sandbox can = sandbox_kernel();

	if (can.landlock)
		finding_add(out, FINDING_OK, "landlock", "version %d",
		    sandbox_landlock_version());
	else
		finding_add(out, bad, "landlock",
		    "missing from this kernel, or switched off: the network "
		    "programs and the key holder can open all your files");
	if (can.seccomp)
		finding_add(
		    out, FINDING_OK, "seccomp", "system calls are filtered");
	else
		finding_add(out, bad, "seccomp",
		    "this kernel does not filter system calls: our programs "
		    "can start others and open sockets");
	if (can.landlock && can.seccomp)
		finding_add(
		    out, FINDING_OK, "sandbox", "every helper is confined");
	else if (doctor->config->sandbox_required)
		finding_add(out, FINDING_ERROR, "sandbox",
		    "missing: %s; --auto-approve, --mda and renew refuse to "
		    "work unless \"set sandbox = best-effort\"",
		    sandbox_lacks());
	else
		finding_add(out, FINDING_WARNING, "sandbox",
		    "missing: %s; unattended commands run without it "
		    "(sandbox = best-effort)",
		    sandbox_lacks());
}

void
doctor_dns(const struct doctor *doctor, struct findings *out)
{
	const char *anchor = doctor->config->authenticate.anchor;
	struct note note = { "" }, why = { "" };
	enum dns_state state = DNS_TROUBLE;
	enum status status;

	status =
	    resolve_check(&doctor->config->authenticate, &state, &why, &note);
	if (status != STATUS_OK)
		finding_add(
		    out, FINDING_ERROR, "dns", "%s", note_text(&note, status));
	else if (state == DNS_SECURE)
		finding_add(out, FINDING_OK, "dns",
		    "the resolver answers, DNSSEC is validated");
	else if (state == DNS_TROUBLE)
		finding_add(out, FINDING_WARNING, "dns",
		    "the resolver (%.100s) does not answer",
		    doctor->config->authenticate.resolver);
	else if (state == DNS_BOGUS)
		finding_add(out, FINDING_ERROR, "dns",
		    "the keys of the DNS root do not validate, so nothing "
		    "will: %.200s",
		    why.text);
	else if (strcmp(anchor, "none") == 0)
		finding_add(out, FINDING_WARNING, "dns",
		    "no DNSSEC: it is switched off (dnssec_anchor = none)");
	else if (anchor[0] == '\0' || access(anchor, R_OK) != 0)
		finding_add(out, FINDING_WARNING, "dns",
		    "no DNSSEC: %.200s is missing (package dns-root-data)",
		    anchor);
	else
		finding_add(out, FINDING_WARNING, "dns",
		    "the resolver answers, but does not pass on DNSSEC: keys "
		    "are \"not secured\" (%.160s); use another resolver, or "
		    "set dnssec_anchor = none",
		    why.text);
}

void
doctor_trust(const struct doctor *doctor, struct findings *out)
{
	const struct authres_policy *policy = &doctor->config->authenticate;
	struct note note = { "" };
	struct buf files;
	enum status status;

	if (policy->by.none) {
		finding_add(out, FINDING_WARNING, "trust",
		    "authenticate = none: anybody can forge a challenge");
		return;
	}
	buf_init(&files, FRAME_TRUST_MAX);
	status = anchors_add(policy->smime_anchors, "anchor", &files, &note);
	if (status == STATUS_OK)
		status = anchors_add(policy->smime_crls, "crl", &files, &note);
	if (status != STATUS_OK)
		finding_add(out, FINDING_ERROR, "trust", "%s",
		    note_text(&note, status));
	else if (policy->smime_anchors[0] == '\0')
		finding_add(out, FINDING_OK, "trust",
		    "no smime_anchors: S/MIME proves nothing");
	else
		finding_add(out, FINDING_OK, "trust", "smime_anchors = %.300s",
		    policy->smime_anchors);
	buf_clear(&files);
	if (policy->by.results[0] != '\0')
		finding_add(out, FINDING_WARNING, "trust",
		    "%.200s must remove forged Authentication-Results that "
		    "bear its name",
		    policy->by.results);
}

/*
 * postfix.c - let Postfix read the pair
 *
 * smtpd_tls_chain_files takes the place of all other settings for certificates
 * at once.  postconf writes main.cf, as administrators have it do; master.cf
 * stays as it is.
 */
#include <stdio.h>
#include <string.h>

#include "service/daemon.h"

enum { VALUE_MAX = 16 * 1024 };

#define SETTING "smtpd_tls_chain_files"

static enum status
postconf(const struct daemon_site *site, const char *option,
    const char *argument, struct buf *out, struct note *note)
{
	const char *const argv[] = { "-c", site->config, option, argument,
		NULL };

	return daemon_run("postconf", argv, out, note);
}

/* Set it in main.cf, or take it out. */
static enum status
set(const struct daemon_site *site, struct span value, struct note *note)
{
	char text[VALUE_MAX + 64];

	if (value.len == 0)
		return postconf(site, "-X", SETTING, NULL, note);
	(void)snprintf(
	    text, sizeof(text), SETTING "=%.*s", (int)value.len, value.at);
	return postconf(site, "-e", text, NULL, note);
}

static enum status
use(struct daemon_site *site, bool *manual, struct note *note)
{
	struct buf old;
	enum status status;

	*manual = false;
	buf_init(&old, VALUE_MAX);
	status = postconf(site, "-h", SETTING, &old, note);
	if (status == STATUS_OK &&
	    span_eq(buf_span(&old), span_of(site->pair))) {
		buf_clear(&old);
		return STATUS_OK;
	}
	if (status == STATUS_OK)
		change_say(&site->changes, "set " SETTING " in",
		    "set " SETTING " in", site->config);
	if (status == STATUS_OK && !site->changes.dry_run) {
		status = journal_add(&site->changes.journal, "chain",
		    site->config, buf_span(&old), note);
		if (status == STATUS_OK)
			status = set(site, span_of(site->pair), note);
	}
	buf_clear(&old);
	return status;
}

static enum status
undo(struct changes *changes, const struct journal_entry *entry,
    struct note *note)
{
	const struct span pair =
	    journal_get(&changes->journal, "pair", "server");
	struct daemon_site site = { .pair = "" };
	enum status status;
	struct buf now;

	if (!span_eq(entry->verb, SPAN("chain")))
		return STATUS_OK;
	if (!span_copy(entry->path, site.config, sizeof(site.config)))
		return STATUS_DAMAGED;
	buf_init(&now, VALUE_MAX);
	/* What somebody has set since then stays. */
	status = postconf(&site, "-h", SETTING, &now, note);
	if (status == STATUS_OK && span_eq(buf_span(&now), pair))
		status = set(&site, entry->text, note);
	buf_clear(&now);
	return status;
}

static enum status
reload(const struct daemon_site *site, struct note *note)
{
	const char *const argv[] = { "-c", site->config, "reload", NULL };

	return daemon_run("postfix", argv, NULL, note);
}

const struct daemon_kind daemon_postfix = {
	.name = "postfix",
	.journal = "server-postfix",
	.config = "/etc/postfix",
	.serves = { [SERVICE_SMTP] = true },
	.owner = daemon_owner,
	.use = use,
	.reload = reload,
	.undo = undo,
};

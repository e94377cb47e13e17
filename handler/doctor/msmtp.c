/*
 * msmtp.c - does msmtp change what an answer says, and can it send?
 *
 * msmtp(1), of version 1.8: the file of the command line, ~/.msmtprc, or
 * msmtp/config in the directory of configurations.  Its passwords are not
 * looked at.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/path.h"
#include "doctor/doctor_p.h"
#include "install/textfile.h"

enum { ACCOUNTS_MAX = 32, VALUE_SIZE = 256 };

struct settings {
	char name[VALUE_SIZE];
	char from[VALUE_SIZE];
	bool replaces; /* set_from_header on */
	bool fixed;    /* allow_from_override off */
	char host[VALUE_SIZE];
	char port[8];
	bool tls;      /* tls on */
	bool at_once;  /* tls_starttls off */
	bool indirect; /* through a proxy or a socket */
};

struct accounts {
	struct settings at[ACCOUNTS_MAX]; /* the first: "defaults" */
	size_t count;
};

static struct span
take_word(struct span *rest)
{
	struct span word;
	size_t i;

	*rest = span_trim(*rest);
	for (i = 0; i < rest->len && !ascii_is_space(rest->at[i]); i++)
		;
	word = span_cut(*rest, 0, i);
	*rest = span_trim(span_cut(*rest, i, rest->len));
	return word;
}

static struct settings *
find(struct accounts *accounts, struct span name)
{
	size_t i;

	for (i = 0; i < accounts->count; i++)
		if (span_eq(span_of(accounts->at[i].name), name))
			return &accounts->at[i];
	return NULL;
}

/* "account NAME [: OTHER]" begins one: with the settings of the other, or the
 * defaults. */
static struct settings *
begin(struct accounts *accounts, struct span text)
{
	const size_t colon = span_find_byte(text, ':');
	const struct span name = span_trim(span_cut(text, 0, colon));
	struct settings *from, *made;

	from = find(accounts, span_trim(span_cut(text, colon + 1, text.len)));
	if (accounts->count == ACCOUNTS_MAX)
		return &accounts->at[ACCOUNTS_MAX - 1];
	made = &accounts->at[accounts->count++];
	*made = from != NULL ? *from : accounts->at[0];
	if (!span_copy(name, made->name, sizeof(made->name)))
		made->name[0] = '\0';
	return made;
}

/* A setting that says where it sends. */
static void
read_server(struct span word, struct span value, struct settings *at)
{
	if (span_eq(word, SPAN("host")))
		(void)span_copy(value, at->host, sizeof(at->host));
	else if (span_eq(word, SPAN("port")))
		(void)span_copy(value, at->port, sizeof(at->port));
	else if (span_eq(word, SPAN("tls")))
		at->tls = !span_eq(value, SPAN("off"));
	else if (span_eq(word, SPAN("tls_starttls")))
		at->at_once = span_eq(value, SPAN("off"));
	else if (span_eq(word, SPAN("proxy_host")) ||
	    span_eq(word, SPAN("socket")))
		at->indirect = value.len > 0;
}

static void
read_text(struct span text, struct accounts *out)
{
	struct settings *at = &out->at[0];
	struct span line, word;

	while (text.len > 0) {
		line = span_trim(line_take(&text));
		word = take_word(&line);
		if (line.len >= 2 && line.at[0] == '"')
			line = span_cut(line, 1, line.len - 1);
		if (span_eq(word, SPAN("defaults")))
			at = &out->at[0];
		else if (span_eq(word, SPAN("account")))
			at = begin(out, line);
		else if (span_eq(word, SPAN("from")))
			(void)span_copy(line, at->from, sizeof(at->from));
		else if (span_eq(word, SPAN("set_from_header")))
			at->replaces = span_eq(line, SPAN("on"));
		else if (span_eq(word, SPAN("allow_from_override")))
			at->fixed = span_eq(line, SPAN("off"));
		else
			read_server(word, line, at);
	}
}

/* The value of an option: "-a x", "-ax", "--account=x". */
static bool
is_option(struct span word, const char *letter, const char *name,
    struct span *rest, char *out)
{
	const struct span brief = span_of(letter), whole = span_of(name);

	if (span_eq(word, brief))
		return span_copy(take_word(rest), out, VALUE_SIZE);
	if (span_starts(word, whole))
		return span_copy(
		    span_cut(word, whole.len, word.len), out, VALUE_SIZE);
	return span_starts(word, brief) && word.len > brief.len &&
	    word.at[1] != '-' &&
	    span_copy(span_cut(word, brief.len, word.len), out, VALUE_SIZE);
}

static bool
is_msmtp(struct span program)
{
	char name[1024], real[4096];

	if (!span_copy(program, name, sizeof(name)))
		return false;
	/* Debian's msmtp-mta makes sendmail a link to it. */
	if (name[0] == '/' && realpath(name, real) != NULL)
		return strlen(real) >= 6 &&
		    strcmp(real + strlen(real) - 6, "/msmtp") == 0;
	return strcmp(name, "msmtp") == 0;
}

static bool
read_file(const char *given, char *path, size_t size, struct buf *text)
{
	const char *config = getenv("XDG_CONFIG_HOME");
	struct note note;
	mode_t mode;

	if (given[0] != '\0')
		return path_expand(span_of(given), path, size) &&
		    textfile_read(path, text, &mode, &note) == STATUS_OK;
	if (path_expand(SPAN("~/.msmtprc"), path, size) &&
	    textfile_read(path, text, &mode, &note) == STATUS_OK)
		return true;
	buf_clear(text);
	if (config != NULL && config[0] == '/')
		(void)snprintf(path, size, "%.900s/msmtp/config", config);
	else if (!path_expand(SPAN("~/.config/msmtp/config"), path, size))
		return false;
	return textfile_read(path, text, &mode, &note) == STATUS_OK;
}

static void
judge(const struct doctor *doctor, const char *check,
    const struct settings *settings, const char *path, struct findings *out)
{
	const bool own =
	    doctor->order_count > 0 && doctor_is_own(doctor, settings->from);

	if (settings->replaces && !own)
		finding_add(out, FINDING_ERROR, check,
		    "%.300s: set_from_header on makes msmtp replace From with "
		    "%.100s; the CA refuses that answer; set it to auto",
		    path, settings->from);
	else if (settings->fixed && !own)
		finding_add(out, FINDING_WARNING, check,
		    "%.300s: allow_from_override off: the envelope sender is "
		    "always %.100s; a CA may judge its SPF",
		    path, settings->from);
}

static void
try_server(const struct doctor *doctor, const char *check,
    const struct settings *settings, struct findings *out)
{
	const bool implicit = settings->tls && settings->at_once;
	int64_t port = implicit ? 465 : 25;

	if (settings->indirect ||
	    (settings->port[0] != '\0' &&
		(!frame_number(span_of(settings->port), &port) || port < 1 ||
		    port > 0xffff)))
		return;
	doctor_smtp(doctor, check, span_of(settings->host), (uint16_t)port,
	    implicit, out);
}

void
doctor_msmtp(const struct doctor *doctor, const char *check, struct span line,
    struct findings *out)
{
	struct accounts *accounts = calloc(1, sizeof(*accounts));
	char account[VALUE_SIZE] = "default", file[VALUE_SIZE] = "";
	const struct settings *settings;
	char path[1024];
	struct span word = take_word(&line);
	struct buf text;

	if (accounts == NULL || !is_msmtp(word)) {
		free(accounts);
		return;
	}
	while (line.len > 0) {
		word = take_word(&line);
		if (!is_option(word, "-a", "--account=", &line, account))
			(void)is_option(word, "-C", "--file=", &line, file);
	}
	buf_init(&text, TEXTFILE_MAX);
	accounts->count = 1;
	if (!read_file(file, path, sizeof(path), &text)) {
		finding_add(out, FINDING_WARNING, check,
		    "msmtp has no configuration: it cannot send (%.300s)",
		    path);
	} else {
		read_text(buf_span(&text), accounts);
		settings = find(accounts, span_of(account));
		/* Without "account default" msmtp takes the first one. */
		if (settings == NULL)
			settings = &accounts->at[accounts->count > 1];
		judge(doctor, check, settings, path, out);
		try_server(doctor, check, settings, out);
	}
	buf_clear(&text);
	free(accounts);
}

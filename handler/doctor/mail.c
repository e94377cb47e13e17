/*
 * mail.c - how mail programs send, and what they do to answers
 *
 * mutt and neomutt are asked with -Q, which runs what their configuration has
 * in backticks, as at every start.  A From of my_hdr cannot be asked for, so
 * their configuration is read; nothing in it is run.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/path.h"
#include "doctor/doctor_p.h"
#include "install/program.h"
#include "install/settings.h"
#include "install/textfile.h"
#include "mail/address.h"

enum {
	SECONDS = 10,
	ANSWER_MAX = 64 * 1024,
	FILES_MAX = 16,
	PATH_SIZE = 1024,
	SENDMAIL_SIZE = 2048
};

/* The program of a command line, as a path; empty: it is not there. */
static void
find_program(struct span line, char *name, size_t size, bool *there)
{
	char path[PATH_SIZE];

	line = span_trim(line);
	if (!span_copy(
		span_cut(line, 0, span_find_byte(line, ' ')), name, size))
		name[0] = '\0';
	*there = name[0] == '/' ? access(name, X_OK) == 0
				: program_find(name, path, sizeof(path));
}

void
doctor_sendmail(const struct doctor *doctor, struct findings *out)
{
	const struct span line = span_of(doctor->config->sendmail);
	const size_t before = out->count;
	char name[PATH_SIZE];
	bool there;

	find_program(line, name, sizeof(name), &there);
	if (there)
		doctor_msmtp(doctor, "sendmail", line, out);
	if (!there)
		finding_add(out, FINDING_WARNING, "sendmail",
		    "%.300s is missing: --draft sendmail and --mda cannot "
		    "send; set sendmail in the configuration",
		    name);
	else if (out->count == before)
		finding_add(out, FINDING_OK, "sendmail", "%.300s", name);
}

/* What the configuration of mutt says that -Q does not. */
struct said {
	char from[300]; /* the value of a From in my_hdr, and where it is */
	bool macro;     /* mailcert's macro is in it */
	size_t files;   /* read so far */
};

static void read_rc(const char *path, struct said *out);

/* Take a word, in quotes or not. */
static struct span
take_word(struct span *rest)
{
	struct span word;
	size_t i = 0;
	char end = ' ';

	*rest = span_trim(*rest);
	if (rest->len > 0 && (rest->at[0] == '"' || rest->at[0] == '\'')) {
		end = rest->at[0];
		i = span_find_byte(span_cut(*rest, 1, rest->len), end) + 1;
		word = span_cut(*rest, 1, i);
		*rest = span_cut(*rest, i + 1, rest->len);
		return word;
	}
	while (i < rest->len && !ascii_is_blank(rest->at[i]))
		i++;
	word = span_cut(*rest, 0, i);
	*rest = span_cut(*rest, i, rest->len);
	return word;
}

static void
read_line(struct span line, const char *path, struct said *out)
{
	const struct span verb = take_word(&line);
	char file[PATH_SIZE];
	struct span word;

	if (span_starts(verb, SPAN("#")))
		return;
	if (span_find(line, SPAN("mailcert mutt-rc")) < line.len)
		out->macro = true;
	if (span_eq(verb, SPAN("my_hdr"))) {
		line = span_trim(line);
		if (line.len > 0 && (line.at[0] == '"' || line.at[0] == '\''))
			line = take_word(&line);
		if (span_starts_nocase(line, SPAN("From:")))
			(void)snprintf(out->from, sizeof(out->from),
			    "%.200s: my_hdr %.*s", path,
			    (int)(line.len < 80 ? line.len : 80), line.at);
	} else if (span_eq(verb, SPAN("source"))) {
		word = take_word(&line);
		/* "|": the output of a program, which is not run. */
		if (!span_has_byte(word, '|') && !span_has_byte(word, '`') &&
		    path_expand(word, file, sizeof(file)))
			read_rc(file, out);
	}
}

static void
read_rc(const char *path, struct said *out)
{
	struct buf text;
	struct span rest;
	struct note note;
	mode_t mode;

	if (out->files++ >= FILES_MAX)
		return;
	buf_init(&text, TEXTFILE_MAX);
	if (textfile_read(path, &text, &mode, &note) == STATUS_OK)
		for (rest = buf_span(&text); rest.len > 0;)
			read_line(line_take(&rest), path, out);
	buf_clear(&text);
}

static bool
is_on(struct span answers, const char *name)
{
	char value[SETTING_SIZE];

	return settings_find(answers, name, value, sizeof(value)) &&
	    strcmp(value, "yes") == 0;
}

/* sendmail with its arguments.  mutt abbreviates its path by "=", its folder,
 * and "~". */
static bool
take_sendmail(struct span answers, char *out, size_t size)
{
	char value[SETTING_SIZE], folder[SETTING_SIZE], base[PATH_SIZE];

	if (!settings_find(answers, "sendmail", value, sizeof(value)))
		return false;
	if (value[0] == '~')
		return path_expand(span_of(value), out, size);
	if (value[0] != '=' && value[0] != '+')
		return span_copy(span_of(value), out, size);
	if (!settings_find(answers, "folder", folder, sizeof(folder)) ||
	    !path_expand(span_of(folder), base, sizeof(base)) ||
	    strlen(base) + strlen(value) >= size)
		return false;
	(void)snprintf(out, size, "%s/%s", base, value + 1);
	return true;
}

/* By whose SPF a CA may judge the answer. */
static void
judge_envelope(const struct doctor *doctor, const char *program,
    struct span answers, bool smtp, struct findings *out)
{
	char sender[SETTING_SIZE], send[SENDMAIL_SIZE];

	if (!take_sendmail(answers, send, sizeof(send)))
		send[0] = '\0';
	if (!is_on(answers, "use_envelope_from")) {
		if (!smtp && strstr(send, "msmtp") == NULL &&
		    strstr(send, " -f") == NULL)
			finding_add(out, FINDING_WARNING, program,
			    "use_envelope_from is not set: the envelope sender "
			    "is your login name, and a CA may judge its SPF; "
			    "set use_envelope_from=yes");
	} else if (settings_find(answers, "envelope_from_address", sender,
		       sizeof(sender)) &&
	    sender[0] != '\0' && doctor->order_count > 0 &&
	    !doctor_is_own(doctor, sender)) {
		finding_add(out, FINDING_WARNING, program,
		    "envelope_from_address = %.200s, not an address of your "
		    "certificates: a CA may judge its SPF; unset it",
		    sender);
	}
}

/* smtp[s]://[USER[:PASSWORD]@]HOST[:PORT][/] */
static void
try_smtp(const struct doctor *doctor, const char *program, struct span url,
    struct findings *out)
{
	const bool implicit = span_starts_nocase(url, SPAN("smtps://"));
	int64_t port = implicit ? 465 : 25;
	struct span host;
	size_t at;

	host = span_cut(url, span_find(url, SPAN("://")) + 3, url.len);
	/* A password may have a slash, and an "@". */
	for (at = host.len; at > 0; at--)
		if (host.at[at - 1] == '@')
			break;
	host = span_cut(host, at, host.len);
	host = span_cut(host, 0, span_find_byte(host, '/'));
	for (at = host.len; at > 0 && ascii_is_digit(host.at[at - 1]); at--)
		;
	if (at > 0 && at < host.len && host.at[at - 1] == ':') {
		if (!frame_number(span_cut(host, at, host.len), &port) ||
		    port < 1 || port > 0xffff)
			return;
		host = span_cut(host, 0, at - 1);
	}
	doctor_smtp(doctor, program, host, (uint16_t)port, implicit, out);
}

static void
judge_sending(const struct doctor *doctor, const char *program,
    struct span answers, const char *smtp, struct findings *out)
{
	char line[SENDMAIL_SIZE], name[PATH_SIZE];
	bool there;

	if (smtp[0] != '\0')
		try_smtp(doctor, program, span_of(smtp), out);
	if (smtp[0] != '\0' || !take_sendmail(answers, line, sizeof(line)))
		return;
	find_program(span_of(line), name, sizeof(name), &there);
	if (!there)
		finding_add(out, FINDING_ERROR, program,
		    "sendmail = %.300s does not exist, so %s cannot send", name,
		    program);
	else if (strcmp(line, doctor->config->sendmail) != 0)
		doctor_msmtp(doctor, program, span_of(line), out);
}

static void
judge_settings(const char *program, struct span answers,
    const struct said *said, struct findings *out)
{
	if (is_on(answers, "pipe_decode"))
		finding_add(out, FINDING_WARNING, program,
		    "pipe_decode is set: a message that you pipe to mailcert "
		    "lacks most of its header; set pipe_decode=no, or use the "
		    "macro of mutt.rc");
	if (is_on(answers, "edit_headers"))
		finding_add(out, FINDING_WARNING, program,
		    "edit_headers is set: if you answer by hand, leave From, "
		    "To, Subject and In-Reply-To as they are");
	if (said->from[0] != '\0')
		finding_add(out, FINDING_WARNING, program,
		    "%.290s: an answer written by hand has that sender; it "
		    "must be the challenged address",
		    said->from);
}

/* False: it is not installed, or the user has no configuration for it. */
static bool
check_mailer(
    const struct doctor *doctor, const char *program, struct findings *out)
{
	static const char *const args[] = { "-Q", "pipe_decode", "-Q",
		"edit_headers", "-Q", "use_envelope_from", "-Q",
		"envelope_from_address", "-Q", "sendmail", "-Q", "smtp_url",
		"-Q", "mailcap_path", "-Q", "folder", NULL };
	const struct program run = { program, args, SPAN(""), SECONDS };
	struct note complaint = { "" }, note = { "" };
	char path[PATH_SIZE], rc[PATH_SIZE], value[SETTING_SIZE];
	char smtp[SETTING_SIZE];
	struct said said = { .files = 0 };
	const size_t before = out->count;
	enum status status;
	struct buf answers;
	int code;

	if (!program_find(program, path, sizeof(path)) ||
	    settings_file(program, rc, sizeof(rc), &note) != STATUS_OK ||
	    access(rc, R_OK) != 0)
		return false;
	buf_init(&answers, ANSWER_MAX);
	status = program_run(&run, &answers, &complaint, &code, &note);
	if (status == STATUS_OK && answers.len == 0)
		status = note_set(
		    &note, STATUS_NO, "%s -Q: %.300s", program, complaint.text);
	if (status != STATUS_OK) {
		finding_add(out, FINDING_ERROR, program,
		    "it does not print its settings: %s",
		    note_text(&note, status));
		buf_wipe(&answers);
		return true;
	}
	read_rc(rc, &said);
	if (!settings_find(buf_span(&answers), "smtp_url", smtp, sizeof(smtp)))
		smtp[0] = '\0';
	if (complaint.text[0] != '\0')
		finding_add(out, FINDING_ERROR, program,
		    "its configuration is faulty: %.300s", complaint.text);
	judge_settings(program, buf_span(&answers), &said, out);
	judge_envelope(
	    doctor, program, buf_span(&answers), smtp[0] != '\0', out);
	judge_sending(doctor, program, buf_span(&answers), smtp, out);
	if (out->count == before)
		finding_add(out, FINDING_OK, program,
		    "its settings suit answers; it sends by %s",
		    smtp[0] != '\0' ? "SMTP" : "sendmail");
	if (settings_find(
		buf_span(&answers), "mailcap_path", value, sizeof(value)))
		doctor_mailcap(program, value, said.macro, out);
	/* smtp_url may hold a password. */
	explicit_bzero(smtp, sizeof(smtp));
	buf_wipe(&answers);
	return true;
}

void
doctor_mailers(const struct doctor *doctor, struct findings *out)
{
	const bool mutt = check_mailer(doctor, "mutt", out);
	const bool neomutt = check_mailer(doctor, "neomutt", out);

	if (!mutt && !neomutt)
		doctor_mailcap("neither mutt nor neomutt is set up",
		    "~/.mailcap:/etc/mailcap", false, out);
}

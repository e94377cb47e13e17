/*
 * main.c - start mailcert: read the options, run one command
 *
 * mailcert [-C DIR] [-o NAME=VALUE]... COMMAND [options] [arguments]
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/nearest.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/overview.h"
#include "cmd/progress.h"
#include "mail/date.h"
#include "process/helper.h"

#ifndef VERSION
#define VERSION "0"
#endif

#define SYNOPSIS \
	"mailcert [-C DIR] [-o NAME=VALUE]... COMMAND [options] [arguments]"
#define SEE_HELP "mailcert --help shows the usage"

static const struct verb {
	const char *name;
	cmd_function *run;
	const char *summary;
} verbs[] = {
	{ "setup", cmd_setup,
	    "go from nothing to a signed message, step by step" },
	{ "order", cmd_order, "get a certificate for an address" },
	{ "finish", cmd_finish, "resume what was ordered" },
	{ "watch", cmd_watch, "answer challenges in mailboxes, unattended" },
	{ "renew", cmd_renew, "renew certificates that are due; for a timer" },
	{ "revoke", cmd_revoke, "revoke a certificate, for good" },
	{ "csr", cmd_csr, "make a signing request for a CA's web page" },
	{ "import", cmd_import, "take in a certificate from elsewhere" },
	{ "export", cmd_export, "hand out a certificate with its key" },
	{ "handle", cmd_handle, "answer the challenge in a message" },
	{ "show", cmd_show, "say what a message is; for copiousoutput" },
	{ "is-challenge", cmd_is_challenge,
	    "exit 0 if a message is a challenge; for test=" },
	{ "respond", cmd_respond, "compute the response block by hand" },
	{ "expect", cmd_expect,
	    "expect a challenge that another client ordered" },
	{ "status", cmd_status, "list what is pending, and what to do next" },
	{ "account", cmd_account, "list or change our accounts at CAs" },
	{ "ca", cmd_ca, "list the known CAs and their quirks" },
	{ "smimea", cmd_smimea,
	    "publish certificates in the DNS, or look them up" },
	{ "service", cmd_service, "get certificates for mail servers" },
	{ "verify", cmd_verify, "print the S/MIME status of any message" },
	{ "doctor", cmd_doctor, "check that everything is in place" },
	{ "remember", cmd_remember, "keep a correspondent's certificate" },
	{ "mutt-decrypt", cmd_mutt_decrypt, "decrypt mail for mutt" },
	{ "mutt-verify", cmd_mutt_verify, "verify mail for mutt" },
	{ "mutt-rc", cmd_mutt_rc, "print what the mutt macro reads back" },
	{ "install", cmd_install, "put our entries into ~/.mailcap" },
};
enum { VERBS = sizeof(verbs) / sizeof(*verbs) };

/* With --json, a command that fails without a result prints an object that says
 * why. */
static struct {
	bool wanted;
	bool printed; /* something went to standard output */
	enum status status;
	struct note note;
} last;

enum status
cmd_write(struct span text, struct note *note)
{
	last.printed = true;
	progress_hide();
	if (fd_write(STDOUT_FILENO, text) == STATUS_OK)
		return STATUS_OK;
	return note_set(
	    note, STATUS_IO, "standard output: %s", strerror(errno));
}

int
cmd_print(struct span text)
{
	struct note note = { "" };
	const enum status status = cmd_write(text, &note);

	return status == STATUS_OK ? 0 : cmd_fail(status, &note);
}

/* If standard error is closed, nobody can be told. */
static void
complain(const char *line)
{
	enum status status;

	progress_hide();
	status = fd_write(STDERR_FILENO, span_of(line));
	(void)status;
}

static bool
is_plain(const char *text)
{
	while (*text >= ' ' && *text <= '~')
		text++;
	return *text == '\0';
}

/* Print one line.  The name of a file or a word of the command line may stand
 * in it as it is, and strangers name files: it is made safe here.  Plain text
 * needs no memory, which may have run out. */
static void
complain_of(const char *kind, const char *name, const char *text)
{
	char shown[1024], line[sizeof(shown) + 128];

	if (!is_plain(text)) {
		text_show_in(
		    shown, sizeof(shown), span_of(text), text_locale_is_utf8());
		text = shown;
	}
	(void)snprintf(line, sizeof(line), "mailcert: %s%s%s%s\n", kind, name,
	    name[0] != '\0' ? ": " : "", text);
	complain(line);
}

int
cmd_fail(enum status status, const struct note *note)
{
	const bool refused = status_is_refusal(status);

	last.status = status;
	note_say(&last.note, "%s", note_text(note, status));
	complain_of(refused ? "refused: " : "",
	    refused ? status_name(status) : "", note_text(note, status));
	return status_exit(status);
}

void
cmd_say(const struct note *note)
{
	complain_of("", "", note->text);
}

void
cmd_say_lines(struct span lines)
{
	struct note note;
	size_t end;

	for (; lines.len > 0; lines = span_cut(lines, end + 1, lines.len)) {
		end = span_find_byte(lines, '\n');
		note_say(&note, "%.*s", (int)end, lines.at);
		cmd_say(&note);
	}
}

void
cmd_home_close(struct home *home)
{
	const struct note *warning;
	struct note line;
	size_t i;

	for (i = 0; (warning = home_warning(home, i)) != NULL; i++) {
		note_say(&line, "warning: skipped %.300s", warning->text);
		cmd_say(&line);
	}
	home_close(home);
}

bool
cmd_config(const struct invocation *invocation, struct config *out, int *code)
{
	struct note note = { "" };
	enum status status;

	status = config_load(invocation->home, invocation->settings,
	    invocation->count, out, &note);
	if (status != STATUS_OK)
		*code = cmd_fail(status, &note);
	else if (out->syslog)
		home_log_to_syslog();
	return status == STATUS_OK;
}

enum { HELP = 256, SHOW_VERSION, PLAIN };
static const struct option longs[] = { { "help", no_argument, NULL, HELP },
	{ "version", no_argument, NULL, SHOW_VERSION },
	{ "plain", no_argument, NULL, PLAIN }, { 0 } };

/* The option that was meant: a letter in the other case, a missing or extra
 * "-", or a mistyped word.  NULL: none is near. */
static const char *
nearest_option(struct span typed)
{
	static const char *const names[] = { "-C", "-o", "--help", "--version",
		"--plain" };
	struct span bare = typed;
	size_t i;

	while (span_starts(bare, SPAN("-")))
		bare = span_cut(bare, 1, bare.len);
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (span_eq_nocase(bare,
			(struct span){ names[i] + strspn(names[i], "-"), 1 }))
			return names[i];
	return bare.len > 1 ? nearest_of(typed, &names[2], 3) : NULL;
}

/* What getopt_long() refused before the command: c is what it returned, and
 * argument where it stopped. */
static int
refuse_option(int c, const char *argument)
{
	const char letter[] = { '-', (char)optopt, '\0' };
	struct span typed = span_of(argument);
	struct note note;
	const char *meant;
	char shown[64];

	if (c == ':') {
		note_say(&note, "%s needs %s; " SEE_HELP, letter,
		    optopt == 'C' ? "DIR" : "NAME=VALUE");
		return cmd_fail(STATUS_USAGE, &note);
	}
	if (optopt >= HELP) {
		note_say(&note, "--%s takes no value; " SEE_HELP,
		    longs[optopt - HELP].name);
		return cmd_fail(STATUS_USAGE, &note);
	}
	typed = span_cut(typed, 0, span_find_byte(typed, '='));
	meant = nearest_option(typed);
	if (meant == NULL && !span_starts(typed, SPAN("--"))) {
		typed = span_of(letter);
		meant = nearest_option(typed);
	}
	text_show_in(shown, sizeof(shown), typed, text_locale_is_utf8());
	if (meant != NULL)
		note_say(
		    &note, "unknown option %s; did you mean %s?", shown, meant);
	else
		note_say(&note,
		    "unknown option %s; only -C, -o, --help and --version go "
		    "before the command",
		    shown);
	return cmd_fail(STATUS_USAGE, &note);
}

static int
unknown_command(const char *typed)
{
	struct nearest nearest = nearest_to(span_of(typed));
	struct note note;
	char shown[64];
	size_t i;

	text_show_in(
	    shown, sizeof(shown), span_of(typed), text_locale_is_utf8());
	for (i = 0; i < VERBS; i++)
		nearest_consider(&nearest, verbs[i].name);
	if (nearest.name != NULL)
		note_say(&note, "unknown command %s; did you mean %s?", shown,
		    nearest.name);
	else
		note_say(&note,
		    "unknown command %s; mailcert --help lists them", shown);
	return cmd_fail(STATUS_USAGE, &note);
}

static int
help(void)
{
	struct buf text;
	size_t i;
	int code;

	buf_init(&text, 4096);
	buf_add_text(&text, "usage: " SYNOPSIS "\n\n");
	for (i = 0; i < VERBS; i++)
		buf_addf(
		    &text, "  %-13s %s\n", verbs[i].name, verbs[i].summary);
	buf_add_text(
	    &text, "\nEvery command has --help; the manual is mailcert(1).\n");
	code = cmd_print(buf_span(&text));
	buf_clear(&text);
	return code;
}

void
cmd_add_error(struct json_writer *json, enum status status,
    const struct note *note, int code)
{
	json_add_text(json, "error", status_name(status));
	json_add_text(json, "message", note_text(note, status));
	json_add_number(json, "status", code);
}

void
cmd_add_time(struct json_writer *json, const char *name, int64_t when)
{
	struct buf text;

	buf_init(&text, 64);
	if (when != 0)
		date_add_iso(&text, when);
	json_add_text(json, name, text.at);
	buf_clear(&text);
}

/* Is --json among the arguments, before a "--"? */
static bool
wants_json(int argc, char *argv[])
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

/* verb may be NULL. */
static int
end(const struct verb *verb, int code)
{
	struct json_writer json;
	struct buf out;

	if (!last.wanted || last.printed || code == 0)
		return code;
	if (last.status == STATUS_OK)
		last.status = STATUS_USAGE;
	buf_init(&out, 8192);
	json = json_begin(&out);
	if (verb != NULL && verb->run == cmd_handle)
		json_add_text(&json, "verdict", "failed");
	cmd_add_error(&json, last.status, &last.note, code);
	json_close(&json);
	(void)cmd_print(buf_span(&out));
	buf_clear(&out);
	return code;
}

/* A caller may have closed 0, 1 or 2; the next open(2) must not return them.
 * What takes their place cannot be read or written, so that a message that
 * nobody passes, and an answer that nobody gets, are failures. */
static void
fill_standard_descriptors(void)
{
	static const int ways[] = { O_WRONLY, O_RDONLY, O_RDONLY };
	int fd;

	for (fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", ways[fd]) < 0)
			return;
}

/* What a user makes, the user can read and write, whatever the umask. */
static void
keep_owner_bits(void)
{
	(void)umask(umask(0) & 077);
}

/* Is it handle --mda, or an abbreviation of it?  Find out before anything can
 * fail: a delivery agent must get 0 or 75 and nothing else. */
static bool
is_for_mda(int argc, char *argv[])
{
	bool handle = false;
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (handle && strlen(argv[i]) > 2 &&
		    strncmp(argv[i], "--mda", strlen(argv[i])) == 0)
			return true;
		handle = handle || strcmp(argv[i], "handle") == 0;
	}
	return false;
}

/* Does a person look at what we print, and type? */
static bool
is_on_terminal(void)
{
	return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

/* Print what the helpers said beside their answers last: a screen may have been
 * open until now. */
static int
run_verb(const struct verb *verb, const struct invocation *invocation, int argc,
    char *argv[])
{
	const int code = end(verb, verb->run(invocation, argc, argv));
	struct note said = { "" };

	helper_dismiss();
	note_say(&said, "%s", helper_said());
	if (said.text[0] != '\0')
		cmd_say(&said);
	return code;
}

int
main(int argc, char *argv[])
{
	static const struct note too_many = {
		"there are more than 64 -o options; put some of them into the "
		"configuration"
	};
	static const struct note no_command = {
		"COMMAND is missing; mailcert --help lists them"
	};
	static const struct note no_home = { "-C needs DIR; " SEE_HELP };
	struct invocation invocation = { 0 };
	bool plain = false;
	size_t i;
	int c, at;

	fill_standard_descriptors();
	keep_owner_bits();
	if (is_for_mda(argc, argv))
		status_exit_as_again();
	/* A reader that goes away is an error of write(2) and must not kill
	 * us. */
	(void)signal(SIGPIPE, SIG_IGN);
	/* So is a file that reaches its size limit. */
	(void)signal(SIGXFSZ, SIG_IGN);
	last.wanted = wants_json(argc, argv);
	opterr = 0;
	while (at = optind,
	    (c = getopt_long(argc, argv, "+:C:o:", longs, NULL)) != -1) {
		if (c == 'C' && optarg[0] == '\0')
			return end(NULL, cmd_fail(STATUS_USAGE, &no_home));
		else if (c == 'C')
			invocation.home = optarg;
		else if (c == 'o' && invocation.count < 64)
			invocation.settings[invocation.count++] = optarg;
		else if (c == HELP)
			return help();
		else if (c == SHOW_VERSION)
			return cmd_print(SPAN("mailcert " VERSION "\n"));
		else if (c == PLAIN)
			plain = true;
		else if (c == 'o')
			return end(NULL, cmd_fail(STATUS_USAGE, &too_many));
		else
			return end(NULL, refuse_option(c, argv[at]));
	}
	if (optind == argc && (plain || is_on_terminal()))
		return overview_run(&invocation, plain);
	if (optind == argc) {
		(void)cmd_fail(STATUS_USAGE, &no_command);
		complain("usage: " SYNOPSIS "\n");
		return status_exit(STATUS_USAGE);
	}
	if (plain && invocation.count == 64)
		return end(NULL, cmd_fail(STATUS_USAGE, &too_many));
	if (plain)
		invocation.settings[invocation.count++] = "plain=yes";
	argc -= optind;
	argv += optind;
	optind = 0; /* glibc: start again */
	for (i = 0; i < VERBS; i++)
		if (strcmp(argv[0], verbs[i].name) == 0)
			return run_verb(&verbs[i], &invocation, argc, argv);
	if (strcmp(argv[0], "help") == 0)
		return help();
	return end(NULL, unknown_command(argv[0]));
}

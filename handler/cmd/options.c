/* options.c - a command's options and arguments: see options.h */
#include "cmd/options.h"

#include <assert.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "acme/key_kind.h"
#include "acme/token.h"
#include "base/fd.h"
#include "base/nearest.h"
#include "base/text.h"
#include "cmd/cmd.h"

enum { COLUMNS = 79 };
/* What getopt_long() returns for the first row, and for --help. */
enum { FIRST = 256, HELP = FIRST + OPTIONS_MAX };

bool
option_join(const char *value, void *field)
{
	return token_join_parse(span_of(value), field);
}

bool
option_key_kind(const char *value, void *field)
{
	return key_kind_parse(span_of(value), field);
}

const struct cmd_option cmd_json_only[] = {
	{ "json", NULL, offsetof(struct cmd_json, json), .help = "print JSON" },
	{ 0 }
};

/* Text that breaks only between its pieces. */
struct flow {
	struct buf *out;
	size_t column, indent;
};

static void
add_piece(struct flow *flow, const char *piece)
{
	const size_t len = strlen(piece);

	if (flow->column + 1 + len > COLUMNS) {
		buf_addf(flow->out, "\n%*s", (int)flow->indent, "");
		flow->column = flow->indent;
	} else {
		buf_add_byte(flow->out, ' ');
		flow->column++;
	}
	buf_add_text(flow->out, piece);
	flow->column += len;
}

static const struct cmd_option *
option_called(const struct cmd_line *line, struct span name)
{
	const struct cmd_option *option;

	for (option = line->options; option->name != NULL; option++)
		if (span_eq(span_of(option->name), name))
			return option;
	return NULL;
}

/* Add a piece of a form: "[--ca]" becomes "[--ca NAME|URL]". */
static void
add_form_piece(
    struct flow *flow, const struct cmd_line *line, struct span piece)
{
	const struct cmd_option *option = NULL;
	const size_t start = span_find(piece, SPAN("--"));
	size_t end = start;
	char text[COLUMNS];

	if (start < piece.len) {
		for (end = start + 2; end < piece.len &&
		     (ascii_is_alnum(piece.at[end]) || piece.at[end] == '-');)
			end++;
		option = option_called(line, span_cut(piece, start + 2, end));
		assert(option != NULL);
	}
	(void)snprintf(text, sizeof(text), "%.*s%s%s%.*s", (int)end, piece.at,
	    option != NULL && option->word != NULL ? " " : "",
	    option != NULL && option->word != NULL ? option->word : "",
	    (int)(piece.len - end), piece.at + end);
	add_piece(flow, text);
}

static void
add_form(struct flow *flow, const struct cmd_line *line, struct span form)
{
	size_t end;

	while (form.len > 0) {
		end = span_find_byte(form, ' ');
		add_form_piece(flow, line, span_cut(form, 0, end));
		form = span_cut(form, end + 1, form.len);
	}
}

/* Begin a form; the caller has written "usage: ", or as many blanks. */
static struct flow
begin_form(const struct cmd_line *line, struct buf *out)
{
	const size_t width = strlen("usage: mailcert ") + strlen(line->name);

	buf_addf(out, "mailcert %s", line->name);
	return (struct flow){ out, width, width + 1 };
}

static void
add_only_form(const struct cmd_line *line, struct buf *out)
{
	struct flow flow = begin_form(line, out);
	const struct cmd_option *option;
	char text[COLUMNS];

	for (option = line->options; option->name != NULL; option++) {
		(void)snprintf(text, sizeof(text), "[--%s%s%s]%s", option->name,
		    option->word != NULL ? " " : "",
		    option->word != NULL ? option->word : "",
		    option->many ? "..." : "");
		add_piece(&flow, text);
	}
	if (line->operands[0] != '\0')
		add_piece(&flow, line->operands);
}

void
cmd_add_usage(const struct cmd_line *line, struct buf *out)
{
	struct span rest;
	struct flow flow;
	size_t end;

	if (line->forms == NULL) {
		add_only_form(line, out);
		return;
	}
	for (rest = span_of(line->forms); rest.len > 0;
	     rest = span_cut(rest, end + 1, rest.len)) {
		end = span_find_byte(rest, '\n');
		if (rest.at != line->forms)
			buf_add_text(out, "\n       ");
		flow = begin_form(line, out);
		add_form(&flow, line, span_cut(rest, 0, end));
	}
}

/* Add "--name WORD" in a column, and the lines of help beside it. */
static void
add_option(const struct cmd_option *option, int width, struct buf *out)
{
	struct span rest = span_of(option->help);
	char text[COLUMNS];
	size_t end;

	(void)snprintf(text, sizeof(text), "--%s%s%s", option->name,
	    option->word != NULL ? " " : "",
	    option->word != NULL ? option->word : "");
	buf_addf(out, "  %-*s", width, text);
	while (rest.len > 0) {
		end = span_find_byte(rest, '\n');
		buf_addf(out, "  %.*s\n", (int)end, rest.at);
		rest = span_cut(rest, end + 1, rest.len);
		if (rest.len > 0)
			buf_addf(out, "  %*s", width, "");
	}
}

static int
help(const struct cmd_line *line)
{
	const struct cmd_option *option;
	struct buf out;
	int code, width, most = 0;

	buf_init(&out, 16 * 1024);
	buf_add_text(&out, "usage: ");
	cmd_add_usage(line, &out);
	buf_addf(&out, "\n\n%s", line->about);
	for (option = line->options; option->name != NULL; option++) {
		width = (int)strlen(option->name) + 2 +
		    (option->word != NULL ? (int)strlen(option->word) + 1 : 0);
		most = width > most ? width : most;
	}
	if (most > 0)
		buf_add_byte(&out, '\n');
	for (option = line->options; option->name != NULL; option++)
		add_option(option, most, &out);
	code = buf_status(&out) == STATUS_OK ? cmd_print(buf_span(&out))
					     : cmd_fail(STATUS_MEMORY, NULL);
	buf_clear(&out);
	return code;
}

int
cmd_misuse(const struct cmd_line *line, const char *format, ...)
{
	struct note wrong, note;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(wrong.text, sizeof(wrong.text), format, args);
	va_end(args);
	/* The usage would be up to ten lines more, and a failure is one. */
	if (strstr(wrong.text, "; ") != NULL)
		note = wrong;
	else
		note_say(&note, "%.240s; mailcert %s --help shows the usage",
		    wrong.text, line->name);
	return cmd_fail(STATUS_USAGE, &note);
}

/* Report an option that is ambiguous or unknown. */
static int
unknown_long(const struct cmd_line *line, const char *argument)
{
	const struct span typed = span_of(argument);
	const struct span name = span_cut(typed, 2, span_find_byte(typed, '='));
	struct nearest nearest = nearest_to(name);
	const struct cmd_option *option;
	struct buf fitting;
	char shown[64];
	int code;

	text_show_in(shown, sizeof(shown), typed, text_locale_is_utf8());
	buf_init(&fitting, 256);
	nearest_consider(&nearest, "help");
	for (option = line->options; option->name != NULL; option++) {
		nearest_consider(&nearest, option->name);
		if (span_starts(span_of(option->name), name))
			buf_addf(&fitting, "%s--%s",
			    fitting.len > 0 ? ", " : "", option->name);
	}
	if (fitting.len > 0)
		code = cmd_misuse(
		    line, "%s is ambiguous; use one of %s", shown, fitting.at);
	else if (nearest.name != NULL)
		code = cmd_misuse(line, "unknown option %s; did you mean --%s?",
		    shown, nearest.name);
	else
		code = cmd_misuse(line,
		    "unknown option %s; mailcert %s --help lists the options",
		    shown, line->name);
	buf_clear(&fitting);
	return code;
}

/* Report what getopt_long() refused. */
static int
refuse(const struct cmd_line *line, int c, const char *argument)
{
	const char letter[2] = { (char)optopt, '\0' };
	char shown[16];

	if (optopt == HELP)
		return cmd_misuse(line, "--help takes no value");
	if (c == ':')
		return cmd_misuse(line, "--%s needs %s",
		    line->options[optopt - FIRST].name,
		    line->options[optopt - FIRST].word);
	if (optopt >= FIRST)
		return cmd_misuse(line, "--%s takes no value",
		    line->options[optopt - FIRST].name);
	if (optopt == 0)
		return unknown_long(line, argument);
	if (optopt == 'C' || optopt == 'o')
		return cmd_misuse(line,
		    "-%s goes before the command: mailcert -%s %s %s", letter,
		    letter, optopt == 'C' ? "DIR" : "NAME=VALUE", line->name);
	text_show_in(shown, sizeof(shown), span_of(letter), false);
	return cmd_misuse(line,
	    "unknown option -%s; mailcert %s --help lists the options", shown,
	    line->name);
}

static int
take(
    const struct cmd_line *line, const struct cmd_option *option, void *options)
{
	char *field = (char *)options + option->offset;
	char shown[64];

	if (option->read != NULL) {
		text_show_in(shown, sizeof(shown), span_of(optarg),
		    text_locale_is_utf8());
		if (!option->read(optarg, field))
			return cmd_misuse(line, "--%s %s is not valid; use %s",
			    option->name, shown, option->expected);
	} else if (option->word != NULL) {
		*(const char **)(void *)field = optarg;
	} else {
		*(bool *)field = true;
	}
	if (option->given != 0)
		*(bool *)((char *)options + option->given) = true;
	return 0;
}

static int
check_operands(const struct cmd_line *line, int argc, char *argv[])
{
	char shown[64];

	if (argc - optind < line->least)
		/* The first one, without those that may follow it. */
		return cmd_misuse(line, "%.*s is missing",
		    (int)span_find(span_of(line->operands), SPAN(" [")),
		    line->operands);
	if (argc - optind <= line->most)
		return 0;
	text_show_in(shown, sizeof(shown), span_of(argv[optind + line->most]),
	    text_locale_is_utf8());
	return line->most > 1
	    ? cmd_misuse(line, "unexpected argument %s; give at most %d", shown,
		  line->most)
	    : cmd_misuse(line, "unexpected argument %s", shown);
}

bool
cmd_parse(const struct cmd_line *line, int argc, char *argv[], void *options,
    int *code)
{
	struct option longs[OPTIONS_MAX + 2] = { { 0 } };
	const struct cmd_option *option = line->options;
	int c, i;

	for (i = 0; option[i].name != NULL; i++) {
		assert(i < OPTIONS_MAX);
		longs[i] = (struct option){ option[i].name,
			option[i].word != NULL, NULL, FIRST + i };
	}
	longs[i] = (struct option){ "help", no_argument, NULL, HELP };
	*code = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", longs, NULL)) != -1) {
		if (c == HELP) {
			*code = help(line);
			return false;
		}
		*code = c >= FIRST ? take(line, &option[c - FIRST], options)
				   : refuse(line, c, argv[optind - 1]);
		if (*code != 0)
			return false;
	}
	*code = check_operands(line, argc, argv);
	return *code == 0;
}

/* SHA-256, with or without colons. */
bool
option_fingerprint(const char *value, void *field)
{
	size_t digits = 0;

	*(const char **)field = value;
	for (; *value != '\0'; value++)
		if (strchr("0123456789abcdefABCDEF", *value) != NULL)
			digits++;
		else if (*value != ':')
			return false;
	return digits == 64;
}

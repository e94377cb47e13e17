/* prompt.c - one question, in lines: see prompt.h */
#include "tui/prompt.h"

#include <sys/ioctl.h>

#include "base/fd.h"
#include "base/text.h"
#include "tui/question.h"
#include "tui/terminal.h"

static size_t
columns_of(int tty)
{
	struct winsize size;

	if (ioctl(tty, TIOCGWINSZ, &size) != 0 || size.ws_col < 20)
		return 80;
	return size.ws_col;
}

/* A line that is being typed. */
struct line {
	struct terminal terminal;
	const char *label;
	struct buf *text; /* borrowed */
	size_t echoed;    /* octets of text that are on the screen */
	bool echo;
	bool utf8;
	bool full;  /* more was typed than fits */
	bool ended; /* by ^C or ^D */
};

static enum status
put(const struct line *line, struct span text)
{
	return fd_write(line->terminal.tty, text);
}

/* Show the characters that are whole; one may still be on its way.  A paste is
 * shown in one piece. */
static enum status
echo(struct line *line)
{
	struct span rest = buf_span(line->text), one;
	struct buf shown;
	enum status status;
	uint32_t c;

	if (!line->echo || terminal_has_more(&line->terminal))
		return STATUS_OK;
	rest = span_cut(rest, line->echoed, rest.len);
	buf_init(&shown, 16 * 64 * 1024);
	while (rest.len > 0) {
		one = rest;
		if (!utf8_take(&rest, &c) && one.len < 4 && c >= 0xc0)
			break;
		one.len -= rest.len;
		text_show(&shown, one, TEXT_NO_LIMIT, line->utf8);
		line->echoed += one.len;
	}
	status = put(line, buf_span(&shown));
	buf_clear(&shown);
	return status;
}

static enum status
show_all(struct line *line)
{
	line->echoed = 0; /* of which nothing is there now */
	if (put(line, span_of(line->label)) != STATUS_OK)
		return STATUS_IO;
	return echo(line);
}

/* The line is another: on the terminal it begins once more. */
static enum status
show_again(struct line *line)
{
	return put(line, SPAN("\r\n")) == STATUS_OK ? show_all(line)
						    : STATUS_IO;
}

/* Take the last character away, with its octets of UTF-8. */
static enum status
erase(struct line *line)
{
	struct buf shown;
	struct span last;
	size_t at = line->text->len, width;

	if (at == 0)
		return STATUS_OK;
	do
		at--;
	while (at > 0 && ((unsigned char)line->text->at[at] & 0xc0) == 0x80);
	last = span_cut(buf_span(line->text), at, line->text->len);
	buf_init(&shown, 256);
	text_show(&shown, last, TEXT_NO_LIMIT, line->utf8);
	width = text_width(buf_span(&shown));
	buf_clear(&shown);
	buf_cut(line->text, at);
	if (!line->echo)
		return STATUS_OK;
	/* A terminal does not go back over the end of a row. */
	if (at > line->echoed || width != 1 || at > 40)
		return show_again(line);
	line->echoed = at;
	return put(line, SPAN("\b \b"));
}

static enum status
add(struct line *line, unsigned char byte)
{
	if (line->text->len < line->text->ceiling)
		buf_add_byte(line->text, (char)byte);
	else
		line->full = true;
	return buf_status(line->text) == STATUS_OK ? echo(line)
						   : buf_status(line->text);
}

static bool
is_key(const struct line *line, unsigned char byte, size_t which, char usual)
{
	return byte == (unsigned char)usual ||
	    terminal_is_key(&line->terminal, byte, which);
}

/* What was typed: text, or an editing key.  done: that is the line. */
static enum status
take_typed(struct line *line, unsigned char byte, bool *done)
{
	if (byte == '\r' || byte == '\n') {
		*done = true;
	} else if (is_key(line, byte, VINTR, 3) ||
	    is_key(line, byte, VQUIT, 28) ||
	    (is_key(line, byte, VEOF, 4) && line->text->len == 0)) {
		*done = line->ended = true;
	} else if (is_key(line, byte, VERASE, 0x7f) || byte == '\b') {
		return erase(line);
	} else if (is_key(line, byte, VKILL, 21)) {
		buf_cut(line->text, 0);
		line->full = false;
		return line->echo ? show_again(line) : STATUS_OK;
	} else if (byte >= 0x20 || byte == '\t') {
		return add(line, byte);
	}
	return STATUS_OK;
}

/* A folded field is pasted with its line ends: they do not end the line, and
 * only ^C is a key there. */
static enum status
take_pasted(struct line *line, unsigned char byte, bool *done)
{
	if (is_key(line, byte, VINTR, 3))
		*done = line->ended = true;
	else if (byte >= 0x20 || byte == '\t')
		return add(line, byte);
	return STATUS_OK;
}

enum line_kind {
	LINE_TEXT,   /* shown, may be pasted */
	LINE_SECRET, /* not shown, may be pasted */
	LINE_ANSWER  /* to a question: must be typed, and after it is asked */
};

/* Read a line, without its end.  STATUS_DECLINED: ^C, or ^D on an empty one;
 * STATUS_BAD_SIZE: read to its end, but it does not fit.  *number is the
 * signal that came, or 0. */
static enum status
read_line(int tty, const char *label, enum line_kind kind, struct buf *out,
    int *number)
{
	struct line line = { .label = label,
		.text = out,
		.echo = kind != LINE_SECRET,
		.utf8 = text_locale_is_utf8() };
	enum terminal_event event;
	enum status status;
	struct stroke stroke;
	bool done = false;

	*number = 0;
	/* A secret has one place in memory: it does not grow elsewhere. */
	if (kind == LINE_SECRET && !buf_reserve(out, out->ceiling - out->len))
		return buf_status(out);
	status = terminal_open(&line.terminal, tty, kind != LINE_TEXT);
	if (status != STATUS_OK)
		return status;
	status = show_all(&line);
	while (status == STATUS_OK && !done) {
		event = terminal_read(&line.terminal, &stroke);
		if (event == TERMINAL_GONE)
			status = STATUS_IO;
		else if (event == TERMINAL_REDRAW)
			status = show_again(&line);
		else if (event == TERMINAL_NOISE)
			status = echo(&line);
		else if (stroke.kind == STROKE_TYPED)
			status = take_typed(&line, stroke.byte, &done);
		else if (stroke.kind == STROKE_PASTED && kind != LINE_ANSWER)
			status = take_pasted(&line, stroke.byte, &done);
		else if (stroke.kind == STROKE_PASTED)
			done = line.ended =
			    is_key(&line, stroke.byte, VINTR, 3);
	}
	*number = terminal_close(&line.terminal, kind != LINE_TEXT);
	if (fd_write(tty, SPAN("\n")) != STATUS_OK)
		status = STATUS_IO;
	if (status == STATUS_OK && line.full)
		return STATUS_BAD_SIZE;
	return status == STATUS_OK && line.ended ? STATUS_DECLINED : status;
}

static enum status
ask_yes(int tty, const char *question, bool *yes, int *number)
{
	struct buf text, answer;
	struct span word;
	enum status status;

	*number = 0;
	buf_init(&text, 8192);
	buf_init(&answer, 64);
	buf_addf(&text, "%s [y/N] ", question);
	status = buf_status(&text);
	if (status == STATUS_OK)
		status = read_line(tty, text.at, LINE_ANSWER, &answer, number);
	word = span_trim(buf_span(&answer));
	*yes = status == STATUS_OK &&
	    (span_eq_nocase(word, SPAN("y")) ||
		span_eq_nocase(word, SPAN("yes")));
	if (status == STATUS_DECLINED || status == STATUS_BAD_SIZE)
		status = STATUS_OK; /* but no yes */
	buf_clear(&answer);
	buf_clear(&text);
	return status;
}

enum status
prompt_yes(int tty, const char *question, bool *yes)
{
	enum status status;
	int number;

	status = ask_yes(tty, question, yes, &number);
	terminal_obey(number);
	return status;
}

enum status
prompt_ask(const struct dialog *dialog, int tty, bool utf8)
{
	enum status status;
	struct buf text;
	bool yes = false;
	int number = 0;

	buf_init(&text, 64 * 1024);
	buf_addf(&text, "\n%s\n\n", dialog->title);
	question_print(dialog, columns_of(tty), utf8, &text);
	buf_add_byte(&text, '\n');
	status = fd_write(tty, buf_span(&text));
	buf_clear(&text);
	if (status == STATUS_OK)
		status = ask_yes(tty, dialog->question, &yes, &number);
	if (status == STATUS_OK && yes && dialog->ask_twice)
		status = ask_yes(
		    tty, "There are warnings. Answer anyway?", &yes, &number);
	if (number != 0)
		return STATUS_DECLINED; /* as on the screen */
	if (status != STATUS_OK)
		return status;
	return yes ? STATUS_OK : STATUS_DECLINED;
}

enum status
prompt_answer(int tty, const char *label, struct buf *out)
{
	enum status status;
	int number;

	status = read_line(tty, label, LINE_TEXT, out, &number);
	terminal_obey(number);
	return status;
}

static enum status
ask_line(int tty, const char *label, enum line_kind kind, struct buf *out)
{
	enum status status;
	int number;

	status = read_line(tty, label, kind, out, &number);
	terminal_obey(number);
	return status == STATUS_OK && out->len == 0 ? STATUS_DECLINED : status;
}

enum status
prompt_secret(int tty, const char *label, struct buf *out)
{
	return ask_line(tty, label, LINE_SECRET, out);
}

enum status
prompt_line(int tty, const char *label, struct buf *out)
{
	return ask_line(tty, label, LINE_TEXT, out);
}

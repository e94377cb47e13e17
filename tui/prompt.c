/* prompt.c - one question, in lines: see prompt.h */
#include "tui/prompt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "tui/view.h"

static size_t
columns_of(int tty)
{
	struct winsize size;

	if (ioctl(tty, TIOCGWINSZ, &size) != 0 || size.ws_col < 20)
		return 80;
	return size.ws_col > VIEW_COLUMNS_MAX ? VIEW_COLUMNS_MAX : size.ws_col;
}

/* Print the question, throw away what was typed before it, read a line. */
enum status
prompt_yes(int tty, const char *question, bool *yes)
{
	struct buf text;
	char answer[64];
	ssize_t n;

	buf_init(&text, 256);
	buf_addf(&text, "%s [y/N] ", question);
	if (tcflush(tty, TCIFLUSH) != 0 ||
	    fd_write(tty, buf_span(&text)) != STATUS_OK) {
		buf_clear(&text);
		return STATUS_IO;
	}
	buf_clear(&text);
	do
		n = read(tty, answer, sizeof(answer));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return STATUS_IO;
	*yes = n > 0 && (answer[0] == 'y' || answer[0] == 'Y') &&
	    (n == 1 || ascii_is_space(answer[1]) ||
		span_starts_nocase(
		    (struct span){ answer, (size_t)n }, SPAN("yes")));
	return STATUS_OK;
}

enum status
prompt_ask(const struct dialog *dialog, int tty, bool utf8)
{
	enum status status;
	struct buf text;
	bool yes = false;

	buf_init(&text, 64 * 1024);
	buf_addf(&text, "\n%s\n\n", dialog->title);
	view_print(dialog, columns_of(tty), utf8, &text);
	buf_add_byte(&text, '\n');
	status = fd_write(tty, buf_span(&text));
	buf_clear(&text);
	if (status == STATUS_OK)
		status = prompt_yes(tty, dialog->question, &yes);
	if (status == STATUS_OK && yes && dialog->ask_twice)
		status = prompt_yes(
		    tty, "There are warnings. Answer all the same?", &yes);
	if (status != STATUS_OK)
		return status;
	return yes ? STATUS_OK : STATUS_DECLINED;
}

enum status
prompt_secret(int tty, const char *label, struct buf *out)
{
	struct termios shown, hidden;
	enum status status = STATUS_OK;
	char c = '\0';

	if (tcgetattr(tty, &shown) != 0)
		return STATUS_IO;
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(tty, TCSAFLUSH, &hidden) != 0)
		return STATUS_IO;
	status = fd_write(tty, span_of(label));
	while (status == STATUS_OK && c != '\n') {
		if (read(tty, &c, 1) == 1) {
			if (c != '\n')
				buf_add_byte(out, c);
			status = buf_status(out);
		} else if (errno != EINTR) {
			break; /* the end of input */
		}
	}
	(void)tcsetattr(tty, TCSAFLUSH, &shown);
	if (fd_write(tty, SPAN("\n")) != STATUS_OK)
		status = STATUS_IO;
	return status == STATUS_OK && out->len == 0 ? STATUS_DECLINED : status;
}

/* What a raw terminal gave: keep text, act on editing keys.  True: done. */
static bool
take_key(struct buf *out, char c, bool *ended)
{
	if (c == '\r' || c == '\n')
		return true;
	if (c == 4 || c == 3) { /* ^D, ^C */
		*ended = true;
		return true;
	}
	if (c == 0x7f || c == '\b')
		buf_cut(out, out->len > 0 ? out->len - 1 : 0);
	else if (c == 21) /* ^U */
		buf_cut(out, 0);
	else if ((unsigned char)c >= 0x20)
		buf_add_byte(out, c);
	return false;
}

enum status
prompt_line(int tty, const char *label, struct buf *out)
{
	static const char paste_on[] = "\033[?2004h",
			  paste_off[] = "\033[?2004l";
	struct termios cooked, raw;
	enum status status = STATUS_OK;
	bool done = false, ended = false, pasting = false;
	char c;
	struct buf escape;

	if (tcgetattr(tty, &cooked) != 0)
		return STATUS_IO;
	raw = cooked;
	/* The canonical mode of the kernel cuts lines at 4095 octets. */
	raw.c_lflag &= ~(tcflag_t)(ICANON | ISIG);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	(void)tcsetattr(tty, TCSADRAIN, &raw);
	buf_init(&escape, 16);
	if (fd_write(tty, span_of(label)) != STATUS_OK ||
	    fd_write(tty, span_of(paste_on)) != STATUS_OK)
		status = STATUS_IO;
	while (status == STATUS_OK && !done) {
		if (read(tty, &c, 1) != 1) {
			status = errno == EINTR ? STATUS_OK : STATUS_IO;
			continue;
		}
		if (c == 27 || escape.len > 0) {
			/* ESC [ ... letter: only the paste marks matter. */
			buf_add_byte(&escape, c);
			if (escape.len > 2 && (c == '~' || ascii_is_alnum(c)) &&
			    !ascii_is_digit(c)) {
				pasting = span_eq(
				    buf_span(&escape), SPAN("\033[200~"));
				buf_clear(&escape);
			} else if (escape.len > 12) {
				buf_clear(&escape);
			}
			continue;
		}
		/* A folded Subject is pasted with its line end. */
		if (pasting && (c == '\r' || c == '\n'))
			continue;
		done = take_key(out, c, &ended);
		if (buf_status(out) != STATUS_OK)
			status = buf_status(out);
	}
	buf_clear(&escape);
	if (fd_write(tty, span_of(paste_off)) != STATUS_OK)
		status = STATUS_IO;
	(void)tcsetattr(tty, TCSADRAIN, &cooked);
	if (fd_write(tty, SPAN("\n")) != STATUS_OK)
		status = STATUS_IO;
	if (status == STATUS_OK && (ended || out->len == 0))
		status = STATUS_DECLINED;
	return status;
}

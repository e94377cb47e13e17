/* address_file.c - read the list of order --from-file: see address_file.h */
#include "cmd/address_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "order/request.h"

enum { TEXT_MOST = 4 * 1024 * 1024, SECONDS = 60 };

static enum status
read_text(const char *path, struct buf *out, struct note *note)
{
	const bool input = strcmp(path, "-") == 0;
	const int fd =
	    input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum status status;

	if (fd < 0)
		return note_set(
		    note, STATUS_IO, "%.200s: %s", path, strerror(errno));
	status = fd_read(fd, out, SECONDS);
	if (!input)
		(void)close(fd);
	if (status == STATUS_OK && span_has_byte(buf_span(out), '\0'))
		return note_set(
		    note, STATUS_USAGE, "%.200s is not a text file", path);
	return status == STATUS_OK
	    ? STATUS_OK
	    : note_set(note, status, "%.200s cannot be read: %s", path,
		  status_sentence(status));
}

/* End the words of a line with NULs; put them into word, if it is not NULL.
 * Returns how many there are. */
static size_t
split(char *line, const char **word)
{
	size_t count = 0;
	char *at = line;

	for (;;) {
		while (*at != '\0' && ascii_is_space(*at))
			at++;
		if (*at == '\0' || *at == '#')
			return count;
		if (word != NULL)
			word[count] = at;
		count++;
		while (*at != '\0' && !ascii_is_space(*at))
			at++;
		if (*at == '\0')
			return count;
		if (word != NULL)
			*at++ = '\0';
	}
}

static enum status
check(const char *path, const struct address_line *line, struct note *note)
{
	const struct order_request request = { .addresses = line->address,
		.count = line->count };
	struct note why = { "" };
	const enum status status = order_check(&request, &why);

	return status == STATUS_OK
	    ? STATUS_OK
	    : note_set(note, status, "%.120s:%zu: %.170s", path, line->number,
		  note_text(&why, status));
}

/* Go through the lines of the text: once to count, once to keep. */
static void
walk(char *text, struct address_file *out, size_t *lines, size_t *words)
{
	const bool keep = out->line != NULL;
	size_t number = 0, count;
	char *line, *end, byte;

	*lines = *words = 0;
	for (line = text; *line != '\0'; line = byte == '\0' ? end : end + 1) {
		end = line + strcspn(line, "\n");
		byte = *end;
		*end = '\0';
		number++;
		count = split(line, keep ? out->word + *words : NULL);
		if (keep && count > 0)
			out->line[*lines] = (struct address_line){ number,
				out->word + *words, count };
		*lines += count > 0;
		*words += count;
		if (!keep)
			*end = byte;
	}
}

/* What some editors put before the first octet of a UTF-8 text. */
static char *
after_mark(char *text)
{
	const char mark[] = "\xEF\xBB\xBF";
	const size_t len = sizeof(mark) - 1;

	return strncmp(text, mark, len) == 0 ? text + len : text;
}

static enum status
take_lines(const char *path, struct address_file *out, struct note *note)
{
	enum status status = STATUS_OK;
	char *text = after_mark(out->text.at);
	size_t lines, words, i;

	walk(text, out, &lines, &words);
	if (lines == 0)
		return note_set(note, STATUS_USAGE,
		    "%.200s names no address; write one a line", path);
	if (lines > ADDRESS_FILE_LINES_MAX)
		return note_set(note, STATUS_USAGE,
		    "%.200s has more than %d lines with addresses; split it",
		    path, ADDRESS_FILE_LINES_MAX);
	out->word = calloc(words, sizeof(*out->word));
	out->line = calloc(lines, sizeof(*out->line));
	if (out->word == NULL || out->line == NULL)
		return STATUS_MEMORY;
	walk(text, out, &out->lines, &words);
	for (i = 0; i < out->lines && status == STATUS_OK; i++)
		status = check(path, &out->line[i], note);
	return status;
}

enum status
address_file_read(const char *path, struct address_file *out, struct note *note)
{
	enum status status;

	*out = (struct address_file){ .lines = 0 };
	buf_init(&out->text, TEXT_MOST);
	status = read_text(path, &out->text, note);
	if (status != STATUS_OK)
		return status;
	buf_add_byte(&out->text, '\0');
	status = buf_status(&out->text);
	return status == STATUS_OK ? take_lines(path, out, note) : status;
}

void
address_file_clear(struct address_file *file)
{
	free(file->line);
	free(file->word);
	buf_clear(&file->text);
}

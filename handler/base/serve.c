/* serve.c - a helper's side of a question: see serve.h */
#include "base/serve.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

enum {
	PIECE = 64 * 1024,
	SECONDS = 10, /* for each piece of a question that has begun */
	HEAD_MAX = 16 /* "open 16384\n" */
};

enum status
serve_begin(struct serve *serve, const char *program, int argc,
    char *const argv[], size_t most)
{
	*serve = (struct serve){ .verb = VERB_COUNT };
	buf_init(&serve->question, most);
	return argc == 2 && verb_find(program, argv[1], &serve->verb)
	    ? STATUS_OK
	    : STATUS_USAGE;
}

/* At most that many octets more; *n is 0 at the end of the input. */
static enum status
read_piece(struct buf *out, size_t most, ssize_t *n)
{
	/* The first octet may take its time, the rest may not. */
	struct pollfd ready = { .fd = STDIN_FILENO, .events = POLLIN };
	int polled;

	if (!buf_reserve(out, most))
		return buf_status(out);
	do
		polled = poll(&ready, 1, out->len > 0 ? SECONDS * 1000 : -1);
	while (polled < 0 && errno == EINTR);
	if (polled <= 0)
		return STATUS_IO;
	do
		*n = read(STDIN_FILENO, out->at + out->len, most);
	while (*n < 0 && errno == EINTR);
	if (*n < 0)
		return STATUS_IO;
	out->len += (size_t)*n;
	return STATUS_OK;
}

/* Up to that length of the whole. */
static enum status
read_up_to(struct buf *out, size_t len)
{
	enum status status = STATUS_OK;
	ssize_t n = 1;

	while (status == STATUS_OK && out->len < len && n > 0)
		status = read_piece(out, len - out->len, &n);
	if (status == STATUS_OK && n == 0)
		status = out->len == 0 ? STATUS_END : STATUS_USAGE;
	return status;
}

/* "open LENGTH\n": how long the frame is, in all. */
static bool
whole_length(struct span head, size_t *out)
{
	const struct span name = SPAN(FRAME_OPEN " ");
	int64_t len;

	if (!span_starts(head, name) ||
	    !frame_number(span_cut(head, name.len, head.len - 1), &len) ||
	    len < 0 || len > SERVE_OPEN_MAX)
		return false;
	*out = head.len + (size_t)len + 1;
	return true;
}

enum status
serve_open(struct serve *serve)
{
	const struct verb_row *row = verb_row(serve->verb);
	struct buf *question = &serve->question;
	enum status status = STATUS_OK;
	struct span rest;
	struct frame frame;
	size_t len = 0;

	if (row->opens[0] == '\0')
		return STATUS_OK;
	while (status == STATUS_OK && question->len < HEAD_MAX &&
	    !span_has_byte(buf_span(question), '\n'))
		status = read_up_to(question, question->len + 1);
	if (status == STATUS_OK && !whole_length(buf_span(question), &len))
		status = STATUS_USAGE;
	if (status == STATUS_OK)
		status = read_up_to(question, len);
	if (status != STATUS_OK)
		return status;
	rest = buf_span(question);
	if (frame_take(&rest, &frame) != STATUS_OK ||
	    !verb_frames_ok(row->opens, frame.value, NULL))
		return STATUS_USAGE;
	serve->open = frame.value;
	return STATUS_OK;
}

/* Walk on over the frames that are whole; true: the last is "end". */
static bool
walk(struct span all, size_t *done)
{
	struct span rest = span_cut(all, *done, all.len);
	struct frame frame;
	bool ended = false;

	while (!ended && frame_take(&rest, &frame) == STATUS_OK) {
		ended = span_eq(frame.name, SPAN(FRAME_END));
		*done = all.len - rest.len;
	}
	return ended;
}

enum status
serve_read(struct serve *serve)
{
	struct buf *question = &serve->question;
	enum status status = STATUS_OK;
	struct span all;
	struct frame frame;
	size_t done = 0, room;
	ssize_t n = 1;

	while (status == STATUS_OK && !walk(buf_span(question), &done)) {
		room = question->ceiling - question->len;
		if (n == 0)
			return question->len == 0 ? STATUS_END : STATUS_USAGE;
		if (room == 0)
			return STATUS_BAD_SIZE;
		status = read_piece(question, room < PIECE ? room : PIECE, &n);
	}
	all = buf_span(question);
	if (status != STATUS_OK || !verb_question_ok(serve->verb, all, NULL))
		return status != STATUS_OK ? status : STATUS_USAGE;
	/* It may have moved as it grew. */
	serve->frames = all;
	if (verb_row(serve->verb)->opens[0] != '\0' &&
	    frame_take(&serve->frames, &frame) == STATUS_OK)
		serve->open = frame.value;
	return STATUS_OK;
}

void
serve_clear(struct serve *serve)
{
	buf_clear(&serve->question);
	serve->open = serve->frames = SPAN("");
}

/* On the stack: memory may be what is missing. */
static size_t
write_head(enum status status, const struct note *note, char *out, size_t size)
{
	const char *name = status_name(status);
	const char *text = note != NULL ? note->text : "";

	return (size_t)snprintf(out, size, "status %zu\n%s\nnote %zu\n%s\n",
	    strlen(name), name, strlen(text), text);
}

enum status
serve_answer(enum status status, const struct note *note, struct span gives)
{
	const struct span end = SPAN(FRAME_END " 0\n\n");
	char piece[4096];
	enum status written = STATUS_OK;
	size_t len;

	/* Nothing was asked. */
	if (status == STATUS_END)
		status = STATUS_USAGE;
	len = write_head(status, note, piece, sizeof(piece));

	if (status != STATUS_OK)
		gives = SPAN("");
	/* Mostly that is one system call, and one waking of the reader. */
	if (gives.len > sizeof(piece) - len - end.len) {
		written = fd_write(STDOUT_FILENO, (struct span){ piece, len });
		if (written == STATUS_OK)
			written = fd_write(STDOUT_FILENO, gives);
		len = 0;
	} else if (gives.len > 0) {
		(void)memcpy(piece + len, gives.at, gives.len);
		len += gives.len;
	}
	(void)memcpy(piece + len, end.at, end.len);
	return written == STATUS_OK
	    ? fd_write(STDOUT_FILENO, (struct span){ piece, len + end.len })
	    : written;
}

int
serve_refuse(enum status status)
{
	return status_exit(serve_answer(status, NULL, SPAN("")));
}

/* Answer one question, if there is another; false: stop. */
static bool
serve_one(
    struct serve *serve, size_t most, bool *prepared, serve_answerer *answer)
{
	struct note note = { "" };
	enum status status, written;
	struct buf out;

	status = serve_open(serve);
	if (status == STATUS_END && *prepared) {
		serve_clear(serve);
		return false;
	}
	buf_init(&out, most);
	if (status == STATUS_OK)
		status = answer(serve, prepared, &out, &note);
	buf_wipe(&serve->question);
	written = serve_answer(status, &note, buf_span(&out));
	buf_clear(&out);
	serve_clear(serve);
	return written == STATUS_OK && *prepared && status != STATUS_USAGE &&
	    status != STATUS_IO && status != STATUS_BAD_SIZE;
}

void
serve_all(struct serve *serve, size_t most, serve_answerer *answer)
{
	bool prepared = false;

	while (serve_one(serve, most, &prepared, answer))
		;
}

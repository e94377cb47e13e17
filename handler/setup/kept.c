/* kept.c - the answers of setup, in the home: see kept.h */
#include "setup/kept.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAME "setup"
#define FIRST_LINE "format 1\n"

enum { KEPT_MAX = 16 * 1024 };

/* What a newer version asks is asked again here. */
static void
take_line(struct span line, struct setup *out)
{
	const size_t tab = span_find_byte(line, '\t');
	const struct span name = span_cut(line, 0, tab);
	size_t step;

	for (step = 0; step < SETUP_STEPS; step++)
		if (span_eq(name, span_of(setup_name((enum setup_step)step))) &&
		    !span_copy(span_cut(line, tab + 1, line.len),
			out->answer[step], SETUP_ANSWER_SIZE))
			out->answer[step][0] = '\0';
}

enum status
kept_load(const struct home *home, struct setup *out, struct note *note)
{
	enum status status;
	struct buf text;
	struct span rest;
	size_t end;

	*out = (struct setup){ .answer = { "" } };
	if (home->dir < 0)
		return STATUS_OK;
	buf_init(&text, KEPT_MAX);
	status = file_read(home->dir, NAME, &text);
	rest = buf_span(&text);
	if (status == STATUS_MISSING)
		status = STATUS_OK;
	else if (status != STATUS_OK || !span_starts(rest, SPAN(FIRST_LINE)))
		status = note_set(note, STATUS_DAMAGED,
		    "%.300s/" NAME " cannot be read; remove it to begin again",
		    home->path);
	while (status == STATUS_OK && rest.len > 0) {
		end = span_find_byte(rest, '\n');
		take_line(span_cut(rest, 0, end), out);
		rest = span_cut(rest, end + 1, rest.len);
	}
	buf_clear(&text);
	return status;
}

enum status
kept_save(const struct home *home, const struct setup *setup, struct note *note)
{
	enum status status;
	struct buf text;
	size_t step;

	buf_init(&text, KEPT_MAX);
	buf_add_text(&text, FIRST_LINE);
	for (step = 0; step < SETUP_STEPS; step++)
		if (setup->answer[step][0] != '\0')
			buf_addf(&text, "%s\t%s\n",
			    setup_name((enum setup_step)step),
			    setup->answer[step]);
	status = buf_status(&text);
	if (status == STATUS_OK)
		status = file_replace(home->dir, NAME, buf_span(&text), note);
	buf_clear(&text);
	return status;
}

void
kept_forget(const struct home *home)
{
	(void)unlinkat(home->dir, NAME, 0);
}

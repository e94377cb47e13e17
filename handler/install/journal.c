/* journal.c - what was installed: see journal.h */
#include "install/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/walk.h"

#define DIRECTORY "installed"
#define FIRST_LINE "format 1\n"

static enum status
damaged(const struct journal *journal, const char *what, struct note *note)
{
	char path[1200];

	home_show_path(
	    journal->home, DIRECTORY, journal->name, path, sizeof(path));
	return note_set(note, STATUS_DAMAGED, "%.220s %s", path, what);
}

/* A line that was being written when we were killed: nothing followed it. */
static void
cut_torn_line(struct buf *text)
{
	size_t len = text->len;

	while (len > 0 && text->at[len - 1] != '\n')
		len--;
	buf_cut(text, len);
}

enum status
journal_open(const struct home *home, const char *program, struct journal *out,
    struct note *note)
{
	enum status status;
	int dir = -1;

	*out = (struct journal){ .home = home };
	buf_init(&out->text, JOURNAL_MAX);
	(void)snprintf(out->name, sizeof(out->name), "%s", program);
	status = home_subdir(home, DIRECTORY, false, &dir, note);
	if (status != STATUS_OK || dir < 0)
		return status;
	status = file_read(dir, out->name, &out->text);
	(void)close(dir);
	if (status == STATUS_MISSING)
		return STATUS_OK;
	if (status != STATUS_OK)
		return damaged(out, "cannot be read", note);
	cut_torn_line(&out->text);
	if (out->text.len > 0 &&
	    !span_starts(buf_span(&out->text), SPAN(FIRST_LINE)))
		return damaged(out, "is not of this version of mailcert", note);
	return STATUS_OK;
}

void
journal_close(struct journal *journal)
{
	buf_clear(&journal->text);
}

struct span
journal_rest(const struct journal *journal)
{
	const struct span all = buf_span(&journal->text);

	return span_cut(all, sizeof(FIRST_LINE) - 1, all.len);
}

static void
take_entry(struct span line, struct journal_entry *out)
{
	size_t tab = span_find_byte(line, '\t');

	out->verb = span_cut(line, 0, tab);
	line = span_cut(line, tab + 1, line.len);
	tab = span_find_byte(line, '\t');
	out->path = span_cut(line, 0, tab);
	out->text = span_cut(line, tab + 1, line.len);
}

bool
journal_next(struct span *rest, struct journal_entry *out)
{
	const size_t end = span_find_byte(*rest, '\n');

	if (end == rest->len)
		return false;
	take_entry(span_cut(*rest, 0, end), out);
	*rest = span_cut(*rest, end + 1, rest->len);
	return true;
}

bool
journal_last(struct span *rest, struct journal_entry *out)
{
	size_t from;

	if (rest->len == 0)
		return false;
	for (from = rest->len - 1; from > 0 && rest->at[from - 1] != '\n';
	     from--)
		;
	take_entry(span_cut(*rest, from, rest->len - 1), out);
	*rest = span_cut(*rest, 0, from);
	return true;
}

static bool
find(const struct journal *journal, const char *verb, const char *path,
    struct journal_entry *out)
{
	struct span rest = journal_rest(journal);

	while (journal_last(&rest, out))
		if (span_eq(out->verb, span_of(verb)) &&
		    span_eq(out->path, span_of(path)))
			return true;
	return false;
}

bool
journal_has(const struct journal *journal, const char *verb, const char *path)
{
	struct journal_entry entry;

	return find(journal, verb, path, &entry);
}

bool
journal_knows(const struct journal *journal, const struct journal_entry *entry)
{
	struct span rest = journal_rest(journal);
	struct journal_entry here;

	while (journal_next(&rest, &here))
		if (span_eq(here.verb, entry->verb) &&
		    span_eq(here.path, entry->path) &&
		    span_eq(here.text, entry->text))
			return true;
	return false;
}

struct span
journal_get(const struct journal *journal, const char *verb, const char *path)
{
	struct journal_entry entry;

	return find(journal, verb, path, &entry) ? entry.text : SPAN("");
}

static bool
has_line(const struct journal *journal, struct span line)
{
	struct span rest = journal_rest(journal);
	size_t end;

	while ((end = span_find_byte(rest, '\n')) < rest.len) {
		if (span_eq(span_cut(rest, 0, end + 1), line))
			return true;
		rest = span_cut(rest, end + 1, rest.len);
	}
	return false;
}

/* The whole file each time: it is short, and never torn so. */
static enum status
save(struct journal *journal, struct note *note)
{
	enum status status;
	int dir = -1;

	status = home_subdir(journal->home, DIRECTORY, true, &dir, note);
	if (status != STATUS_OK)
		return status;
	status =
	    file_replace(dir, journal->name, buf_span(&journal->text), note);
	(void)close(dir);
	return status;
}

static enum status
append(struct journal *journal, struct span line, struct note *note)
{
	enum status status;

	if (journal->text.len == 0)
		buf_add_text(&journal->text, FIRST_LINE);
	buf_add(&journal->text, line);
	status = buf_status(&journal->text);
	return status == STATUS_OK ? save(journal, note) : status;
}

/* always: even if there is such a line. */
static enum status
add(struct journal *journal, const char *verb, const char *path,
    struct span text, bool always, struct note *note)
{
	enum status status;
	struct buf line;

	if (strpbrk(path, "\n\t") != NULL || span_has_byte(text, '\n'))
		return note_set(note, STATUS_CONFIG,
		    "a path with a newline or a tab cannot be installed into");
	buf_init(&line, JOURNAL_MAX);
	buf_addf(&line, "%s\t%s", verb, path);
	if (text.len > 0) {
		buf_add_byte(&line, '\t');
		buf_add(&line, text);
	}
	buf_add_byte(&line, '\n');
	status = buf_status(&line);
	if (status == STATUS_OK &&
	    (always || !has_line(journal, buf_span(&line))))
		status = append(journal, buf_span(&line), note);
	buf_clear(&line);
	return status;
}

enum status
journal_add(struct journal *journal, const char *verb, const char *path,
    struct span text, struct note *note)
{
	return add(journal, verb, path, text, false, note);
}

enum status
journal_set(struct journal *journal, const char *verb, const char *path,
    struct span text, struct note *note)
{
	return span_eq(journal_get(journal, verb, path), text)
	    ? STATUS_OK
	    : add(journal, verb, path, text, true, note);
}

enum status
journal_forget(struct journal *journal, struct note *note)
{
	enum status status;
	int dir = -1;

	buf_cut(&journal->text, 0);
	status = home_subdir(journal->home, DIRECTORY, false, &dir, note);
	if (status != STATUS_OK || dir < 0)
		return status;
	if (unlinkat(dir, journal->name, 0) != 0 && errno != ENOENT)
		status = note_set(note, STATUS_IO, DIRECTORY "/%s: %s",
		    journal->name, strerror(errno));
	if (status == STATUS_OK)
		status = dir_sync(dir);
	(void)close(dir);
	return status;
}

enum status
journal_list(const struct home *home, struct buf *out, struct note *note)
{
	enum status status;
	struct walk walk;
	const char *name;
	int dir = -1;

	status = home_subdir(home, DIRECTORY, false, &dir, note);
	if (status != STATUS_OK || dir < 0)
		return status;
	if (walk_begin(&walk, dir) == STATUS_OK)
		while ((name = walk_next(&walk)) != NULL)
			/* The others are temporary files. */
			if (!span_has_byte(span_of(name), '.'))
				buf_addf(out, "%s\n", name);
	if ((status = walk_end(&walk)) != STATUS_OK)
		return note_set(
		    note, status, DIRECTORY ": %s", strerror(errno));
	return buf_status(out);
}

static enum status
knows(const struct home *home, const char *name,
    const struct journal_entry *entry, bool *out, struct note *note)
{
	struct journal other;
	enum status status = journal_open(home, name, &other, note);

	if (status == STATUS_OK && journal_knows(&other, entry))
		*out = true;
	journal_close(&other);
	return status;
}

enum status
journal_shares(const struct journal *journal, const struct journal_entry *entry,
    bool *out, struct note *note)
{
	enum status status;
	struct span rest;
	struct buf names;
	size_t end;
	char name[sizeof(journal->name)];

	*out = false;
	buf_init(&names, JOURNAL_MAX);
	status = journal_list(journal->home, &names, note);
	for (rest = buf_span(&names);
	     status == STATUS_OK && !*out && rest.len > 0;
	     rest = span_cut(rest, end + 1, rest.len)) {
		end = span_find_byte(rest, '\n');
		if (span_copy(span_cut(rest, 0, end), name, sizeof(name)) &&
		    strcmp(name, journal->name) != 0)
			status = knows(journal->home, name, entry, out, note);
	}
	buf_clear(&names);
	return status;
}

/*
 * mailcap.c - the mailcap entries that mail programs use
 *
 * RFC 1524, as mutt and neomutt read it: files and entries in their order, and
 * the first that fits wins.  A test= is not run: an entry that has one is
 * passed over, unless mailcert's own.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "doctor/doctor_p.h"
#include "install/program.h"
#include "install/textfile.h"

enum { WHERE_SIZE = 400, COMMAND_SIZE = 200 };

/* Where an entry stands, and what it runs. */
struct entry {
	char where[WHERE_SIZE]; /* "FILE line N" */
	char command[COMMAND_SIZE];
	bool test, copious;
};

/* What was found for one type. */
struct found {
	struct entry first; /* where is empty: no entry */
	struct entry ours;  /* the first that calls mailcert handle */
};

/* Take one field of an entry: up to a semicolon without a backslash. */
static struct span
take_field(struct span *rest)
{
	struct span field = *rest;
	size_t i;

	for (i = 0; i < rest->len && rest->at[i] != ';'; i++)
		if (rest->at[i] == '\\')
			i++;
	field = span_trim(span_cut(*rest, 0, i));
	*rest = span_cut(*rest, i + 1, rest->len);
	return field;
}

/* "text/plain", "text" and "text/" followed by "*" fit text/plain. */
static bool
type_fits(struct span pattern, struct span type)
{
	const size_t slash = span_find_byte(type, '/');

	return span_eq_nocase(pattern, type) ||
	    span_eq_nocase(pattern, span_cut(type, 0, slash)) ||
	    (pattern.len == slash + 2 && pattern.at[slash + 1] == '*' &&
		span_eq_nocase(span_cut(pattern, 0, slash + 1),
		    span_cut(type, 0, slash + 1)));
}

static bool
is_ours(const struct entry *entry)
{
	return strstr(entry->command, "mailcert handle ") != NULL;
}

static void
look_at(
    struct span line, struct span type, const char *where, struct found *out)
{
	struct entry entry = { .test = false };
	struct span field;

	if (!type_fits(take_field(&line), type))
		return;
	field = take_field(&line);
	(void)snprintf(entry.where, sizeof(entry.where), "%s", where);
	(void)span_copy(span_cut(field, 0, sizeof(entry.command) - 1),
	    entry.command, sizeof(entry.command));
	while (line.len > 0) {
		field = take_field(&line);
		entry.test =
		    entry.test || span_starts_nocase(field, SPAN("test"));
		entry.copious = entry.copious ||
		    span_eq_nocase(field, SPAN("copiousoutput"));
	}
	if (is_ours(&entry) && out->ours.where[0] == '\0')
		out->ours = entry;
	if (out->first.where[0] == '\0' && (!entry.test || is_ours(&entry)))
		out->first = entry;
}

/* Lines that end with a backslash continue. */
static void
read_text(
    struct span text, struct span type, const char *path, struct found *out)
{
	char where[WHERE_SIZE];
	struct buf joined;
	struct span line;
	size_t number = 0, first = 0;

	buf_init(&joined, TEXTFILE_MAX);
	while (text.len > 0) {
		line = span_trim(line_take(&text));
		number++;
		first = joined.len == 0 ? number : first;
		if (line.len > 0 && line.at[line.len - 1] == '\\') {
			buf_add(&joined, span_cut(line, 0, line.len - 1));
			continue;
		}
		buf_add(&joined, line);
		(void)snprintf(
		    where, sizeof(where), "%.350s line %zu", path, first);
		if (joined.len > 0 && joined.at[0] != '#')
			look_at(buf_span(&joined), type, where, out);
		buf_clear(&joined);
		buf_init(&joined, TEXTFILE_MAX);
	}
	buf_clear(&joined);
}

static void
read_files(const char *files, struct span type, struct found *out)
{
	struct span rest = span_of(files);
	struct note note;
	char path[1024];
	struct buf text;
	mode_t mode;
	size_t end;

	while (rest.len > 0) {
		end = span_find_byte(rest, ':');
		if (path_expand(span_cut(rest, 0, end), path, sizeof(path))) {
			buf_init(&text, TEXTFILE_MAX);
			if (textfile_read(path, &text, &mode, &note) ==
			    STATUS_OK)
				read_text(buf_span(&text), type, path, out);
			buf_clear(&text);
		}
		rest = span_cut(rest, end + 1, rest.len);
	}
}

/* Can a shell find the program that the entry runs? */
static bool
is_there(const struct entry *entry)
{
	struct span command = span_of(entry->command);
	char name[COMMAND_SIZE], path[1024];

	command = span_cut(command, 0, span_find_byte(command, ' '));
	if (!span_copy(command, name, sizeof(name)))
		return false;
	return name[0] == '/' ? access(name, X_OK) == 0
			      : program_find(name, path, sizeof(path));
}

/* False: it added a finding that says what is wrong. */
static bool
judge(const char *program, const char *type, const struct found *found,
    bool macro, struct findings *out)
{
	const struct entry *ours = &found->ours;

	if (ours->where[0] == '\0' && macro)
		return true;
	if (ours->where[0] == '\0')
		finding_add(out, FINDING_WARNING, "mailcap",
		    "%s: no mailcap entry gives %s to mailcert; run \"mailcert "
		    "install mailcap\", or source mutt.rc",
		    program, type);
	else if (strcmp(found->first.where, ours->where) != 0)
		finding_add(out, FINDING_ERROR, "mailcap",
		    "%s: %s is shown by %.300s (%.60s), before mailcert's "
		    "entry; put mailcert's first",
		    program, type, found->first.where, found->first.command);
	else if (strstr(ours->command, "'%s'") != NULL ||
	    strstr(ours->command, "\"%s\"") != NULL)
		finding_add(out, FINDING_ERROR, "mailcap",
		    "%s: %.300s has quotes around %%s, which %s quotes by "
		    "itself; remove them",
		    program, ours->where, program);
	else if (ours->copious)
		finding_add(out, FINDING_ERROR, "mailcap",
		    "%s: %.300s has copiousoutput, so mailcert cannot ask; "
		    "remove it",
		    program, ours->where);
	else if (!is_there(ours))
		finding_add(out, FINDING_ERROR, "mailcap",
		    "%s: %.300s runs a program that does not exist (%.100s); "
		    "run \"mailcert install mailcap\" again",
		    program, ours->where, ours->command);
	else
		return true;
	return false;
}

void
doctor_mailcap(
    const char *program, const char *path, bool macro, struct findings *out)
{
	static const char *const types[] = { "application/acme", "text/acme",
		"text/plain" };
	struct found found[3];
	bool good = true;
	size_t i;

	for (i = 0; i < 3; i++) {
		found[i] = (struct found){ .first.test = false };
		read_files(path, span_of(types[i]), &found[i]);
	}
	/* Nothing at all is one fault, not three. */
	if (!macro && found[0].ours.where[0] == '\0' &&
	    found[1].ours.where[0] == '\0' && found[2].ours.where[0] == '\0') {
		(void)judge(program, types[0], &found[0], macro, out);
		return;
	}
	for (i = 0; i < 3; i++)
		good = judge(program, types[i], &found[i], macro, out) && good;
	if (good && found[0].ours.where[0] == '\0')
		finding_add(out, FINDING_OK, "mailcap",
		    "%s: the macro of mutt.rc gives messages to mailcert",
		    program);
	else if (good)
		finding_add(out, FINDING_OK, "mailcap",
		    "%s: application/acme is shown by %.300s (%.100s)", program,
		    found[0].ours.where, found[0].ours.command);
}

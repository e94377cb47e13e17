/* sourced.c - settings that the user's file sources: see sourced.h */
#include "install/sourced.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 1200 };

bool
sourced_is_plain(const char *text)
{
	return strpbrk(text, "\"'`$\\\n") == NULL;
}

enum status
sourced_path(const struct installation *installation, char *out, size_t size,
    struct note *note)
{
	const struct journal *journal = &installation->changes.journal;
	char real[PATH_MAX];

	if (realpath(journal->home->path, real) == NULL ||
	    strlen(real) + 64 > size || !sourced_is_plain(real))
		return note_set(note, STATUS_CONFIG,
		    "the path of the home is not one that %s can source",
		    journal->name);
	(void)snprintf(out, size, "%.1100s/mail/%s.rc", real, journal->name);
	return STATUS_OK;
}

enum status
sourced_directory(struct installation *installation, struct note *note)
{
	char path[PATH_SIZE];
	enum status status;

	status = sourced_path(installation, path, sizeof(path), note);
	if (status != STATUS_OK)
		return status;
	*strrchr(path, '/') = '\0';
	return change_dir(&installation->changes, path, note);
}

enum status
sourced_write(struct installation *installation, const char *path,
    struct span text, struct note *note)
{
	enum status status = sourced_directory(installation, note);

	return status == STATUS_OK
	    ? change_file(&installation->changes, path, text, note)
	    : status;
}

/* The file that has our lines; false: none has. */
static bool
has_block(const struct installation *installation, char *out, size_t size)
{
	struct span rest = journal_rest(&installation->changes.journal);
	struct journal_entry entry;

	while (journal_last(&rest, &entry))
		if (span_eq(entry.verb, SPAN("block")))
			return span_copy(entry.path, out, size);
	return false;
}

static bool
accepts(const struct install_wishes *wishes, const char *file, const char *line)
{
	char question[3000];

	if (wishes->yes)
		return true;
	(void)snprintf(question, sizeof(question),
	    "To be added at the end of %s, between markers:\n"
	    "+ %s\n"
	    "Write it?",
	    file, line);
	return !wishes->again && wishes->ask != NULL && wishes->ask(question);
}

enum status
sourced_offer(struct installation *installation, const char *path,
    const char *file, struct note *note)
{
	const struct install_wishes *wishes = installation->wishes;
	char line[PATH_SIZE + 16], text[PATH_SIZE + 32], had[PATH_SIZE];

	(void)snprintf(line, sizeof(line), "source \"%s\"", path);
	(void)snprintf(text, sizeof(text), "%s\n", line);
	if (has_block(installation, had, sizeof(had)))
		return change_block(
		    &installation->changes, had, span_of(text), note);
	if (wishes->config != NULL)
		file = wishes->config;
	if (strlen(file) >= sizeof(had))
		return note_set(
		    note, STATUS_USAGE, "the path %.100s... is too long", file);
	if (installation->changes.dry_run ? wishes->config != NULL
					  : accepts(wishes, file, line))
		return change_block(
		    &installation->changes, file, span_of(text), note);
	if (wishes->config != NULL)
		return note_set(note, STATUS_NO,
		    "%.200s was not changed; use --yes to accept the change",
		    file);
	buf_addf(
	    &installation->lines, "Add this line to %s:\n\n%s\n", file, line);
	return STATUS_OK;
}

/* change.c - changes that can be undone: see change.h */
#include "install/change.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "install/textfile.h"
#include "process/helper.h"

enum { PATH_SIZE = 1200, SAID_MAX = 1024 * 1024 };

/* Remove what a run that was killed has left beside the files of the journal:
 * one may hold a key. */
static void
clean(const struct journal *journal)
{
	struct span rest = journal_rest(journal);
	struct journal_entry entry;
	char path[PATH_SIZE];

	while (journal_next(&rest, &entry))
		if (span_starts(entry.path, SPAN("/")) &&
		    span_copy(entry.path, path, sizeof(path)))
			textfile_clean(path);
}

enum status
changes_begin(const struct home *home, const char *program, bool dry_run,
    struct changes *out, struct note *note)
{
	enum status status;

	out->dry_run = dry_run;
	buf_init(&out->said, SAID_MAX);
	status = journal_open(home, program, &out->journal, note);
	if (status == STATUS_OK && !dry_run)
		clean(&out->journal);
	return status;
}

void
changes_end(struct changes *changes)
{
	journal_close(&changes->journal);
	buf_clear(&changes->said);
}

void
change_say(struct changes *changes, const char *did, const char *would,
    const char *what)
{
	if (changes->dry_run)
		buf_addf(&changes->said, "would %s ", would);
	else
		buf_addf(&changes->said, "%s ", did);
	text_show(&changes->said, span_of(what), TEXT_NO_LIMIT, true);
	buf_add_byte(&changes->said, '\n');
}

static bool
exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* It enters the journal, unless nothing is to be done. */
static enum status
intend(struct changes *changes, const char *verb, const char *path,
    struct span text, struct note *note)
{
	return changes->dry_run
	    ? STATUS_OK
	    : journal_add(&changes->journal, verb, path, text, note);
}

enum status
change_adopt(struct changes *changes, const char *verb, const char *path,
    struct span text, struct note *note)
{
	const struct journal_entry entry = {
		.verb = span_of(verb), .path = span_of(path), .text = text
	};
	enum status status;
	bool shared;

	status = journal_shares(&changes->journal, &entry, &shared, note);
	return status == STATUS_OK && shared
	    ? intend(changes, verb, path, text, note)
	    : status;
}

enum status
change_dir(struct changes *changes, const char *path, struct note *note)
{
	enum status status;
	struct stat st;

	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode)
		    ? change_adopt(changes, "dir", path, SPAN(""), note)
		    : note_set(note, STATUS_CREATE, "%.200s is not a directory",
			  path);
	status = intend(changes, "dir", path, SPAN(""), note);
	if (status == STATUS_OK && !changes->dry_run &&
	    (status = path_make(path)) != STATUS_OK)
		return note_set(
		    note, status, "%.200s: %s", path, strerror(errno));
	if (status == STATUS_OK)
		change_say(changes, "made", "make", path);
	return status;
}

enum status
change_file(struct changes *changes, const char *path, struct span text,
    struct note *note)
{
	enum status status;
	mode_t mode = 0600;
	struct buf old;
	bool same;

	buf_init(&old, TEXTFILE_MAX);
	status = textfile_read(path, &old, &mode, note);
	same = status == STATUS_OK && span_eq(buf_span(&old), text);
	buf_clear(&old);
	if (same)
		return change_adopt(changes, "file", path, SPAN(""), note);
	if (status == STATUS_OK &&
	    !journal_has(&changes->journal, "file", path))
		return note_set(note, STATUS_CREATE,
		    "%.200s exists and was not made by mailcert; move it away",
		    path);
	if (status == STATUS_MISSING)
		status = intend(changes, "file", path, SPAN(""), note);
	if (status == STATUS_OK && !changes->dry_run)
		status = textfile_replace(path, mode, text, note);
	if (status == STATUS_OK)
		change_say(changes, "wrote", "write", path);
	return status;
}

/* What the key holder makes of a key file of the home. */
struct copy {
	enum verb_id verb;
	const char *form;
	struct span chain; /* empty: the key alone */
	struct span passphrase;
};

static enum status
copy_key(const char *from, const char *to, const struct copy *copy,
    struct note *note)
{
	struct buf question, answer;
	enum status status;

	buf_init(&question, TEXTFILE_MAX + 8192);
	buf_init(&answer, 2048);
	helper_open(&question, from, to);
	if (copy->form != NULL)
		frame_add(&question, "form", span_of(copy->form));
	if (copy->chain.len > 0)
		frame_add(&question, "chain", copy->chain);
	if (copy->passphrase.len > 0)
		frame_add(&question, "passphrase", copy->passphrase);
	status = helper_ask(copy->verb, &question, &answer, note);
	buf_clear(&answer);
	buf_wipe(&question);
	return status;
}

/* Whole under a temporary name, then under its own: never over a file that
 * somebody else has made meanwhile. */
static enum status
place_key(const char *path, const char *key, const struct copy *copy,
    struct note *note)
{
	char temporary[PATH_SIZE];
	enum status status;

	(void)snprintf(
	    temporary, sizeof(temporary), "%.1000s.mailcert.new", path);
	(void)unlink(temporary);
	status = copy_key(key, temporary, copy, note);
	if (status == STATUS_OK && link(temporary, path) != 0)
		status = note_set(
		    note, STATUS_CREATE, "%.200s: %s", path, strerror(errno));
	(void)unlink(temporary);
	return status == STATUS_OK ? path_sync_parent(path) : status;
}

static enum status
change_copy(struct changes *changes, const char *path, const char *key,
    const struct copy *copy, struct note *note)
{
	enum status status;

	if (exists(path))
		return change_adopt(changes, "file", path, SPAN(""), note);
	status = intend(changes, "file", path, SPAN(""), note);
	if (status == STATUS_OK && !changes->dry_run)
		status = place_key(path, key, copy, note);
	if (status == STATUS_OK)
		change_say(changes, "wrote", "write", path);
	return status;
}

enum status
change_key(struct changes *changes, const char *path, const char *key,
    const char *form, struct span passphrase, struct note *note)
{
	const struct copy as_it_is = { .verb = VERB_CLONE };
	const struct copy copy = {
		.verb = VERB_COPY, .form = form, .passphrase = passphrase
	};

	return change_copy(changes, path, key,
	    strcmp(form, "same") == 0 ? &as_it_is : &copy, note);
}

enum status
change_pair(struct changes *changes, const char *path, const char *key,
    struct span certificates, struct span passphrase, struct note *note)
{
	const struct copy copy = { .verb = VERB_EXPORT,
		.form = "pair",
		.chain = certificates,
		.passphrase = passphrase };

	return change_copy(changes, path, key, &copy, note);
}

enum status
change_export_pair(const char *path, const char *key, struct span certificates,
    struct note *note)
{
	const struct copy copy = {
		.verb = VERB_EXPORT, .form = "pair", .chain = certificates
	};

	return copy_key(key, path, &copy, note);
}

static struct span
without_newline(struct span line)
{
	return line.len > 0 && line.at[line.len - 1] == '\n'
	    ? span_cut(line, 0, line.len - 1)
	    : line;
}

static bool
has_line(struct span text, struct span line)
{
	while (text.len > 0)
		if (span_eq(without_newline(line_take(&text)), line))
			return true;
	return false;
}

static struct span
last_line(struct span text)
{
	struct span line = SPAN("");

	while (text.len > 0)
		line = line_take(&text);
	return line;
}

/* What is appended begins a line of its own, and can be taken away so that the
 * file is what it was. */
static enum status
begin_appending(struct changes *changes, const char *path, struct buf *text,
    bool missing, struct note *note)
{
	const struct span last = last_line(buf_span(text));
	enum status status;

	if (missing)
		return intend(changes, "start", path, SPAN(""), note);
	status = change_adopt(changes, "start", path, SPAN(""), note);
	if (status != STATUS_OK || last.len == 0 ||
	    last.at[last.len - 1] == '\n')
		return status;
	status = intend(changes, "newline", path, last, note);
	buf_add_byte(text, '\n');
	return status;
}

static enum status
adopt_line(struct changes *changes, const char *path, const char *line,
    struct note *note)
{
	enum status status;

	status = change_adopt(changes, "start", path, SPAN(""), note);
	return status == STATUS_OK
	    ? change_adopt(changes, "line", path, span_of(line), note)
	    : status;
}

enum status
change_line(struct changes *changes, const char *path, const char *line,
    struct note *note)
{
	enum status status;
	mode_t mode = 0600;
	struct buf text;
	bool missing;

	buf_init(&text, TEXTFILE_MAX + 4096);
	status = textfile_read(path, &text, &mode, note);
	missing = status == STATUS_MISSING;
	if (missing)
		status = STATUS_OK;
	if (status == STATUS_OK && has_line(buf_span(&text), span_of(line))) {
		buf_clear(&text);
		return adopt_line(changes, path, line, note);
	}
	if (status == STATUS_OK)
		status = begin_appending(changes, path, &text, missing, note);
	buf_addf(&text, "%s\n", line);
	if (status == STATUS_OK)
		status = intend(changes, "line", path, span_of(line), note);
	if (status == STATUS_OK)
		status = buf_status(&text);
	if (status == STATUS_OK && !changes->dry_run)
		status = textfile_replace(path, mode, buf_span(&text), note);
	if (status == STATUS_OK)
		change_say(changes, "added a line to", "add a line to", path);
	buf_clear(&text);
	return status;
}

/* The file with our lines at its end, in place of older ones. */
static enum status
write_block(struct changes *changes, const char *path, struct span block,
    struct span old, bool missing, mode_t mode, struct note *note)
{
	const char *name = changes->journal.name;
	enum status status;
	struct buf text;

	buf_init(&text, TEXTFILE_MAX + 65536);
	status = block_strip(name, old, path, &text, note);
	if (status == STATUS_OK)
		status = begin_appending(changes, path, &text, missing, note);
	buf_add(&text, block);
	if (status == STATUS_OK)
		status = buf_status(&text);
	if (status == STATUS_OK)
		status = intend(changes, "block", path, span_of(name), note);
	if (status == STATUS_OK && !changes->dry_run)
		status = textfile_replace(path, mode, buf_span(&text), note);
	if (status == STATUS_OK)
		change_say(changes, "wrote our lines into",
		    "write our lines into", path);
	buf_clear(&text);
	return status;
}

enum status
change_block(struct changes *changes, const char *path, struct span lines,
    struct note *note)
{
	struct buf old, block;
	enum status status;
	mode_t mode = 0600;
	bool missing;

	buf_init(&old, TEXTFILE_MAX);
	buf_init(&block, TEXTFILE_MAX);
	block_add(changes->journal.name, lines, &block);
	status = textfile_read(path, &old, &mode, note);
	missing = status == STATUS_MISSING;
	if (status == STATUS_OK || missing)
		status = buf_status(&block);
	if (status == STATUS_OK &&
	    span_find(buf_span(&old), buf_span(&block)) == old.len)
		status = write_block(changes, path, buf_span(&block),
		    buf_span(&old), missing, mode, note);
	buf_clear(&block);
	buf_clear(&old);
	return status;
}

static enum status
undo_dir(const char *path, struct note *note)
{
	if (rmdir(path) == 0 || errno == ENOENT || errno == ENOTEMPTY ||
	    errno == EEXIST)
		return STATUS_OK;
	return note_set(note, STATUS_IO, "%.200s: %s", path, strerror(errno));
}

static enum status
undo_file(const char *path, struct note *note)
{
	if (unlink(path) == 0)
		return path_sync_parent(path);
	return errno == ENOENT
	    ? STATUS_OK
	    : note_set(note, STATUS_IO, "%.200s: %s", path, strerror(errno));
}

static enum status
undo_start(const char *path, struct note *note)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_size == 0 ? undo_file(path, note)
						       : STATUS_OK;
}

/* The text without our line, block or newline. */
static enum status
edit(const char *name, const struct journal_entry *entry, const char *path,
    struct span old, struct buf *out, struct note *note)
{
	struct span rest = old, line, last = last_line(old);
	bool done = false;

	if (span_eq(entry->verb, SPAN("block")))
		return block_strip(name, old, path, out, note);
	if (span_eq(entry->verb, SPAN("newline"))) {
		buf_add(out,
		    span_eq(without_newline(last), entry->text)
			? without_newline(old)
			: old);
		return buf_status(out);
	}
	while (rest.len > 0) {
		line = line_take(&rest);
		if (!done && span_eq(without_newline(line), entry->text))
			done = true;
		else
			buf_add(out, line);
	}
	return buf_status(out);
}

static enum status
undo_text(const char *name, const struct journal_entry *entry, const char *path,
    struct note *note)
{
	struct buf old, text;
	enum status status;
	mode_t mode = 0600;

	buf_init(&old, TEXTFILE_MAX);
	buf_init(&text, TEXTFILE_MAX);
	status = textfile_read(path, &old, &mode, note);
	if (status == STATUS_OK)
		status = edit(name, entry, path, buf_span(&old), &text, note);
	if (status == STATUS_OK && !span_eq(buf_span(&old), buf_span(&text)))
		status = textfile_replace(path, mode, buf_span(&text), note);
	buf_clear(&text);
	buf_clear(&old);
	return status == STATUS_MISSING ? STATUS_OK : status;
}

enum status
change_unline(struct changes *changes, const char *path, const char *line,
    struct note *note)
{
	const struct journal_entry entry = { .verb = SPAN("line"),
		.path = span_of(path),
		.text = span_of(line) };
	struct buf text;
	enum status status;
	mode_t mode = 0;
	bool there;

	buf_init(&text, TEXTFILE_MAX);
	status = textfile_read(path, &text, &mode, note);
	there = status == STATUS_OK && has_line(buf_span(&text), entry.text);
	buf_clear(&text);
	if (!there || !journal_knows(&changes->journal, &entry))
		return status == STATUS_MISSING ? STATUS_OK : status;
	change_say(changes, "removed a line from", "remove a line from", path);
	return changes->dry_run
	    ? STATUS_OK
	    : undo_text(changes->journal.name, &entry, path, note);
}

static enum status
undo(struct changes *changes, const struct journal_entry *entry,
    change_undoer *others, struct note *note)
{
	static const char *const texts[] = { "newline", "line", "block" };
	char path[PATH_SIZE];

	if (!span_copy(entry->path, path, sizeof(path)))
		return STATUS_DAMAGED;
	if (span_eq(entry->verb, SPAN("dir")))
		return undo_dir(path, note);
	if (span_eq(entry->verb, SPAN("file")) ||
	    span_eq(entry->verb, SPAN("passing")))
		return undo_file(path, note);
	if (span_eq(entry->verb, SPAN("start")))
		return undo_start(path, note);
	if (span_index(entry->verb, texts, 3) < 3)
		return undo_text(changes->journal.name, entry, path, note);
	return others != NULL ? others(changes, entry, note) : STATUS_OK;
}

static void
say_undo(struct changes *changes, const struct journal_entry *entry)
{
	static const struct {
		const char *verb, *did, *would;
	} words[] = {
		{ "file", "removed", "remove" },
		{ "line", "removed a line from", "remove a line from" },
		{ "block", "removed our lines from", "remove our lines from" },
		{ "item", "removed a setting from", "remove a setting from" },
		{ "nss", "removed a certificate from",
		    "remove a certificate from" },
		{ "nss-trust", "restored the trust of a root in",
		    "restore the trust of a root in" },
		{ "prefs", "restored the settings in",
		    "restore the settings in" },
		{ "gpgsm", "removed from gpgsm", "remove from gpgsm" },
	};
	struct journal_entry item = *entry;
	char path[PATH_SIZE];
	size_t i;

	/* A setting that had no line: that is said of the setting. */
	item.verb = SPAN("item");
	if (span_eq(entry->verb, SPAN("line")) &&
	    journal_knows(&changes->journal, &item))
		return;
	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (span_eq(entry->verb, span_of(words[i].verb)) &&
		    span_copy(entry->path, path, sizeof(path)))
			change_say(changes, words[i].did, words[i].would, path);
}

/* What another program uses as well stays. */
static enum status
undo_own(struct changes *changes, const struct journal_entry *entry,
    change_undoer *others, struct note *note)
{
	enum status status;
	bool shared;

	status = journal_shares(&changes->journal, entry, &shared, note);
	if (status != STATUS_OK || shared)
		return status;
	say_undo(changes, entry);
	return changes->dry_run ? STATUS_OK
				: undo(changes, entry, others, note);
}

enum status
changes_undo(struct changes *changes, change_undoer *others, struct note *note)
{
	struct span rest = journal_rest(&changes->journal);
	enum status status, first = STATUS_OK;
	struct journal_entry entry;
	struct note why = { "" };

	while (journal_last(&rest, &entry)) {
		status = undo_own(changes, &entry, others, &why);
		if (status != STATUS_OK && first == STATUS_OK) {
			first = status;
			*note = why;
		}
	}
	if (first == STATUS_OK && !changes->dry_run)
		first = journal_forget(&changes->journal, note);
	return first;
}

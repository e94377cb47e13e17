/*
 * profile.c - profiles of Thunderbird: see profile.h
 *
 * profiles.ini has a section for each profile, and one for each installation
 * of the program that names its default; installs.ini repeats the latter.
 * While a program runs, it has a lock on .parentlock (fcntl), and `lock` is a
 * link to ADDRESS:+PID.  It leaves that link behind at every end: with the
 * plus sign it says nothing once the other lock is free.
 */
#include "install/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "install/textfile.h"

enum { PATH_SIZE = 1000 };

/* --- profiles.ini ----------------------------------------------------------*/

struct section {
	struct span name;
	struct span path;    /* Path= */
	struct span chosen;  /* Default= of an installation */
	bool relative, only; /* IsRelative=1, Default=1 */
};

static void
take_value(struct section *section, struct span line)
{
	const size_t equals = span_find_byte(line, '=');
	const struct span name = span_trim(span_cut(line, 0, equals)),
			  value =
			      span_trim(span_cut(line, equals + 1, line.len));

	if (span_eq(name, SPAN("Path")))
		section->path = value;
	else if (span_eq(name, SPAN("IsRelative")))
		section->relative = span_eq(value, SPAN("1"));
	else if (span_eq(name, SPAN("Default"))) {
		section->chosen = value;
		section->only = span_eq(value, SPAN("1"));
	}
}

/* Take the first section off the text. */
static bool
take_section(struct span *text, struct section *out)
{
	struct span line;
	bool found = false;

	*out = (struct section){ .name = SPAN("") };
	while (text->len > 0) {
		struct span rest = *text;

		line = span_trim(line_take(&rest));
		if (span_starts(line, SPAN("["))) {
			if (found)
				return true;
			out->name =
			    span_cut(line, 1, span_find_byte(line, ']'));
			found = true;
		} else if (found && !span_starts(line, SPAN("#")) &&
		    !span_starts(line, SPAN(";"))) {
			take_value(out, line);
		}
		*text = rest;
	}
	return found;
}

/* What the search of one directory with profiles has to go by. */
struct search {
	char top[PATH_SIZE];
	struct buf profiles; /* owned: profiles.ini */
	struct buf installs; /* owned: installs.ini */
};

/* The directory of a section, if it is there. */
static bool
resolve(const struct search *search, const struct section *section, char *out,
    size_t size)
{
	char path[PATH_SIZE];
	struct stat st;
	int len;

	if (!span_starts(section->name, SPAN("Profile")) ||
	    section->path.len == 0 ||
	    !span_copy(section->path, path, sizeof(path)))
		return false;
	len = section->relative
	    ? snprintf(out, size, "%s/%s", search->top, path)
	    : snprintf(out, size, "%s", path);
	return len > 0 && (size_t)len < size && out[0] == '/' &&
	    stat(out, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The profile that an installation calls its default one. */
static bool
resolve_chosen(
    const struct search *search, struct span chosen, char *out, size_t size)
{
	struct span rest = buf_span(&search->profiles);
	struct section section;

	while (take_section(&rest, &section))
		if (chosen.len > 0 && span_eq(section.path, chosen) &&
		    resolve(search, &section, out, size))
			return true;
	return false;
}

/* How many profiles the installations in a file choose; out: the first. */
static size_t
count_chosen(const struct search *search, struct span text, const char *prefix,
    char *out, size_t size)
{
	char path[PATH_SIZE];
	struct section section;
	size_t count = 0;

	while (take_section(&text, &section))
		if (span_starts(section.name, span_of(prefix)) &&
		    resolve_chosen(
			search, section.chosen, path, sizeof(path)) &&
		    (count == 0 || strcmp(path, out) != 0)) {
			if (count++ == 0)
				(void)snprintf(out, size, "%s", path);
		}
	return count;
}

/* How many profiles there are, or are marked as default; out: the first. */
static size_t
count_profiles(const struct search *search, bool marked, char *out, size_t size)
{
	struct span rest = buf_span(&search->profiles);
	char path[PATH_SIZE];
	struct section section;
	size_t count = 0;

	while (take_section(&rest, &section))
		if ((!marked || section.only) &&
		    resolve(search, &section, path, sizeof(path)) &&
		    count++ == 0)
			(void)snprintf(out, size, "%s", path);
	return count;
}

static enum status
say_several(const struct search *search, struct note *note)
{
	struct span rest = buf_span(&search->profiles);
	char path[PATH_SIZE], shown[PATH_SIZE];
	struct section section;
	struct buf names;
	enum status status;

	buf_init(&names, 4096);
	while (take_section(&rest, &section))
		if (resolve(search, &section, path, sizeof(path))) {
			text_show_in(shown, sizeof(shown), section.path, true);
			buf_addf(
			    &names, "%s%s", names.len > 0 ? ", " : "", shown);
		}
	status = note_set(note, STATUS_NO,
	    "%.80s has several profiles (%.100s), and none is the default; "
	    "name the directory of one with --database",
	    search->top, names.at != NULL ? names.at : "");
	buf_clear(&names);
	return status;
}

static enum status
choose(const struct search *search, char *out, size_t size, struct note *note)
{
	size_t count;

	count = count_chosen(
	    search, buf_span(&search->profiles), "Install", out, size);
	if (count == 0)
		count = count_chosen(
		    search, buf_span(&search->installs), "", out, size);
	if (count == 0)
		count = count_profiles(search, true, out, size) > 0 ? 1 : 0;
	if (count == 0)
		count = count_profiles(search, false, out, size);
	if (count == 1)
		return STATUS_OK;
	return count > 1 ? say_several(search, note)
			 : note_set(note, STATUS_NO,
			       "Thunderbird has no profile in %.150s yet; "
			       "start it once, then try again",
			       search->top);
}

static enum status
read_ini(const struct search *search, const char *name, struct buf *out,
    struct note *note)
{
	char path[PATH_SIZE + 32];
	enum status status;
	mode_t mode;

	buf_init(out, TEXTFILE_MAX);
	(void)snprintf(path, sizeof(path), "%s/%s", search->top, name);
	status = textfile_read(path, out, &mode, note);
	return status == STATUS_MISSING ? STATUS_OK : status;
}

static bool
has_file(const char *directory, const char *name)
{
	char path[PATH_SIZE + 32];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%.1000s/%s", directory, name);
	return lstat(path, &st) == 0;
}

/* The first of the places that has profiles, else the usual one. */
static void
find_top(const char *home, char *out, size_t size)
{
	static const char *const places[] = { "", "snap/thunderbird/common/",
		".var/app/org.mozilla.Thunderbird/" };
	size_t i;

	for (i = 0; i < 3; i++) {
		(void)snprintf(
		    out, size, "%.800s/%s.thunderbird", home, places[i]);
		if (has_file(out, "profiles.ini"))
			return;
	}
	(void)snprintf(out, size, "%.800s/.thunderbird", home);
}

enum status
profile_find(char *out, size_t size, struct note *note)
{
	const char *home = getenv("HOME");
	struct search search;
	enum status status;

	if (home == NULL || home[0] != '/' || strlen(home) > PATH_SIZE - 200)
		return note_set(
		    note, STATUS_CONFIG, "HOME is not set, or too long");
	buf_init(&search.profiles, TEXTFILE_MAX);
	buf_init(&search.installs, TEXTFILE_MAX);
	find_top(home, search.top, sizeof(search.top));
	status = read_ini(&search, "profiles.ini", &search.profiles, note);
	if (status == STATUS_OK)
		status =
		    read_ini(&search, "installs.ini", &search.installs, note);
	if (status == STATUS_OK)
		status = choose(&search, out, size, note);
	buf_clear(&search.installs);
	buf_clear(&search.profiles);
	return status;
}

bool
profile_is_started(const char *directory)
{
	return has_file(directory, ".parentlock") ||
	    has_file(directory, "compatibility.ini");
}

enum status
profile_check(const char *directory, struct note *note)
{
	return profile_is_started(directory) ||
		has_file(directory, "prefs.js") ||
		has_file(directory, "times.json")
	    ? STATUS_OK
	    : note_set(note, STATUS_NO,
		  "%.200s is not a profile of Thunderbird; start Thunderbird "
		  "once, and name one of the directories in ~/.thunderbird",
		  directory);
}

/* --- does a program run? ---------------------------------------------------*/

static bool
process_lives(long pid)
{
	return kill((pid_t)pid, 0) == 0 || errno != ESRCH;
}

/* locked: the other lock is ours now. */
static bool
link_says_running(const char *directory, bool locked)
{
	char path[PATH_SIZE + 32], target[256], *end;
	const char *pid;
	ssize_t len;
	long number;

	(void)snprintf(path, sizeof(path), "%.1000s/lock", directory);
	len = readlink(path, target, sizeof(target) - 1);
	if (len <= 0)
		return false;
	target[len] = '\0';
	if ((pid = strrchr(target, ':')) == NULL)
		return false;
	if (*++pid == '+' && locked)
		return false;
	number = strtol(pid, &end, 10);
	return number > 0 && *end == '\0' && process_lives(number);
}

/* The file is never made here: a profile that was started has it. */
static enum status
take_lock(const char *directory, int *out, bool *busy, struct note *note)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[PATH_SIZE + 32];

	(void)snprintf(path, sizeof(path), "%.1000s/.parentlock", directory);
	*out = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (*out < 0)
		return errno == ENOENT || errno == ENOTDIR
		    ? STATUS_OK
		    : note_set(
			  note, STATUS_IO, "%.200s: %s", path, strerror(errno));
	if (fcntl(*out, F_SETLK, &whole) == 0)
		return STATUS_OK;
	*busy = errno == EAGAIN || errno == EACCES;
	/* A file system without locks: the link alone counts. */
	(void)close(*out);
	*out = -1;
	return STATUS_OK;
}

enum status
profile_lock(
    const char *directory, const char *program, int *out, struct note *note)
{
	enum status status;
	bool busy = false;

	status = take_lock(directory, out, &busy, note);
	if (status != STATUS_OK)
		return status;
	if (!busy && !link_says_running(directory, *out >= 0))
		return STATUS_OK;
	if (*out >= 0)
		(void)close(*out);
	*out = -1;
	return note_set(note, STATUS_AGAIN,
	    "%s is running with %.180s; leave it, then try again", program,
	    directory);
}

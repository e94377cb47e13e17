/* last_name.c - name a file to be listed last: see last_name.h */
#include "install/last_name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/walk.h"

enum {
	PATH_SIZE = 1200,
	NAME_SIZE = 400,
	CANDIDATES = 64, /* at once: the more, the nearer to the others */
	ROUNDS = 16,
	LISTING_MAX = 1024 * 1024
};

/* The names in a directory that end in ".key", in its order, a line each. */
static void
list(const char *directory, struct buf *out)
{
	struct walk walk;
	const char *name;
	size_t len;

	if (walk_begin(
		&walk, open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) ==
	    STATUS_OK)
		while ((name = walk_next(&walk)) != NULL)
			if ((len = strlen(name)) > 4 &&
			    strcmp(name + len - 4, ".key") == 0)
				buf_addf(out, "%s\n", name);
	/* What cannot be read has no order. */
	(void)!walk_end(&walk);
}

static struct span
take_line(struct span *rest)
{
	const size_t end = span_find_byte(*rest, '\n');
	const struct span line = span_cut(*rest, 0, end);

	*rest = span_cut(*rest, end + 1, rest->len);
	return line;
}

static void
create(const char *directory, struct span name)
{
	char path[PATH_SIZE];
	int fd;

	(void)snprintf(path, sizeof(path), "%.800s/%.*s", directory,
	    (int)name.len, name.at);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		(void)close(fd);
}

void
last_name_clean(const char *scratch)
{
	struct buf names;
	struct span rest, name;
	char path[PATH_SIZE];

	buf_init(&names, LISTING_MAX);
	list(scratch, &names);
	for (rest = buf_span(&names); rest.len > 0;) {
		name = take_line(&rest);
		(void)snprintf(path, sizeof(path), "%.800s/%.*s", scratch,
		    (int)name.len, name.at);
		(void)unlink(path);
	}
	buf_clear(&names);
	(void)rmdir(scratch);
}

static bool
is_among(struct span names, struct span name)
{
	while (names.len > 0)
		if (span_eq(take_line(&names), name))
			return true;
	return false;
}

static void
candidate(const char *base, unsigned n, char out[NAME_SIZE])
{
	(void)snprintf(out, NAME_SIZE, "%.320s.%u.key", base, n);
}

/* The first name behind all old ones; false: none is. */
static bool
choose(struct span listed, struct span old, char *out, size_t size)
{
	struct span name;
	bool found = false;

	while (listed.len > 0) {
		name = take_line(&listed);
		if (is_among(old, name))
			found = false;
		else if (!found)
			found = span_copy(
			    span_cut(name, 0, name.len - 4), out, size);
	}
	return found;
}

/* Try that many names beside the old ones, in an empty directory. */
static bool
try_names(const char *scratch, struct span old, const char *base,
    unsigned first, char *out, size_t size)
{
	char name[NAME_SIZE];
	struct span rest = old;
	struct buf listed;
	bool found;
	unsigned n;

	if (mkdir(scratch, 0700) != 0)
		return false;
	while (rest.len > 0)
		create(scratch, take_line(&rest));
	for (n = first; n < first + CANDIDATES; n++) {
		candidate(base, n, name);
		create(scratch, span_of(name));
	}
	buf_init(&listed, LISTING_MAX);
	list(scratch, &listed);
	found = choose(buf_span(&listed), old, out, size);
	buf_clear(&listed);
	last_name_clean(scratch);
	return found;
}

/* The first that is free. */
static void
take_free(struct span old, const char *base, char *out, size_t size)
{
	char name[NAME_SIZE];
	unsigned n = 0;

	do
		candidate(base, ++n, name);
	while (is_among(old, span_of(name)));
	(void)span_copy(
	    span_cut(span_of(name), 0, strlen(name) - 4), out, size);
}

enum status
last_name(struct changes *changes, const char *beside, const char *directory,
    const char *base, char *out, size_t size, struct note *note)
{
	char scratch[PATH_SIZE];
	enum status status = STATUS_OK;
	bool found = false;
	struct buf old;
	unsigned round;

	(void)snprintf(scratch, sizeof(scratch), "%.800s/mailcert.try", beside);
	buf_init(&old, LISTING_MAX);
	list(directory, &old);
	if (!changes->dry_run && old.len > 0)
		status = journal_add(
		    &changes->journal, "scratch", scratch, SPAN(""), note);
	if (status == STATUS_OK && !changes->dry_run && old.len > 0) {
		last_name_clean(scratch);
		for (round = 0; round < ROUNDS && !found; round++)
			found = try_names(scratch, buf_span(&old), base,
			    1 + round * CANDIDATES, out, size);
	}
	if (status == STATUS_OK && !found)
		take_free(buf_span(&old), base, out, size);
	buf_clear(&old);
	return status;
}

static struct span
base_of(struct span name)
{
	while (name.len > 0 && name.at[name.len - 1] != '.')
		name.len--;
	return name;
}

/* Does the journal give that name to some certificate? */
static bool
is_ours(const struct journal *journal, struct span name)
{
	struct span rest = journal_rest(journal);
	struct journal_entry entry;

	while (journal_next(&rest, &entry))
		if (span_eq(entry.verb, SPAN("name")) &&
		    span_eq(entry.text, name))
			return true;
	return false;
}

bool
last_name_is(
    const char *directory, const struct journal *journal, const char *name)
{
	struct span rest, listed;
	bool last = true;
	struct buf names;

	buf_init(&names, LISTING_MAX);
	list(directory, &names);
	for (rest = buf_span(&names); rest.len > 0;) {
		listed = take_line(&rest);
		listed = span_cut(listed, 0, listed.len - 4);
		if (span_eq(listed, span_of(name)))
			last = true;
		else if (span_eq(base_of(listed), base_of(span_of(name))) &&
		    is_ours(journal, listed))
			last = false;
	}
	buf_clear(&names);
	return last;
}

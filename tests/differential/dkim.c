/*
 * dkim.c - our DKIM beside libopendkim, on mutants of signed messages
 *
 *	dkim KEYS COUNT SEED FILE...
 *
 * KEYS has lines "NAME RECORD".  Each mutant of a FILE is shown to both, in a
 * child, because libopendkim does not survive all of them.  At the end each
 * class of disagreement is counted: who accepts, and what we said.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "mail/dkim.h"
#include "theirs.h"

enum { FILES_MAX = 400, KEYS_MAX = 200, BATCH = 500, CLASSES_MAX = 64 };

static struct buf file[FILES_MAX];
static char *key_name[KEYS_MAX], *key_record[KEYS_MAX];
static int keys;

static uint64_t state;

static uint32_t
draw(uint32_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % below;
}

const char *
find_record(const char *name)
{
	int i;

	for (i = 0; i < keys; i++)
		if (strcasecmp(key_name[i], name) == 0)
			return key_record[i];
	return NULL;
}

/* One to three small changes: what an attacker or a bad gateway does. */
static void
mutate(const struct buf *from, const struct buf *other, struct buf *out)
{
	static const char *const pieces[] = { " ", "\t", "\r\n ", "\r\n", "=",
		";", ":", "b=", "h=from:", "a", "\r\n\r\n", "==", "z=1; " };
	uint32_t times = draw(4), at, len;
	const char *piece;

	buf_add(out, buf_span(from));
	while (times-- > 0 && out->len > 4) {
		at = draw(2) == 0 && out->len > 900
		    ? draw(900)
		    : draw((uint32_t)out->len - 1);
		switch (draw(6)) {
		case 0:
			out->at[at] ^= (char)(1 << draw(8));
			break;
		case 1: /* change case */
			out->at[at] ^= 0x20;
			break;
		case 2:
			len = 1 + draw(3);
			if (at + len < out->len) {
				memmove(out->at + at, out->at + at + len,
				    out->len - at - len);
				buf_cut(out, out->len - len);
			}
			break;
		case 3:
			piece = pieces[draw(sizeof(pieces) / sizeof(*pieces))];
			len = (uint32_t)strlen(piece);
			if (!buf_reserve(out, len))
				return;
			memmove(
			    out->at + at + len, out->at + at, out->len - at);
			memcpy(out->at + at, piece, len);
			out->len += len;
			break;
		case 4: /* the line end of somebody else */
			if (out->at[at] == '\r')
				out->at[at] = ' ';
			break;
		default: /* a piece of another message */
			len = draw(40);
			if (len < other->len && at + len < out->len)
				memcpy(out->at + at,
				    other->at +
					draw((uint32_t)(other->len - len)),
				    len);
		}
	}
}

/* docs/leniency.md: CRLF, but a bare LF for the empty line, is what mutt's
 * pipe makes.  Nothing else may be ours alone to accept. */
static const char *
is_mutts(struct span message)
{
	return span_find(message, SPAN("\r\n\n")) <
		span_find(message, SPAN("\r\n\r\n"))
	    ? "we alone accept: the empty line is a bare LF (mutt)"
	    : "WE ALONE ACCEPT";
}

/* Does any signature hold?  The refusal of the last one otherwise. */
static bool
ours(struct span message, char *why, size_t size)
{
	static struct header header;
	struct dkim_signature signature;
	struct dkim_evidence evidence;
	struct note note = { "no signature" };
	const char *record;
	enum status status;
	char name[254];
	size_t i;

	header_parse(message, &header);
	/* Nothing is verified under a header that is refused. */
	if (header_is_sound(&header, &note) != STATUS_OK) {
		(void)snprintf(why, size, "unsound header: %.300s", note.text);
		return false;
	}
	for (i = 0; i < header.count; i++) {
		if (!span_eq_nocase(
			header.field[i].name, SPAN("DKIM-Signature")))
			continue;
		status = dkim_signature_parse(
		    &header.field[i], (int64_t)time(NULL), &signature, &note);
		if (status == STATUS_OK)
			status = dkim_key_name(&signature, name, sizeof(name));
		if (status != STATUS_OK)
			continue;
		if ((record = find_record(name)) == NULL) {
			(void)snprintf(note.text, sizeof(note.text), "no key");
			continue;
		}
		if (dkim_verify(&header, &signature, span_of(record), false,
			&evidence, &note) == STATUS_OK) {
			(void)snprintf(why, size, "%s", is_mutts(message));
			return true;
		}
	}
	(void)snprintf(why, size, "%.319s", note.text);
	return false;
}

/* What one child saw; shared through a pipe. */
struct seen {
	uint32_t us, them;
	char why[360];
};

static struct class
{
	char text[400];
	unsigned long count;
} class[CLASSES_MAX];
static int classes;

static void
count(const char *text)
{
	int i;

	for (i = 0; i < classes && strcmp(class[i].text, text) != 0; i++)
		;
	if (i == classes && classes < CLASSES_MAX)
		(void)snprintf(
		    class[classes++].text, sizeof(class[i].text), "%s", text);
	if (i < classes)
		class[i].count++;
}

static void
make(int files, struct buf *mutant)
{
	const struct buf *from = &file[draw((uint32_t)files)];

	buf_init(mutant, 256 * 1024);
	mutate(from, &file[draw((uint32_t)files)], mutant);
}

/* For a look by eye: KEEP=DIRECTORY. */
static void
keep(struct span mutant, bool we_accept)
{
	static unsigned number;
	char path[600];
	FILE *stream;

	(void)snprintf(path, sizeof(path), "%.500s/%s.%d.%u", getenv("KEEP"),
	    we_accept ? "us" : "them", (int)getpid(), number++);
	if ((stream = fopen(path, "w")) != NULL) {
		(void)fwrite(mutant.at, 1, mutant.len, stream);
		(void)fclose(stream);
	}
}

/* A batch in a child; *done mutants were shown before it died, if it did. */
static void
batch(int files, int size, int out)
{
	struct buf mutant;
	struct seen seen;
	int i;

	theirs_open();
	for (i = 0; i < size; i++) {
		make(files, &mutant);
		memset(&seen, 0, sizeof(seen));
		seen.us = ours(buf_span(&mutant), seen.why, sizeof(seen.why));
		seen.them = theirs(mutant.at, mutant.len);
		if (seen.us != seen.them && getenv("KEEP") != NULL)
			keep(buf_span(&mutant), seen.us != 0);
		buf_clear(&mutant);
		if (fd_write(out,
			(struct span){ (const char *)&seen, sizeof(seen) }) !=
		    STATUS_OK)
			break;
	}
	_exit(0);
}

int
main(int argc, char *argv[])
{
	unsigned long total, want, agree_good = 0, agree_bad = 0, died = 0;
	char line[20000], text[400];
	struct seen seen;
	int files = 0, ends[2], i, got, status, ours_only = 0;
	uint64_t before;
	FILE *stream;
	pid_t pid;

	if (argc < 5 || (stream = fopen(argv[1], "r")) == NULL)
		return 64;
	while (keys < KEYS_MAX && fgets(line, sizeof(line), stream) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		key_record[keys] = strdup(strchr(line, ' ') + 1);
		*strchr(line, ' ') = '\0';
		key_name[keys++] = strdup(line);
	}
	(void)fclose(stream);
	want = strtoul(argv[2], NULL, 10);
	state = strtoul(argv[3], NULL, 10);
	for (i = 4; i < argc && files < FILES_MAX; i++) {
		buf_init(&file[files], 256 * 1024);
		stream = fopen(argv[i], "r");
		if (stream == NULL ||
		    fd_read(fileno(stream), &file[files], 5) != STATUS_OK)
			return 66;
		(void)fclose(stream);
		files++;
	}
	for (total = 0; total < want;) {
		if (pipe(ends) != 0 || (pid = fork()) < 0)
			return 71;
		if (pid == 0)
			batch(files, BATCH, ends[1]);
		(void)close(ends[1]);
		for (got = 0;
		     read(ends[0], &seen, sizeof(seen)) == sizeof(seen);
		     got++) {
			if (seen.us == seen.them) {
				*(seen.us ? &agree_good : &agree_bad) += 1;
				continue;
			}
			(void)snprintf(text, sizeof(text), "%s", seen.why);
			ours_only += seen.us != 0 && seen.why[0] == 'W';
			count(text);
		}
		(void)close(ends[0]);
		(void)waitpid(pid, &status, 0);
		total += (unsigned long)got;
		/* The same draws, to stand behind where the child was; the one
		 * it died of is skipped. */
		before = state;
		for (i = 0; i < got + (got < BATCH); i++) {
			struct buf skip;

			make(files, &skip);
			buf_clear(&skip);
		}
		if (got < BATCH)
			died++;
		if (state == before)
			return 70;
	}
	(void)printf("%lu mutants: %lu good and %lu bad to both, libopendkim "
		     "died of %lu\n",
	    total, agree_good, agree_bad, died);
	for (i = 0; i < classes; i++)
		(void)printf("%8lu %s\n", class[i].count, class[i].text);
	return ours_only > 0;
}

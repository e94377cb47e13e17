/* decrypt.c - find the key of a message, and use it: see decrypt.h */
#include "install/decrypt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/frame.h"
#include "base/walk.h"
#include "install/program.h"
#include "install/textfile.h"
#include "process/helper.h"

enum {
	NAME_SIZE = 64,
	PATH_SIZE = 1100,
	PEM_MAX = 8 * 1024 * 1024,
	SECONDS = 60
};

/* The certificates that have a key, in the order of the frames. */
struct candidates {
	char (*name)[NAME_SIZE]; /* owned */
	size_t count;
};

static bool
has_key(const char *keys, const char *name)
{
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof(path), "%.1000s/%s", keys, name);
	return access(path, F_OK) == 0;
}

/* One that cannot be read is left out. */
static enum status
add(struct candidates *all, const char *certificates, const char *name,
    struct buf *question)
{
	char path[PATH_SIZE], (*more)[NAME_SIZE];
	struct note note = { "" };
	struct buf pem;
	mode_t mode = 0;

	more = realloc(all->name, (all->count + 1) * sizeof(*more));
	if (more == NULL)
		return STATUS_MEMORY;
	all->name = more;
	(void)snprintf(path, sizeof(path), "%.1000s/%s", certificates, name);
	buf_init(&pem, TEXTFILE_MAX);
	if (textfile_read(path, &pem, &mode, &note) == STATUS_OK) {
		frame_add(question, "certificate", buf_span(&pem));
		(void)strcpy(all->name[all->count++], name);
	}
	buf_clear(&pem);
	return STATUS_OK;
}

static enum status
gather(const char *keys, const char *certificates, struct candidates *out,
    struct buf *question, struct note *note)
{
	enum status status = STATUS_OK, walked;
	struct walk walk;
	const char *name;

	if (walk_begin(&walk,
		open(certificates, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) ==
	    STATUS_OK)
		while (status == STATUS_OK && (name = walk_next(&walk)) != NULL)
			if (name[0] != '.' && strlen(name) < NAME_SIZE &&
			    has_key(keys, name))
				status = add(out, certificates, name, question);
	if ((walked = walk_end(&walk)) != STATUS_OK)
		return note_set(
		    note, walked, "%.200s: %s", certificates, strerror(errno));
	return status;
}

static enum status
read_message(const char *file, struct buf *out, struct note *note)
{
	enum status status = STATUS_IO;
	struct stat st;
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		status = fd_read_file(fd, (size_t)st.st_size, out);
	if (fd >= 0)
		(void)close(fd);
	return status == STATUS_OK
	    ? status
	    : note_set(note, status, "cannot read %.200s", file);
}

/* The name of the first candidate that it is encrypted to. */
static enum status
choose(const struct candidates *all, struct span answer, char out[NAME_SIZE],
    struct note *note)
{
	struct span value;
	int64_t index;

	if (!frame_next(&answer, "index", &value))
		return note_set(note, STATUS_NO,
		    "the message is not encrypted to any of the %zu keys here",
		    all->count);
	if (!frame_number(value, &index) || index < 0 ||
	    (size_t)index >= all->count)
		return note_set(
		    note, STATUS_BUG, "the verifier sent a malformed answer");
	(void)strcpy(out, all->name[index]);
	return STATUS_OK;
}

static enum status
find(const char *keys, const char *certificates, const char *file,
    char name[NAME_SIZE], struct note *note)
{
	struct candidates all = { .name = NULL };
	struct buf question, answer, message;
	enum status status;

	buf_init(&message, DECRYPT_MOST);
	buf_init(&question, DECRYPT_MOST + PEM_MAX);
	buf_init(&answer, 64 * 1024);
	status = read_message(file, &message, note);
	frame_add(&question, "message", buf_span(&message));
	buf_clear(&message);
	if (status == STATUS_OK)
		status = gather(keys, certificates, &all, &question, note);
	if (status == STATUS_OK)
		status = helper_ask(VERB_RECIPIENT, &question, &answer, note);
	if (status == STATUS_OK)
		status = choose(&all, buf_span(&answer), name, note);
	free(all.name);
	buf_clear(&answer);
	buf_clear(&question);
	return status;
}

enum status
decrypt(const char *keys, const char *certificates, const char *file,
    struct span passphrase, struct buf *out, struct note *note)
{
	char key[PATH_SIZE], certificate[PATH_SIZE], name[NAME_SIZE];
	/* -recip: openssl writes nothing unless it is for that one. */
	const char *const args[] = { "cms", "-decrypt", "-passin", "stdin",
		"-inform", "DER", "-in", file, "-inkey", key, "-recip",
		certificate, NULL };
	const struct program program = { .name = "openssl",
		.argv = args,
		.input = passphrase,
		.seconds = SECONDS };
	struct note said = { "" };
	enum status status;
	int code = 0;

	status = find(keys, certificates, file, name, note);
	if (status != STATUS_OK)
		return status;
	(void)snprintf(key, sizeof(key), "%.1000s/%s", keys, name);
	(void)snprintf(
	    certificate, sizeof(certificate), "%.1000s/%s", certificates, name);
	status = program_run(&program, out, &said, &code, note);
	/* An unlocked key does not read its passphrase. */
	if (status == STATUS_IO && code == 0)
		status = STATUS_OK;
	return status == STATUS_OK && code != 0
	    ? note_set(note, STATUS_NO,
		  "openssl cannot decrypt it with the key %s: %.200s", name,
		  said.text)
	    : status;
}

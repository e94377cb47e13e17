/*
 * home_file.c - export and import a whole home: see home_file.h
 *
 * A new home is written beside the old one, under a name that tells which
 * process writes it, and takes its place with one rename: an import that was
 * killed leaves the old, empty one, and the next import removes the rest.
 */
#include "cmd/home_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/walk.h"
#include "cmd/passphrase.h"
#include "cmd/progress.h"
#include "process/helper.h"
#include "process/run.h"
#include "tui/waiting.h"

enum { LOCK_SECONDS = 60, TRIES = 3 };

static const char *const directories[] = { "accounts", "certificates",
	"expectations", "issuances", "keys", "orders", "published" };
enum { DIRECTORIES = sizeof(directories) / sizeof(*directories) };

/* Nobody rolls an account key over meanwhile, or changes a challenge. */
static enum status
lock_all(struct session *session, int *account, int *records)
{
	enum status status;

	status = home_lock_on(
	    &session->home, "account", LOCK_SECONDS, account, &session->note);
	return status == STATUS_OK
	    ? home_lock(&session->home, records, &session->note)
	    : status;
}

static void
add_export(struct session *session, const char *file, struct buf *question)
{
	char output[64];
	struct buf open;

	(void)snprintf(output, sizeof(output), "/proc/%ld/fd/%d",
	    (long)getpid(), STDOUT_FILENO);
	buf_init(&open, 8192);
	frame_add(&open, "home", span_of(session->home.path));
	frame_add(&open, file != NULL ? "new" : "output",
	    span_of(file != NULL ? file : output));
	frame_add(question, FRAME_OPEN, buf_span(&open));
	buf_clear(&open);
}

enum status
home_file_export(struct session *session, const char *file, bool force)
{
	struct buf question, answer, passphrase;
	int account = -1, records = -1;
	enum status status;

	if (session->home.dir < 0)
		return note_set(
		    &session->note, STATUS_NO, "there is no home to export");
	buf_init(&question, 64 * 1024);
	buf_init(&answer, 4096);
	buf_init(&passphrase, PASSPHRASE_MAX);
	status = passphrase_for_file(&session->config,
	    file != NULL ? file : "the exported home", &passphrase,
	    &session->note);
	add_export(session, file, &question);
	frame_add(&question, "passphrase", buf_span(&passphrase));
	if (force)
		frame_add(&question, "replace", SPAN("yes"));
	if (status == STATUS_OK)
		status = lock_all(session, &account, &records);
	if (status == STATUS_OK)
		status =
		    helper_ask(VERB_PACK, &question, &answer, &session->note);
	if (records >= 0)
		(void)close(records);
	if (account >= 0)
		(void)close(account);
	buf_wipe(&passphrase);
	buf_clear(&answer);
	buf_wipe(&question);
	return status;
}

/* Does a directory hold anything? */
static bool
is_empty(int home, const char *directory)
{
	const int dir = openat(
	    home, directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct walk walk;
	bool empty = true;

	if (dir < 0)
		return errno == ENOENT;
	if (walk_begin(&walk, dir) == STATUS_OK)
		empty = walk_next(&walk) == NULL;
	return walk_end(&walk) == STATUS_OK && empty;
}

static enum status
check_empty(const struct home *home, struct note *note)
{
	size_t i;

	for (i = 0; i < DIRECTORIES; i++)
		if (!is_empty(home->dir, directories[i]))
			return note_set(note, STATUS_CREATE,
			    "the home %.200s is not empty; name another one: "
			    "mailcert -C DIR import FILE",
			    home->path);
	return STATUS_OK;
}

/* Remove the files in a directory, and then it. */
static void
remove_files(int parent, const char *directory)
{
	const int dir = openat(
	    parent, directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct walk walk;
	const char *name;

	if (dir < 0)
		return;
	if (walk_begin(&walk, dir) == STATUS_OK)
		while ((name = walk_next(&walk)) != NULL)
			(void)unlinkat(walk.dir, name, 0);
	(void)walk_end(&walk);
	(void)unlinkat(parent, directory, AT_REMOVEDIR);
}

/* Where a new home is made. */
struct stage {
	char path[PATH_MAX];
	char home[PATH_MAX]; /* without links */
	int parent;          /* owned, or -1 */
};

static void
remove_stage(int parent, const char *name)
{
	const int dir = openat(
	    parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	size_t i;

	for (i = 0; dir >= 0 && i < DIRECTORIES; i++)
		remove_files(dir, directories[i]);
	if (dir >= 0)
		(void)close(dir);
	(void)unlinkat(parent, name, AT_REMOVEDIR);
}

/* What imports have left that were killed: it holds keys. */
static void
sweep(int parent, const char *base)
{
	const size_t len = strlen(base);
	struct walk walk;
	const char *name;

	if (walk_begin(&walk,
		openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) ==
	    STATUS_OK)
		while ((name = walk_next(&walk)) != NULL)
			if (strncmp(name, base, len) == 0 && name[len] == '.' &&
			    file_is_litter(name))
				remove_stage(parent, name);
	(void)walk_end(&walk);
}

static enum status
make_stage(const struct home *home, struct stage *out, struct note *note)
{
	char name[NAME_MAX + 1];
	char *base;

	if (realpath(home->path, out->home) == NULL ||
	    (base = strrchr(out->home, '/')) == NULL || base[1] == '\0')
		return note_set(note, STATUS_CREATE, "%.200s: %s", home->path,
		    strerror(errno));
	base++;
	out->parent =
	    openat(home->dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->parent >= 0)
		sweep(out->parent, base);
	file_temporary_name(base, name, sizeof(name));
	if (snprintf(out->path, sizeof(out->path), "%.*s%s",
		(int)(base - out->home), out->home,
		name) >= (int)sizeof(out->path) ||
	    out->parent < 0 || mkdirat(out->parent, name, 0700) != 0)
		return note_set(note, STATUS_CREATE, "%.200s: %s", out->path,
		    strerror(errno));
	return STATUS_OK;
}

/* On a terminal, what is being done and since when. */
struct doing {
	const char *name; /* of the file */
	struct progress progress;
};

static void
draw(void *context, struct page *out)
{
	const struct doing *doing = context;
	struct page_row *row = page_add(out);
	struct buf elapsed;

	buf_init(&elapsed, 64);
	waiting_add_elapsed(&elapsed, progress_ticks() - doing->progress.began);
	row_addf(row, ROLE_TITLE, "Importing the home in %s", doing->name);
	(void)row_right(row, ROLE_DIM, buf_span(&elapsed));
	buf_clear(&elapsed);
	row = page_add(out);
	row_pad(row, 1);
	row_add(row, ROLE_PLAIN,
	    SPAN("It is decrypted and checked, which takes a while."));
	row = page_add(out);
	row_pad(row, 1);
	row_add(row, ROLE_DIM,
	    SPAN("^C leaves; the home is then as it was, and import can be "
		 "repeated."));
}

static enum status
unpack(struct session *session, const struct stage *stage,
    const struct import_file *file)
{
	struct buf question, answer, open;
	enum status status;

	buf_init(&question, 64 * 1024);
	buf_init(&answer, 4096);
	buf_init(&open, 8192);
	frame_add(&open, "file", span_of(file->path));
	frame_add(&open, "home", span_of(stage->path));
	frame_add(&question, FRAME_OPEN, buf_span(&open));
	frame_add(&question, "passphrase", buf_span(&file->passphrase));
	status = helper_ask(VERB_UNPACK, &question, &answer, &session->note);
	buf_clear(&open);
	buf_clear(&answer);
	buf_wipe(&question);
	return status;
}

static enum status
ask_and_unpack(struct session *session, const struct stage *stage,
    struct import_file *file, const char *name)
{
	struct doing doing = { .name = name };
	struct note asked = { "" };
	enum status status = STATUS_BAD_PASSPHRASE, got;
	int tries;

	for (tries = 0; status == STATUS_BAD_PASSPHRASE && tries < TRIES;
	     tries++) {
		buf_wipe(&file->passphrase);
		got = passphrase_of_file(&session->config, name, tries > 0,
		    &file->passphrase, &asked);
		if (got == STATUS_NO_PERSON && tries > 0)
			break;
		if (got != STATUS_OK) {
			session->note = asked;
			return got;
		}
		progress_begin(
		    &doing.progress, &session->config, false, draw, &doing);
		progress_say(
		    &doing.progress, "decrypting and checking the home");
		process_each_second(progress_tick);
		status = unpack(session, stage, file);
		process_each_second(NULL);
		progress_end(&doing.progress);
		if (status == STATUS_BAD_PASSPHRASE && tries + 1 < TRIES)
			cmd_say(&session->note);
	}
	return status;
}

/* What is in the new home. */
struct content {
	size_t orders, accounts;
};

static enum status
look(const struct stage *stage, struct content *out, struct note *note)
{
	struct home home = { .dir = -1 };
	struct account *accounts = NULL;
	struct order *orders = NULL;
	enum status status;

	status = home_open(stage->path, false, &home, note);
	if (status == STATUS_OK)
		status = orders_load(&home, &orders, &out->orders, note);
	if (status == STATUS_OK)
		status = accounts_load(&home, &accounts, &out->accounts, note);
	free(accounts);
	free(orders);
	cmd_home_close(&home);
	return status;
}

/* The old home is empty but for locks; a log goes along. */
static enum status
put_in_place(
    const struct home *home, const struct stage *stage, struct note *note)
{
	const int dir = open(stage->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t i;

	if (dir >= 0)
		(void)renameat(home->dir, "log", dir, "log");
	/* Those that are empty. */
	for (i = 0; i < DIRECTORIES; i++) {
		(void)unlinkat(home->dir, directories[i], AT_REMOVEDIR);
		if (dir >= 0)
			(void)unlinkat(dir, directories[i], AT_REMOVEDIR);
	}
	if (dir >= 0)
		(void)close(dir);
	remove_files(home->dir, "lock.d");
	(void)unlinkat(home->dir, "lock", 0);
	if (rename(stage->path, stage->home) != 0)
		return note_set(note, STATUS_CREATE,
		    "cannot replace %.150s by the new home: %s", stage->home,
		    strerror(errno));
	return path_sync_parent(stage->home);
}

static void
tell(struct session *session, const struct content *content, bool json)
{
	struct json_writer writer;
	struct note note;

	if (json) {
		writer = json_begin(&session->out);
		json_add_text(&writer, "home", session->home.path);
		json_add_number(
		    &writer, "certificates", (int64_t)content->orders);
		json_add_number(
		    &writer, "accounts", (int64_t)content->accounts);
		json_close(&writer);
	} else {
		buf_addf(&session->out, "imported the home: %zu %s, %zu %s\n",
		    content->orders,
		    content->orders == 1 ? "certificate or order"
					 : "certificates and orders",
		    content->accounts,
		    content->accounts == 1 ? "account" : "accounts");
	}
	if (!json) {
		note_say(&note,
		    "the home is %.200s; next: mailcert status, and mailcert "
		    "install for your mail program",
		    session->home.path);
		cmd_say(&note);
	}
	note_say(&note,
	    "stop mailcert where this home comes from (renew, watch, handle "
	    "--auto-approve): two would answer the same challenges and renew "
	    "the same certificates");
	cmd_say(&note);
}

enum status
home_file_import(struct session *session, struct import_file *file,
    const char *name, bool json)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	struct content content = { 0, 0 };
	enum status status;

	if (stage == NULL)
		return STATUS_MEMORY;
	stage->parent = -1;
	status = check_empty(&session->home, &session->note);
	if (status == STATUS_OK)
		status = make_stage(&session->home, stage, &session->note);
	if (status == STATUS_OK)
		status = ask_and_unpack(session, stage, file, name);
	if (status == STATUS_OK)
		status = look(stage, &content, &session->note);
	if (status == STATUS_OK)
		status = put_in_place(&session->home, stage, &session->note);
	if (status != STATUS_OK && stage->parent >= 0 && stage->path[0] != '\0')
		remove_stage(stage->parent, strrchr(stage->path, '/') + 1);
	if (status == STATUS_OK)
		tell(session, &content, json);
	if (stage->parent >= 0)
		(void)close(stage->parent);
	free(stage);
	return status;
}

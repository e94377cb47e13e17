/*
 * daemon.h - the mail servers that certificates go into
 *
 * Key and chain lie in one file, the pair, so that a rename replaces both at
 * once: no server ever reads a key with the certificate of another.  What
 * makes a server read it differs.
 */
#ifndef SERVICE_DAEMON_H
#define SERVICE_DAEMON_H
#include <sys/types.h>

#include "acme/service.h"
#include "install/change.h"

enum { DAEMON_PATH_SIZE = 1000, DAEMON_SECONDS = 60 };

/* One server on this machine. */
struct daemon_site {
	char config[DAEMON_PATH_SIZE]; /* its configuration, as it names it */
	char pair[DAEMON_PATH_SIZE];
	struct changes changes; /* owned */
	struct buf lines; /* owned: of configuration, for the user to add */
};

struct daemon_kind {
	const char *name;    /* as the user writes it */
	const char *journal; /* HOME/installed/NAME */
	const char *config;  /* the usual one */
	/* What it usually serves, of an order for several servers. */
	bool serves[SERVICE_POP3 + 1];
	/* Whose file the pair is to be, and who may read it. */
	enum status (*owner)(const struct daemon_site *site, uid_t *uid,
	    gid_t *gid, mode_t *mode, struct note *note);
	/*
	 * Let the server read the pair, which is there.  Every change is tried
	 * on a copy first.  STATUS_NO with a note: the configuration does not
	 * take it, and is as it was.  *manual: the user has to add the lines.
	 */
	enum status (*use)(
	    struct daemon_site *site, bool *manual, struct note *note);
	/* Have it read its files again. */
	enum status (*reload)(
	    const struct daemon_site *site, struct note *note);
	/* May use() be undone?  Or NULL.  STATUS_NO with a note. */
	enum status (*may_leave)(
	    const struct daemon_site *site, struct note *note);
	change_undoer *undo; /* of its own verbs of the journal, or NULL */
};

extern const struct daemon_kind daemon_dovecot, daemon_postfix, daemon_exim;

/* NULL: mailcert does not know that server. */
const struct daemon_kind *daemon_find(const char *name);
/* All of them; ends with NULL. */
extern const struct daemon_kind *const daemon_kinds[];

/* The path of one of its programs, on the PATH or where only root looks: the
 * PATH of cron has no /usr/sbin.  False: it is not installed. */
bool daemon_program(const char *name, char *out, size_t size);
/*
 * Run one of the server's programs: argv after its name, ending with NULL.  out
 * takes what it prints, without white space around it.  STATUS_NO with a note:
 * it is not installed, or exits with another status than 0, and says why.
 */
enum status daemon_run(const char *name, const char *const *argv,
    struct buf *out, struct note *note) MUST_CHECK;
/* The directory that a file is in. */
void daemon_directory(const char *path, char out[DAEMON_PATH_SIZE]);
/* The owner of the configuration may read the pair, and nobody else. */
enum status daemon_owner(const struct daemon_site *site, uid_t *uid, gid_t *gid,
    mode_t *mode, struct note *note) MUST_CHECK;
/*
 * Write a file of configuration that only mailcert writes, with the owner of
 * the configuration and mode 0644.  Enters the journal.
 */
enum status daemon_write(struct daemon_site *site, const char *path,
    struct span text, struct note *note) MUST_CHECK;
#endif

/*
 * install.h - put certificates into a mail program, and take them out again
 *
 * The order is the point: keys, certificates, trust, configuration last, so
 * that a crash leaves nothing that breaks, and the next run completes it.  Then
 * a test text is signed in the program's own way and verified.
 */
#ifndef INSTALL_INSTALL_H
#define INSTALL_INSTALL_H
#include "install/change.h"
#include "install/identity.h"

/* What the user wants, and how to ask. */
struct install_wishes {
	const char *back_end; /* "gpgme", "classic"; NULL: as it fits */
	const char *config;   /* the file to write into; NULL: ask, or print */
	const char *database; /* of NSS, a directory, or the profile of
				 Thunderbird; NULL: the usual one */
	const char *root;     /* SHA-256 of a root that is accepted; or NULL */
	bool unlock; /* a key with a passphrase may lie there unlocked */
	bool yes;    /* the change of the configuration is accepted */
	bool again;  /* unattended: what was installed, renewed */
	/* What is about to be done, one line; or NULL. */
	void (*tell)(const char *line);
	/* A question, default no; false where there is nobody to ask. */
	bool (*ask)(const char *question);
	/* Append the passphrase of that key.  STATUS_NO_PERSON and others. */
	enum status (*passphrase)(void *arg, const struct order *order,
	    struct buf *out, struct note *note);
	void *arg; /* of passphrase() */
};

/* One that is at work. */
struct installation {
	const struct install_wishes *wishes;
	const struct identities *identities; /* NULL: not install_into() */
	struct changes changes;              /* owned */
	struct buf lines; /* owned: of configuration, for the user to add */
};

struct install_program {
	const char *name; /* as the user writes it */
	enum status (*install)(
	    struct installation *installation, struct note *note);
	/* Installs the certificate of somebody else, to encrypt to that
	 * address; or NULL. */
	enum status (*remember)(struct installation *installation,
	    const struct identity *other, const char *address,
	    struct note *note);
	/* Undoes its own verbs of the journal, or NULL. */
	change_undoer *undo;
	/* After everything was undone, or NULL. */
	void (*undone)(void);
	/* Undoes everything, in place of changes_undo() with undo; or NULL. */
	enum status (*remove)(struct changes *changes, struct note *note);
};

/* NULL: mailcert does not know that program. */
const struct install_program *install_find(const char *name);
/* "gpgsm, mutt, ..." */
void install_names(struct buf *out);

/*
 * Install, or complete what was begun.  The caller holds no lock; wanted and
 * anchors: identities_load().  out: what was done, line by line, then the
 * lines of configuration that are left to the user.  It is written whatever
 * the status.
 */
enum status install_into(const struct home *home,
    const struct install_program *program, const char *wanted,
    struct span anchors, const struct install_wishes *wishes, bool dry_run,
    struct buf *out, struct note *note) MUST_CHECK;
/* Undo all of it. */
enum status install_remove(const struct home *home,
    const struct install_program *program, bool dry_run, struct buf *out,
    struct note *note) MUST_CHECK;
/* What to search for to find the certificates of all addresses that something
 * was installed for. */
enum status install_search(const struct home *home,
    struct record_search *search, struct note *note) MUST_CHECK;
/*
 * Install somebody else's certificate wherever the user's own is, to encrypt to
 * that address.  chain: PEM, the leaf first.  STATUS_NO with a note: nothing is
 * installed anywhere.  out: what was done, line by line.
 */
enum status install_correspondent(const struct home *home, struct span chain,
    const char *address, struct span anchors,
    const struct install_wishes *wishes, bool dry_run, struct buf *out,
    struct note *note) MUST_CHECK;
/* Is an older certificate of its address installed somewhere, and that one
 * not? */
enum status install_is_wanted(const struct home *home,
    const struct order *order, bool *out, struct note *note) MUST_CHECK;
/*
 * After a new certificate of the address: install it wherever an older one of
 * it is.  Nobody is asked.  out: a line for each program; of several failures
 * the first is the note.
 */
enum status install_again(const struct home *home, const struct order *order,
    struct span anchors, const struct install_wishes *wishes, struct buf *out,
    struct note *note) MUST_CHECK;
#endif

/*
 * import.h - take in a certificate that mailcert did not order
 *
 * mailcert-key reads the file and puts the key into the home; it passes on
 * nothing but public keys and certificates, which mailcert-verify checks.  Key,
 * then chain, then record: an import that was killed leaves nothing that a
 * command sees, and the next one writes the same files.
 */
#ifndef ORDER_IMPORT_H
#define ORDER_IMPORT_H
#include "store/order.h"

enum {
	IMPORT_FILES_MAX = 8,
	IMPORT_KEYS_MAX = 32,
	IMPORT_WARNINGS_MAX = 16,
	IMPORT_PATH_SIZE = 1100,
	IMPORT_PUBLIC_SIZE = sizeof(((struct order *)NULL)->public)
};

struct import_file {
	char path[IMPORT_PATH_SIZE]; /* by which mailcert-key opens it */
	struct buf passphrase;       /* owned: opens it */
	size_t certificates;
};

/* A private key in one of the files. */
struct import_key {
	char public[IMPORT_PUBLIC_SIZE]; /* as in struct order */
	size_t file;
	bool locked; /* a passphrase protects the key itself (PEM) */
};

struct import {
	const struct home *home; /* borrowed */
	struct import_file file[IMPORT_FILES_MAX];
	size_t files;
	struct import_key key[IMPORT_KEYS_MAX];
	size_t keys;
	struct buf chain; /* owned: the certificates of all files, in PEM */
	/* The keys of the certificates that issued no other one. */
	char leaf[IMPORT_KEYS_MAX][IMPORT_PUBLIC_SIZE];
	size_t leaves;
	bool is_home; /* a file is an exported home */
	struct note warning[IMPORT_WARNINGS_MAX]; /* safe text */
	size_t warnings;
};

void import_init(const struct home *home, struct import *import);
void import_clear(struct import *import);

/*
 * Have the keys and certificates of that file listed; the next one may follow.
 * STATUS_BAD_PASSPHRASE: not with this passphrase, try another one.
 * STATUS_BAD_FILE: it cannot be taken.
 */
enum status import_inspect(
    struct import *import, size_t file, struct note *note) MUST_CHECK;
/* After the last file: find the leaves. */
enum status import_list(struct import *import, struct note *note) MUST_CHECK;
/* The private key that fits a leaf; NULL: none of the files has it. */
const struct import_key *import_find_key(
    const struct import *import, const char *public);

enum import_outcome {
	IMPORT_NEW,       /* a certificate more */
	IMPORT_REQUESTED, /* the one that mailcert csr asked for */
	IMPORT_KNOWN,     /* the home has it; nothing was changed */
	IMPORT_RESTORED   /* likewise, but its key was lost and is back */
};

/*
 * Import the certificate of that leaf, with its key: from a file, or from the
 * home, where an order or an older certificate has the same key.
 *
 * lock		the passphrase for the key in the home, or empty: not locked
 * *out		is the record as it is now
 *
 * STATUS_BAD_FILE with a note: mailcert does not take it.  STATUS_NO: its key
 * is neither in the files nor in the home; out->address says whose it is.
 */
enum status import_leaf(struct import *import, const char *public,
    struct span lock, int64_t now, enum import_outcome *outcome,
    struct order *out, struct note *note) MUST_CHECK;
#endif

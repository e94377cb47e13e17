/*
 * opening.h - the keys in the home that encrypted messages are opened with
 *
 * For `verify --decrypt`.  mailcert-key unwraps the key of a message's content,
 * and the verifier does the rest: see "Encrypted messages" in docs/design.md.
 * Nobody is asked for a passphrase: without password_command a locked key is one
 * that is not there.
 */
#ifndef CMD_OPENING_H
#define CMD_OPENING_H
#include "answer/prove.h"
#include "store/order.h"

struct opening_key {
	char path[1100];
	bool locked;
	bool refused;           /* it could not be used, which was said */
	struct buf certificate; /* owned: PEM, its own only */
};

struct opening {
	const struct config *config;
	struct opening_key *keys; /* owned */
	size_t count;
	struct buf passphrase; /* owned */
	bool asked;            /* for the passphrase */
};

/* Find the keys, those of expired and revoked certificates among them.
 * opening_end() ends it, whatever this returns. */
enum status opening_begin(struct opening *opening, const struct config *config,
    const struct home *home, struct note *note) MUST_CHECK;
void opening_end(struct opening *opening);
/* Append what tells this set of keys from another, as text. */
void opening_mark(const struct opening *opening, struct buf *out);

/*
 * Judge an encrypted message by what is inside.  report is that of the message
 * as it is, and stays so, with a reason, if no key here can open it.  from: see
 * prove_opened().
 */
enum status opening_judge(struct opening *opening, const struct prover *prover,
    struct span message, const char *from, struct smime_report *report,
    struct note *note) MUST_CHECK;
#endif

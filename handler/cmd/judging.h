/*
 * judging.h - judge the S/MIME signatures of messages, many at once
 *
 * One verifier takes a few hundred messages; what the home's cache knows of a
 * message is not judged again.
 */
#ifndef CMD_JUDGING_H
#define CMD_JUDGING_H
#include "answer/prove.h"
#include "cmd/opening.h"
#include "cmd/sender.h"
#include "store/verified.h"

enum { JUDGING_MOST = 256, JUDGING_OCTETS = 8 * 1024 * 1024 };

/* How; any of them. */
enum {
	JUDGING_FRESH = 1,   /* judge again what the cache has */
	JUDGING_OFFLINE = 2, /* use no network */
	JUDGING_DECRYPT = 4  /* judge what is encrypted to our keys */
};

struct judging {
	unsigned how;
	struct prover prover;
	struct retrieval retrieval;
	/* Of JUDGING_DECRYPT: asks no CA because of what was encrypted. */
	struct prover opened;
	struct retrieval offline;
	struct opening opening;
	struct verified_cache *cache; /* owned */
};

/* What is known of one message. */
struct judgement {
	struct sender sender;
	struct verified verified;
};

/* config and home stay with the caller; judging_end() ends it, whatever this
 * returns. */
enum status judging_begin(struct judging *judging, const struct config *config,
    const struct home *home, unsigned how, struct note *note) MUST_CHECK;
/* Write the cache, best effort. */
void judging_end(struct judging *judging);

/*
 * Judge messages.  A message that the verifier does not survive fails, and only
 * that one.  Other failures are those of prove_statuses().
 */
enum status judging_judge(struct judging *judging, const struct span *messages,
    size_t count, struct judgement *out, struct note *note) MUST_CHECK;
#endif

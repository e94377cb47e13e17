/*
 * judging.h - judge the S/MIME signatures of messages, many at once
 *
 * One verifier takes a few hundred messages; what the home's cache knows of a
 * message is not judged again.
 */
#ifndef CMD_JUDGING_H
#define CMD_JUDGING_H
#include "answer/prove.h"
#include "cmd/sender.h"
#include "store/verified.h"

enum { JUDGING_MOST = 256, JUDGING_OCTETS = 8 * 1024 * 1024 };

struct judging {
	bool offline; /* nobody on the network is asked */
	struct prover prover;
	struct retrieval retrieval;
	bool fresh; /* the cache only says what was good once */
	struct verified_cache *cache; /* owned */
};

/* What is known of one message. */
struct judgement {
	struct sender sender;
	struct verified verified;
};

/* fresh: judge again what the cache has; offline: use no network.  config and
 * home stay with the caller; judging_end() ends it, whatever this returns. */
enum status judging_begin(struct judging *judging, const struct config *config,
    const struct home *home, bool fresh, bool offline,
    struct note *note) MUST_CHECK;
/* Write the cache, best effort. */
void judging_end(struct judging *judging);

/*
 * Judge messages.  A message that the verifier does not survive fails, and only
 * that one.  Other failures are those of prove_statuses().
 */
enum status judging_judge(struct judging *judging, const struct span *messages,
    size_t count, struct judgement *out, struct note *note) MUST_CHECK;
#endif

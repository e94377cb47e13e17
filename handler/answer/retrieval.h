/*
 * retrieval.h - ask CAs whether certificates were revoked
 *
 * mailcert-verify says what it wants to know (mail/cms.h), mailcert-https asks
 * for it, and the verifier, which alone can read them, gets the answers with
 * the next question.  What was answered is kept in the home for a day, and asked
 * for once more in that time only where it settles nothing.
 */
#ifndef ANSWER_RETRIEVAL_H
#define ANSWER_RETRIEVAL_H
#include "config/config.h"
#include "process/helper.h"
#include "store/home.h"

struct retrieval_tried;

struct retrieval {
	const struct config *config;
	const struct home *home;
	int64_t now;
	bool offline; /* only what the home has */
	struct helper_kept kept;
	struct buf frames;             /* owned: what the verifier is told */
	struct retrieval_tried *tried; /* owned */
	size_t count;
};

/* Does the user want CAs to be asked? */
bool retrieval_is_wanted(const struct config *config);
void retrieval_begin(struct retrieval *retrieval, const struct config *config,
    const struct home *home, int64_t now, bool offline);
void retrieval_end(struct retrieval *retrieval);

/* Append to a question what is known so far, and that CAs may be asked. */
void retrieval_add(const struct retrieval *retrieval, struct buf *question);
/*
 * Get what the frames "want" of an answer name: of each the next place that was
 * not asked yet.  True: there is something new to tell the verifier, be it that
 * a CA cannot be asked.
 */
bool retrieval_get(struct retrieval *retrieval, struct span answer);
#endif

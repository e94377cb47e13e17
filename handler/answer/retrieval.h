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
	bool own;     /* private addresses, too: the URL is the user's */
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

/*
 * Is a list to be had there?  For a URL of the user's own certificates: private
 * addresses are asked, too, and nothing is kept.  STATUS_NO with a note: it is
 * not to be asked over http; STATUS_NET with a note, and others.
 */
enum status retrieval_probe(
    const struct config *config, const char *url, struct note *note) MUST_CHECK;

/* Append to a question what is known so far, and that CAs may be asked. */
void retrieval_add(const struct retrieval *retrieval, struct buf *question);
/*
 * Get what the frames "want" of an answer name: of each the next place that was
 * not asked yet.  True: there is something new to tell the verifier, be it that
 * a CA cannot be asked.
 */
bool retrieval_get(struct retrieval *retrieval, struct span answer);
#endif

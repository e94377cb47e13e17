/*
 * answer.h - turn a message into an answer: the whole flow in one place
 *
 * The stages of docs/design.md in their order.  Clock, asking, computing and
 * delivering arrive in a struct world, so that tests run the flow with no
 * terminal and no mail system.
 */
#ifndef ANSWER_ANSWER_H
#define ANSWER_ANSWER_H
#include "answer/parse.h"
#include "config/config.h"
#include "deliver/deliver.h"
#include "reply/response.h"
#include "store/home.h"
#include "tui/dialog.h"

struct answer_options;

struct world {
	void *context;
	int64_t (*now)(void *context);
	/* STATUS_OK, STATUS_DECLINED, or why it cannot ask. */
	enum status (*ask)(
	    void *context, const struct dialog *dialog, struct note *note);
	/* Ask the network and the verifier; prove_sender(). */
	enum status (*prove)(void *context, enum authres_method method,
	    const struct rules *rules, struct span message,
	    const struct answer_claims *claims, struct authres_verdict *out,
	    struct note *note);
	enum status (*compute)(void *context, const struct match *match,
	    struct response *out, struct note *note);
	/* Say where the reply goes; asked once an expectation matches. */
	enum status (*choose)(
	    void *context, struct answer_options *options, struct note *note);
	enum status (*deliver)(void *context, const struct delivery *delivery,
	    struct span message, enum outcome *outcome, struct note *note);
};

struct answer_options {
	bool auto_approve; /* nobody is asked */
	struct destination destination;
	const struct mua *mua;
	const struct mail_access *access; /* to mail servers; or NULL */
	bool hold_stdout;
};

/* What there is to tell afterwards. */
struct answer_report {
	struct challenge challenge; /* valid where has_challenge */
	struct match *match;        /* owned: match_free(); NULL: none */
	struct response response;   /* digest[0] == 0: none was computed */
	struct buf message;         /* owned: the reply, where one was built */
	char reply_id[MSGID_MAX + 1]; /* its Message-ID; or empty */
	enum outcome outcome;
	bool has_challenge;
	bool intent; /* the expectation says "answering": do not simply retry */
};

/*
 * Answer the challenge in `message` (raw, hostile).  STATUS_OK: the answer is
 * where it should go.  STATUS_DECLINED.  A refusal, or a failure of the
 * system; then no expectation was changed unless report->intent says so.
 */
enum status answer(const struct world *world, const struct config *config,
    const struct home *home, struct span message,
    struct answer_options *options, struct answer_report *report,
    struct note *note) MUST_CHECK;
#endif

/*
 * answering.h - what handle, watch and renew share when they answer
 */
#ifndef CMD_ANSWERING_H
#define CMD_ANSWERING_H
#include "answer/answer.h"
#include "cmd/cmd.h"

/* The context of these functions of a struct world begins with this. */
struct answering {
	const struct config *config;
	const struct home *home;
};

int64_t answering_now(void *context);
enum status answering_prove(void *context, enum authres_method method,
    const struct rules *rules, struct span message,
    const struct answer_claims *claims, struct authres_verdict *out,
    struct note *note) MUST_CHECK;
enum status answering_compute(void *context, const struct match *match,
    struct response *out, struct note *note) MUST_CHECK;
enum status answering_deliver(void *context, const struct delivery *delivery,
    struct span message, enum outcome *outcome, struct note *note) MUST_CHECK;

/* The proof of the sender, or NULL. */
const struct authres_proof *answering_proof(const struct answer_report *report);
/* Log what became of a message; where: a line that says where it was, or
 * empty. */
void answering_log(const struct home *home, const char *where,
    enum status status, const struct note *note,
    const struct answer_report *report);
/* Log what helpers printed, and which records cannot be read: a delivery agent
 * may not show what we print. */
void answering_log_trouble(const struct home *home);

/*
 * Is it the report that an answer was not delivered?  Then record that, log it,
 * and report it to a person.  STATUS_OK: it is; the note says so in a sentence,
 * or is empty if it was known.  STATUS_MISSING: it is not.
 */
enum status answering_bounce(const struct config *config,
    const struct home *home, struct span message, struct note *note) MUST_CHECK;

/*
 * Answer a message without asking anybody, log that, and let the order be
 * finished in the background; with invocation NULL the caller finishes it.  logged: refusals, too.  STATUS_OK: the answer is
 * out.  *intent: an answer may be out, whatever the status.
 */
enum status answering_unattended(const struct invocation *invocation,
    const struct config *config, const struct home *home,
    const struct destination *destination, const char *where,
    struct span message, bool logged, bool *intent,
    struct note *note) MUST_CHECK;
#endif

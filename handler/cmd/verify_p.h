/*
 * verify_p.h - how S/MIME statuses are printed, for verify and show only
 */
#ifndef CMD_VERIFY_P_H
#define CMD_VERIFY_P_H
#include "cmd/judging.h"
#include "cmd/session.h"
#include "watch/watch.h"

struct verify_options {
	bool json;
	bool fresh;
	bool offline;
	bool decrypt;
	/* RFC 9219 section 4.2: hasSmime and the others, true and false */
	bool has_smime, no_has_smime;
	bool has_verified, no_has_verified;
	bool has_delivered, no_has_delivered;
};

/* How to judge: flags of judging_begin(). */
unsigned verify_how(const struct verify_options *options);

/* Add what there is to know of one message, on lines with labels. */
void verify_add_text(
    const struct verified *verified, int64_t now, struct buf *out);
/* Add the JSON object of a message.  where: NULL: standard input;
 * server: what its server says, or NULL; flat: all of it on one line. */
void verify_add_json(const struct judgement *judgement, const char *where,
    const struct watch_smime *server, bool flat, struct buf *out);

/* Does the command line ask for a list: a mailbox, several files, a filter? */
bool verify_is_list(
    const struct verify_options *options, char *const operands[], size_t count);
/* Print the list.  *failed: one of its messages is signed/failed, or could not
 * be read.  A failure of a mailbox does not stop the others. */
enum status verify_list(struct session *session,
    const struct verify_options *options, char *const operands[], size_t count,
    bool *failed) MUST_CHECK;
#endif

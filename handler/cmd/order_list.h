/*
 * order_list.h - order the certificates of a list: order --from-file
 *
 * Whatever stops it, the same command resumes it: a line that has an open order
 * or a current certificate of the CA is not ordered again.  One line that fails
 * does not stop the others.
 */
#ifndef CMD_ORDER_LIST_H
#define CMD_ORDER_LIST_H
#include "cmd/address_file.h"
#include "cmd/session.h"
#include "order/request.h"

struct order_list {
	struct session *session; /* at the CA, with an account */
	const struct address_file *file;
	/* What is the same for all lines; addresses and usage change. */
	struct order_request *request;
	const struct config_ca
	    *command;  /* the CA, if it is a program; or NULL */
	bool separate; /* two certificates a line */
	bool no_wait;
};

/*
 * Order what the lines say, orders_per_minute at most, and unless no_wait is
 * set, wait for the certificates; the mailboxes of watch are watched for their
 * challenges.  The session's output gets a line for each.  STATUS_OK: all are
 * there.  STATUS_NO with a note that names lines that failed; STATUS_AGAIN:
 * something is left to be done.
 */
enum status order_list(const struct order_list *list) MUST_CHECK;
/* Say in the session's output what would be ordered.  The session needs no
 * account. */
enum status order_list_preview(const struct order_list *list) MUST_CHECK;
/* Warn of addresses whose challenges need a person, as the policy stands. */
void order_list_warn(const struct order_list *list);
#endif

/*
 * order_list_p.h - what the files of order_list share: a run and its jobs
 */
#ifndef CMD_ORDER_LIST_P_H
#define CMD_ORDER_LIST_P_H
#include "cmd/order_list.h"
#include "cmd/progress.h"
#include "cmd/watching.h"

enum job_state {
	JOB_NEW,    /* not ordered yet */
	JOB_OPEN,   /* ordered */
	JOB_PLACED, /* ordered, and nobody waits for it here */
	JOB_HAS,    /* has a certificate that is good */
	JOB_ISSUED,
	JOB_FAILED,
	JOB_LATER /* left to another run */
};

/* One certificate. */
struct job {
	const struct address_line *line;
	enum csr_usage usage;
	enum job_state state;
	char id[RECORD_ID_SIZE]; /* of its order */
	struct note why;
	bool resumed;
	int64_t next;     /* look at it then; ticks() */
	int64_t ca_since; /* the CA is processing it; 0: it is not */
	int troubles;
};

struct ordering {
	const struct order_list *list;
	struct session *session;
	struct job *job; /* owned */
	size_t jobs;
	size_t next; /* the first one that is not ordered */
	size_t open;
	struct order *order; /* owned: the one at hand */
	const char *caa;     /* an address whose domain was looked up last */
	struct watching watching;
	struct progress progress;
	bool watches;
	/* When the last orders were placed: a ring of orders_per_minute. */
	int64_t placed[ORDERS_PER_MINUTE_MOST];
	size_t placings;
	int64_t not_before; /* a CA in trouble is not asked before */
	int troubles;
	bool undeployed;
};

/* Seconds that pass, even if somebody sets the clock; never 0. */
int64_t order_list_ticks(void);

/* Place the order of a job, or find the one that exists. */
enum status job_place(
    struct ordering *run, struct job *job, struct note *note) MUST_CHECK;
/* Find an open order or a current certificate for it in *run->order.
 * STATUS_MISSING: there is neither. */
enum status job_find_known(
    struct ordering *run, struct job *job, struct note *note) MUST_CHECK;
/* The CA refused to make an order, and its key is gone.  Leave a record, so that
 * status says why there is no certificate; one for each line. */
void job_record_refusal(
    struct ordering *run, struct job *job, const struct note *why);
/* Now there is an order. */
void job_forget_refusal(struct ordering *run, struct job *job);

/* The addresses of a line, with blanks between. */
void job_add_addresses(const struct job *job, struct buf *out);
/* Add a line to the session's output: what became of a job. */
enum status job_report(struct ordering *run, const struct job *job) MUST_CHECK;
/* The same of all; the status is that of the run. */
enum status order_list_report(struct ordering *run) MUST_CHECK;
#endif

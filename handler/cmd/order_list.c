/* order_list.c - order the certificates of a list: see order_list.h */
#include "cmd/order_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "answer/consent.h"
#include "base/fd.h"
#include "base/text.h"
#include "cmd/ask_command.h"
#include "cmd/caa_warning.h"
#include "cmd/confinement.h"
#include "cmd/deploying.h"
#include "cmd/progress.h"
#include "cmd/watching.h"
#include "mail/address.h"
#include "order/advance.h"
#include "order/command.h"
#include "order/place.h"
#include "process/helper.h"

enum {
	MINUTE = 60,
	TROUBLE_SECONDS = 10,
	TROUBLE_LONGEST =
	    3600,             /* what a CA asks for beyond that ends the run */
	TROUBLE_MOST = 5,     /* in a row, until nothing more is ordered */
	FOLLOW_MOST = 30,     /* the same while one certificate is awaited */
	COMMAND_SECONDS = 60, /* until a CA that is a program is asked again */
	AT_ONCE = 10,         /* orders between two looks at the mailboxes */
	LOOK_SECONDS = 2,
	SHORT_PAUSE = 5
};

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
static int64_t
ticks(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec + 1;
}

static void
add_addresses(const struct address_line *line, struct buf *out)
{
	size_t i;

	for (i = 0; i < line->count; i++)
		buf_addf(out, "%s%s", i > 0 ? " " : "", line->address[i]);
}

/* Are these the addresses of the order that is wanted, in that sequence? */
static bool
is_for_same(const struct order *one, const struct order *wanted)
{
	size_t i;

	if (one->addresses != wanted->addresses || one->usage != wanted->usage)
		return false;
	for (i = 0; i < one->addresses; i++)
		if (strcmp(one->address[i], wanted->address[i]) != 0)
			return false;
	return true;
}

static bool
is_good(const void *record, const void *arg)
{
	const struct order *one = record, *wanted = arg;

	return order_is_current(one) && is_for_same(one, wanted) &&
	    one->expires > wanted->created;
}

static bool
is_known(const void *record, const void *arg)
{
	const struct order *one = record, *wanted = arg;

	return is_good(one, wanted) ||
	    ((order_is_open(one) || one->state == ORDER_REQUESTED) &&
		is_for_same(one, wanted));
}

/* Is it what record_refusal() left? */
static bool
is_refusal(const void *record, const void *arg)
{
	const struct order *one = record, *wanted = arg;

	return one->state == ORDER_FAILED && one->url[0] == '\0' &&
	    one->public[0] == '\0' && is_for_same(one, wanted);
}

/* Is it from the CA of this run? */
static bool
is_of_ca(const struct ordering *run, const struct order *one)
{
	const struct order_list *list = run->list;
	struct account account;

	if (list->command != NULL)
		return strcmp(one->ca, list->command->name) == 0;
	return one->account[0] != '\0' &&
	    account_load(&run->session->home, one->account, &account, NULL) ==
	    STATUS_OK &&
	    strcmp(account.directory, run->session->client.ca.directory_url) ==
	    0;
}

/* Find what exists for that line, the newest that the filter accepts, in
 * *run->order.  STATUS_MISSING: nothing. */
static enum status
find(struct ordering *run, struct job *job, record_filter *wanted,
    struct note *note)
{
	struct record_search search = { .ids = 0 };
	struct order *all = NULL;
	enum status status;
	size_t count = 0;

	run->list->request->addresses = job->line->address;
	run->list->request->count = job->line->count;
	run->list->request->usage = job->usage;
	*run->order = (struct order){ .usage = job->usage,
		.created = (int64_t)time(NULL) };
	status = request_addresses(run->list->request, run->order, note);
	if (status == STATUS_OK) {
		order_search_for(&search, run->order->address[0]);
		status = orders_find(&run->session->home, &search, wanted,
		    run->order, &all, &count, note);
	}
	while (count > 0 && !is_of_ca(run, &all[count - 1]))
		count--;
	if (status == STATUS_OK && count == 0)
		status = STATUS_MISSING;
	else if (status == STATUS_OK)
		*run->order = all[count - 1];
	free(all);
	return status;
}

/* Place the order of one line, or find the one that is there. */
static enum status
place(struct ordering *run, struct job *job, struct note *note)
{
	const struct order_list *list = run->list;
	enum status status;
	bool found = false;

	status = find(run, job, is_good, note);
	if (status == STATUS_OK && !list->request->another) {
		job->state = JOB_HAS;
		(void)strcpy(job->id, run->order->id);
		return STATUS_OK;
	}
	if (status != STATUS_OK && status != STATUS_MISSING)
		return status;
	if (list->command != NULL) {
		status = command_place(&run->session->home, list->command,
		    list->request, run->order, &found, note);
	} else {
		status = !run->session->config.caa
		    ? STATUS_OK
		    : caa_warning(&run->session->client, list->request,
			  &run->caa, note);
		if (status == STATUS_OK)
			status = order_place(&run->session->client,
			    list->request, run->order, &found, note);
	}
	if (!found)
		run->placed[run->placings++ %
		    (size_t)run->session->config.orders_per_minute] = ticks();
	if (status != STATUS_OK)
		return status;
	(void)strcpy(job->id, run->order->id);
	job->resumed = found;
	job->state = list->no_wait ? JOB_PLACED : JOB_OPEN;
	run->open += job->state == JOB_OPEN;
	return STATUS_OK;
}

/* After a failure, pause as long as the CA asks (429, 503). */
static int64_t
pause_after(const struct ordering *run)
{
	const int64_t said = run->session->client.ca.pause;

	return said > 0 ? said : TROUBLE_SECONDS;
}

static void
tell(const struct job *job, const struct note *why)
{
	struct buf line;
	struct note out;

	buf_init(&line, 16 * 1024);
	add_addresses(job->line, &line);
	note_say(
	    &out, "%.120s: %.190s", line.at != NULL ? line.at : "", why->text);
	cmd_say(&out);
	buf_clear(&line);
}

static void
end_job(struct ordering *run, struct job *job, enum job_state state,
    enum status status, const struct note *why)
{
	run->open -= job->state == JOB_OPEN;
	job->state = state;
	note_say(&job->why, "%.300s", note_text(why, status));
	tell(job, &job->why);
}

/* Order nothing more in this run. */
static void
give_up(struct ordering *run, const struct note *why)
{
	for (; run->next < run->jobs; run->next++) {
		run->job[run->next].state = JOB_LATER;
		run->job[run->next].why = *why;
	}
}

/* When the next order may be placed; ticks(). */
static int64_t
may_place(const struct ordering *run)
{
	const size_t most = (size_t)run->session->config.orders_per_minute;
	int64_t when = run->not_before;

	/* So many are in the ring: the oldest of them is the next to go. */
	if (run->placings >= most &&
	    run->placed[run->placings % most] + MINUTE > when)
		when = run->placed[run->placings % most] + MINUTE;
	return when;
}

/* The CA refused to make an order, and its key is gone.  Leave a record, so that
 * status says why there is no certificate; one for each line. */
static void
record_refusal(struct ordering *run, struct job *job, const struct note *why)
{
	const struct home *home = &run->session->home;
	struct order *order = run->order;
	const enum status status = find(run, job, is_refusal, NULL);

	if (run->list->command != NULL ||
	    (status != STATUS_OK && status != STATUS_MISSING))
		return;
	if (status == STATUS_MISSING) {
		(void)strcpy(order->account, run->session->client.account.id);
		order->key = run->list->request->key;
		order->state = ORDER_FAILED;
		if (record_new_id(order->id) != STATUS_OK)
			return;
	}
	(void)snprintf(order->why, sizeof(order->why), "%s", why->text);
	(void)!order_save(home, order, NULL);
}

/* Now there is an order. */
static void
forget_refusal(struct ordering *run, struct job *job)
{
	if (find(run, job, is_refusal, NULL) == STATUS_OK)
		(void)!order_forget(&run->session->home, run->order->id, NULL);
}

static enum status
place_next(struct ordering *run)
{
	struct job *job = &run->job[run->next];
	struct note why = { "" };
	const enum status status = place(run, job, &why);
	struct note text;

	if (status == STATUS_MEMORY)
		return status;
	if (status == STATUS_NET || status == STATUS_AGAIN) {
		note_say(&text, "%.300s", note_text(&why, status));
		tell(job, &text);
		run->not_before = ticks() + pause_after(run);
		if (++run->troubles == TROUBLE_MOST ||
		    pause_after(run) > TROUBLE_LONGEST)
			give_up(run, &text);
		return STATUS_OK;
	}
	run->troubles = 0;
	run->next++;
	if (status != STATUS_OK)
		end_job(run, job, JOB_FAILED, status, &why);
	if (status == STATUS_CA)
		record_refusal(run, job, &job->why);
	else if (status == STATUS_OK)
		forget_refusal(run, job);
	return STATUS_OK;
}

/* It has its certificate. */
static void
take_certificate(struct ordering *run, struct job *job)
{
	struct note note = { "" };

	job->state = JOB_ISSUED;
	run->open--;
	if (run->list->command != NULL ||
	    deploying_new(&run->session->config, &run->session->home,
		run->order, &note) == STATUS_OK)
		return;
	tell(job, &note);
	run->undeployed = true;
}

/* It waits; look again soon, but less often if there are many. */
static void
wait_for(struct ordering *run, struct job *job, const struct order_step *step)
{
	const int64_t now = ticks(), spread = (int64_t)run->open / 50;
	struct note why;

	job->troubles = 0;
	job->next = now +
	    (step->seconds > spread      ? step->seconds
		    : spread > 0         ? spread
		    : step->seconds == 0 ? 1
					 : step->seconds);
	if (step->wait == STEP_QUEUED)
		order_push(&run->session->client, &step->expectation,
		    (int64_t)time(NULL));
	if (step->wait != STEP_CA || run->order->refused != 0)
		job->ca_since = 0;
	else if (job->ca_since == 0)
		job->ca_since = now;
	else if (now - job->ca_since >= run->session->config.patience) {
		note_say(&why,
		    "the CA has not finished the order in %lld seconds; "
		    "mailcert finish resumes it",
		    (long long)(now - job->ca_since));
		end_job(run, job, JOB_LATER, STATUS_AGAIN, &why);
	}
}

static enum status
advance(struct ordering *run, struct job *job)
{
	struct order_step step = { .wait = STEP_CA };
	struct note why = { "" };
	enum status status;
	char path[1200];

	(void)strcpy(run->order->id, job->id);
	if (run->list->command != NULL)
		status = ask_command(run->session, run->order, path, &why);
	else
		status = order_advance(&run->session->client, run->order,
		    (int64_t)time(NULL), &step, &why);
	if (step.hint.text[0] != '\0')
		tell(job, &step.hint);
	if (status == STATUS_MEMORY)
		return status;
	if (run->list->command != NULL && status == STATUS_AGAIN)
		job->next = ticks() + COMMAND_SECONDS;
	else if (status == STATUS_NET && ++job->troubles < FOLLOW_MOST)
		job->next = ticks() + pause_after(run);
	else if (status != STATUS_OK)
		end_job(run, job,
		    status == STATUS_NET || status == STATUS_AGAIN ? JOB_LATER
								   : JOB_FAILED,
		    status, &why);
	else if (run->list->command != NULL || step.wait == STEP_DONE)
		take_certificate(run, job);
	else
		wait_for(run, job, &step);
	return STATUS_OK;
}

/* Place what may be placed now; take a step of each order whose turn it is. */
static enum status
work(struct ordering *run)
{
	enum status status = STATUS_OK;
	size_t i;

	for (i = 0; i < AT_ONCE && status == STATUS_OK &&
	     run->next < run->jobs && may_place(run) <= ticks();
	     i++)
		status = place_next(run);
	if (status == STATUS_OK && run->watches)
		status =
		    watching_look(&run->watching, false, &run->session->note);
	for (i = 0; i < run->next && status == STATUS_OK; i++)
		if (run->job[i].state == JOB_OPEN &&
		    run->job[i].next <= ticks())
			status = advance(run, &run->job[i]);
	return status;
}

/* Seconds until something is to be done; 0: now. */
static int64_t
seconds_left(const struct ordering *run)
{
	const int64_t now = ticks();
	int64_t soonest = INT64_MAX;
	size_t i;

	if (run->next < run->jobs)
		soonest = may_place(run);
	for (i = 0; i < run->next; i++)
		if (run->job[i].state == JOB_OPEN && run->job[i].next < soonest)
			soonest = run->job[i].next;
	return soonest > now ? soonest - now : 0;
}

static void
pause_for(struct ordering *run)
{
	const int64_t seconds = seconds_left(run);
	char text[120];

	if (seconds == 0)
		return;
	(void)snprintf(text, sizeof(text),
	    "%zu to order, %zu of %zu wait for their certificates",
	    run->jobs - run->next, run->open, run->jobs);
	progress_say(&run->progress, text);
	if (run->watches && run->open > 0) {
		watching_wait(&run->watching, LOOK_SECONDS * 1000, -1);
		return;
	}
	if (seconds > SHORT_PAUSE)
		helper_dismiss();
	progress_sleep(
	    &run->progress, seconds, "\nleft; the same command goes on\n");
}

/* What became of one line. */
static enum status
report_job(struct ordering *run, const struct job *job)
{
	static const char *const said[] = {
		[JOB_NEW] = "is to be ordered",
		[JOB_OPEN] = "waits",
		[JOB_PLACED] = "ordered, ",
		[JOB_HAS] = "has a certificate, ",
		[JOB_ISSUED] = "certificate in ",
		[JOB_FAILED] = "failed: ",
		[JOB_LATER] = "to be done later: ",
	};
	char key[1200], path[1200] = "";
	enum status status = STATUS_OK;
	struct buf line;

	if (job->state == JOB_ISSUED || job->state == JOB_HAS)
		status = order_paths(&run->session->home, job->id, key, path,
		    sizeof(path), &run->session->note);
	buf_init(&line, 32 * 1024);
	add_addresses(job->line, &line);
	buf_addf(&line, ": %s%s",
	    job->resumed && job->state == JOB_PLACED ? "is ordered already, "
						     : said[job->state],
	    path[0] != '\0'                ? path
		: job->state == JOB_PLACED ? job->id
					   : job->why.text);
	text_show(&run->session->out, buf_span(&line), TEXT_NO_LIMIT,
	    text_locale_is_utf8());
	buf_add_byte(&run->session->out, '\n');
	if (status == STATUS_OK)
		status = buf_status(&line);
	buf_clear(&line);
	return status;
}

static enum status
report(struct ordering *run)
{
	struct note *note = &run->session->note;
	size_t failed = 0, later = 0, i;
	enum status status = STATUS_OK;
	struct buf names;

	buf_init(&names, 4 * 1024 * 1024);
	for (i = 0; i < run->jobs && status == STATUS_OK; i++) {
		status = report_job(run, &run->job[i]);
		later += run->job[i].state == JOB_LATER;
		if (run->job[i].state != JOB_FAILED)
			continue;
		buf_addf(&names, "%s%s", failed++ > 0 ? ", " : "",
		    run->job[i].line->address[0]);
	}
	if (status == STATUS_OK)
		status = buf_status(&names);
	if (status == STATUS_OK && later > 0)
		status = note_set(note, STATUS_AGAIN,
		    "%zu of %zu are left%s%.150s; the same command resumes "
		    "them",
		    later, run->jobs, failed > 0 ? ", and these failed: " : "",
		    failed > 0 ? names.at : "");
	else if (status == STATUS_OK && failed > 0)
		status = note_set(note, STATUS_NO, "%zu of %zu failed: %.250s",
		    failed, run->jobs, names.at);
	else if (status == STATUS_OK && run->undeployed)
		status = note_set(note, STATUS_NO,
		    "the certificates are there, but not all are in use; "
		    "mailcert renew tries it again");
	buf_clear(&names);
	return status;
}

static bool
is_over(const struct ordering *run)
{
	return run->next == run->jobs && run->open == 0;
}

static enum status
begin(struct ordering *run, const struct order_list *list)
{
	const size_t each = list->separate ? 2 : 1;
	size_t i;

	*run = (struct ordering){ .list = list, .session = list->session };
	run->jobs = list->file->lines * each;
	run->job = calloc(run->jobs, sizeof(*run->job));
	run->order = calloc(1, sizeof(*run->order));
	if (run->job == NULL || run->order == NULL)
		return STATUS_MEMORY;
	for (i = 0; i < run->jobs; i++)
		run->job[i] = (struct job){ .line = &list->file->line[i / each],
			.usage =
			    i % each > 0 ? CSR_ENCRYPT : list->request->usage };
	return STATUS_OK;
}

/* Answers go out without a person, if watch says where the challenges are. */
static enum status
begin_watching(struct ordering *run)
{
	const struct config *config = &run->session->config;
	enum status status;

	if (run->list->no_wait || run->list->command != NULL ||
	    config->watch[0] == '\0')
		return STATUS_OK;
	status = confinement_check(
	    config, &run->session->home, true, &run->session->note);
	run->watches = status == STATUS_OK;
	return run->watches ? watching_begin_configured(&run->watching, config,
				  &run->session->home, &run->session->note)
			    : status;
}

static void
end(struct ordering *run)
{
	if (run->watches)
		watching_end(&run->watching);
	free(run->order);
	free(run->job);
	free(run);
}

enum status
order_list(const struct order_list *list)
{
	struct note *note = &list->session->note;
	struct ordering *run = calloc(1, sizeof(*run));
	enum status status;
	int lock = -1;

	if (run == NULL)
		return STATUS_MEMORY;
	status = begin(run, list);
	/* Two runs would both order what neither has yet. */
	if (status == STATUS_OK)
		status = home_lock_on(
		    &list->session->home, "order-list", 0, &lock, note);
	if (status == STATUS_AGAIN)
		(void)note_set(note, status,
		    "another mailcert order --from-file is running; try again "
		    "later");
	if (status == STATUS_OK)
		status = begin_watching(run);
	progress_begin(
	    &run->progress, &list->session->config, false, NULL, NULL);
	while (status == STATUS_OK && !is_over(run)) {
		status = work(run);
		if (status == STATUS_OK && !is_over(run))
			pause_for(run);
	}
	progress_end(&run->progress);
	if (status == STATUS_OK)
		status = report(run);
	if (lock >= 0)
		(void)close(lock);
	end(run);
	return status;
}

/* Of a dry run. */
static enum status
preview(struct ordering *run, struct job *job)
{
	struct note *note = &run->session->note;
	enum status status = find(run, job, is_known, note);

	job->state = JOB_NEW;
	if (status == STATUS_OK && !run->list->request->another) {
		job->state =
		    run->order->state == ORDER_ISSUED ? JOB_HAS : JOB_PLACED;
		job->resumed = true;
		(void)strcpy(job->id, run->order->id);
	}
	return status == STATUS_OK || status == STATUS_MISSING
	    ? report_job(run, job)
	    : status;
}

enum status
order_list_preview(const struct order_list *list)
{
	struct ordering *run = calloc(1, sizeof(*run));
	enum status status;
	size_t i;

	if (run == NULL)
		return STATUS_MEMORY;
	status = begin(run, list);
	for (i = 0; i < run->jobs && status == STATUS_OK; i++)
		status = preview(run, &run->job[i]);
	end(run);
	return status;
}

/* Is it an office that answer_for does not name? */
static bool
needs_a_person(const struct config *config, const char *address)
{
	char normal[ADDRESS_SIZE];
	struct mailbox mailbox;

	return address_parse(span_of(address), &mailbox) == STATUS_OK &&
	    address_normal(&mailbox, normal) == STATUS_OK &&
	    consent_given(config, normal, NULL) != STATUS_OK;
}

void
order_list_warn(const struct order_list *list)
{
	const struct config *config = &list->session->config;
	const struct address_line *line;
	const char *first = NULL;
	size_t count = 0, i, j;
	struct note note;

	for (i = 0; i < list->file->lines; i++) {
		line = &list->file->line[i];
		for (j = 0; j < line->count; j++)
			if (needs_a_person(config, line->address[j]) &&
			    count++ == 0)
				first = line->address[j];
	}
	if (count == 0)
		return;
	note_say(&note,
	    "a person must answer for %.150s%s; name offices and others in "
	    "answer_for to have mailcert do it",
	    first, count > 1 ? ", and other addresses of the list" : "");
	cmd_say(&note);
}

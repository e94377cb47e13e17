/* order_list.c - order the certificates of a list: see order_list.h */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "answer/consent.h"
#include "cmd/ask_command.h"
#include "cmd/confinement.h"
#include "cmd/deploying.h"
#include "cmd/order_list_p.h"
#include "mail/address.h"
#include "order/advance.h"
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

int64_t
order_list_ticks(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec + 1;
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
	job_add_addresses(job, &line);
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

/* When the next order may be placed; order_list_ticks(). */
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

static enum status
place_next(struct ordering *run)
{
	struct job *job = &run->job[run->next];
	struct note why = { "" };
	const enum status status = job_place(run, job, &why);
	struct note text;

	if (status == STATUS_MEMORY)
		return status;
	if (status == STATUS_NET || status == STATUS_AGAIN) {
		note_say(&text, "%.300s", note_text(&why, status));
		tell(job, &text);
		run->not_before = order_list_ticks() + pause_after(run);
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
		job_record_refusal(run, job, &job->why);
	else if (status == STATUS_OK)
		job_forget_refusal(run, job);
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
	const int64_t now = order_list_ticks(),
		      spread = (int64_t)run->open / 50;
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
		job->next = order_list_ticks() + COMMAND_SECONDS;
	else if (status == STATUS_NET && ++job->troubles < FOLLOW_MOST)
		job->next = order_list_ticks() + pause_after(run);
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
	     run->next < run->jobs && may_place(run) <= order_list_ticks();
	     i++)
		status = place_next(run);
	if (status == STATUS_OK && run->watches)
		status =
		    watching_look(&run->watching, false, &run->session->note);
	for (i = 0; i < run->next && status == STATUS_OK; i++)
		if (run->job[i].state == JOB_OPEN &&
		    run->job[i].next <= order_list_ticks())
			status = advance(run, &run->job[i]);
	return status;
}

/* Seconds until something is to be done; 0: now. */
static int64_t
seconds_left(const struct ordering *run)
{
	const int64_t now = order_list_ticks();
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
	    &run->progress, seconds, "left; the same command goes on\n");
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
		status = order_list_report(run);
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
	enum status status = job_find_known(run, job, note);

	job->state = JOB_NEW;
	if (status == STATUS_OK && !run->list->request->another) {
		job->state =
		    run->order->state == ORDER_ISSUED ? JOB_HAS : JOB_PLACED;
		job->resumed = true;
		(void)strcpy(job->id, run->order->id);
	}
	return status == STATUS_OK || status == STATUS_MISSING
	    ? job_report(run, job)
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

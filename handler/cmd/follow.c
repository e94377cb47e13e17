/* follow.c - wait for a certificate: see follow.h */
#include "cmd/follow.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "answer/advice.h"
#include "answer/confirm.h"
#include "base/fd.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/progress.h"
#include "order/challenges.h"
#include "process/helper.h"
#include "tui/waiting.h"

enum { TROUBLE_SECONDS = 10, TROUBLE_LONGEST = 3600, TROUBLE_MOST = 30 };
/* Before a longer pause, stop the helper that keeps running. */
enum { SHORT_PAUSE = 5 };

static void
describe(const struct order_step *step, const struct order *order, int64_t now,
    struct buf *out)
{
	switch (step->wait) {
	case STEP_MAIL:
		buf_addf(out,
		    "waiting for your answer to the challenge from %s to %s",
		    step->expectation.from, step->expectation.address);
		if (step->expectation.expires != 0) {
			buf_add_text(out, "; it expires ");
			confirm_add_time(out, step->expectation.expires, now);
		}
		break;
	case STEP_SENT:
		buf_addf(out, "for %s ", step->expectation.address);
		advice_add_state(&step->expectation, now, out);
		buf_add_text(out, "; ");
		advice_add_next(&step->expectation, now, out);
		break;
	case STEP_SETTLE:
		buf_addf(out,
		    "the reply for %s was sent; giving it a moment to arrive",
		    step->expectation.address);
		break;
	case STEP_CA:
		buf_addf(out, "%s%swaiting for the CA", order->why,
		    order->why[0] != '\0' ? "; " : "");
		break;
	case STEP_PROOF:
	case STEP_SPREAD:
		buf_addf(out, "waiting for the proof of %s: %s",
		    order->address[0], step->proof.text);
		break;
	case STEP_QUEUED:
		buf_addf(out,
		    "waiting for order %s, whose challenge for %s is still "
		    "open",
		    step->expectation.order, step->expectation.address);
		break;
	case STEP_OTHER:
		buf_add_text(
		    out, "another mailcert process is working on this order");
		break;
	case STEP_DONE:
		buf_add_text(out, "the certificate is stored");
		break;
	}
}

/* What is shown while an order is followed. */
struct following {
	struct progress progress;
	struct waiting waiting;
};

static void
draw(void *context, struct page *out)
{
	struct following *following = context;

	following->waiting.elapsed =
	    progress_ticks() - following->progress.began;
	waiting_draw(&following->waiting, out);
}

static void
clock_of(int64_t when, char out[16])
{
	const time_t seconds = (time_t)when;
	struct tm tm;

	if (localtime_r(&seconds, &tm) == NULL ||
	    strftime(out, 16, "%H:%M:%S", &tm) == 0)
		out[0] = '\0';
}

static struct following
following_of(const struct order *order)
{
	static const char *const mail[] = { "order placed",
		"the challenge is answered", "the CA checks the reply",
		"certificate" },
				 *const server[] = { "order placed",
					 "the proof is in place",
					 "the CA checks the proof",
					 "certificate" };
	struct following following = { .progress.quiet = true };
	struct waiting *waiting = &following.waiting;
	size_t i;

	(void)snprintf(waiting->title, sizeof(waiting->title),
	    "Order %s for %s", order->id, order->address[0]);
	waiting->steps = sizeof(mail) / sizeof(*mail);
	for (i = 0; i < waiting->steps; i++)
		waiting->step[i].text =
		    order_is_server(order) ? server[i] : mail[i];
	waiting->whom = "";
	waiting->leave = "q leaves and loses nothing; mailcert finish goes on.";
	/* The clock of an older one would need its date. */
	if ((int64_t)time(NULL) - order->created < 12 * 3600)
		clock_of(order->created, waiting->step[0].done);
	return following;
}

enum { ASK_PLACED = 1, ASK_CHECKED, ASK_ISSUED };

/* Which step that is, and for whom it waits. */
static size_t
step_of(const struct order_step *step, const struct order *order, size_t now,
    const char **whom)
{
	switch (step->wait) {
	case STEP_MAIL:
	case STEP_SENT:
	case STEP_PROOF:
		*whom = "waiting for you";
		return ASK_PLACED;
	case STEP_SPREAD:
		*whom = "waiting for the DNS";
		return ASK_PLACED;
	case STEP_QUEUED:
		*whom = "waiting for another order";
		return ASK_PLACED;
	case STEP_SETTLE:
		*whom = "waiting for the mail";
		return ASK_CHECKED;
	case STEP_CA:
		*whom = "waiting for the CA";
		return order->state == ORDER_FINALIZING ? ASK_ISSUED
							: ASK_CHECKED;
	case STEP_OTHER:
		*whom = "another mailcert is at work";
		return now > 0 ? now : ASK_PLACED;
	case STEP_DONE:
		break;
	}
	return ASK_ISSUED + 1;
}

static void
set_line(char out[WAITING_TEXT_MAX], struct span text)
{
	(void)snprintf(out, WAITING_TEXT_MAX, "%.*s", (int)text.len,
	    text.at != NULL ? text.at : "");
}

/* What to read meanwhile; text: all of it in one line. */
static void
set_about(struct following *following, const struct order_step *step,
    int64_t now, struct span text)
{
	enum { LATE = 120 };
	char(*about)[WAITING_TEXT_MAX] = following->waiting.about;
	const struct expectation *expectation = &step->expectation;
	struct buf line;

	(void)memset(about, 0, sizeof(following->waiting.about));
	if (step->wait != STEP_MAIL) {
		set_line(about[0], text);
		return;
	}
	set_line(about[0],
	    SPAN("Open the message and press Esc-a in mutt, or hand it to "
		 "mailcert handle."));
	(void)snprintf(about[1], WAITING_TEXT_MAX, "It is from %s to %s",
	    expectation->from, expectation->address);
	buf_init(&line, WAITING_TEXT_MAX);
	if (expectation->expires != 0) {
		buf_add_text(&line, "Valid until ");
		confirm_add_time(&line, expectation->expires, now);
	}
	set_line(about[2], buf_span(&line));
	buf_clear(&line);
	if (progress_ticks() - following->progress.began >= LATE)
		set_line(about[3],
		    SPAN("If it has not come, look in the spam folder."));
}

static void
show(struct following *following, const struct order_step *step,
    const struct order *order, int64_t now, struct span text)
{
	struct waiting *waiting = &following->waiting;
	const size_t before = waiting->current;
	size_t i;

	waiting->current = step_of(step, order, before, &waiting->whom);
	for (i = before > 0 ? before : 1; before > 0 && i < waiting->current;
	     i++)
		clock_of(now, waiting->step[i].done);
	set_about(following, step, now, text);
	progress_say(&following->progress, text.at != NULL ? text.at : "");
}

/* The network failed: what is shown otherwise still stands. */
static void
show_trouble(struct following *following, const char *text)
{
	(void)memset(
	    following->waiting.about, 0, sizeof(following->waiting.about));
	set_line(following->waiting.about[0], span_of(text));
	progress_say(&following->progress, text);
}

static void
sleep_for(struct following *following, int64_t seconds)
{
	if (seconds > SHORT_PAUSE)
		helper_dismiss();
	progress_sleep(
	    &following->progress, seconds, "left; mailcert finish goes on\n");
}

/* Sleep until the next step.  If that is up to a person, it may take days: stop
 * the helper that talks to the CA. */
static void
sleep_until(struct following *following, const struct order_step *step)
{
	if (step->wait == STEP_MAIL || step->wait == STEP_SENT ||
	    step->wait == STEP_PROOF || step->wait == STEP_OTHER)
		helper_dismiss();
	sleep_for(following, step->seconds > 0 ? step->seconds : 1);
}

/* The certificate is there: until when, where its key is, what comes next. */
static void
tell_next(const struct order *order, const char *key)
{
	struct buf lines;

	buf_init(&lines, 4096);
	buf_add_text(&lines, "the certificate is valid until ");
	confirm_add_time(&lines, order->expires, (int64_t)time(NULL));
	buf_addf(&lines, "\nits key: %s\n", key);
	if (!order_is_server(order))
		buf_add_text(&lines,
		    "next: mailcert install PROGRAM puts both into your mail "
		    "program\n");
	progress_hide();
	(void)!fd_write(STDERR_FILENO, buf_span(&lines));
	buf_clear(&lines);
}

/* After a failure, pause as long as the CA asks (429, 503), at most an hour. */
static int64_t
pause_after(const struct client *client)
{
	const int64_t said = client->ca.pause;

	return said > TROUBLE_LONGEST ? TROUBLE_LONGEST
	    : said > TROUBLE_SECONDS  ? said
				      : TROUBLE_SECONDS;
}

/* Is this where the command stops waiting? */
static bool
is_over(const struct order_step *step, const struct follow_options *options)
{
	return step->wait == STEP_DONE || options->once ||
	    (step->wait == STEP_SENT && !options->wait_for_mail) ||
	    ((step->wait == STEP_MAIL || step->wait == STEP_QUEUED ||
		 step->wait == STEP_PROOF) &&
		!options->wait_for_mail);
}

/* Ask the user, who may have answered in another program. */
static bool
was_sent(const struct order_step *step, const struct follow_options *options)
{
	if ((step->wait != STEP_SENT && step->wait != STEP_MAIL) ||
	    options->ask_sent == NULL)
		return false;
	progress_hide();
	return options->ask_sent(&step->expectation);
}

enum status
follow(struct client *client, struct order *order,
    const struct follow_options *options, struct follow_result *out,
    struct note *note)
{
	struct following following = following_of(order);
	char key[sizeof(out->path)];
	struct order_step step = { .wait = STEP_CA };
	const int64_t began = progress_ticks();
	int64_t ca_since = began;
	struct buf text;
	enum status status;
	int troubles = 0;
	int64_t now;

	progress_begin(&following.progress, client->config, options->quiet,
	    draw, &following);
	buf_init(&text, 4096);
	for (;;) {
		now = (int64_t)time(NULL);
		status = order_advance(client, order, now, &step, note);
		/* Network failures pass; refusals do not. */
		if (status == STATUS_NET && !options->once &&
		    ++troubles < TROUBLE_MOST) {
			show_trouble(&following, note_text(note, status));
			sleep_for(&following, pause_after(client));
			continue;
		}
		if (status != STATUS_OK)
			break;
		troubles = 0;
		buf_clear(&text);
		describe(&step, order, now, &text);
		if (was_sent(&step, options)) {
			status = order_mark_sent(
			    client->home, &step.expectation, note);
			if (status != STATUS_OK)
				break;
			continue;
		}
		if (is_over(&step, options) ||
		    (options->limit > 0 &&
			progress_ticks() - began >= options->limit)) {
			if (step.wait == STEP_MAIL)
				buf_addf(&text,
				    "; answered elsewhere? mailcert finish "
				    "--sent %s",
				    expectation_shown_id(&step.expectation));
			if (step.wait == STEP_PROOF)
				buf_addf(&text,
				    "; status %s shows what to publish; is it "
				    "there? mailcert finish --sent %s",
				    order->id, order->id);
			if (step.wait != STEP_DONE)
				status = note_set(note, STATUS_AGAIN, "%.300s",
				    text.at != NULL ? text.at : "");
			break;
		}
		/* Some servers never leave "processing".  If one refused before
		 * that, order_advance() ends the order. */
		if (step.wait != STEP_CA || order->refused != 0)
			ca_since = progress_ticks();
		else if (progress_ticks() - ca_since >=
		    client->config->patience) {
			status = note_set(note, STATUS_AGAIN,
			    "the CA has not finished the order in %lld "
			    "seconds; mailcert finish resumes it",
			    (long long)(progress_ticks() - ca_since));
			break;
		}
		show(&following, &step, order, now, buf_span(&text));
		/* No other process may be running to advance that order. */
		if (step.wait == STEP_QUEUED)
			order_push(client, &step.expectation, now);
		if (step.wait == STEP_MAIL && options->look != NULL) {
			options->look(options->arg);
			sleep_for(&following, 0);
		} else
			sleep_until(&following, &step);
	}
	progress_end(&following.progress);
	if (step.hint.text[0] != '\0' && !options->quiet)
		cmd_say(&step.hint);
	buf_clear(&text);
	*out =
	    (struct follow_result){ .needs_a_person = status == STATUS_AGAIN &&
			(step.wait == STEP_SENT || step.wait == STEP_PROOF) };
	if (status == STATUS_OK)
		status = order_paths(client->home, order->id, key, out->path,
		    sizeof(out->path), note);
	if (status == STATUS_OK && options->tell_next && !options->quiet)
		tell_next(order, key);
	return status;
}

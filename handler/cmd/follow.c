/* follow.c - wait for a certificate: see follow.h */
#include "cmd/follow.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "answer/advice.h"
#include "answer/confirm.h"
#include "base/fd.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "order/challenges.h"
#include "process/helper.h"

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

/* Columns of the terminal, or 0 without a terminal. */
static size_t
columns(void)
{
	struct winsize size;

	if (isatty(STDERR_FILENO) != 1)
		return 0;
	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0
	    ? size.ws_col
	    : 80;
}

/* Print the text unless it repeats the last one.  On a terminal, overwrite
 * that; a text wider than a row gets a line of its own. */
static void
say(const struct follow_options *options, const char *text, char *last,
    size_t size)
{
	const size_t row = columns();
	struct buf line;

	if (options->quiet || strcmp(text, last) == 0)
		return;
	(void)snprintf(last, size, "%s", text);
	buf_init(&line, 4096);
	buf_add_text(&line, row > 0 ? "\r\033[K" : "");
	text_show(&line, span_of(text), 300, text_locale_is_utf8());
	buf_add_text(&line, row == 0 || strlen(text) >= row ? "\n" : "");
	(void)!fd_write(STDERR_FILENO, buf_span(&line));
	buf_clear(&line);
}

static void
end_line(const char *last)
{
	if (last[0] != '\0' && columns() > 0)
		(void)!fd_write(STDERR_FILENO, SPAN("\r\033[K"));
}

/* Seconds that pass, even if somebody sets the clock. */
static int64_t
ticks(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec;
}

static void
sleep_for(int64_t seconds)
{
	struct timespec pause = { .tv_sec = (time_t)seconds };

	if (seconds > SHORT_PAUSE)
		helper_dismiss();
	(void)nanosleep(&pause, NULL);
}

/* Sleep until the next step.  If that is up to a person, it may take days: stop
 * the helper that talks to the CA. */
static void
sleep_until(const struct order_step *step)
{
	if (step->wait == STEP_MAIL || step->wait == STEP_SENT ||
	    step->wait == STEP_PROOF || step->wait == STEP_OTHER)
		helper_dismiss();
	sleep_for(step->seconds > 0 ? step->seconds : 1);
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
	return (step->wait == STEP_SENT || step->wait == STEP_MAIL) &&
	    options->ask_sent != NULL && options->ask_sent(&step->expectation);
}

enum status
follow(struct client *client, struct order *order,
    const struct follow_options *options, struct follow_result *out,
    struct note *note)
{
	char last[1024] = "", key[sizeof(out->path)];
	struct order_step step = { .wait = STEP_CA };
	const int64_t began = ticks();
	int64_t ca_since = began;
	struct buf text;
	enum status status;
	int troubles = 0;
	int64_t now;

	buf_init(&text, 4096);
	for (;;) {
		now = (int64_t)time(NULL);
		status = order_advance(client, order, now, &step, note);
		/* Network failures pass; refusals do not. */
		if (status == STATUS_NET && !options->once &&
		    ++troubles < TROUBLE_MOST) {
			say(options, note_text(note, status), last,
			    sizeof(last));
			sleep_for(pause_after(client));
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
		    (options->limit > 0 && ticks() - began >= options->limit)) {
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
			ca_since = ticks();
		else if (ticks() - ca_since >= client->config->patience) {
			status = note_set(note, STATUS_AGAIN,
			    "the CA has not finished the order in %lld "
			    "seconds; mailcert finish resumes it",
			    (long long)(ticks() - ca_since));
			break;
		}
		say(options, text.at != NULL ? text.at : "", last,
		    sizeof(last));
		/* No other process may be running to advance that order. */
		if (step.wait == STEP_QUEUED)
			order_push(client, &step.expectation, now);
		if (step.wait == STEP_MAIL && options->look != NULL)
			options->look(options->arg);
		else
			sleep_until(&step);
	}
	if (!options->quiet)
		end_line(last);
	if (step.hint.text[0] != '\0' && !options->quiet)
		cmd_say(&step.hint);
	buf_clear(&text);
	*out =
	    (struct follow_result){ .needs_a_person = status == STATUS_AGAIN &&
			(step.wait == STEP_SENT || step.wait == STEP_PROOF) };
	if (status == STATUS_OK)
		status = order_paths(client->home, order->id, key, out->path,
		    sizeof(out->path), note);
	return status;
}

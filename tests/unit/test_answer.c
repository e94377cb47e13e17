/* test_answer.c - the flow: what is asked, recorded and sent, in which order */
#include <ftw.h>
#include <unistd.h>

#include "answer/answer.h"
#include "base/text.h"
#include "tap.h"

#define PART1 "LgYemJLy3F1LDkiJrdIGbEzyFJyOyf6vBdyZ1TG3sME"
#define PART2 "DGyRejmCefe7v4NfDGDKfA"
#define THUMB "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
#define NOW INT64_C(1790000000)

/* DKIM-Signature and Date are filled in; the signature is never checked here:
 * prove() is the verifier. */
static const char form[] =
    "Received: from ca.example by mx.example.org; %s\r\n"
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=ca.example;\r\n"
    " s=one; h=From:To:Subject:Date:Message-ID:Reply-To:Auto-Submitted:\r\n"
    " Content-Type:MIME-Version:Sender:Cc:In-Reply-To:References;\r\n"
    " bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\n"
    "From: acme@ca.example\r\n"
    "To: alice@example.org\r\n"
    "Reply-To: %s\r\n"
    "Subject: ACME: " PART1 "\r\n"
    "Date: %s\r\n"
    "Message-ID: <one@ca.example>\r\n"
    "Auto-Submitted: auto-generated; type=acme\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: text/plain\r\n"
    "\r\n"
    "hello\r\n";

/* The world, and what it saw. */
struct stage {
	struct home home;
	char calls[64]; /* a letter a call: prove, choose, ask ... */
	enum status proves, asks, computes, delivers;
	enum outcome outcome;
	enum expectation_state at_delivery; /* what the disk said then */
	bool answered_while_asking;
};

static void
called(struct stage *stage, char what)
{
	const size_t len = strlen(stage->calls);

	stage->calls[len] = what;
	stage->calls[len + 1] = '\0';
}

static struct expectation
on_disk(const struct stage *stage)
{
	struct expectation out = { .state = EXPECTATION_PENDING };
	struct note note;

	if (expectation_load(&stage->home, "one", &out, &note) != STATUS_OK)
		abort();
	return out;
}

static int64_t
now(void *context)
{
	(void)context;
	return NOW;
}

static enum status
prove(void *context, enum authres_method method, const struct rules *rules,
    struct span message, const struct answer_claims *claims,
    struct authres_verdict *out, struct note *note)
{
	struct stage *stage = context;

	(void)rules;
	(void)message;
	(void)claims;
	(void)note;
	called(stage, 'p');
	if (stage->proves == STATUS_OK) {
		*out = (struct authres_verdict){ .status = STATUS_OK };
		out->proof.method = method;
		out->proof.dns = DNS_SECURE;
		(void)strcpy(out->proof.domain, "ca.example");
	}
	return stage->proves;
}

static enum status
set_sent(void *record, const void *arg, struct note *note)
{
	struct expectation *expectation = record;

	(void)arg;
	(void)note;
	expectation->state = EXPECTATION_SENT;
	expectation->answered = NOW;
	(void)strcpy(expectation->part1, PART1);
	return STATUS_OK;
}

static enum status
ask(void *context, const struct dialog *dialog, struct note *note)
{
	struct stage *stage = context;

	(void)dialog;
	called(stage, 'a');
	if (stage->answered_while_asking &&
	    expectation_change(
		&stage->home, "one", set_sent, NULL, NULL, note) != STATUS_OK)
		abort();
	return stage->asks;
}

static enum status
compute(void *context, const struct match *match, struct response *out,
    struct note *note)
{
	struct stage *stage = context;

	called(stage, 'c');
	return stage->computes != STATUS_OK
	    ? note_set(note, stage->computes, "no answer")
	    : response_compute(span_of(match_challenge(match)->part1),
		  span_of(match_expectation(match)->part2),
		  span_of(match_expectation(match)->thumbprint),
		  TOKEN_JOIN_STRING, out);
}

static enum status
choose(void *context, struct answer_options *options, struct note *note)
{
	(void)options;
	(void)note;
	called(context, 'w');
	return STATUS_OK;
}

static enum status
deliver_it(void *context, const struct delivery *delivery, struct span message,
    enum outcome *outcome, struct note *note)
{
	struct stage *stage = context;

	(void)delivery;
	called(stage, 'd');
	stage->at_delivery = on_disk(stage).state;
	OK(span_find(message, SPAN("\r\nTo: acme@ca.example\r\n")) <
		message.len ||
	    span_find(message, SPAN("To: acme@ca.example\n")) < message.len);
	*outcome = stage->outcome;
	return stage->delivers != STATUS_OK
	    ? note_set(note, stage->delivers, "the system says no")
	    : STATUS_OK;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static void
begin(struct stage *stage, char *path)
{
	struct expectation expectation = { .id = "one",
		.address = "alice@example.org",
		.address_normal = "alice@example.org",
		.from = "acme@ca.example",
		.from_normal = "acme@ca.example",
		.part2 = PART2,
		.thumbprint = THUMB,
		.created = NOW - 60,
		.expires = NOW + 3600 };
	struct note note = { "" };

	*stage = (struct stage){ .outcome = OUTCOME_SENT };
	(void)strcpy(path, "/tmp/mailcert-answer.XXXXXX");
	if (mkdtemp(path) == NULL ||
	    home_open(path, true, &stage->home, &note) != STATUS_OK ||
	    expectation_save(&stage->home, &expectation, &note) != STATUS_OK)
		abort();
}

static void
end(struct stage *stage, const char *path)
{
	home_close(&stage->home);
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Answer once; the flow's status. */
static enum status
run(struct stage *stage, bool auto_approve, const char *reply_to,
    struct answer_report *report, struct note *note)
{
	const struct world world = { stage, now, ask, prove, compute, choose,
		deliver_it };
	struct answer_options options = { .auto_approve = auto_approve,
		.destination.kind = DESTINATION_STDOUT };
	static struct config config;
	static char message[4096];
	enum status status;

	config.authenticate.by.method[0] = AUTHRES_DKIM;
	config.authenticate.by.count = 1;
	config.authenticate.coverage = COVERAGE_RELAXED;
	config.rules.auto_submitted = true;
	config.answers_per_order = config.answers_per_day =
	    config.answers_per_day_in_all = 1;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)snprintf(message, sizeof(message), form,
	    "Mon, 21 Sep 2026 13:33:00 +0000", reply_to,
	    "Mon, 21 Sep 2026 13:33:00 +0000");
#pragma GCC diagnostic pop
	*report = (struct answer_report){ .outcome = OUTCOME_NOTHING };
	buf_init(&report->message, 64 * 1024);
	stage->calls[0] = note->text[0] = '\0';
	status = answer(&world, &config, &stage->home, span_of(message),
	    &options, report, note);
	buf_clear(&report->message);
	match_free(report->match);
	report->match = NULL;
	return status;
}

static bool
is_untouched(const struct stage *stage)
{
	const struct expectation now_there = on_disk(stage);

	return now_there.state == EXPECTATION_PENDING &&
	    now_there.answered == 0 && now_there.part1[0] == '\0' &&
	    now_there.message_id[0] == '\0';
}

#define STAGE                        \
	struct answer_report report; \
	struct note note = { "" };   \
	struct stage stage;          \
	char path[64];               \
                                     \
	begin(&stage, path)

static void
test_order(void)
{
	STAGE;
	OK(run(&stage, false, "acme@ca.example", &report, &note) == STATUS_OK);
	TEXT(span_of(stage.calls), "pwacd");
	/* Durable before the act, and what is known after it. */
	OK(stage.at_delivery == EXPECTATION_ANSWERING);
	OK(on_disk(&stage).state == EXPECTATION_SENT);
	TEXT(span_of(on_disk(&stage).part1), PART1);
	TEXT(span_of(on_disk(&stage).message_id), "<one@ca.example>");
	OK(report.intent);
	/* Once. */
	OK(run(&stage, false, "acme@ca.example", &report, &note) ==
	    STATUS_BAD_REPEAT);
	TEXT(span_of(stage.calls), "");
	end(&stage, path);
}

static void
test_not_proved(void)
{
	STAGE;
	stage.proves = STATUS_BAD_DKIM;
	OK(run(&stage, true, "acme@ca.example", &report, &note) ==
	    STATUS_BAD_DKIM);
	TEXT(span_of(stage.calls), "p");
	OK(is_untouched(&stage));
	end(&stage, path);
}

static void
test_not_expected(void)
{
	STAGE;
	if (expectation_forget(&stage.home, "one", &note) != STATUS_OK)
		abort();
	OK(run(&stage, true, "acme@ca.example", &report, &note) ==
	    STATUS_NO_EXPECTATION);
	TEXT(span_of(stage.calls), "");
	end(&stage, path);
}

static void
test_declined(void)
{
	STAGE;
	stage.asks = STATUS_DECLINED;
	OK(run(&stage, false, "acme@ca.example", &report, &note) ==
	    STATUS_DECLINED);
	TEXT(span_of(stage.calls), "pwa");
	OK(is_untouched(&stage));
	end(&stage, path);
}

/* What is odd is for a person. */
static void
test_odd(void)
{
	STAGE;
	OK(run(&stage, true, "acme@elsewhere.example", &report, &note) ==
	    STATUS_NO_PERSON);
	TEXT(span_of(stage.calls), "pw");
	OK(is_untouched(&stage));
	end(&stage, path);
}

static void
test_no_answer(void)
{
	STAGE;
	stage.computes = STATUS_CRYPTO;
	OK(run(&stage, true, "acme@ca.example", &report, &note) ==
	    STATUS_CRYPTO);
	TEXT(span_of(stage.calls), "pwc");
	OK(is_untouched(&stage));
	OK(!report.intent);
	end(&stage, path);
}

/* Another process answers while the user reads. */
static void
test_race(void)
{
	STAGE;
	stage.answered_while_asking = true;
	OK(run(&stage, false, "acme@ca.example", &report, &note) ==
	    STATUS_BAD_REPEAT);
	TEXT(span_of(stage.calls), "pwac");
	OK(on_disk(&stage).state == EXPECTATION_SENT);
	OK(!report.intent);
	end(&stage, path);
}

static void
test_outcomes(void)
{
	static const struct {
		enum status delivers;
		enum outcome outcome;
		enum expectation_state then;
		bool intent;
	} table[] = {
		{ STATUS_OK, OUTCOME_SENT, EXPECTATION_SENT, true },
		{ STATUS_OK, OUTCOME_DRAFTED, EXPECTATION_DRAFTED, true },
		{ STATUS_AGAIN, OUTCOME_NOTHING, EXPECTATION_PENDING, false },
		{ STATUS_IO, OUTCOME_DOUBT, EXPECTATION_ANSWERING, true },
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(*table); i++) {
		STAGE;
		stage.delivers = table[i].delivers;
		stage.outcome = table[i].outcome;
		OK(run(&stage, true, "acme@ca.example", &report, &note) ==
		    table[i].delivers);
		OK(stage.at_delivery == EXPECTATION_ANSWERING);
		OK(on_disk(&stage).state == table[i].then);
		OK(report.intent == table[i].intent);
		OK((strstr(note.text, "may have been sent") != NULL) ==
		    (table[i].outcome == OUTCOME_DOUBT));
		/* Nothing left us: as if it had not been tried. */
		OK(is_untouched(&stage) ==
		    (table[i].outcome == OUTCOME_NOTHING));
		end(&stage, path);
	}
}

int
main(void)
{
	test_order();
	test_not_proved();
	test_not_expected();
	test_declined();
	test_odd();
	test_no_answer();
	test_race();
	test_outcomes();
	return tap_done();
}

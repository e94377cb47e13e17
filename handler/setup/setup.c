/* setup.c - the steps of setup: see setup.h */
#include "setup/setup.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "mail/address.h"

static const char *const names[SETUP_STEPS] = {
	[SETUP_PROGRAM] = "program",
	[SETUP_ADDRESS] = "address",
	[SETUP_SOURCE] = "source",
	[SETUP_URL] = "url",
	[SETUP_SEND] = "send",
	[SETUP_SERVER] = "server",
	[SETUP_WRITE] = "write",
	[SETUP_MAILCAP] = "mailcap",
	[SETUP_FILE] = "file",
	[SETUP_GET] = "get",
	[SETUP_ANSWER] = "answer",
	[SETUP_INSTALL] = "install",
	[SETUP_TIMER] = "timer",
	[SETUP_TEST] = "test",
	[SETUP_LOOK] = "look",
	[SETUP_MESSAGE] = "message",
};

const char *
setup_name(enum setup_step step)
{
	return names[step];
}

static bool
is(const struct setup *setup, enum setup_step step, const char *answer)
{
	return strcmp(setup->answer[step], answer) == 0;
}

static bool
has(const struct setup *setup, enum setup_step step)
{
	return setup->answer[step][0] != '\0';
}

static void
set(struct setup *setup, enum setup_step step, const char *answer)
{
	(void)snprintf(setup->answer[step], SETUP_ANSWER_SIZE, "%s", answer);
}

/* Can mailcert hand it a message, and does it read a mailcap? */
static bool
is_mutt(const struct setup *setup)
{
	return is(setup, SETUP_PROGRAM, "mutt") ||
	    is(setup, SETUP_PROGRAM, "neomutt");
}

const char *
setup_ca(const struct setup *setup)
{
	if (is(setup, SETUP_SOURCE, "url"))
		return setup->answer[SETUP_URL];
	return strncmp(setup->answer[SETUP_SOURCE], "ca:", 3) == 0
	    ? setup->answer[SETUP_SOURCE] + 3
	    : NULL;
}

const char *
setup_addresses(const struct setup *setup)
{
	return is(setup, SETUP_ADDRESS, "type") ? ""
						: setup->answer[SETUP_ADDRESS];
}

/* --- questions -------------------------------------------------------------*/

static void
add_choice(struct setup_question *out, const char *value, const char *label,
    const char *about)
{
	if (out->choices < SETUP_CHOICES_MAX)
		out->choice[out->choices++] =
		    (struct setup_choice){ value, label, about };
}

static void
begin(struct setup_question *out, enum setup_step step, enum setup_kind kind,
    size_t number, const char *heading)
{
	*out = (struct setup_question){
		.kind = kind, .step = step, .number = number
	};
	(void)snprintf(out->heading, sizeof(out->heading), "%s", heading);
}

static void
ask_program(const struct setup_facts *facts, struct setup_question *out)
{
	size_t i;

	begin(out, SETUP_PROGRAM, SETUP_CHOOSES, 1,
	    "Which mail program do you use?");
	(void)snprintf(out->text, sizeof(out->text),
	    "mailcert asks mutt and neomutt for their settings. As at every "
	    "start, they then read their configuration, and run the commands "
	    "that it has in backticks.");
	for (i = 0; i < facts->has_count; i++) {
		if (facts->program != NULL &&
		    strcmp(facts->has[i], facts->program) == 0)
			out->usual = out->choices;
		add_choice(out, facts->has[i], facts->has[i],
		    facts->program != NULL && facts->why != NULL &&
			    strcmp(facts->has[i], facts->program) == 0
			? facts->why
			: "");
	}
	add_choice(out, "other", "another one",
	    "mailcert export writes a file for it");
}

/* All that were found, if one certificate may have them. */
static void
add_all(const struct addresses *found, struct setup_question *out)
{
	size_t i, len = 0;

	if (found->count > SETUP_ADDRESSES_MAX)
		return;
	for (i = 0; i < found->count && len < sizeof(out->typed); i++)
		len +=
		    (size_t)snprintf(out->typed + len, sizeof(out->typed) - len,
			"%s%s", i > 0 ? " " : "", found->found[i].address);
	if (len < sizeof(out->typed))
		add_choice(out, out->typed, "all of these",
		    "one certificate for all; not every CA issues that");
}

static void
ask_address(const struct setup *setup, const struct setup_facts *facts,
    struct setup_question *out)
{
	const struct addresses *found = facts->addresses;
	const bool types = found->count < 2 || is(setup, SETUP_ADDRESS, "type");
	size_t i;

	begin(out, SETUP_ADDRESS, types ? SETUP_TYPES : SETUP_CHOOSES, 2,
	    "For which address is the certificate?");
	if (types) {
		if (found->count > 0)
			(void)snprintf(out->typed, sizeof(out->typed), "%s",
			    found->found[0].address);
		(void)snprintf(out->text, sizeof(out->text),
		    "%s%s%s%sThe one that you send mail from. One certificate "
		    "for several: with blanks between them.",
		    out->typed, found->count > 0 ? ", " : "",
		    found->count > 0 ? found->found[0].whence : "",
		    found->count > 0 ? ".\n" : "");
		return;
	}
	for (i = 0; i < found->count; i++)
		add_choice(out, found->found[i].address,
		    found->found[i].address, found->found[i].whence);
	add_all(found, out);
	add_choice(out, "type", "another one", "you type it, or several");
}

static void
ask_source(const struct setup_facts *facts, struct setup_question *out)
{
	size_t i;

	begin(out, SETUP_SOURCE, SETUP_CHOOSES, 3,
	    "Where does the certificate come from?");
	for (i = 0; i < facts->ca_count && i + 3 < SETUP_CHOICES_MAX; i++) {
		(void)snprintf(out->value[i], sizeof(out->value[i]), "ca:%s",
		    facts->ca[i]);
		if (strcmp(facts->ca[i], facts->ca_now) == 0)
			out->usual = out->choices;
		add_choice(out, out->value[i], facts->ca[i],
		    strstr(facts->ca[i], "staging") != NULL
			? "for trials: nobody trusts its certificates"
			: "by mail, in a few minutes; renews by itself");
	}
	add_choice(
	    out, "url", "another ACME CA", "you know its directory address");
	add_choice(out, "file", "I have a file",
	    ".p12, .pfx or .pem, from a CA or a colleague");
	add_choice(out, "page", "a CA's web page",
	    "mailcert makes the request, you paste it there");
}

static void
ask_send(const struct setup *setup, const struct setup_facts *facts,
    struct setup_question *out)
{
	begin(out, SETUP_SEND, SETUP_CHOOSES, 4,
	    "How are answers to the CA sent?");
	(void)snprintf(out->text, sizeof(out->text),
	    "The CA mails a challenge to %s; your reply must come from there, "
	    "signed by your provider (DKIM).",
	    strchr(setup_addresses(setup), ' ') != NULL
		? "each address"
		: setup_addresses(setup));
	if (is_mutt(setup))
		add_choice(out, "mail", setup->answer[SETUP_PROGRAM],
		    "mailcert puts the reply into its compose menu");
	if (facts->sendmail)
		add_choice(
		    out, "sendmail", "sendmail", "the program of this machine");
	add_choice(
	    out, "smtp", "my provider's server", "SMTP, with your password");
}

static void
ask_write(const struct setup_facts *facts, struct setup_question *out)
{
	struct buf text;
	const char *line, *end;

	begin(out, SETUP_WRITE, SETUP_CHOOSES, 4, "Write this?");
	buf_init(&text, sizeof(out->text) - 1);
	buf_addf(&text, "To %s, at the end:\n", facts->config);
	for (line = facts->lines; *line != '\0'; line = end + (*end != '\0')) {
		end = strchrnul(line, '\n');
		buf_addf(&text, "+ %.*s\n", (int)(end - line), line);
	}
	if (text.at != NULL)
		(void)snprintf(out->text, sizeof(out->text), "%s", text.at);
	buf_clear(&text);
	add_choice(out, "no", "no", "use them for this run only");
	add_choice(out, "yes", "yes", "");
}

static void
ask_mailcap(struct setup_question *out)
{
	begin(out, SETUP_MAILCAP, SETUP_CHOOSES, 4,
	    "Let mail programs call mailcert?");
	(void)snprintf(out->text, sizeof(out->text),
	    "Written before all other entries of ~/.mailcap, between markers: "
	    "the types application/acme and text/plain; what is not a "
	    "challenge is shown as before.");
	add_choice(out, "no", "no", "hand them over by hand");
	add_choice(out, "yes", "yes", "mailcert install mailcap");
}

static void
ask_answer(const struct setup *setup, const struct setup_facts *facts,
    struct setup_question *out)
{
	begin(out, SETUP_ANSWER, SETUP_CHOOSES, 4,
	    "How do you answer the challenge?");
	(void)snprintf(out->text, sizeof(out->text), "%.1000s", facts->stands);
	if (is_mutt(setup))
		add_choice(out, "open", "open my mail program",
		    "there: v, choose the part, Enter, and answer");
	add_choice(out, "look", "go on", "the answer is sent");
}

static void
ask_install(const struct setup *setup, struct setup_question *out)
{
	begin(out, SETUP_INSTALL, SETUP_CHOOSES, 5, "Install the certificate?");
	(void)snprintf(out->text, sizeof(out->text),
	    "mailcert install %s shows each change of your configuration and "
	    "each root certificate, and asks, before it writes.",
	    setup->answer[SETUP_PROGRAM]);
	add_choice(out, "yes", "yes", setup->answer[SETUP_PROGRAM]);
	add_choice(out, "no", "no", "mailcert install does it later");
}

static void
ask_timer(const struct setup_facts *facts, struct setup_question *out)
{
	begin(out, SETUP_TIMER, SETUP_CHOOSES, 6, "Renew it automatically?");
	if (facts->systemd)
		add_choice(out, "systemd", "systemd",
		    "systemctl --user enable --now mailcert-renew.timer");
	if (facts->cron)
		add_choice(out, "cron", "cron", facts->cron_line);
	add_choice(out, "no", "no", "mailcert renew, when it is due");
}

static void
ask_test(const struct setup *setup, const struct setup_facts *facts,
    struct setup_question *out)
{
	const char *program = setup->answer[SETUP_PROGRAM];
	char address[SETUP_ANSWER_SIZE];

	setup_first_address(setup, address);
	begin(out, SETUP_TEST, SETUP_CHOOSES, 7,
	    "Send a signed test message to yourself?");
	if (is_mutt(setup)) {
		(void)snprintf(out->text, sizeof(out->text),
		    "%s opens with a message to %s. Write a line, leave the "
		    "editor, check that it says \"Sign\", and press y.",
		    program, address);
		add_choice(out, "yes", "yes", "");
	} else {
		(void)snprintf(out->text, sizeof(out->text),
		    "Write it in %s: to %s, signed, with the subject\n%s",
		    program, address, facts->subject);
		add_choice(out, "done", "it is sent", "setup looks for it");
	}
	add_choice(out, "no", "no", "setup ends here");
}

static void
ask_look(const struct setup_facts *facts, struct setup_question *out)
{
	begin(
	    out, SETUP_LOOK, SETUP_CHOOSES, 7, "Has the test message arrived?");
	(void)snprintf(out->text, sizeof(out->text),
	    "mailcert checks its signature, and whether your provider changed "
	    "it: a CA is as strict with your answers.%s%.1000s",
	    facts->mailboxes[0] != '\0' ? "\nIt should arrive in " : "",
	    facts->mailboxes);
	if (facts->mailboxes[0] != '\0')
		add_choice(out, "look", "look for it", "");
	add_choice(out, "file", "it is in a file",
	    "saved from the mail "
	    "program, with its header");
	add_choice(out, "no", "skip this", "");
}

void
setup_first_address(const struct setup *setup, char out[SETUP_ANSWER_SIZE])
{
	(void)strcpy(out, setup->answer[SETUP_ADDRESS]);
	out[strcspn(out, " ")] = '\0';
}

/* Behind the other words: "--", and all addresses, or the first one. */
static void
add_addresses(const struct setup *setup, bool all, struct setup_question *out)
{
	const struct span address = span_of(setup->answer[SETUP_ADDRESS]);
	char *at = out->words;
	size_t n = 0;

	while (out->word[n] != NULL)
		n++;
	out->word[n++] = "--";
	(void)span_copy(address, out->words, sizeof(out->words));
	do {
		out->word[n++] = at;
		at += strcspn(at, " ");
		if (*at != '\0')
			*at++ = '\0';
	} while (all && *at != '\0' && n + 1 < SETUP_WORDS);
}

static void
run(struct setup_question *out, enum setup_step step, size_t number,
    const char *said)
{
	begin(out, step, SETUP_RUNS, number, "");
	(void)snprintf(out->said, sizeof(out->said), "%s", said);
}

static void
run_import(const struct setup *setup, struct setup_question *out)
{
	run(out, SETUP_FILE, 4, "taking in the file");
	out->word[0] = "import";
	out->word[1] = "--";
	out->word[2] = setup->answer[SETUP_FILE];
}

/* What stands between the answers and a certificate.  False: nothing. */
static bool
ask_certificate(const struct setup *setup, const struct setup_facts *facts,
    struct setup_question *out)
{
	const char *ca = setup_ca(setup);

	if (facts->has_certificate)
		return false;
	if (ca == NULL && is(setup, SETUP_SOURCE, "file")) {
		if (!has(setup, SETUP_FILE)) {
			begin(out, SETUP_FILE, SETUP_TYPES, 4,
			    "Which file has certificate and key?");
			return true;
		}
		run_import(setup, out);
	} else if (ca == NULL && facts->has_request) {
		if (!has(setup, SETUP_FILE)) {
			begin(out, SETUP_FILE, SETUP_TYPES, 4,
			    "Which file has the CA's certificate?");
			(void)snprintf(out->text, sizeof(out->text),
			    "Paste the request into the CA's web page (mailcert "
			    "csr %s prints it again). You may leave until the "
			    "certificate is there.",
			    setup->answer[SETUP_ADDRESS]);
			return true;
		}
		run_import(setup, out);
	} else if (ca == NULL) {
		run(out, SETUP_GET, 4, "the request for the web page:");
		out->show = true;
		out->word[0] = "csr";
		add_addresses(setup, true, out);
	} else if (!facts->has_order) {
		run(out, SETUP_GET, 4, "placing the order");
		out->word[0] = "order";
		out->word[1] = "--no-wait";
		out->word[2] = "--ca";
		out->word[3] = ca;
		add_addresses(setup, true, out);
	} else if (is(setup, SETUP_ANSWER, "open")) {
		run(out, SETUP_ANSWER, 4, "");
		out->open_mail = true;
	} else if (is(setup, SETUP_ANSWER, "look")) {
		run(out, SETUP_ANSWER, 4, "asking the CA");
		out->word[0] = "finish";
		add_addresses(setup, false, out);
	} else {
		ask_answer(setup, facts, out);
	}
	return true;
}

/* Who answers how, once a CA is chosen.  False: all is said. */
static bool
ask_way(const struct setup *setup, const struct setup_facts *facts,
    struct setup_question *out)
{
	if (setup_ca(setup) == NULL || facts->has_certificate)
		return false;
	if (is(setup, SETUP_SOURCE, "url") && !has(setup, SETUP_URL))
		begin(out, SETUP_URL, SETUP_TYPES, 3,
		    "Its directory (https://...)?");
	else if (!has(setup, SETUP_SEND))
		ask_send(setup, facts, out);
	else if (is(setup, SETUP_SEND, "smtp") && !has(setup, SETUP_SERVER)) {
		begin(out, SETUP_SERVER, SETUP_TYPES, 4,
		    "Its address (submissions://USER@HOST)?");
	} else if (facts->lines[0] != '\0' && !has(setup, SETUP_WRITE))
		ask_write(facts, out);
	else if (is(setup, SETUP_WRITE, "yes")) {
		run(out, SETUP_WRITE, 4, "writing the configuration");
		out->write = true;
	} else if (is(setup, SETUP_SEND, "mail") && is_mutt(setup) &&
	    !has(setup, SETUP_MAILCAP))
		ask_mailcap(out);
	else if (is(setup, SETUP_MAILCAP, "yes")) {
		run(out, SETUP_MAILCAP, 4, "writing ~/.mailcap");
		out->word[0] = "install";
		out->word[1] = "mailcap";
	} else
		return false;
	return true;
}

/* What became of the test message.  False: all is known. */
static bool
ask_examination(const struct setup *setup, const struct setup_facts *facts,
    struct setup_question *out)
{
	if (!has(setup, SETUP_LOOK)) {
		ask_look(facts, out);
	} else if (is(setup, SETUP_LOOK, "file") &&
	    !has(setup, SETUP_MESSAGE)) {
		begin(out, SETUP_MESSAGE, SETUP_TYPES, 7,
		    "Which file has the test message?");
	} else if (is(setup, SETUP_LOOK, "look") ||
	    is(setup, SETUP_LOOK, "file")) {
		run(out, SETUP_LOOK, 7, "examining the test message");
		out->look = out->show = true;
	} else {
		return false;
	}
	return true;
}

/* What is done with the certificate.  False: nothing is left. */
static bool
ask_use(const struct setup *setup, const struct setup_facts *facts,
    struct setup_question *out)
{
	const bool other = is(setup, SETUP_PROGRAM, "other");

	if (!other && !facts->installed && !has(setup, SETUP_INSTALL)) {
		ask_install(setup, out);
	} else if (is(setup, SETUP_INSTALL, "yes")) {
		run(out, SETUP_INSTALL, 5, "");
		out->show = true;
		out->word[0] = "install";
		out->word[1] = setup->answer[SETUP_PROGRAM];
		add_addresses(setup, false, out);
	} else if (setup_ca(setup) != NULL && facts->timer == NULL &&
	    (facts->systemd || facts->cron) && !has(setup, SETUP_TIMER)) {
		ask_timer(facts, out);
	} else if (is(setup, SETUP_TIMER, "systemd") ||
	    is(setup, SETUP_TIMER, "cron")) {
		run(out, SETUP_TIMER, 6, "turning the timer on");
		out->timer = true;
	} else if (!other && facts->installed && !has(setup, SETUP_TEST)) {
		ask_test(setup, facts, out);
	} else if (is(setup, SETUP_TEST, "yes")) {
		run(out, SETUP_TEST, 7, "");
		setup_first_address(setup, out->words);
		out->mail = out->words;
	} else if (is(setup, SETUP_TEST, "done")) {
		return ask_examination(setup, facts, out);
	} else {
		return false;
	}
	return true;
}

void
setup_ask(const struct setup *setup, const struct setup_facts *facts,
    struct setup_question *out)
{
	if (!has(setup, SETUP_PROGRAM))
		ask_program(facts, out);
	else if (setup_addresses(setup)[0] == '\0')
		ask_address(setup, facts, out);
	else if (!has(setup, SETUP_SOURCE))
		ask_source(facts, out);
	else if (!ask_way(setup, facts, out) &&
	    !ask_certificate(setup, facts, out) && !ask_use(setup, facts, out))
		begin(out, SETUP_END, SETUP_ENDS, SETUP_NUMBERS, "");
}

/* --- answers ---------------------------------------------------------------*/

static bool
is_choice(const struct setup_question *question, const char *answer)
{
	size_t i;

	for (i = 0; i < question->choices; i++)
		if (strcmp(question->choice[i].value, answer) == 0)
			return true;
	return false;
}

/* "a@example.org, b@example.org": each must be one. */
static bool
take_addresses(struct setup *setup, const char *answer, struct note *note)
{
	char all[SETUP_ANSWER_SIZE] = "", shown[120];
	struct mailbox mailbox;
	struct span rest = span_of(answer), one;
	size_t len, count = 0, used = 0;

	while (rest.len > 0) {
		for (len = 0; len < rest.len && rest.at[len] != ' ' &&
		     rest.at[len] != ',';
		     len++)
			;
		one = span_cut(rest, 0, len);
		rest = span_cut(rest, len + 1, rest.len);
		if (one.len == 0)
			continue;
		if (address_parse(one, &mailbox) != STATUS_OK) {
			text_show_in(shown, sizeof(shown), one, true);
			note_say(note,
			    "%s is not an address like a@example.org", shown);
			return false;
		}
		if (++count > SETUP_ADDRESSES_MAX) {
			note_say(note,
			    "a certificate gets %d addresses at most",
			    SETUP_ADDRESSES_MAX);
			return false;
		}
		used += (size_t)snprintf(all + used, sizeof(all) - used,
		    "%s%.*s", used > 0 ? " " : "", (int)one.len, one.at);
	}
	if (count == 0)
		note_say(note, "that is empty");
	else
		set(setup, SETUP_ADDRESS, all);
	return count > 0;
}

bool
setup_answer(struct setup *setup, const struct setup_question *question,
    const char *answer, struct note *note)
{
	if (question->kind == SETUP_CHOOSES && !is_choice(question, answer)) {
		note_say(note, "that is not one of the choices");
		return false;
	}
	if (answer[0] == '\0' || strlen(answer) >= SETUP_ANSWER_SIZE ||
	    strpbrk(answer, "\n\t") != NULL) {
		note_say(note, "that is empty, or too long");
		return false;
	}
	if (question->step == SETUP_URL &&
	    strncmp(answer, "https://", 8) != 0) {
		note_say(note, "a directory is at https://...");
		return false;
	}
	if (question->step == SETUP_ADDRESS && strcmp(answer, "type") != 0)
		return take_addresses(setup, answer, note);
	set(setup, question->step, answer);
	return true;
}

void
setup_ran(struct setup *setup, const struct setup_question *question, int code)
{
	switch (question->step) {
	case SETUP_FILE:
	case SETUP_ANSWER:
		/* Whether there is a certificate is a fact. */
		set(setup, question->step, "");
		break;
	case SETUP_LOOK:
		set(setup, SETUP_LOOK,
		    code == 0       ? "done"
			: code == 1 ? "bad"
				    : "");
		set(setup, SETUP_MESSAGE, "");
		break;
	case SETUP_WRITE:
	case SETUP_MAILCAP:
	case SETUP_INSTALL:
	case SETUP_TIMER:
	case SETUP_TEST:
		set(setup, question->step, code == 0 ? "done" : "");
		break;
	default:
		break;
	}
}

void
setup_back(struct setup *setup)
{
	size_t step = SETUP_STEPS;

	while (step-- > 0) {
		if (!has(setup, (enum setup_step)step))
			continue;
		if (is(setup, (enum setup_step)step, "done"))
			return;
		set(setup, (enum setup_step)step, "");
		return;
	}
}

/* --- what is told ----------------------------------------------------------*/

void
setup_add_record(const struct setup *setup, struct buf *out)
{
	static const struct {
		enum setup_step step;
		const char *label;
	} rows[] = { { SETUP_PROGRAM, "Mail program" },
		{ SETUP_ADDRESS, "Address" }, { SETUP_SOURCE, "Source" },
		{ SETUP_SEND, "Answers" } };
	const char *value;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		value = setup->answer[rows[i].step];
		if (rows[i].step == SETUP_ADDRESS)
			value = setup_addresses(setup);
		if (rows[i].step == SETUP_SOURCE && setup_ca(setup) != NULL)
			value = setup_ca(setup);
		if (value[0] != '\0')
			buf_addf(out, "%-13s %s\n", rows[i].label, value);
	}
}

void
setup_add_ca(const struct setup *setup, struct buf *out)
{
	if (setup_ca(setup) != NULL)
		buf_addf(out, "set ca = %s\n", setup_ca(setup));
}

void
setup_add_send(const struct setup *setup, struct buf *out)
{
	if (is(setup, SETUP_SEND, "sendmail"))
		buf_add_text(out, "set draft = sendmail\n");
	if (is(setup, SETUP_SEND, "smtp"))
		buf_addf(out, "set smtp = %s\nset draft = smtp\n",
		    setup->answer[SETUP_SERVER]);
}

void
setup_add_summary(
    const struct setup *setup, const struct setup_facts *facts, struct buf *out)
{
	const char *at;

	buf_add_text(out, "There is a certificate for ");
	for (at = setup_addresses(setup); *at != '\0'; at++)
		if (*at == ' ')
			buf_add_text(out, ", ");
		else
			buf_add_byte(out, *at);
	buf_add_text(out, ".\n\nWhat was done:\n");
	if (is(setup, SETUP_WRITE, "done"))
		buf_addf(out,
		    "- lines in %s, after \"# from mailcert setup\"; undo: "
		    "remove them\n",
		    facts->config);
	if (is(setup, SETUP_MAILCAP, "done"))
		buf_add_text(out,
		    "- entries in ~/.mailcap; undo: mailcert install mailcap "
		    "--remove\n");
	buf_addf(out, "- certificate %s\n- key %s\n", facts->certificate,
	    facts->key);
	if (facts->installed)
		buf_addf(out,
		    "- installed into %s; undo: mailcert install %s "
		    "--remove\n",
		    setup->answer[SETUP_PROGRAM], setup->answer[SETUP_PROGRAM]);
	if (is(setup, SETUP_TIMER, "done"))
		buf_addf(out, "- %s renews it; undo: %s\n",
		    facts->timer != NULL ? facts->timer : "a timer",
		    facts->timer != NULL &&
			    strstr(facts->timer, "crontab") != NULL
			? "crontab -e, remove the line"
			: "systemctl --user disable --now "
			  "mailcert-renew.timer");
	if (is(setup, SETUP_TEST, "done"))
		buf_add_text(out,
		    is(setup, SETUP_LOOK, "done")
			? "- a signed test message arrived; its signature is "
			  "good\n"
			: is(setup, SETUP_LOOK, "bad")
			? "- a test message arrived, but its signature is not "
			  "good; mailcert verify says why\n"
			: "- a test message was sent; when it arrives, mailcert "
			  "verify checks its signature\n");
	buf_addf(out, "\nNext: %s\n",
	    setup_ca(setup) == NULL
		? "get another one before it expires; mailcert cannot renew it."
		: facts->timer != NULL
		? "nothing; it is renewed by itself."
		: "mailcert renew, when it is due; mailcert shows when.");
}

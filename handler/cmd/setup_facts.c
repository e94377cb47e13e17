/* setup_facts.c - what setup finds on this machine and in the home: see setup_p.h */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "answer/advice.h"
#include "base/path.h"
#include "cmd/setup_p.h"
#include "install/program.h"
#include "overview/installed.h"
#include "store/order.h"

void
setup_find_programs(struct conversation *talk)
{
	static const char *const names[] = { "neomutt", "mutt", "thunderbird",
		"s-nail", "alpine" };
	struct setup_facts *facts = &talk->facts;
	char path[1024];
	size_t i;

	facts->has_count = 0;
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (program_find(names[i], path, sizeof(path)))
			facts->has[facts->has_count++] = names[i];
	mail_guess(&talk->guess);
	facts->program = talk->guess.name;
	facts->why = NULL;
	if (talk->guess.configured) {
		(void)snprintf(talk->why, sizeof(talk->why), "you have %s",
		    talk->guess.file);
		facts->why = talk->why;
	}
}

/* The one on the command line, of the mail program, or of the environment. */
static void
find_address(struct conversation *talk)
{
	const char *program = talk->setup.answer[SETUP_PROGRAM];
	const char *email = getenv("EMAIL");
	struct setup_facts *facts = &talk->facts;

	facts->address = facts->whence = NULL;
	if (talk->named != NULL) {
		facts->address = talk->named;
		return;
	}
	if (talk->setup.answer[SETUP_ADDRESS][0] == '\0' &&
	    mail_guess_of(program, &talk->mail) && talk->mail.configured &&
	    !talk->asked_settings) {
		talk->asked_settings = true;
		if (settings_ask(program, &talk->settings, NULL) != STATUS_OK)
			talk->settings.from[0] = '\0';
	}
	if (talk->settings.from[0] != '\0') {
		facts->address = talk->settings.from;
		facts->whence = "as your mail program says";
	} else if (email != NULL && email[0] != '\0') {
		facts->address = email;
		facts->whence = "from the variable EMAIL";
	}
}

static bool
can_run(const char *command)
{
	const struct span words = span_of(command);
	char path[1024];

	return path_expand(span_cut(words, 0, span_find_byte(words, ' ')), path,
		   sizeof(path)) &&
	    access(path, X_OK) == 0;
}

/* What the configuration lacks of what was answered. */
static void
find_lines(struct conversation *talk)
{
	const struct config *config = &talk->session->config;
	const char *ca = setup_ca(&talk->setup);
	const char *send = talk->setup.answer[SETUP_SEND];

	buf_clear(&talk->lines);
	if (ca != NULL && strcmp(config->ca, ca) != 0)
		setup_add_ca(&talk->setup, &talk->lines);
	if ((strcmp(send, "sendmail") == 0 || strcmp(send, "smtp") == 0) &&
	    (strcmp(config->draft, send) != 0 ||
		(send[1] == 'm' && config->smtp.kind == SERVER_NONE)))
		setup_add_send(&talk->setup, &talk->lines);
	talk->facts.lines = talk->lines.at != NULL ? talk->lines.at : "";
	talk->facts.config = talk->config;
}

static void
find_configured(struct conversation *talk)
{
	const struct config *config = &talk->session->config;
	struct setup_facts *facts = &talk->facts;
	size_t i;

	facts->ca_count = 0;
	for (i = 0; i < config->ca_count && facts->ca_count < SETUP_CHOICES_MAX;
	     i++)
		facts->ca[facts->ca_count++] = config->cas[i].name;
	facts->ca_now = config->ca;
	facts->sendmail = can_run(config->sendmail);
	find_lines(talk);
}

/* Where the challenge of an open order stands. */
static enum status
find_challenge(struct conversation *talk, const char *order)
{
	struct expectation *all = NULL;
	enum status status;
	size_t count = 0, i;

	status = expectations_load_of(
	    &talk->session->home, order, &all, &count, &talk->session->note);
	for (i = 0; i < count; i++)
		if (all[i].met == 0) {
			advice_add_state(
			    &all[i], (int64_t)time(NULL), &talk->stands);
			break;
		}
	free(all);
	return status;
}

static bool
is_of(const void *record, const void *address)
{
	const struct order *order = record;

	return (order_is_open(order) || order_is_current(order) ||
		   order->state == ORDER_REQUESTED) &&
	    order_is_for(order, address);
}

/* What the home has for the address. */
enum status
setup_find_orders(struct conversation *talk)
{
	const char *address = talk->setup.answer[SETUP_ADDRESS];
	struct setup_facts *facts = &talk->facts;
	struct session *session = talk->session;
	struct record_search search = { .ids = 0 };
	struct order *all = NULL;
	enum status status;
	size_t count = 0, i;

	facts->has_certificate = facts->has_order = false;
	facts->has_request = false;
	buf_clear(&talk->stands);
	if (address[0] == '\0')
		return STATUS_OK;
	order_search_for(&search, address);
	status = orders_find(&session->home, &search, is_of, address, &all,
	    &count, &session->note);
	for (i = 0; i < count && status == STATUS_OK; i++) {
		if (order_is_current(&all[i])) {
			facts->has_certificate = true;
			(void)strcpy(talk->certificate, all[i].id);
		} else if (all[i].state == ORDER_REQUESTED) {
			facts->has_request = true;
		} else {
			facts->has_order = true;
			status = find_challenge(talk, all[i].id);
		}
	}
	free(all);
	return status;
}

static void
find_installed(struct conversation *talk)
{
	const char *program = talk->setup.answer[SETUP_PROGRAM];
	struct installed installed;
	size_t i;

	talk->facts.installed = false;
	installed_load(&talk->session->home, &installed);
	for (i = 0; i < installed.count; i++)
		if (strcmp(installed.journal[i].name, program) == 0 &&
		    journal_has(&installed.journal[i], "certificate",
			talk->certificate))
			talk->facts.installed = true;
	installed_clear(&installed);
}

/* Only once it matters: it asks other programs. */
static void
find_timer(struct conversation *talk)
{
	struct setup_facts *facts = &talk->facts;

	automation_find("renew", &talk->timer);
	facts->timer =
	    talk->timer.state == AUTOMATION_NONE ? NULL : talk->timer.by;
	timer_find_ways(talk->session->home.path, &talk->ways);
	facts->systemd = talk->ways.systemd;
	facts->cron = talk->ways.cron;
	facts->cron_line = talk->ways.cron_line;
}

enum status
setup_find_facts(struct conversation *talk)
{
	enum status status;

	find_configured(talk);
	find_address(talk);
	status = setup_find_orders(talk);
	if (status == STATUS_OK && talk->facts.has_certificate) {
		find_installed(talk);
		find_timer(talk);
	}
	talk->facts.stands = talk->stands.at != NULL ? talk->stands.at : "";
	return status;
}

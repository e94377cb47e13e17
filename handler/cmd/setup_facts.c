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

const char *const setup_programs[SETUP_PROGRAMS] = { "neomutt", "mutt",
	"thunderbird", "s-nail", "alpine" };

size_t
setup_program_index(const char *program)
{
	size_t i;

	for (i = 0; i < SETUP_PROGRAMS; i++)
		if (strcmp(setup_programs[i], program) == 0)
			break;
	return i;
}

/* The first that is installed and has a configuration, else the first. */
void
setup_find_programs(struct conversation *talk)
{
	struct setup_facts *facts = &talk->facts;
	char path[1024];
	size_t i;

	facts->has_count = 0;
	facts->program = facts->why = NULL;
	for (i = 0; i < SETUP_PROGRAMS; i++) {
		if (!program_find(setup_programs[i], path, sizeof(path)))
			continue;
		facts->has[facts->has_count++] = setup_programs[i];
		if (facts->program == NULL)
			facts->program = setup_programs[i];
		if (facts->why != NULL ||
		    !setup_is_configured(setup_programs[i], path, sizeof(path)))
			continue;
		(void)snprintf(
		    talk->why, sizeof(talk->why), "you have %s", path);
		facts->why = talk->why;
		facts->program = setup_programs[i];
	}
}

/* The one on the command line, or what the user's own configuration has. */
static void
find_addresses(struct conversation *talk)
{
	talk->facts.addresses = &talk->addresses;
	setup_find_addresses(talk);
	if (talk->named == NULL)
		return;
	talk->addresses.count = 0;
	addresses_add(&talk->addresses, span_of(talk->named), "as you say");
}

/* Where the test message is looked for, and by what. */
static void
find_mailboxes(struct conversation *talk)
{
	struct source sources[SOURCES_MAX];
	const size_t count = setup_mailboxes(talk, sources);
	char name[SOURCE_NAME_SIZE];
	size_t i;

	(void)snprintf(talk->subject, sizeof(talk->subject),
	    "Signed test message %s", talk->certificate);
	buf_clear(&talk->mailboxes);
	for (i = 0; i < count; i++) {
		source_name(&sources[i], name);
		buf_addf(&talk->mailboxes, "%s%s", i > 0 ? ", " : "", name);
	}
	talk->facts.mailboxes =
	    talk->mailboxes.at != NULL ? talk->mailboxes.at : "";
	talk->facts.subject = talk->subject;
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

/* Is it for all of them? */
static bool
is_of(const void *record, const void *addresses)
{
	const struct order *order = record;
	struct span rest = span_of(addresses);
	char address[SETUP_ANSWER_SIZE];

	if (!order_is_open(order) && !order_is_current(order) &&
	    order->state != ORDER_REQUESTED)
		return false;
	while (rest.len > 0) {
		if (!span_copy(span_cut(rest, 0, span_find_byte(rest, ' ')),
			address, sizeof(address)) ||
		    !order_is_for(order, address))
			return false;
		rest = span_cut(rest, span_find_byte(rest, ' ') + 1, rest.len);
	}
	return true;
}

static void
name_files(struct conversation *talk)
{
	const char *home = talk->session->home.path;

	(void)snprintf(talk->paths[0], sizeof(talk->paths[0]),
	    "%s/certificates/%s.pem", home, talk->certificate);
	(void)snprintf(talk->paths[1], sizeof(talk->paths[1]), "%s/keys/%s.pem",
	    home, talk->certificate);
	talk->facts.certificate = talk->paths[0];
	talk->facts.key = talk->paths[1];
}

/* What the home has for the address. */
enum status
setup_find_orders(struct conversation *talk)
{
	const char *addresses = setup_addresses(&talk->setup);
	char first[SETUP_ANSWER_SIZE];
	struct setup_facts *facts = &talk->facts;
	struct session *session = talk->session;
	struct record_search search = { .ids = 0 };
	struct order *all = NULL;
	enum status status;
	size_t count = 0, i;

	facts->has_certificate = facts->has_order = false;
	facts->has_request = false;
	buf_clear(&talk->stands);
	if (addresses[0] == '\0')
		return STATUS_OK;
	setup_first_address(&talk->setup, first);
	order_search_for(&search, first);
	status = orders_find(&session->home, &search, is_of, addresses, &all,
	    &count, &session->note);
	for (i = 0; i < count && status == STATUS_OK; i++) {
		if (order_is_current(&all[i])) {
			facts->has_certificate = true;
			(void)strcpy(talk->certificate, all[i].id);
			talk->since = all[i].created;
			name_files(talk);
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
	find_addresses(talk);
	status = setup_find_orders(talk);
	if (status == STATUS_OK && talk->facts.has_certificate) {
		find_installed(talk);
		find_timer(talk);
		find_mailboxes(talk);
	}
	talk->facts.stands = talk->stands.at != NULL ? talk->stands.at : "";
	return status;
}

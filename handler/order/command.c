/*
 * command.c - a CA that is a program: see command.h
 *
 * The program is the user's own, and runs as the user, without a shell and
 * without a terminal.  What it prints is checked like any CA's answer.
 */
#include "order/command.h"

#include <string.h>
#include <unistd.h>

#include "order/candidate.h"
#include "process/run.h"
#include "process/words.h"

enum { WORDS_MAX = 32, SECONDS = 120, EXIT_LATER = 75 };

enum status
command_place(const struct home *home, const struct config_ca *ca,
    struct order_request *request, struct order *out, bool *found,
    struct note *note)
{
	const struct request_form form = { .empty_subject = ca->empty_subject,
		.eku = ca->csr_eku };

	if (ca->command[0] == '\0')
		return note_set(
		    note, STATUS_CONFIG, "ca.%s.command is not set", ca->name);
	request->ca = ca->name;
	return request_place(home, request, &form, out, found, note);
}

static enum status
run(const struct config_ca *ca, struct span request, struct buf *out,
    struct note *said, int *code, struct note *note)
{
	char command[CONFIG_VALUE_SIZE];
	const char *argv[WORDS_MAX + 1];
	const struct run run = { .argv = argv,
		.environment = RUN_USER,
		.input = request,
		.seconds = SECONDS };

	(void)strcpy(command, ca->command);
	argv[words_split(command, argv, WORDS_MAX)] = NULL;
	return process_run(&run, out, said, code, note);
}

/* What its exit status says. */
static enum status
judge(const struct config_ca *ca, int code, const struct note *said,
    struct note *note)
{
	const char *colon = said->text[0] != '\0' ? ": " : "";

	if (code == 0)
		return STATUS_OK;
	if (code == EXIT_LATER)
		return note_set(note, STATUS_AGAIN,
		    "the CA %s has not issued it yet%s%.200s", ca->name, colon,
		    said->text);
	return note_set(note, STATUS_CA,
	    "the program of the CA %s exited with %d%s%.200s", ca->name, code,
	    colon, said->text);
}

static enum status
fetch(const struct config_ca *ca, const struct order *order, struct buf *out,
    struct note *note)
{
	struct note said = { "" };
	struct buf request;
	enum status status;
	int code = 0;

	buf_init(&request, 2 * sizeof(order->csr));
	request_add_pem(order, &request);
	status = buf_status(&request);
	if (status == STATUS_OK)
		status = run(ca, buf_span(&request), out, &said, &code, note);
	/* It may have the request already, and need not read it. */
	if (status == STATUS_IO && code == 0)
		status = STATUS_OK;
	buf_clear(&request);
	return status == STATUS_OK ? judge(ca, code, &said, note) : status;
}

static enum status
take(const struct config_ca *ca, const struct home *home, struct order *order,
    int64_t now, struct note *hint, struct note *note)
{
	struct candidate candidate;
	enum status status;
	struct buf chain;

	buf_init(&chain, CANDIDATE_MAX);
	buf_init(&candidate.chain, CANDIDATE_MAX);
	status = fetch(ca, order, &chain, note);
	if (status == STATUS_OK)
		status = candidate_check(
		    order, buf_span(&chain), now, &candidate, note);
	if (status == STATUS_OK)
		status = candidate_accept(home, order, &candidate, hint, note);
	buf_clear(&candidate.chain);
	buf_clear(&chain);
	return status;
}

enum status
command_ask(const struct config *config, const struct home *home,
    struct order *order, int64_t now, struct note *hint, struct note *note)
{
	const struct config_ca *ca = config_known_ca(config, order->ca);
	enum status status;
	int lock = -1;

	if (ca == NULL || ca->command[0] == '\0')
		return note_set(note, STATUS_CONFIG,
		    "certificate %s is from the CA %s, and ca.%s.command is "
		    "not set",
		    order->id, order->ca, order->ca);
	status = home_lock_on(home, order->id, 0, &lock, note);
	if (status == STATUS_AGAIN)
		return note_set(note, status,
		    "another mailcert process is working on this order");
	if (status != STATUS_OK)
		return status;
	status = order_load(home, order->id, order, note);
	if (status == STATUS_OK && order->state == ORDER_REQUESTED)
		status = take(ca, home, order, now, hint, note);
	(void)close(lock);
	return status;
}

/* sendmail.c - hand the reply to a sendmail program: see sendmail.h */
#include "deliver/sendmail.h"

#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/fd.h"
#include "process/run.h"
#include "process/words.h"

enum {
	SENDMAIL_ARGS_MAX = 32,
	/* A sendmail that talks SMTP itself may take this long for a command
	 * (RFC 5321 section 4.5.3.2); a delivery agent waits longer for us. */
	SENDMAIL_SECONDS = 300
};

/*
 * What the exit status of a sendmail says about the message; docs/leniency.md
 * has the reasons.  Only these say that it was not accepted: wrong usage,
 * address, configuration or permission, a server that rejects it, and "later".
 * Software, system, I/O and protocol errors (70, 71, 74, 76) may occur after
 * the message was passed on; so may any status that sysexits does not define,
 * 127 of a shell script, and a signal.  With several recipients one status
 * cannot speak for all.
 */
static enum outcome
outcome_of_exit(int code, size_t recipients)
{
	switch (code) {
	case EX_OK:
		return OUTCOME_SENT;
	case EX_USAGE:
	case EX_DATAERR:
	case EX_NOINPUT:
	case EX_NOUSER:
	case EX_NOHOST:
	case EX_UNAVAILABLE:
	case EX_TEMPFAIL:
	case EX_NOPERM:
	case EX_CONFIG:
		return recipients == 1 ? OUTCOME_NOTHING : OUTCOME_DOUBT;
	default:
		return OUTCOME_DOUBT;
	}
}

/* Is there a user whom sendmail could ask for a password? */
static bool
has_terminal(void)
{
	const int tty = fd_terminal();

	if (tty >= 0)
		(void)close(tty);
	return tty >= 0;
}

enum status
sendmail_send(const char *program, const struct envelope *envelope,
    struct span message, enum outcome *outcome, struct note *note)
{
	const char *argv[SENDMAIL_ARGS_MAX + 16];
	struct run run = { .argv = argv,
		.environment = RUN_MAIL,
		.input = message,
		.seconds = SENDMAIL_SECONDS };
	struct note said = { "" };
	char command[1024];
	enum status status;
	size_t n, i;
	int code = 0;

	if (!span_copy(span_of(program), command, sizeof(command)))
		return STATUS_CONFIG;
	n = words_split(command, argv, SENDMAIL_ARGS_MAX);
	/* Without -t: we set the envelope, rather than a parser of the
	 * header. */
	argv[n++] = "-oi";
	argv[n++] = "-f";
	argv[n++] = envelope->sender;
	argv[n++] = "--";
	for (i = 0; i < envelope->recipients; i++)
		argv[n++] = envelope->recipient[i];
	argv[n] = NULL;
	run.shares = has_terminal();
	status = process_run(&run, NULL, &said, &code, note);
	if (status == STATUS_CREATE)
		return note_set(
		    note, STATUS_CREATE, "cannot start %.200s", argv[0]);
	*outcome = status == STATUS_OK
	    ? outcome_of_exit(code, envelope->recipients)
	    : OUTCOME_DOUBT;
	if (*outcome == OUTCOME_SENT)
		return said.text[0] == '\0'
		    ? STATUS_OK
		    : note_set(note, STATUS_OK, "%.100s: %.200s", argv[0],
			  said.text);
	if (status != STATUS_OK)
		return STATUS_IO;
	return note_set(note,
	    *outcome == OUTCOME_NOTHING && code == EX_TEMPFAIL ? STATUS_AGAIN
							       : STATUS_IO,
	    "%.100s exited with status %d%s%.100s%s", argv[0], code,
	    said.text[0] != '\0' ? ": " : "", said.text,
	    *outcome == OUTCOME_NOTHING ? "; the reply was not sent" : "");
}

enum status
deliver_sendmail(const struct delivery *delivery, struct span message,
    enum outcome *outcome, struct note *note)
{
	struct envelope envelope;

	envelope_of(delivery, &envelope);
	return sendmail_send(
	    delivery->sendmail, &envelope, message, outcome, note);
}

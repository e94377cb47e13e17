/*
 * setup_look.c - find the test message and examine it: see setup_p.h
 *
 * It is hostile as any other.  Here only its header is searched for the subject
 * that setup has given it; mailcert verify and mailcert doctor read it, in their
 * sandboxes.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/mail_access.h"
#include "cmd/own_command.h"
#include "cmd/setup_p.h"
#include "store/order.h"
#include "watch/watch.h"

#define MESSAGE "message"

struct search {
	struct span subject;
	struct buf found; /* the newest one; owned */
	enum status status;
};

/* Does a line of the header say so? */
static bool
has_subject(struct span message, struct span subject)
{
	struct span line;

	while (message.len > 0) {
		line = span_cut(message, 0, span_find_byte(message, '\n'));
		message = span_cut(message, line.len + 1, message.len);
		line = span_trim(line);
		if (line.len == 0)
			return false;
		if (span_starts_nocase(line, SPAN("subject:")) &&
		    span_eq(span_trim(span_cut(line, 8, line.len)), subject))
			return true;
	}
	return false;
}

/* A watch_taker's: STATUS_UNCHANGED goes on. */
static enum status
take(void *arg, const char *where, struct span message)
{
	struct search *search = arg;

	(void)where;
	if (!has_subject(message, search->subject))
		return STATUS_UNCHANGED;
	buf_clear(&search->found);
	buf_add(&search->found, message);
	search->status = buf_status(&search->found);
	return search->status == STATUS_OK ? STATUS_UNCHANGED : STATUS_END;
}

static void
tell(void *arg, const char *what)
{
	(void)arg;
	(void)what;
}

size_t
setup_mailboxes(const struct conversation *talk, struct source out[SOURCES_MAX])
{
	const char *spool = talk->settings.spool;
	char path[SETTING_SIZE + 8];
	size_t count = 0, i;

	if (!sources_parse(
		span_of(talk->session->config.watch), out, SOURCES_MAX, &count))
		count = 0;
	if (spool[0] == '\0' || count == SOURCES_MAX)
		return count;
	(void)snprintf(path, sizeof(path), "%s/cur", spool);
	out[count] =
	    (struct source){ .kind = access(path, F_OK) == 0 ? SOURCE_MAILDIR
							     : SOURCE_MBOX };
	if (access(spool, R_OK) != 0 ||
	    !span_copy(
		span_of(spool), out[count].path, sizeof(out[count].path)))
		return count;
	for (i = 0; i < count; i++)
		if (strcmp(out[i].path, spool) == 0)
			return count;
	return count + 1;
}

/* STATUS_NO: it is in none of them. */
static enum status
search_all(struct conversation *talk, struct search *search)
{
	struct session *session = talk->session;
	const struct mail_access access =
	    mail_access_of(&session->config, true);
	const struct watch_taker taker = { take, tell, NULL, search };
	const struct watch_wanted wanted = { .since = talk->since,
		.every = true };
	struct source sources[SOURCES_MAX];
	const size_t count = setup_mailboxes(talk, sources);
	struct note why = { "" };
	enum status status;
	size_t i;

	for (i = 0; i < count && search->found.len == 0; i++) {
		status = watch_recent(&session->config, &access, &sources[i],
		    &wanted, &taker, &why);
		if (search->status != STATUS_OK)
			return search->status;
		if (status != STATUS_OK)
			cmd_say(&why);
	}
	return search->found.len > 0
	    ? STATUS_OK
	    : note_set(&session->note, STATUS_NO,
		  "no message \"%.100s\" has arrived there yet", talk->subject);
}

/* What verify and doctor say of the file; *code: of verify. */
static enum status
examine(struct conversation *talk, const char *file, int *code)
{
	const char *const verify[] = { "verify", "--", file, NULL };
	const char *const doctor[] = { "doctor", "--message", file, NULL };
	const struct config *config = &talk->session->config;
	enum status status;
	int ignored = 0;

	status =
	    own_command_on(talk->tty, &talk->invocation, config, verify, code);
	/* Of what cannot be read, verify has said so. */
	if (status != STATUS_OK || (*code != 0 && *code != 1))
		return status;
	return own_command_on(
	    talk->tty, &talk->invocation, config, doctor, &ignored);
}

enum status
setup_look(struct conversation *talk, int *code)
{
	struct session *session = talk->session;
	struct search search = { .subject = span_of(talk->subject),
		.status = STATUS_OK };
	char path[CONFIG_VALUE_SIZE + sizeof(MESSAGE) + 1];
	enum status status;

	if (talk->setup.answer[SETUP_MESSAGE][0] != '\0')
		return examine(talk, talk->setup.answer[SETUP_MESSAGE], code);
	buf_init(&search.found, (size_t)session->config.max_message);
	status = search_all(talk, &search);
	if (status == STATUS_OK)
		status = file_replace(session->home.dir, MESSAGE,
		    buf_span(&search.found), &session->note);
	(void)snprintf(path, sizeof(path), "%s/" MESSAGE, session->home.path);
	if (status == STATUS_OK)
		status = examine(talk, path, code);
	(void)unlinkat(session->home.dir, MESSAGE, 0);
	buf_clear(&search.found);
	return status;
}

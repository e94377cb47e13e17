/*
 * jmap.c - look through the mail of an account on a JMAP server (RFC 8621)
 *
 * Email/changes says what was created since the state of the last look; at the
 * first look, and where the server cannot tell any more, Email/query lists what
 * came since the order.  Of each message a few properties say whether it can be
 * a challenge, and only then it is downloaded.
 *
 * The server is asked for no search in texts or fields: Cyrus finds nothing by
 * "subject" before its index is made, others index no header fields, and an
 * empty answer cannot be told from no challenge.  What it must know of each
 * message, the time of arrival, is the only filter.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "watch/filter.h"
#include "watch/jmap_ask.h"

enum {
	/* In one look: what is left of a longer list is for the next one, after a
	 * pause, so that other mailboxes have their turn.  A page has up to
	 * JMAP_IDS_MAX messages; the server may give fewer. */
	PAGES_MAX = 400, /* of Email/query */
	/* Where every message is wanted, somebody waits for all: what is longer
	 * has no end. */
	PAGES_OF_ALL_MAX = 1000 * 1000,
	CHANGES_MAX = 200,
	/* Messages whose properties cannot be read, one by one. */
	UNREADABLE_MAX = 8
};

/* One look. */
struct jmap_round {
	struct jmap_talk talk;
	struct jmap_ids ids; /* one page */
	int unreadable;
};

static uint64_t
key_of(const char *id)
{
	return judged_key_of(span_of(id));
}

/* RFC 8620 section 1.4: UTCDate. */
static void
add_time(struct buf *out, int64_t when)
{
	const time_t seconds = (time_t)(when > 0 ? when : 0);
	char text[32] = "";
	struct tm utc;

	if (gmtime_r(&seconds, &utc) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	buf_add_text(out, text);
}

/* Download it, and hand it over. */
static enum status
take_email(
    struct jmap_talk *talk, const struct jmap_email *email, struct note *note)
{
	struct look *look = talk->look;
	struct watched *mailbox = talk->mailbox;
	struct span message = { NULL, 0 };
	enum status status = STATUS_OK;

	if (email->fits && email->size <= look->watcher->config->max_message) {
		status = jmap_ask_blob(talk, email->blob, &message, note);
		/* It is gone, or larger than it was said to be. */
		if (status == STATUS_MISSING || status == STATUS_BAD_SIZE)
			status = STATUS_OK;
		if (status != STATUS_OK)
			return status;
		note->text[0] = '\0';
	}
	if (message.len == 0)
		look_skip(look, mailbox, email->id,
		    "it is larger than max_message, or gone");
	else if (filter_wants(
		     span_cut(message, 0, FILTER_HEAD_MAX), look->wanted)) {
		if (look->taker->hear != NULL)
			look->taker->hear(look->taker->arg, &email->smime);
		return look_take(
		    look, mailbox, key_of(email->id), email->id, message);
	}
	judged_add(&mailbox->done, key_of(email->id));
	return status;
}

static void
add_question(const struct jmap_talk *talk, const char (*ids)[JMAP_ID_SIZE],
    size_t count, struct buf *out)
{
	size_t i;

	buf_add_text(out,
	    "\"properties\":[\"id\",\"blobId\",\"size\","
	    "\"header:Auto-Submitted:asRaw\",\"header:From:asRaw\","
	    "\"header:Subject:asRaw\"");
	if (talk->look->wanted->sent > 0)
		buf_add_text(out, ",\"header:Content-Type:asRaw\"");
	if (jmap_asks_smime(talk))
		buf_add_text(out,
		    ",\"smimeStatus\",\"smimeStatusAtDelivery\","
		    "\"smimeErrors\",\"smimeVerifiedAt\"");
	buf_add_text(out, "],\"ids\":[");
	for (i = 0; i < count; i++)
		buf_addf(out, "%s\"%s\"", i > 0 ? "," : "", ids[i]);
	buf_add_text(out, "]");
}

/* Of those that the user named, say which do not exist. */
static void
tell_missing(const struct jmap_talk *talk, const char (*ids)[JMAP_ID_SIZE],
    size_t count, const struct jmap_emails *emails)
{
	uint32_t j;
	size_t i;

	for (i = 0; i < count; i++) {
		for (j = 0; j < emails->count; j++)
			if (strcmp(emails->email[j].id, ids[i]) == 0)
				break;
		if (j == emails->count)
			look_skip(talk->look, talk->mailbox, ids[i],
			    "the account has no such message");
	}
}

/* Ask for the properties of a few messages, and take those that fit. */
static enum status
take_few(struct jmap_talk *talk, const char (*ids)[JMAP_ID_SIZE], size_t count,
    struct note *note)
{
	struct jmap_emails *emails = calloc(1, sizeof(*emails));
	enum status status = STATUS_MEMORY;
	struct buf question;
	uint32_t i;

	buf_init(&question, 64 * 1024);
	add_question(talk, ids, count, &question);
	if (emails != NULL)
		status = buf_status(&question);
	if (status == STATUS_OK)
		status =
		    jmap_ask_emails(talk, buf_span(&question), emails, note);
	for (i = 0; status == STATUS_OK && i < emails->count; i++)
		status = take_email(talk, &emails->email[i], note);
	if (status == STATUS_OK && talk->look->watcher->ids != NULL)
		tell_missing(talk, ids, count, emails);
	buf_clear(&question);
	free(emails);
	return status;
}

/* The same, but one message whose header nobody can read, or that is too long
 * for an answer, hides no other: halve, and leave it out in the end. */
static enum status
take_some(struct jmap_round *round, const char (*ids)[JMAP_ID_SIZE],
    size_t count, struct note *note)
{
	enum status status = take_few(&round->talk, ids, count, note);

	if (status != STATUS_BAD_JSON && status != STATUS_BAD_SIZE)
		return status;
	if (count > 1) {
		status = take_some(round, ids, count / 2, note);
		return status == STATUS_OK
		    ? take_some(round, ids + count / 2, count - count / 2, note)
		    : status;
	}
	if (++round->unreadable > UNREADABLE_MAX)
		return status;
	look_skip(round->talk.look, round->talk.mailbox, ids[0],
	    "what the server says of it cannot be read");
	judged_add(&round->talk.mailbox->done, key_of(ids[0]));
	note->text[0] = '\0';
	return STATUS_OK;
}

/* Drop the ids of messages that were looked at already. */
static void
drop_judged(const struct watched *mailbox, struct jmap_ids *ids)
{
	uint32_t i, n = 0;

	for (i = 0; i < ids->count; i++)
		if (!look_knows(mailbox, key_of(ids->id[i])))
			memmove(ids->id[n++], ids->id[i], JMAP_ID_SIZE);
	ids->count = n;
}

/* Take a page. */
static enum status
take_page(struct jmap_round *round, struct note *note)
{
	const struct watched *mailbox = round->talk.mailbox;
	struct jmap_ids *ids = &round->ids;
	enum status status = STATUS_OK;
	size_t i, count;

	drop_judged(mailbox, ids);
	for (i = 0; i < ids->count && status == STATUS_OK; i += count) {
		count = ids->count - i;
		if (count > mailbox->session->batch)
			count = mailbox->session->batch;
		status = take_some(round,
		    (const char(*)[JMAP_ID_SIZE])ids->id + i, count, note);
	}
	return status;
}

/* Ask for the page behind that message, the newest messages first. */
static enum status
ask_page(struct jmap_round *round, const char *anchor, struct note *note)
{
	struct buf question;
	enum status status;

	buf_init(&question, 2048);
	buf_add_text(&question, "\"filter\":{\"after\":\"");
	add_time(&question, round->talk.look->since);
	buf_addf(&question,
	    "\"},\"sort\":[{\"property\":\"receivedAt\","
	    "\"isAscending\":false}],\"limit\":%d",
	    JMAP_IDS_MAX);
	/* A message that vanishes meanwhile moves no other over a boundary. */
	if (anchor[0] != '\0')
		buf_addf(
		    &question, ",\"anchor\":\"%s\",\"anchorOffset\":1", anchor);
	status = buf_status(&question);
	if (status == STATUS_OK)
		status = jmap_ask_ids(&round->talk, JMAP_QUERY,
		    buf_span(&question), &round->ids, note);
	buf_clear(&question);
	return status;
}

/* Where a list is being read. */
struct place {
	char anchor[JMAP_ID_SIZE];  /* the last message of a page; or empty */
	char earlier[JMAP_ID_SIZE]; /* one before: that of page `then` */
	int page, then;
};

/* Go on to the next page.  False: the list goes round in a circle, since a page
 * ends where an earlier one did (Brent's way to find that). */
static bool
move_on(struct place *place, const char *last)
{
	if (strcmp(place->anchor, last) == 0 ||
	    strcmp(place->earlier, last) == 0)
		return false;
	if (++place->page >= 2 * place->then) {
		place->then = place->page;
		(void)strcpy(place->earlier, last);
	}
	(void)strcpy(place->anchor, last);
	return true;
}

static enum status
no_end(struct note *note)
{
	return note_set(note, STATUS_NET, "its list of messages has no end");
}

/* At pages up to the end of the list, or as many as one look has. */
static enum status
look_at_pages(struct jmap_round *round, const char *state, struct note *note)
{
	struct watched *mailbox = round->talk.mailbox;
	const bool every = round->talk.look->wanted->every;
	const int most = every ? PAGES_OF_ALL_MAX : PAGES_MAX;
	struct jmap_ids *ids = &round->ids;
	struct place place = { .then = 1 };
	enum status status;

	(void)strcpy(place.anchor, mailbox->anchor);
	mailbox->anchor[0] = '\0';
	while (place.page < most) {
		status = ask_page(round, place.anchor, note);
		if (status == STATUS_OK && ids->count == 0) {
			(void)strcpy(mailbox->state, state);
			return STATUS_OK;
		}
		if (status == STATUS_OK &&
		    !move_on(&place, ids->id[ids->count - 1]))
			return no_end(note);
		if (status == STATUS_OK)
			status = take_page(round, note);
		if (status != STATUS_OK)
			return status;
	}
	if (every)
		return no_end(note);
	(void)strcpy(mailbox->anchor, place.anchor);
	(void)strcpy(mailbox->before, state);
	return note_set(note, STATUS_NET,
	    "its list of messages is long; the rest of it is for the next "
	    "look");
}

/* At all that came since then.  The state is asked for first, so that what
 * comes meanwhile is among the changes. */
static enum status
look_at_all(struct jmap_round *round, struct note *note)
{
	const struct watched *mailbox = round->talk.mailbox;
	char state[JMAP_STATE_SIZE];
	enum status status;

	if (mailbox->anchor[0] != '\0') {
		(void)strcpy(state, mailbox->before);
		return look_at_pages(round, state, note);
	}
	status = jmap_ask_ids(
	    &round->talk, JMAP_STATE, SPAN("\"ids\":[]"), &round->ids, note);
	if (status != STATUS_OK)
		return status;
	(void)strcpy(state, round->ids.state);
	return look_at_pages(round, state, note);
}

static enum status
ask_changes(struct jmap_round *round, struct note *note)
{
	struct buf question;
	enum status status;

	buf_init(&question, 2048 + 6 * JMAP_STATE_SIZE);
	buf_add_text(&question, "\"sinceState\":");
	text_json(&question, span_of(round->talk.mailbox->state));
	buf_addf(&question, ",\"maxChanges\":%d", JMAP_IDS_MAX);
	status = buf_status(&question);
	if (status == STATUS_OK)
		status = jmap_ask_ids(&round->talk, JMAP_CHANGES,
		    buf_span(&question), &round->ids, note);
	buf_clear(&question);
	return status;
}

/* At what was created since the state of the last look. */
static enum status
look_at_changes(struct jmap_round *round, struct note *note)
{
	struct watched *mailbox = round->talk.mailbox;
	struct jmap_ids *ids = &round->ids;
	enum status status = STATUS_OK;
	bool moved = true;
	int n;

	for (n = 0; n < CHANGES_MAX && moved; n++) {
		status = ask_changes(round, note);
		if (status == STATUS_OK &&
		    ids->result.outcome == JMAP_CANNOT_CALCULATE)
			return look_at_all(round, note);
		if (status == STATUS_OK)
			status = take_page(round, note);
		if (status != STATUS_OK)
			return status;
		moved = strcmp(mailbox->state, ids->state) != 0;
		(void)strcpy(mailbox->state, ids->state);
		if (!ids->more)
			return STATUS_OK;
	}
	/* Next time: all that came since the order. */
	mailbox->state[0] = '\0';
	return note_set(note, STATUS_NET, "its list of changes has no end");
}

/* Without a user there must be a token. */
static enum status
check_account(
    const struct look *look, const struct server *server, struct note *note)
{
	const struct config_secret *by =
	    config_secret_of(look->watcher->config, server);

	return server->user[0] != '\0' || (by != NULL && by->token)
	    ? STATUS_OK
	    : note_set(note, STATUS_CONFIG,
		  "it needs a user (jmap:https://USER@%.100s) or "
		  "token.%.100s",
		  server->host, server->host);
}

/* At those that the user named. */
static enum status
look_at_ids(struct jmap_round *round, struct note *note)
{
	const struct watch_ids *named = round->talk.look->watcher->ids;
	struct jmap_ids *ids = &round->ids;
	enum status status = STATUS_OK;
	size_t i = 0;

	while (status == STATUS_OK && i < named->count) {
		for (ids->count = 0;
		     ids->count < JMAP_IDS_MAX && i < named->count; i++)
			if (span_copy(span_of(named->id[i]),
				ids->id[ids->count], JMAP_ID_SIZE))
				ids->count++;
		status = take_page(round, note);
	}
	return status;
}

static enum status
look_through(struct jmap_round *round, struct note *note)
{
	struct watched *mailbox = round->talk.mailbox;
	enum status status = STATUS_OK;

	if (mailbox->session == NULL || mailbox->session->account[0] == '\0')
		status = jmap_get_session(&round->talk, note);
	/* Nothing has come there yet. */
	if (status != STATUS_OK || mailbox->session->account[0] == '\0')
		return status;
	if (round->talk.look->watcher->ids != NULL)
		return look_at_ids(round, note);
	return round->talk.look->full || mailbox->state[0] == '\0'
	    ? look_at_all(round, note)
	    : look_at_changes(round, note);
}

/* What an answer that cannot be read is to a user: another server may have
 * answered, such as a portal. */
static enum status
as_trouble(enum status status)
{
	return status == STATUS_BAD_JSON || status == STATUS_BAD_SIZE
	    ? STATUS_NET
	    : status;
}

enum status
jmap_look(struct watched *mailbox, struct look *look, struct note *note)
{
	struct jmap_round *round;
	enum status status;

	mailbox->wish = 0;
	status = check_account(look, &mailbox->source.server, note);
	if (status != STATUS_OK)
		return status;
	round = calloc(1, sizeof(*round));
	if (round == NULL)
		return STATUS_MEMORY;
	jmap_talk_begin(&round->talk, mailbox, look);
	status = look_through(round, note);
	jmap_talk_end(&round->talk);
	free(round);
	if (status != STATUS_OK)
		jmap_close(mailbox);
	return as_trouble(status);
}

void
jmap_close(struct watched *mailbox)
{
	free(mailbox->session);
	mailbox->session = NULL;
	helper_end(&mailbox->kept);
}

/* Name the server, where the sentence does not. */
static void
name_it(const struct server *server, enum status status, struct note *note)
{
	const struct note why = *note;
	char name[SERVER_NAME_SIZE];

	server_name(server, name);
	if (!span_starts(span_of(why.text), span_of(name)))
		note_say(note, "%.120s: %.180s", name, note_text(&why, status));
}

enum status
watch_probe_jmap(const struct config *config, const struct mail_access *access,
    const struct server *server, struct note *note)
{
	struct watcher watcher = { .config = config, .access = access };
	struct look look = { .watcher = &watcher };
	struct watched mailbox = { .source = { .kind = SOURCE_JMAP,
				       .server = *server } };
	struct jmap_talk talk;
	enum status status;

	jmap_talk_begin(&talk, &mailbox, &look);
	status = check_account(&look, server, note);
	if (status == STATUS_OK)
		status = jmap_get_session(&talk, note);
	jmap_talk_end(&talk);
	jmap_close(&mailbox);
	status = as_trouble(status);
	if (status != STATUS_OK)
		name_it(server, status, note);
	return status;
}

/*
 * challenge.c - the claims of a challenge message: see challenge.h
 *
 * Input: hostile.  The order of the checks is part of the interface: it
 * decides which refusal a message with several faults gets.
 */
#include "reply/challenge.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mail/date.h"
#include "mail/header.h"
#include "mail/mbox.h"
#include "mail/mime.h"
#include "mail/received.h"
#include "mail/word.h"
#include "reply/subject.h"

static const struct {
	const char *name;
	const char *sentence;
} warnings[WARNING_COUNT] = {
	{ "reply-to-domain",
	    "the reply would go to a domain other than the sender's" },
	{ "reply-to-many", "the reply would go to more than one address" },
	{ "hidden-characters", "a name holds hidden or look-alike characters" },
	{ "message-id",
	    "the Message-ID is malformed; the reply will not quote it" },
	{ "threaded", "the message claims to answer an earlier one" },
	{ "resent", "somebody resent this message" },
	{ "address-spelling",
	    "the address differs from the expected one in case or quotes" },
	{ "two-orders", "two expected challenges match this message" },
	{ "order-answered",
	    "another token for this order was already answered" },
	{ "in-doubt", "an earlier answer may already have been sent" },
	{ "weak-key", "the sender signs with a key below 2048 bits" },
	{ "no-date", "the message does not say when it was written" },
};

static size_t
warning_index(unsigned warning)
{
	size_t i = 0;

	while (i < WARNING_COUNT && (warning & 1U << i) == 0)
		i++;
	assert(i < WARNING_COUNT);
	return i;
}

const char *
warning_name(unsigned warning)
{
	return warnings[warning_index(warning)].name;
}

const char *
warning_sentence(unsigned warning)
{
	return warnings[warning_index(warning)].sentence;
}

/* RFC 5322 section 3.6: these occur once at the most. */
static enum status
check_single(const struct header *header, struct note *note)
{
	static const char *const names[] = { "Subject", "From", "To", "Cc",
		"Sender", "Reply-To", "Date", "Message-ID", "In-Reply-To",
		"References", "Auto-Submitted", "MIME-Version", "Content-Type",
		"Content-Transfer-Encoding" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (header_count(header, span_of(names[i])) > 1)
			return note_set(note, STATUS_BAD_HEADER,
			    "the message has more than one %s field", names[i]);
	return STATUS_OK;
}

/* Did a mail program weed and decode the message before it came here (mutt
 * with pipe_decode set)?  Every delivered message has one of these. */
static enum status
check_raw(const struct header *header, struct note *note)
{
	static const char *const names[] = { "Message-ID", "Received",
		"Return-Path", "DKIM-Signature", "Auto-Submitted",
		"MIME-Version" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (header_count(header, span_of(names[i])) > 0)
			return STATUS_OK;
	return note_set(note, STATUS_BAD_ENCODING,
	    "the mail program weeded the header; set pipe_decode=no");
}

/* RFC 3834 section 5: keyword, then parameters; comments anywhere. */
static enum status
check_auto(const struct header *header, bool demanded, struct challenge *out,
    struct note *note)
{
	struct span body = header_body(header, SPAN("Auto-Submitted"));
	struct buf line, value;
	struct content_type type;
	enum status status = STATUS_OK;
	struct span rest;
	size_t n;

	if (header_count(header, SPAN("Auto-Submitted")) == 0)
		return demanded ? note_set(note, STATUS_BAD_AUTO,
				      "the message has no Auto-Submitted field")
				: STATUS_OK;
	rest = body;
	if (cfws_skip(&rest) != STATUS_OK)
		return STATUS_BAD_AUTO;
	for (n = 0;
	     n < rest.len && (ascii_is_alnum(rest.at[n]) || rest.at[n] == '-');
	     n++)
		;
	if (!span_eq_nocase(span_cut(rest, 0, n), SPAN("auto-generated")))
		return note_set(note, STATUS_BAD_AUTO,
		    "the Auto-Submitted field does not say auto-generated");
	/* The parameters have the grammar of Content-Type's. */
	buf_init(&line, HEADER_FIELD_MAX + 16);
	buf_init(&value, 64);
	buf_add_text(&line, "x/y");
	buf_add(&line, span_cut(rest, n, rest.len));
	if (content_type_parse(buf_span(&line), &type) != STATUS_OK)
		status = note_set(note, STATUS_BAD_AUTO,
		    "the Auto-Submitted field is malformed");
	else
		out->type_acme = content_type_param(&type, SPAN("type"),
				     &value) == STATUS_OK &&
		    span_eq_nocase(buf_span(&value), SPAN("acme"));
	buf_clear(&line);
	buf_clear(&value);
	return status;
}

/*
 * RFC 8823 section 6, item 3, and what other list software leaves.  Mass
 * mailers put List-Unsubscribe and List-Unsubscribe-Post (RFC 8058) on what
 * they send to one person: alone these do not make it list mail.
 */
static bool
is_list_field(struct span name)
{
	return (span_starts_nocase(name, SPAN("List-")) &&
		   !span_eq_nocase(name, SPAN("List-Unsubscribe")) &&
		   !span_eq_nocase(name, SPAN("List-Unsubscribe-Post"))) ||
	    span_eq_nocase(name, SPAN("X-Loop")) ||
	    span_eq_nocase(name, SPAN("Mailing-List"));
}

static enum status
check_list(const struct header *header, struct note *note)
{
	struct span precedence =
	    span_trim(header_body(header, SPAN("Precedence")));
	char name[32];
	size_t i;

	for (i = 0; i < header->count; i++) {
		if (!is_list_field(header->field[i].name))
			continue;
		text_show_in(name, sizeof(name), header->field[i].name, false);
		return note_set(note, STATUS_BAD_LIST,
		    "the message has a %s field, like list mail", name);
	}
	if (span_eq_nocase(precedence, SPAN("list")))
		return note_set(note, STATUS_BAD_LIST,
		    "the message has \"Precedence: list\", like list mail");
	return STATUS_OK;
}

static void
write_addr(char out[ADDRESS_SIZE], const struct mailbox *mailbox)
{
	struct buf text;

	buf_init(&text, ADDRESS_SIZE - 1);
	buf_add(&text, mailbox->local);
	buf_add_byte(&text, '@');
	buf_add(&text, mailbox->domain);
	if (!span_copy(buf_span(&text), out, ADDRESS_SIZE))
		out[0] = '\0';
	buf_clear(&text);
}

/* The display name as a person would read it, decoded and made safe. */
static void
take_name(struct span name, struct challenge *out)
{
	struct words words;
	struct buf text;
	struct span plain;

	if (name.len >= 2 && name.at[0] == '"' && name.at[name.len - 1] == '"')
		name = span_cut(name, 1, name.len - 1);
	buf_init(&text, HEADER_FIELD_MAX);
	if (words_decode(&text, name, &words) == STATUS_OK) {
		plain = buf_span(&text);
		if (text_has_hidden(plain) || text_mixes_scripts(plain) ||
		    words.bad_text)
			out->warnings |= WARNING_DISPLAY;
		text_show_in(
		    out->from_shown, sizeof(out->from_shown), plain, true);
	}
	buf_clear(&text);
}

/* RFC 8823 section 3.1, item 2: one plain mailbox. */
static enum status
take_from(const struct header *header, struct address_list *list,
    struct challenge *out, struct note *note)
{
	enum status status;

	if (header_count(header, SPAN("From")) == 0)
		return note_set(
		    note, STATUS_BAD_FROM, "the message has no From field");
	status = address_list_parse(header_body(header, SPAN("From")), list);
	if (status == STATUS_BAD_SIZE)
		return note_set(note, status, "the From field is too large");
	if (status != STATUS_OK || list->count != 1 || list->group)
		return note_set(note, STATUS_BAD_HEADER,
		    "the From field is not a single plain address");
	if (address_normal(&list->mailbox[0], out->claimed_from) != STATUS_OK)
		return note_set(note, STATUS_BAD_FROM,
		    "the From address has a malformed domain");
	write_addr(out->claimed_from_written, &list->mailbox[0]);
	if (out->claimed_from_written[0] == '\0')
		return STATUS_BAD_FROM;
	take_name(list->mailbox[0].name, out);
	if (text_has_hidden(span_of(out->claimed_from_written)))
		out->warnings |= WARNING_DISPLAY;
	return STATUS_OK;
}

/* RFC 8823 section 3.1, item 3. */
static enum status
take_to(const struct header *header, struct address_list *list,
    struct challenge *out, struct note *note)
{
	enum status status;

	if (header_count(header, SPAN("To")) == 0)
		return note_set(
		    note, STATUS_BAD_TO, "the message has no To field");
	status = address_list_parse(header_body(header, SPAN("To")), list);
	if (status == STATUS_BAD_SIZE)
		return note_set(note, status, "the To field is too large");
	if (status != STATUS_OK || list->count != 1 || list->group ||
	    address_normal(&list->mailbox[0], out->claimed_to) != STATUS_OK)
		return note_set(note, STATUS_BAD_TO,
		    "the To field is not a single plain address");
	return STATUS_OK;
}

/* RFC 8823 section 3.2, item 3: Reply-To if present, else From. */
static enum status
take_reply_to(const struct header *header, struct address_list *list,
    struct challenge *out, struct note *note)
{
	struct span from_domain = address_domain(span_of(out->claimed_from));
	struct span address;
	enum status status;
	size_t i;

	out->has_reply_to = header_count(header, SPAN("Reply-To")) > 0;
	status = address_list_parse(
	    header_body(
		header, out->has_reply_to ? SPAN("Reply-To") : SPAN("From")),
	    list);
	if (status != STATUS_OK || list->group || list->count == 0 ||
	    list->count > REPLY_TO_MAX)
		return note_set(note, STATUS_BAD_REPLY_TO,
		    "the Reply-To field does not hold 1 to %d plain addresses",
		    REPLY_TO_MAX);
	for (i = 0; i < list->count; i++) {
		if (address_normal(&list->mailbox[i], out->reply_to[i]) !=
		    STATUS_OK)
			return note_set(note, STATUS_BAD_REPLY_TO,
			    "a Reply-To address has a malformed domain");
		write_addr(out->reply_to_written[i], &list->mailbox[i]);
		address = span_of(out->reply_to[i]);
		if (!address_is_plain(address) ||
		    !address_is_plain(span_of(out->reply_to_written[i])))
			return note_set(note,
			    out->has_reply_to ? STATUS_BAD_REPLY_TO
					      : STATUS_BAD_FROM,
			    "a reply address contains unsafe characters");
		if (address_compare(address, span_of(out->claimed_to)) !=
		    ADDRESS_OTHER)
			return note_set(note, STATUS_BAD_REPLY_TO,
			    "the reply would go to your own address");
		if (!span_eq(address_domain(address), from_domain))
			out->warnings |= WARNING_REPLY_TO_DOMAIN;
		out->reply_to_count++;
	}
	if (list->count > 1)
		out->warnings |= WARNING_REPLY_TO_MANY;
	return STATUS_OK;
}

/* RFC 5322 section 3.6.4: what the reply's References will be. */
static void
take_thread(const struct header *header, struct challenge *out)
{
	struct span body = header_body(header, SPAN("References"));
	struct span id;
	struct buf line;
	size_t ids = 0;

	if (header_count(header, SPAN("In-Reply-To")) > 0 ||
	    header_count(header, SPAN("References")) > 0)
		out->warnings |= WARNING_THREADED;
	if (header_count(header, SPAN("Message-ID")) == 0)
		return;
	if (!msgid_parse(header_body(header, SPAN("Message-ID")), &id)) {
		out->warnings |= WARNING_MESSAGE_ID;
		return;
	}
	if (!span_copy(id, out->message_id, sizeof(out->message_id)))
		return;
	if (header_count(header, SPAN("References")) == 0)
		body = header_body(header, SPAN("In-Reply-To"));
	buf_init(&line, REFERENCES_MAX);
	while (msgid_take(&body, &id)) {
		buf_add(&line, id);
		buf_add_byte(&line, ' ');
		ids++;
	}
	/* An In-Reply-To with several identifiers does not name the parent. */
	if (buf_status(&line) != STATUS_OK || span_trim(body).len > 0 ||
	    (ids > 1 && header_count(header, SPAN("References")) == 0))
		buf_clear(&line);
	line.ceiling += MSGID_MAX + 1;
	buf_add_text(&line, out->message_id);
	if (!span_copy(
		buf_span(&line), out->references, sizeof(out->references)))
		out->references[0] = '\0';
	buf_clear(&line);
}

/* An old challenge that a mailbox, or a stranger, sends again shows by its Date
 * (RFC 5322 section 3.6.1 demands one).  One that is there and cannot be read
 * is never excused. */
static void
take_date(const struct header *header, const struct challenge_rules *rules,
    struct challenge *out)
{
	const struct span date = header_body(header, SPAN("Date"));

	if (date_parse(date, &out->date) != STATUS_OK) {
		out->date = 0;
		if (rules->auto_submitted ||
		    header_count(header, SPAN("Date")) > 0)
			out->warnings |= WARNING_NO_DATE;
	}
	text_show_in(
	    out->date_shown, sizeof(out->date_shown), span_trim(date), true);
}

static void
take_rest(const struct header *header, const struct challenge_rules *rules,
    struct challenge *out)
{
	size_t i;

	take_thread(header, out);
	take_date(header, rules, out);
	(void)!received_date(header, &out->delivered);
	for (i = 0; i < header->count; i++)
		if (span_starts_nocase(header->field[i].name, SPAN("Resent-")))
			out->warnings |= WARNING_RESENT;
}

static enum status
parse_header(const struct header *header, const struct challenge_rules *rules,
    struct address_list *list, struct challenge *out, struct note *note)
{
	enum status status;

	if (header->flags & HEADER_LIMIT)
		return header_is_sound(header, note);
	if ((status = subject_check(header, note)) != STATUS_OK ||
	    (status = header_is_sound(header, note)) != STATUS_OK ||
	    (status = check_single(header, note)) != STATUS_OK ||
	    (status = subject_take_token(header_body(header, SPAN("Subject")),
		 out, note)) != STATUS_OK ||
	    (status = check_raw(header, note)) != STATUS_OK ||
	    (status = check_auto(header, rules->auto_submitted, out, note)) !=
		STATUS_OK ||
	    (status = check_list(header, note)) != STATUS_OK ||
	    (status = take_from(header, list, out, note)) != STATUS_OK ||
	    (status = take_to(header, list, out, note)) != STATUS_OK ||
	    (status = take_reply_to(header, list, out, note)) != STATUS_OK)
		return status;
	take_rest(header, rules, out);
	return STATUS_OK;
}

bool
challenge_is_one(struct span message, const struct challenge_rules *rules)
{
	struct header *header = malloc(sizeof(*header));
	struct challenge *got = calloc(1, sizeof(*got));
	bool is_one = false;

	if (header != NULL && got != NULL) {
		header_parse(mbox_strip(message), header);
		is_one = subject_check(header, NULL) == STATUS_OK &&
		    subject_take_token(header_body(header, SPAN("Subject")),
			got, NULL) == STATUS_OK &&
		    check_auto(header, rules->auto_submitted, got, NULL) ==
			STATUS_OK;
	}
	free(got);
	free(header);
	return is_one;
}

/* A mailbox of several messages: which one is meant, nobody said.  Alone in an
 * mbox, a message has its own "From " lines quoted. */
static bool
is_several(struct span message)
{
	struct span one;

	while (message.len > 0 && ascii_is_space(message.at[0]))
		message = span_cut(message, 1, message.len);
	return mbox_take(&message, &one) && message.len > 0;
}

enum status
challenge_parse(struct span message, const struct challenge_rules *rules,
    struct challenge *out, struct note *note)
{
	struct header *header = NULL;
	struct address_list *list = NULL;
	struct challenge *got = NULL;
	enum status status = STATUS_MEMORY;

	if ((header = malloc(sizeof(*header))) == NULL ||
	    (list = malloc(sizeof(*list))) == NULL ||
	    (got = calloc(1, sizeof(*got))) == NULL)
		goto out;
	header_parse(mbox_strip(message), header);
	status = parse_header(header, rules, list, got, note);
	if (status == STATUS_OK && is_several(message))
		status = note_set(note, STATUS_BAD_SYNTAX,
		    "the input contains several messages; pass only one");
	if (status == STATUS_OK)
		*out = *got;
out:
	free(got);
	free(list);
	free(header);
	return status;
}

static bool
address_ok(const char *text, size_t size)
{
	struct mailbox mailbox;
	char normal[ADDRESS_SIZE];

	return memchr(text, '\0', size) != NULL &&
	    address_parse(span_of(text), &mailbox) == STATUS_OK &&
	    address_normal(&mailbox, normal) == STATUS_OK;
}

bool
challenge_ok(const struct challenge *c)
{
	struct span id, references;
	size_t i;

	if (!address_ok(c->claimed_from, ADDRESS_SIZE) ||
	    !address_ok(c->claimed_from_written, ADDRESS_SIZE) ||
	    !address_ok(c->claimed_to, ADDRESS_SIZE) || c->reply_to_count < 1 ||
	    c->reply_to_count > REPLY_TO_MAX ||
	    c->warnings >> WARNING_COUNT != 0 || c->type_acme > 1 ||
	    c->has_reply_to > 1)
		return false;
	for (i = 0; i < c->reply_to_count; i++)
		if (!address_ok(c->reply_to[i], ADDRESS_SIZE) ||
		    !address_ok(c->reply_to_written[i], ADDRESS_SIZE) ||
		    !address_is_plain(span_of(c->reply_to[i])))
			return false;
	if (memchr(c->part1, '\0', sizeof(c->part1)) == NULL ||
	    !token_part_ok(span_of(c->part1), TOKEN_PART1_MIN) ||
	    memchr(c->message_id, '\0', sizeof(c->message_id)) == NULL ||
	    memchr(c->references, '\0', sizeof(c->references)) == NULL)
		return false;
	if (c->message_id[0] != '\0' &&
	    !msgid_parse(span_of(c->message_id), &id))
		return false;
	references = span_of(c->references);
	while (references.len > 0)
		if (!msgid_take(&references, &id))
			return false;
	return text_is_shown(c->from_shown, sizeof(c->from_shown)) &&
	    text_is_shown(c->subject_shown, sizeof(c->subject_shown)) &&
	    text_is_shown(c->date_shown, sizeof(c->date_shown));
}

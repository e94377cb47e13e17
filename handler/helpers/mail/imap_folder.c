/* imap_folder.c - open folders, read what FETCH says: see imap_p.h */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "helpers/mail/imap_name.h"
#include "helpers/mail/imap_p.h"

enum { OPEN_MILLISECONDS = 60 * 1000 };

struct imap_shown
imap_show_folder(struct span name)
{
	struct imap_shown shown;
	char text[80];

	text_show_in(text, sizeof(text), name, true);
	(void)snprintf(shown.text, sizeof(shown.text), "the folder %s", text);
	return shown;
}

enum status
imap_add_folder(struct imap *imap, struct span name)
{
	const struct imap_shown shown = imap_show_folder(name);
	enum status status = STATUS_MEMORY;
	struct buf wire;

	buf_init(&wire, 4 * name.len + 16);
	if (!imap_name_encode(name, &wire))
		status = note_set(imap->reader.note, STATUS_MISSING,
		    "it cannot have %s: the name is not UTF-8", shown.text);
	else if ((status = buf_status(&wire)) == STATUS_OK)
		status = imap_add_string(imap, buf_span(&wire), shown.text);
	buf_clear(&wire);
	return status;
}

/* A refusal to open it means that it does not exist, unless it says otherwise:
 * old servers say nothing in particular (RFC 5530 came later). */
static enum status
judge_open(
    struct imap *imap, const struct imap_response *done, const char *what)
{
	enum status status = imap_judge(imap, done, what);

	return status == STATUS_NO && done->condition == IMAP_NO &&
		!imap_code_is(done, "NOPERM") &&
		!imap_code_is(done, "AUTHORIZATIONFAILED")
	    ? STATUS_MISSING
	    : status;
}

/* What the server says of a folder as it opens it (section 7.2, 7.1). */
static void
take_property(struct imap_folder *folder, const struct imap_response *response)
{
	uint64_t number;

	if (response->kind == IMAP_DATA &&
	    strcmp(response->word, "EXISTS") == 0)
		folder->exists = response->number;
	else if (response->kind != IMAP_STATE)
		return;
	else if (imap_code_number(response, "UIDVALIDITY", UINT32_MAX, &number))
		folder->validity = (uint32_t)number;
	else if (imap_code_number(response, "UIDNEXT", UINT32_MAX, &number))
		folder->next = number;
}

/* In a large folder, opening it again costs the server seconds; but only then
 * does it say that the folder is another one by now. */
static bool
is_open(const struct imap *imap, struct span name, bool write)
{
	const struct imap_folder *folder = &imap->folder;

	return name.len > 0 && span_eq(span_of(folder->name), name) &&
	    folder->write == write && !folder->stale &&
	    stream_now(&imap->stream) < folder->since + OPEN_MILLISECONDS;
}

enum status
imap_open(struct imap *imap, struct span name, bool write)
{
	const struct imap_shown shown = imap_show_folder(name);
	struct imap_folder folder = { .write = write };
	struct imap_response response;
	enum status status;

	if (is_open(imap, name, write))
		return STATUS_OK;
	imap->folder.name[0] = '\0';
	if (!span_copy(name, folder.name, sizeof(folder.name)))
		return note_set(imap->reader.note, STATUS_MISSING,
		    "it cannot have a folder with such a name");
	folder.since = stream_now(&imap->stream);
	imap_command(imap, write ? "SELECT " : "EXAMINE ");
	status = imap_add_folder(imap, name);
	if (status == STATUS_OK)
		status = imap_send(imap);
	while (status == STATUS_OK &&
	    (status = imap_next(imap, &response)) == STATUS_OK &&
	    response.kind != IMAP_DONE)
		take_property(&folder, &response);
	if (status == STATUS_OK)
		status = judge_open(imap, &response, shown.text);
	if (status == STATUS_OK && folder.validity == 0)
		status = note_set(imap->reader.note, STATUS_NO,
		    "it does not number the messages of %s", shown.text);
	if (status == STATUS_OK)
		imap->folder = folder;
	return status;
}

/* nstring, in any form; NIL is as good as empty. */
static enum status
take_body(struct imap *imap, const struct imap_token *token, size_t most,
    struct buf *body, struct imap_fetched *out)
{
	out->has_body = true;
	buf_cut(body, 0);
	return imap_take_string(&imap->reader, token, most, body, &out->fits);
}

/* One item of msg-att: its name, and the token that its value begins with. */
static enum status
take_item(struct imap *imap, const char *name, const struct imap_token *token,
    size_t most, struct buf *body, struct imap_fetched *out)
{
	const struct span word = span_of(name);

	if (span_starts_nocase(word, SPAN("BODY[")) &&
	    token->kind != IMAP_OPEN && token->kind != IMAP_CLOSE)
		return take_body(imap, token, most, body, out);
	if (token->kind == IMAP_WORD) {
		if (span_eq_nocase(word, SPAN("UID")))
			(void)imap_number(token->text, UINT32_MAX, &out->uid);
		else if (span_eq_nocase(word, SPAN("RFC822.SIZE")))
			(void)imap_number(token->text, INT64_MAX, &out->size);
	}
	return imap_skip_value(&imap->reader, token);
}

/* msg-att = "(" (msg-att-dynamic / msg-att-static) *(SP ...) ")" */
enum status
imap_read_fetched(
    struct imap *imap, size_t most, struct buf *body, struct imap_fetched *out)
{
	struct imap_token token;
	enum status status = imap_read_token(&imap->reader, &token);
	char name[32];

	*out = (struct imap_fetched){ 0 };
	buf_cut(body, 0);
	if (status != STATUS_OK || token.kind != IMAP_OPEN)
		return status;
	while ((status = imap_read_token(&imap->reader, &token)) == STATUS_OK &&
	    token.kind == IMAP_WORD) {
		/* Longer names are not among those that we know. */
		(void)span_copy(span_cut(token.text, 0, sizeof(name) - 1), name,
		    sizeof(name));
		status = imap_read_token(&imap->reader, &token);
		if (status == STATUS_OK)
			status = take_item(imap, name, &token, most, body, out);
		if (status != STATUS_OK)
			return status;
	}
	if (status != STATUS_OK || token.kind == IMAP_CLOSE)
		return status;
	return note_set(imap->reader.note, STATUS_NET,
	    "it sends a malformed description of a message");
}

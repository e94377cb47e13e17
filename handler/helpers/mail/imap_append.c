/* imap_append.c - put a message into a folder: see imap.h, base/verb.h */
#include <string.h>

#include "base/frame.h"
#include "helpers/mail/imap_name.h"
#include "helpers/mail/imap_p.h"

enum { NAME_MAX_OCTETS = 1024, MESSAGE_MAX = 32 * 1024 * 1024 };

/* A folder by its use (RFC 6154 section 2), or by what it is mostly called. */
struct special {
	const char *word; /* in the question */
	const char *attribute;
	const char *names[4];
};

static const struct special specials[] = {
	{ "drafts", "\\Drafts", { "Drafts", "Draft", NULL } },
	{ "sent", "\\Sent", { "Sent", "Sent Items", "Sent Messages", NULL } },
};

/* The best folder so far. */
struct candidate {
	struct buf name; /* owned; as on the wire */
	int rank;        /* 0: none; 1: by its name; 2: by its use */
};

/* Is the last part of the name one of them? */
static bool
is_called(const struct special *special, struct span name, char separator)
{
	size_t i, from = name.len;

	while (from > 0 && name.at[from - 1] != separator)
		from--;
	name = span_cut(name, separator != '\0' ? from : 0, name.len);
	for (i = 0; special->names[i] != NULL; i++)
		if (span_eq_nocase(name, span_of(special->names[i])))
			return true;
	return false;
}

/* mbx-list-flags; *rank is 2 if it has the use, -1 if it holds no messages. */
static enum status
read_attributes(struct imap *imap, const struct special *special, int *rank)
{
	struct imap_token token;
	enum status status = imap_read_token(&imap->reader, &token);

	*rank = 0;
	if (status != STATUS_OK || token.kind != IMAP_OPEN)
		return status;
	while ((status = imap_read_token(&imap->reader, &token)) == STATUS_OK &&
	    token.kind == IMAP_WORD) {
		if (span_eq_nocase(token.text, SPAN("\\Noselect")) ||
		    span_eq_nocase(token.text, SPAN("\\NonExistent")))
			*rank = -1;
		else if (*rank == 0 &&
		    span_eq_nocase(token.text, span_of(special->attribute)))
			*rank = 2;
	}
	return status;
}

/* mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE char DQUOTE / nil) SP
 * mailbox */
static enum status
read_listed(
    struct imap *imap, const struct special *special, struct candidate *best)
{
	struct imap_token token;
	char separator = '\0';
	enum status status;
	struct buf name;
	bool fits;
	int rank;

	if ((status = read_attributes(imap, special, &rank)) != STATUS_OK ||
	    (status = imap_read_token(&imap->reader, &token)) != STATUS_OK)
		return status;
	if (token.kind == IMAP_STRING && token.text.len == 1)
		separator = token.text.at[0];
	if ((status = imap_read_token(&imap->reader, &token)) != STATUS_OK)
		return status;
	buf_init(&name, NAME_MAX_OCTETS);
	status = imap_take_string(
	    &imap->reader, &token, NAME_MAX_OCTETS, &name, &fits);
	if (rank == 0 && is_called(special, buf_span(&name), separator))
		rank = 1;
	if (status == STATUS_OK && fits && name.len > 0 && rank > best->rank) {
		buf_clear(&best->name);
		best->name = name;
		best->rank = rank;
		return STATUS_OK;
	}
	buf_clear(&name);
	return status;
}

/* Some servers tell the use of a folder only if they are asked (RFC 6154
 * section 3). */
static enum status
list(struct imap *imap, const struct special *special, bool ask_use,
    struct candidate *best, struct imap_response *done)
{
	enum status status;

	imap_command(imap, "LIST \"\" \"*\"");
	if (ask_use)
		imap_add(imap, " RETURN (SPECIAL-USE)");
	status = imap_send(imap);
	while (status == STATUS_OK &&
	    (status = imap_next(imap, done)) == STATUS_OK &&
	    done->kind != IMAP_DONE)
		if (done->kind == IMAP_DATA && strcmp(done->word, "LIST") == 0)
			status = read_listed(imap, special, best);
	return status;
}

/* Append the folder of that use, as on the wire. */
static enum status
find_special(struct imap *imap, struct span word, struct buf *out)
{
	const bool ask_use = imap->special_use && imap->list_extended;
	const struct special *special = NULL;
	struct candidate best = { .rank = 0 };
	struct imap_response done;
	enum status status;
	size_t i;

	for (i = 0; i < sizeof(specials) / sizeof(*specials); i++)
		if (span_eq(word, span_of(specials[i].word)))
			special = &specials[i];
	if (special == NULL)
		return STATUS_USAGE;
	buf_init(&best.name, NAME_MAX_OCTETS);
	status = list(imap, special, ask_use, &best, &done);
	if (status == STATUS_OK && ask_use && done.condition != IMAP_OK)
		status = list(imap, special, false, &best, &done);
	if (status == STATUS_OK)
		status = imap_judge(imap, &done, "to list its folders");
	if (status == STATUS_OK && best.rank == 0)
		status = note_set(imap->reader.note, STATUS_MISSING,
		    "it has no folder for %s, neither marked %s nor named %s; "
		    "make one",
		    special->word, special->attribute, special->names[0]);
	if (status == STATUS_OK) {
		buf_add(out, buf_span(&best.name));
		status = buf_status(out);
	}
	buf_clear(&best.name);
	return status;
}

/* Lines of mail end in CR LF (RFC 3501 section 2.3.4). */
static void
add_crlf(struct buf *out, struct span message)
{
	size_t end;

	for (; message.len > 0; message = span_cut(message, end, message.len)) {
		end = span_find_byte(message, '\n');
		if (end == message.len) {
			buf_add(out, message);
			return;
		}
		buf_add(out,
		    span_cut(message, 0,
			end > 0 && message.at[end - 1] == '\r' ? end - 1
							       : end));
		buf_add_text(out, "\r\n");
		end++;
	}
}

/* Only these, since others may mean what we do not know. */
static bool
flag_ok(struct span flag)
{
	return span_eq(flag, SPAN("\\Draft")) || span_eq(flag, SPAN("\\Seen"));
}

static enum status
add_flags(struct imap *imap, struct span frames)
{
	struct span flag;
	const char *before = " (";

	while (frame_next(&frames, "flag", &flag)) {
		if (!flag_ok(flag))
			return STATUS_USAGE;
		imap_add(imap, before);
		buf_add(&imap->out, flag);
		before = " ";
	}
	imap_add(imap, before[1] == '(' ? " " : ") ");
	return STATUS_OK;
}

/* append = "APPEND" SP mailbox [SP flag-list] SP literal.  *left: some of the
 * message was sent. */
static enum status
append(struct imap *imap, struct span folder, struct span frames,
    struct span message, const char *what, bool *left)
{
	struct imap_response done;
	enum status status;

	imap_command(imap, "APPEND ");
	status = imap_add_string(imap, folder, what);
	if (status == STATUS_OK)
		status = add_flags(imap, frames);
	if (status == STATUS_OK)
		status = imap_add_literal(imap, message, what);
	if (status != STATUS_OK)
		return status;
	*left = true;
	status = imap_send(imap);
	if (status == STATUS_OK)
		status = imap_wait(imap, &done);
	if (status == STATUS_OK && done.condition == IMAP_NO &&
	    imap_code_is(&done, "TRYCREATE"))
		return imap_say(imap, STATUS_MISSING, what, &done);
	return status == STATUS_OK ? imap_judge(imap, &done, what) : status;
}

/* Append it, and say where; without an answer, that it may be there. */
static enum status
append_and_tell(struct imap *imap, struct span folder, struct span frames,
    struct span message, struct buf *out)
{
	struct note *note = imap->reader.note;
	struct imap_shown what;
	enum status status;
	struct buf name;
	bool left = false;

	buf_init(&name, 4 * NAME_MAX_OCTETS);
	imap_name_decode(folder, &name);
	what = imap_show_folder(buf_span(&name));
	status = append(imap, folder, frames, message, what.text, &left);
	if (status == STATUS_OK || (status == STATUS_NET && left)) {
		frame_add(out, "folder", buf_span(&name));
		if (status != STATUS_OK) {
			imap->broken = true;
			frame_add(out, "doubt", span_of(note->text));
		}
		status = buf_status(out);
	}
	buf_clear(&name);
	return status;
}

enum status
imap_answer_append(
    struct imap *imap, struct span frames, struct buf *out, struct note *note)
{
	const struct span name = frame_get(frames, "folder");
	enum status status = STATUS_OK;
	struct buf folder, message;

	buf_init(&folder, 4 * NAME_MAX_OCTETS);
	buf_init(&message, MESSAGE_MAX);
	imap_question(imap, note);
	add_crlf(&message, frame_get(frames, "message"));
	if (buf_status(&message) != STATUS_OK)
		status = buf_status(&message);
	else if (span_has_byte(buf_span(&message), '\0'))
		status = note_set(
		    note, STATUS_NO, "it takes no message that has a NUL");
	else if (name.len == 0)
		status =
		    find_special(imap, frame_get(frames, "special"), &folder);
	else if (!imap_name_encode(name, &folder))
		status = note_set(note, STATUS_MISSING,
		    "it cannot have a folder whose name is not UTF-8");
	if (status == STATUS_OK)
		status = buf_status(&folder);
	if (status == STATUS_OK)
		status = append_and_tell(
		    imap, buf_span(&folder), frames, buf_span(&message), out);
	buf_clear(&folder);
	buf_clear(&message);
	return status;
}

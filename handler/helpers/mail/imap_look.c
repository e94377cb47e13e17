/*
 * imap_look.c - look for challenges in a folder: see imap.h, base/verb.h
 *
 * The folder is opened for reading only, and bodies are fetched with PEEK:
 * nothing in it changes.  Of most messages no more is fetched than two header
 * fields, of the many of a large folder not even these: the server is asked
 * to search.  A folder with few messages is not searched by its header, since
 * some servers find only what they have an index of.
 */
#include <stdio.h>
#include <time.h>

#include "base/frame.h"
#include "helpers/mail/imap_fields.h"
#include "helpers/mail/imap_p.h"
#include "helpers/mail/imap_uids.h"

enum {
	FIELDS_MAX =
	    256 * 1024,     /* octets; mail/header.h takes no larger ones */
	NARROW_FROM = 2000, /* messages: more are searched by their header */
	DOMAINS_NAMED = 16, /* in such a search */
	BATCH = 64,         /* messages whose fields are fetched at once */
	MESSAGES = 64,      /* in one answer */
	WORK_SECONDS = 60   /* for one answer; then it says "more" */
};

/* What a batch's fields say. */
enum verdict { GONE, DROPPED, WANTED };

struct look {
	struct imap *imap;
	struct imap_folder *folder; /* of imap */
	struct imap_wanted wanted;
	uint64_t after;         /* UIDs up to this one were looked at */
	int64_t since;          /* seconds; or -1 */
	size_t most;            /* octets of the largest message */
	int64_t enough;         /* in the stream's time */
	struct imap_uids *uids; /* of imap->found */
	/* Of the batch: */
	const uint32_t *uid;
	size_t count;
	enum verdict verdict[BATCH];
	uint64_t size[BATCH];
	struct buf body; /* owned */
	/* The answer: */
	struct buf *out;
	size_t messages;
	uint64_t octets;
	bool more;
};

/* --- The question */

static bool
take_number(struct span frames, const char *name, int64_t most, int64_t *out)
{
	const struct span value = frame_get(frames, name);

	return value.len == 0 ||
	    (frame_number(value, out) && *out >= 0 && *out <= most);
}

static void
take_kinds(struct imap_wanted *wanted, struct span frames)
{
	struct span kind;

	wanted->challenges = frame_get(frames, "kind").len == 0;
	wanted->reports = false;
	while (frame_next(&frames, "kind", &kind)) {
		wanted->reports =
		    wanted->reports || span_eq(kind, SPAN("report"));
		wanted->challenges =
		    wanted->challenges || span_eq(kind, SPAN("challenge"));
	}
}

static enum status
take_question(struct look *look, struct span frames, int64_t *validity)
{
	int64_t after = 0, most = 0;

	*validity = 0;
	look->since = -1;
	if (!take_number(frames, "validity", UINT32_MAX, validity) ||
	    !take_number(frames, "after", UINT32_MAX, &after) ||
	    !take_number(
		frames, "since", INT32_MAX * INT64_C(64), &look->since) ||
	    !take_number(frames, "most", INT32_MAX, &most))
		return STATUS_USAGE;
	look->after = (uint64_t)after;
	look->most = (size_t)most;
	look->wanted.domains = frames;
	look->wanted.generated = frame_get(frames, "auto-submitted").len > 0;
	take_kinds(&look->wanted, frames);
	return STATUS_OK;
}

/* --- The search */

/* date = day "-" month "-" year.  One day earlier: the server's day may end
 * before ours (RFC 3501 section 6.4.4). */
static void
add_since(struct look *look)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	const time_t when = (time_t)(look->since - 86400);
	struct tm day;

	if (look->since < 86400 || gmtime_r(&when, &day) == NULL)
		return;
	buf_addf(&look->imap->out, " SINCE %d-%s-%04d", day.tm_mday,
	    months[day.tm_mon], day.tm_year + 1900);
}

/* Can a search for the domains find every form of them?  Not where one may be
 * written with letters beyond ASCII. */
static bool
can_name_domains(const struct look *look, size_t *count)
{
	struct span rest = look->wanted.domains, domain;

	for (*count = 0; frame_next(&rest, "domain", &domain); ++*count)
		if (span_find(domain, SPAN("xn--")) < domain.len)
			return false;
	return *count > 0 && *count <= DOMAINS_NAMED;
}

/* Can the server search for challenges by their header? */
static bool
can_narrow(const struct look *look)
{
	size_t count;

	return !look->wanted.challenges || look->wanted.generated ||
	    can_name_domains(look, &count);
}

/* search-key: what a challenge has, and imap_fields_match() wants. */
static enum status
add_challenges(struct look *look)
{
	struct span rest = look->wanted.domains, domain;
	enum status status = STATUS_OK;
	size_t left;

	if (look->wanted.generated)
		imap_add(look->imap,
		    " HEADER \"Auto-Submitted\" \"auto-generated\"");
	if (!can_name_domains(look, &left))
		return STATUS_OK;
	while (status == STATUS_OK && frame_next(&rest, "domain", &domain)) {
		imap_add(look->imap, left-- > 1 ? " OR FROM " : " FROM ");
		status = imap_add_string(look->imap, domain, "a search");
	}
	return status;
}

/* The same for all that is wanted. */
static enum status
add_narrow(struct look *look)
{
	static const char report[] =
	    " HEADER \"Content-Type\" \"multipart/report\"";
	struct imap *imap = look->imap;
	enum status status;

	if (!look->wanted.reports)
		return add_challenges(look);
	if (!look->wanted.challenges) {
		imap_add(imap, report);
		return STATUS_OK;
	}
	imap_add(imap, " OR");
	imap_add(imap, report);
	imap_add(imap, " (ALL");
	status = add_challenges(look);
	imap_add(imap, ")");
	return status;
}

/* mailbox-data =/ "SEARCH" *(SP nz-number) */
static enum status
read_found(struct look *look)
{
	struct imap_reader *reader = &look->imap->reader;
	struct imap_token token;
	enum status status;
	uint64_t uid;

	while ((status = imap_read_token(reader, &token)) == STATUS_OK &&
	    token.kind == IMAP_WORD)
		/* "n:*" names the last message also where it is below n. */
		if (imap_number(token.text, UINT32_MAX, &uid) &&
		    uid > look->after)
			imap_uids_add(look->uids, (uint32_t)uid);
	return status;
}

static enum status
search(struct look *look, bool narrow, struct imap_response *done)
{
	struct imap *imap = look->imap;
	enum status status = STATUS_OK;

	look->uids->count = 0;
	look->uids->seen = 0;
	imap_command(imap, "UID SEARCH UID ");
	imap_add_uid(imap, look->after + 1);
	imap_add(imap, ":*");
	if (look->since >= 0)
		add_since(look);
	if (narrow)
		status = add_narrow(look);
	if (status == STATUS_OK)
		status = imap_send(imap);
	while (status == STATUS_OK &&
	    (status = imap_next(imap, done)) == STATUS_OK &&
	    done->kind != IMAP_DONE)
		if (done->kind == IMAP_DATA &&
		    span_eq(span_of(done->word), SPAN("SEARCH")))
			status = read_found(look);
	return status;
}

/* A server that cannot search headers, is not made to. */
static enum status
find(struct look *look)
{
	struct imap_response done;
	enum status status = search(look, false, &done);

	if (status == STATUS_OK)
		status = imap_judge(look->imap, &done, "a search");
	if (status == STATUS_OK && look->uids->seen > NARROW_FROM &&
	    can_narrow(look)) {
		status = search(look, true, &done);
		if (status == STATUS_OK && done.condition != IMAP_OK) {
			status = search(look, false, &done);
			if (status == STATUS_OK)
				status =
				    imap_judge(look->imap, &done, "a search");
		}
	}
	imap_uids_sort(look->uids);
	return status;
}

/* --- The fields of a batch */

/* Any sender's message, whatever its fields say, even if they are too long. */
static bool
wants_all(const struct imap_wanted *wanted)
{
	struct span rest = wanted->domains, domain;

	return wanted->challenges && !wanted->generated &&
	    !frame_next(&rest, "domain", &domain);
}

static void
judge_fields(struct look *look, const struct imap_fetched *fetched)
{
	size_t i;

	for (i = 0; i < look->count; i++)
		if (look->uid[i] == fetched->uid && fetched->has_body) {
			look->size[i] = fetched->size;
			look->verdict[i] = wants_all(&look->wanted) ||
				(fetched->fits &&
				    imap_fields_match(
					buf_span(&look->body), &look->wanted))
			    ? WANTED
			    : DROPPED;
		}
}

static enum status
fetch_fields(struct look *look, const struct span set)
{
	struct imap *imap = look->imap;
	struct imap_fetched fetched;
	struct imap_response response;
	enum status status;
	size_t i;

	for (i = 0; i < look->count; i++)
		look->verdict[i] = GONE;
	imap_command(imap, "UID FETCH ");
	buf_add(&imap->out, set);
	buf_addf(&imap->out,
	    " (UID RFC822.SIZE "
	    "BODY.PEEK[HEADER.FIELDS (AUTO-SUBMITTED %sFROM)])",
	    look->wanted.reports ? "CONTENT-TYPE " : "");
	imap->reader.left += BATCH * (uint64_t)FIELDS_MAX;
	status = imap_send(imap);
	while (status == STATUS_OK &&
	    (status = imap_next(imap, &response)) == STATUS_OK &&
	    response.kind != IMAP_DONE) {
		if (response.kind != IMAP_DATA ||
		    !span_eq(span_of(response.word), SPAN("FETCH")))
			continue;
		status =
		    imap_read_fetched(imap, FIELDS_MAX, &look->body, &fetched);
		if (status == STATUS_OK)
			judge_fields(look, &fetched);
	}
	if (status != STATUS_OK || response.condition == IMAP_OK)
		return status;
	status = imap_judge(imap, &response, "the header of messages");
	if (status == STATUS_AGAIN)
		return status;
	/* It may refuse all for the sake of one that is gone (RFC 2180 section
	 * 4.1): the others may be what is wanted. */
	for (i = 0; i < look->count; i++)
		if (look->verdict[i] == GONE) {
			look->verdict[i] = WANTED;
			look->size[i] = 0;
		}
	return STATUS_OK;
}

/* --- Messages */

static void
add_message(struct look *look, uint32_t uid, struct span message)
{
	frame_add_number(look->out, "uid", uid);
	frame_add(look->out, "message", message);
	look->messages++;
	look->octets += message.len;
}

/* One at a time: what is wrong with one does not concern the next. */
static enum status
fetch_message(struct look *look, uint32_t uid)
{
	struct imap *imap = look->imap;
	struct imap_response response;
	struct imap_fetched fetched;
	const size_t room = look->most - (size_t)look->octets;
	bool got = false;
	enum status status;

	imap_command(imap, "UID FETCH ");
	imap_add_uid(imap, uid);
	imap_add(imap, " (UID BODY.PEEK[])");
	imap->reader.left += look->most;
	status = imap_send(imap);
	while (status == STATUS_OK &&
	    (status = imap_next(imap, &response)) == STATUS_OK &&
	    response.kind != IMAP_DONE) {
		if (got || response.kind != IMAP_DATA ||
		    !span_eq(span_of(response.word), SPAN("FETCH")))
			continue;
		status = imap_read_fetched(imap, room, &look->body, &fetched);
		got = status == STATUS_OK && fetched.uid == uid &&
		    fetched.has_body;
	}
	if (status != STATUS_OK)
		return status;
	/* It is longer than the server said: it comes first next time. */
	if (got && !fetched.fits && look->messages > 0) {
		look->more = true;
		return STATUS_OK;
	}
	if (got) {
		add_message(
		    look, uid, fetched.fits ? buf_span(&look->body) : SPAN(""));
		return buf_status(look->out);
	}
	/* It was expunged meanwhile. */
	if (response.condition == IMAP_OK ||
	    imap_code_is(&response, "EXPUNGEISSUED"))
		return STATUS_OK;
	status = imap_judge(imap, &response, "a message");
	if (status == STATUS_AGAIN)
		return status;
	add_message(look, uid, SPAN(""));
	return STATUS_OK;
}

/* Is there room for it in this answer?  The first one always has. */
static bool
has_room(const struct look *look, uint64_t size)
{
	/* Where the server says no size, it may be as long as can be. */
	if (size == 0 || size > look->most)
		size = size == 0 ? look->most : 0;
	return look->messages == 0 ||
	    (look->messages < MESSAGES && look->octets + size <= look->most &&
		stream_now(&look->imap->stream) < look->enough);
}

static enum status
take_batch(struct look *look)
{
	enum status status = STATUS_OK;
	size_t i;

	for (i = 0; status == STATUS_OK && !look->more && i < look->count;
	     i++) {
		if (look->verdict[i] == WANTED) {
			look->more = !has_room(look, look->size[i]);
			if (look->more)
				return STATUS_OK;
			if (look->size[i] > look->most)
				add_message(look, look->uid[i], SPAN(""));
			else
				status = fetch_message(look, look->uid[i]);
		}
		if (status == STATUS_OK && !look->more)
			look->after = look->uid[i];
	}
	return status;
}

static enum status
take_all(struct look *look)
{
	const struct imap_uids *uids = look->uids;
	enum status status = STATUS_OK;
	struct buf set;
	size_t i, first;

	buf_init(&set, 4096);
	for (i = 0; i < uids->count && uids->uid[i] <= look->after; i++)
		;
	first = i;
	for (; status == STATUS_OK && !look->more && i < uids->count;
	     i += look->count) {
		if (stream_now(&look->imap->stream) >= look->enough &&
		    i > first) {
			look->more = true;
			break;
		}
		buf_cut(&set, 0);
		look->uid = uids->uid + i;
		look->count =
		    imap_uids_write(look->uid, uids->count - i, BATCH, &set);
		status = buf_status(&set);
		if (status == STATUS_OK)
			status = fetch_fields(look, buf_span(&set));
		if (status == STATUS_OK)
			status = take_batch(look);
	}
	buf_clear(&set);
	return status;
}

/* Folder and filter, as frames. */
static enum status
write_asked(struct span frames, struct buf *out)
{
	static const char *const names[] = { "folder", "domain",
		"auto-submitted", "kind" };
	struct span rest, value;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		for (rest = frames; frame_next(&rest, names[i], &value);)
			frame_add(out, names[i], value);
	return buf_status(out);
}

/* Search, unless the last search has found more than was looked at. */
static enum status
find_or_go_on(struct look *look, struct span frames)
{
	struct imap_found *found = &look->imap->found;
	enum status status;
	struct buf asked;

	buf_init(&asked, found->asked.ceiling);
	status = write_asked(frames, &asked);
	if (status == STATUS_OK && look->after > 0 &&
	    look->after == found->resume &&
	    found->validity == look->folder->validity &&
	    span_eq(buf_span(&asked), buf_span(&found->asked))) {
		buf_clear(&asked);
		return STATUS_OK;
	}
	buf_clear(&found->asked);
	found->asked = asked;
	found->validity = 0;
	if (status != STATUS_OK)
		return status;
	found->uids.greatest = 0;
	look->folder->grew = false;
	status = find(look);
	if (status != STATUS_OK)
		return status;
	/* What came since it was opened has been seen as well. */
	if (found->uids.greatest >= look->folder->next &&
	    look->folder->next != 0)
		look->folder->next = (uint64_t)found->uids.greatest + 1;
	found->next = look->folder->next;
	found->validity = look->folder->validity;
	return STATUS_OK;
}

/* All messages that the folder had when it was searched are done. */
static enum status
look_at(struct look *look, struct span frames)
{
	struct imap_found *found = &look->imap->found;
	const struct imap_folder *folder = look->folder;
	enum status status;

	if (folder->exists == 0 && folder->next > look->after + 1)
		look->after = folder->next - 1;
	if (folder->exists == 0 ||
	    (!folder->grew && folder->next != 0 &&
		folder->next <= look->after + 1))
		return STATUS_OK;
	status = find_or_go_on(look, frames);
	if (status == STATUS_OK)
		status = take_all(look);
	if (status != STATUS_OK || look->more)
		return status;
	look->more = found->uids.seen > IMAP_UIDS_MAX;
	if (look->more)
		found->validity = 0; /* search again */
	else if (found->next > look->after + 1)
		look->after = found->next - 1;
	return STATUS_OK;
}

enum status
imap_answer_look(
    struct imap *imap, struct span frames, struct buf *out, struct note *note)
{
	static struct look look;
	enum status status;
	int64_t validity;

	look = (struct look){ .imap = imap,
		.folder = &imap->folder,
		.uids = &imap->found.uids,
		.out = out };
	imap_question(imap, note);
	look.enough = stream_now(&imap->stream) + WORK_SECONDS * INT64_C(1000);
	status = take_question(&look, frames, &validity);
	if (status == STATUS_OK)
		status = imap_open(imap, frame_get(frames, "folder"), false);
	if (status != STATUS_OK)
		return status;
	/* Other numbers than it once had: all begins again. */
	if (look.folder->validity != validity ||
	    frame_get(frames, "after").len == 0)
		look.after = 0;
	else
		look.since = -1;
	buf_init(&look.body,
	    look.most > FIELDS_MAX ? look.most : (size_t)FIELDS_MAX);
	status = look_at(&look, frames);
	buf_clear(&look.body);
	if (status != STATUS_OK)
		return status;
	imap->found.resume = look.more ? look.after : 0;
	/* What was refused and was not needed. */
	note->text[0] = '\0';
	frame_add_number(out, "validity", look.folder->validity);
	frame_add_number(out, "after", (int64_t)look.after);
	if (look.more)
		frame_add(out, "more", SPAN("1"));
	return STATUS_OK;
}

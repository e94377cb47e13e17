/* announced.c - the verb "announced": see announced.h */
#include "helpers/mail/announced.h"

#include <string.h>

#include "helpers/mail/listing.h"
#include "helpers/mail/wire.h"

enum { SEEN_MAX = 128 * 1024 };

/* Greet, list in plain text, and agree on TLS, if it is offered. */
static enum status
look_before_tls(struct listing *listing, struct buf *out)
{
	const int64_t until = listing->until;
	enum status status;

	listing->until = wire_now() + (int64_t)ANNOUNCED_SILENCE_SECONDS * 1000;
	status = listing_greet(listing);
	if (status == STATUS_NET && !listing->heard &&
	    wire_now() >= listing->until)
		note_say(listing->note,
		    "it does not greet; does this port begin with TLS?");
	listing->until = until;
	if (status == STATUS_OK)
		status = listing_ask(listing, "before", out);
	if (status == STATUS_OK)
		frame_add(out, "listed", SPAN("before"));
	if (status == STATUS_OK && listing->can_start_tls) {
		frame_add(out, "starttls", SPAN("yes"));
		status = listing_start_tls(listing);
	}
	return status;
}

static enum status
look_inside_tls(
    const struct question *question, struct listing *listing, struct buf *out)
{
	const struct connect_to *to = &question->to;
	enum status status;

	status = wire_start_tls(listing->stream, to->host, to->ca_file,
	    listing->until, listing->note);
	if (status == STATUS_OK)
		status = wire_add_certificate(
		    listing->stream, to->host, out, listing->note);
	if (status == STATUS_OK && to->implicit_tls)
		status = listing_greet(listing);
	if (status == STATUS_OK)
		status = listing_ask(listing, "after", out);
	if (status == STATUS_OK)
		frame_add(out, "listed", SPAN("after"));
	return status;
}

static enum status
look(const struct question *question, enum listing_protocol protocol,
    struct stream *stream, int64_t until, struct buf *out, struct note *note)
{
	struct listing listing;
	enum status status = STATUS_OK;

	listing_begin(&listing, stream, protocol, until, note);
	if (!question->to.implicit_tls)
		status = look_before_tls(&listing, out);
	if (status == STATUS_OK &&
	    (question->to.implicit_tls || listing.can_start_tls))
		status = look_inside_tls(question, &listing, out);
	if (status == STATUS_OK)
		listing_leave(&listing);
	listing_end(&listing);
	return status;
}

/* What is to be seen at one address; that it cannot be reached is, too. */
static enum status
add_seen(const struct question *question, enum listing_protocol protocol,
    const char *address, struct buf *out)
{
	const int64_t until = wire_now() + (int64_t)ANNOUNCED_SECONDS * 1000;
	struct stream stream = { .kind = NULL };
	struct note why = { "" };
	enum status status;
	struct buf seen;

	buf_init(&seen, SEEN_MAX);
	frame_add(&seen, "address", span_of(address));
	status = wire_open(address, question->to.port, until, &stream, &why);
	if (status == STATUS_OK)
		status = look(question, protocol, &stream, until, &seen, &why);
	stream_close(&stream);
	if (status == STATUS_NET || status == STATUS_BAD_SIZE) {
		frame_add(&seen, "fault", span_of(note_text(&why, status)));
		status = STATUS_OK;
	}
	frame_add(out, "seen", buf_span(&seen));
	if (status == STATUS_OK)
		status = buf_status(&seen);
	buf_clear(&seen);
	return status == STATUS_OK ? buf_status(out) : status;
}

/* The addresses that the question names, or those of the host. */
static enum status
find_addresses(const struct question *question, struct wire_addresses *out,
    struct note *note)
{
	struct span rest = question->frames;
	struct wire_addresses one;
	enum status status = STATUS_OK;
	char address[WIRE_ADDRESS_SIZE];
	struct span value;

	out->count = 0;
	while (status == STATUS_OK && frame_next(&rest, "address", &value)) {
		if (out->count == WIRE_ADDRESSES_MAX ||
		    !span_copy(value, address, sizeof(address)))
			return STATUS_USAGE;
		status = wire_resolve(address, &one, note);
		if (status == STATUS_OK)
			(void)strcpy(out->text[out->count++], one.text[0]);
	}
	return status == STATUS_OK && out->count == 0
	    ? wire_resolve(question->to.host, out, note)
	    : status;
}

enum status
announced_answer(
    const struct question *question, struct buf *out, struct note *note)
{
	struct wire_addresses addresses;
	enum listing_protocol protocol;
	enum status status;
	size_t i;

	if (!listing_protocol_find(
		frame_get(question->frames, "protocol"), &protocol))
		return STATUS_USAGE;
	status = find_addresses(question, &addresses, note);
	for (i = 0; status == STATUS_OK && i < addresses.count; i++)
		status = add_seen(question, protocol, addresses.text[i], out);
	return status;
}

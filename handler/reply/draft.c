/* draft.c - the reply message: see draft.h */
#include "reply/draft.h"

#include <assert.h>
#include <sys/random.h>

#include "mail/date.h"

void
draft_add_block(struct buf *out, const char *digest)
{
	buf_addf(out,
	    "-----BEGIN ACME RESPONSE-----\n%s\n"
	    "-----END ACME RESPONSE-----\n",
	    digest);
}

enum status
draft_message_id(const struct expectation *expectation, char id[MSGID_MAX + 1])
{
	unsigned char random[16];
	enum status status;
	struct buf text;
	size_t i;

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return STATUS_IO;
	buf_init(&text, MSGID_MAX);
	buf_add_text(&text, "<mailcert.");
	for (i = 0; i < sizeof(random); i++)
		buf_addf(&text, "%02x", random[i]);
	buf_add_byte(&text, '@');
	buf_add(&text, address_domain(span_of(expectation->address_normal)));
	buf_add_byte(&text, '>');
	status = buf_status(&text);
	id[0] = '\0';
	if (status == STATUS_OK)
		(void)span_copy(buf_span(&text), id, MSGID_MAX + 1);
	buf_clear(&text);
	return status == STATUS_BAD_SIZE ? STATUS_OK : status;
}

/* References, folded between identifiers. */
static void
add_references(struct buf *out, struct span ids)
{
	struct span id;
	bool first = true;

	buf_add_text(out, "References:");
	while (msgid_take(&ids, &id)) {
		buf_add_text(out, first ? " " : "\n ");
		buf_add(out, id);
		first = false;
	}
	buf_add_byte(out, '\n');
}

enum status
draft_build(const struct match *match, const char *digest,
    const struct draft_options *options, struct buf *out)
{
	const struct challenge *challenge = match_challenge(match);
	const struct expectation *expectation = match_expectation(match);
	enum status status;
	struct buf text;
	size_t i;

	buf_init(&text, 16 * 1024);
	if (options->now != 0) {
		buf_add_text(&text, "Date: ");
		date_add_mail(&text, options->now);
		buf_add_byte(&text, '\n');
	}
	if (options->message_id[0] != '\0')
		buf_addf(&text, "Message-ID: %s\n", options->message_id);
	buf_addf(&text, "From: %s\nTo: ", expectation->address);
	for (i = 0; i < challenge->reply_to_count; i++)
		buf_addf(&text, "%s%s", i > 0 ? ",\n " : "",
		    challenge->reply_to_written[i]);
	buf_addf(&text, "\nSubject: Re: ACME: %s\n", challenge->part1);
	if (challenge->message_id[0] != '\0') {
		buf_addf(&text, "In-Reply-To: %s\n", challenge->message_id);
		add_references(&text, span_of(challenge->references));
	}
	if (options->auto_replied)
		buf_add_text(&text, "Auto-Submitted: auto-replied\n");
	buf_add_text(&text,
	    "MIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=us-ascii\n"
	    "Content-Transfer-Encoding: 7bit\n\n");
	draft_add_block(&text, digest);
	/* All of it was checked where it was read; once more before it becomes
	 * header lines. */
	assert(!span_has_byte(buf_span(&text), '\r') &&
	    !span_has_byte(buf_span(&text), '\0'));
	buf_add(out, buf_span(&text));
	if ((status = buf_status(&text)) == STATUS_OK)
		status = buf_status(out);
	buf_clear(&text);
	return status;
}

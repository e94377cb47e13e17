/* sight.c - look at a mail server as a CA would: see sight.h */
#include "service/sight.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { VALUES_SHOWN = 4 }; /* values in one sentence */

static const char *const protocols[] = {
	[SERVICE_SMTP] = "smtp",
	[SERVICE_LMTP] = "lmtp",
	[SERVICE_IMAP] = "imap",
	[SERVICE_POP3] = "pop3",
};

void
sight_addresses(const struct order *order, struct sight_addresses *out)
{
	char *at;

	out->count = 0;
	(void)strcpy(out->text, order->look_at);
	for (at = out->text; *at != '\0' && out->count < SIGHT_ADDRESSES_MAX;) {
		out->address[out->count++] = at;
		at += strcspn(at, " ");
		if (*at != '\0')
			*at++ = '\0';
	}
}

static void
add_question(const struct config *config, const struct sight_of *of,
    struct buf *question)
{
	struct buf open;
	size_t i;

	buf_init(&open, 2048);
	frame_add(&open, "ca-file", span_of(config->mail_ca_file));
	frame_add(question, FRAME_OPEN, buf_span(&open));
	buf_clear(&open);
	frame_add(question, "tls",
	    of->at.service->tls ? SPAN("implicit") : SPAN("starttls"));
	frame_add(question, "host", span_of(of->host));
	frame_add_number(question, "port", of->at.port);
	frame_add(
	    question, "protocol", span_of(protocols[of->at.service->protocol]));
	for (i = 0; i < of->addresses; i++)
		frame_add(question, "address", span_of(of->address[i]));
}

static bool
is_hex(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (!ascii_is_digit(text.at[i]) &&
		    (text.at[i] < 'a' || text.at[i] > 'f'))
			return false;
	return text.len == 0 || text.len == 64;
}

static bool
is_safe(struct span text)
{
	return text.len < 400 && !text_has_hidden(text);
}

/* The texts of one address are safe to show, and its digests are hexadecimal. */
static bool
is_sound(const struct sighting *sighting)
{
	struct span rest = sighting->frames, name;

	while (frame_next(&rest, "name", &name))
		if (!is_safe(name))
			return false;
	return sighting->address.len > 0 && is_safe(sighting->address) &&
	    is_safe(sighting->fault) && is_safe(sighting->distrust) &&
	    is_hex(sighting->leaf) && is_hex(sighting->public) &&
	    (sighting->leaf.len == 0) == (sighting->public.len == 0);
}

enum status
sight_look(const struct config *config, const struct sight_of *of,
    struct helper_kept *kept, struct buf *answer, struct note *note)
{
	struct sighting sighting;
	struct note why = { "" };
	enum status status;
	struct buf question;
	struct span rest;

	buf_init(&question, 16 * 1024);
	add_question(config, of, &question);
	buf_clear(answer);
	status = helper_ask_kept(kept, VERB_ANNOUNCED, &question, answer, &why);
	buf_clear(&question);
	if (status != STATUS_OK)
		note_say(
		    note, "%.120s: %.180s", of->host, note_text(&why, status));
	rest = buf_span(answer);
	while (status == STATUS_OK && sight_next(&rest, &sighting))
		if (!is_sound(&sighting))
			status = helper_malformed(
			    VERB_ANNOUNCED, "what it saw", note);
	return status;
}

static bool
is_listed(struct span frames, struct span when)
{
	struct span value;

	while (frame_next(&frames, "listed", &value))
		if (span_eq(value, when))
			return true;
	return false;
}

bool
sight_next(struct span *rest, struct sighting *out)
{
	struct span seen;

	*out = (struct sighting){ .expires = 0 };
	if (!frame_next(rest, "seen", &seen))
		return false;
	out->frames = seen;
	out->address = frame_get(seen, "address");
	out->fault = frame_get(seen, "fault");
	out->listed_before = is_listed(seen, SPAN("before"));
	out->listed_after = is_listed(seen, SPAN("after"));
	out->starttls = frame_get(seen, "starttls").len > 0;
	out->leaf = frame_get(seen, "leaf");
	out->public = frame_get(seen, "public");
	out->distrust = frame_get(seen, "distrust");
	out->fits = frame_get(seen, "fits").len > 0;
	out->chain = frame_get(seen, "chain");
	if (!frame_number(frame_get(seen, "expires"), &out->expires))
		out->expires = 0;
	return true;
}

/* --- verdicts ---------------------------------------------------------------- */

static struct span
without_padding(struct span value)
{
	if (value.len > 0 && value.at[value.len - 1] == '=')
		value.len--;
	return value;
}

static bool
is_same(struct span announced, struct span value)
{
	unsigned char differ = 0;
	size_t i;

	announced = without_padding(announced);
	value = without_padding(value);
	if (announced.len != value.len)
		return false;
	for (i = 0; i < value.len; i++)
		differ |= (unsigned char)(announced.at[i] ^ value.at[i]);
	return differ == 0;
}

static bool
has_value(struct span frames, const char *when, struct span value)
{
	struct span announced;
	bool found = false;

	while (frame_next(&frames, when, &announced))
		found |= is_same(announced, value);
	return found;
}

static bool
has_any(const struct sighting *sighting)
{
	return frame_get(sighting->frames, "before").len > 0 ||
	    frame_get(sighting->frames, "after").len > 0;
}

enum sight_verdict
sight_judge(const struct sighting *sighting, struct span value)
{
	const bool before = has_value(sighting->frames, "before", value);
	const bool after = has_value(sighting->frames, "after", value);

	if (sighting->fault.len > 0 ||
	    (!sighting->listed_before && !sighting->listed_after))
		return SIGHT_FAULT;
	if (!before && !after)
		return has_any(sighting) ? SIGHT_OTHER : SIGHT_NONE;
	if (sighting->listed_before && !before)
		return SIGHT_AFTER_ONLY;
	if (sighting->listed_after && !after)
		return SIGHT_BEFORE_ONLY;
	return SIGHT_ANNOUNCED;
}

const char *
sight_verdict_name(enum sight_verdict verdict)
{
	static const char *const names[] = { "announced", "before-only",
		"after-only", "other", "none", "fault" };

	return names[verdict];
}

/* What it announces, once each and not too much. */
static void
add_values(const struct sighting *sighting, struct buf *out)
{
	static const char *const when[] = { "before", "after" };
	struct span rest, value;
	size_t i, shown = 0;

	for (i = 0; i < 2; i++) {
		rest = sighting->frames;
		while (shown < VALUES_SHOWN &&
		    frame_next(&rest, when[i], &value)) {
			if (i == 1 &&
			    has_value(sighting->frames, "before", value))
				continue;
			buf_add_text(out, shown++ > 0 ? ", " : " ");
			text_show(out, value, 80, false);
		}
	}
}

void
sight_explain(const struct sighting *sighting, enum sight_verdict verdict,
    struct buf *out)
{
	switch (verdict) {
	case SIGHT_ANNOUNCED:
		buf_add_text(out,
		    !sighting->listed_before ? "announces the value"
			: !sighting->listed_after
			? "announces the value; it "
			  "offers no STARTTLS"
			: "announces the value before "
			  "and after STARTTLS");
		break;
	case SIGHT_BEFORE_ONLY:
		buf_add_text(out,
		    "announces the value before STARTTLS only; a CA that looks "
		    "inside TLS does not see it");
		break;
	case SIGHT_AFTER_ONLY:
		buf_add_text(out,
		    "announces the value after STARTTLS only; a CA that looks "
		    "before TLS does not see it");
		break;
	case SIGHT_OTHER:
		buf_add_text(
		    out, "announces another value, perhaps of an older order:");
		add_values(sighting, out);
		break;
	case SIGHT_NONE:
		buf_add_text(out, "announces no value of ACME");
		break;
	case SIGHT_FAULT:
		if (sighting->fault.len > 0)
			buf_add(out, sighting->fault);
		else
			buf_add_text(out, "does not say what it can do");
		break;
	}
}

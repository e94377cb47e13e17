/*
 * own_mail.c - what a message that came back shows: see own_mail.h
 *
 * In the parsing child.  Input: hostile.
 */
#include "reply/own_mail.h"

#include <stdlib.h>
#include <string.h>

#include "base/frame.h"
#include "base/text.h"
#include "mail/date.h"
#include "mail/dkim.h"
#include "mail/mbox.h"

/* RFC 8823 section 3.2, item 9: no Auto-Submitted. */
static const char *const names[OWN_MAIL_NAMES] = { "From", "Sender", "Reply-To",
	"To", "CC", "Subject", "Date", "In-Reply-To", "References",
	"Message-ID", "Content-Type", "Content-Transfer-Encoding" };

const char *
own_mail_name(size_t index)
{
	return names[index];
}

static uint32_t
missing_of(const struct header *header, const struct dkim_signature *signature)
{
	uint32_t missing = 0;
	size_t i, want;

	for (i = 0; i < OWN_MAIL_NAMES; i++) {
		want = header_count(header, span_of(names[i]));
		if (dkim_covers(signature, span_of(names[i])) <
		    (want > 0 ? want : 1))
			missing |= UINT32_C(1) << i;
	}
	return missing;
}

static unsigned
bits_of(uint32_t set)
{
	unsigned count = 0;

	for (; set != 0; set &= set - 1)
		count++;
	return count;
}

static void
read_signature(const struct header *header, const struct field *field,
    int64_t now, struct own_mail *out)
{
	struct dkim_signature signature;
	uint32_t missing;
	struct note why = { "" };
	const enum status status =
	    dkim_signature_parse(field, now, &signature, &why);

	if (signature.domain[0] != '\0' &&
	    !span_eq(span_of(signature.domain),
		address_domain(span_of(out->from)))) {
		(void)span_copy(
		    span_of(signature.domain), out->other, sizeof(out->other));
		return;
	}
	if (status != STATUS_OK) {
		out->fault = why;
		return;
	}
	missing = missing_of(header, &signature);
	if (out->count == OWN_MAIL_KEYS ||
	    dkim_key_name(&signature, out->key_name[out->count],
		DNS_NAME_SIZE) != STATUS_OK)
		return;
	if (out->count == 0 || bits_of(missing) < bits_of(out->missing))
		out->missing = missing;
	out->count++;
}

/* The response and nothing else?  Blanks around it do no harm. */
static enum own_mail_body
body_of(const struct header *header)
{
	static const char begin[] = "-----BEGIN ACME RESPONSE-----";
	static const char end[] = "-----END ACME RESPONSE-----";
	const struct span type =
	    span_trim(header_body(header, SPAN("Content-Type")));
	const struct span encoding =
	    span_trim(header_body(header, SPAN("Content-Transfer-Encoding")));
	const struct span text = span_trim(header->rest);
	const size_t at = span_find(text, span_of(end));

	if (span_starts_nocase(type, SPAN("multipart/signed")))
		return OWN_BODY_SIGNED;
	if (span_starts_nocase(type, SPAN("multipart/")))
		return OWN_BODY_PARTS;
	if (span_eq_nocase(encoding, SPAN("base64")) ||
	    span_eq_nocase(encoding, SPAN("quoted-printable")))
		return OWN_BODY_ENCODED;
	if (span_find(text, span_of(begin)) == text.len || at == text.len)
		return OWN_BODY_PLAIN;
	return span_starts(text, span_of(begin)) && at + strlen(end) == text.len
	    ? OWN_BODY_RESPONSE
	    : OWN_BODY_MORE;
}

static void
read_header(const struct header *header, int64_t now, struct own_mail *out)
{
	size_t i;

	if (header_count(header, SPAN("From")) == 1)
		(void)!address_sole(
		    header_body(header, SPAN("From")), out->from);
	if (header_count(header, SPAN("To")) == 1)
		(void)!address_sole(header_body(header, SPAN("To")), out->to);
	(void)!address_sole(
	    header_body(header, SPAN("Return-Path")), out->return_path);
	if (date_parse(header_body(header, SPAN("Date")), &out->date) !=
	    STATUS_OK)
		out->date = 0;
	for (i = 0; i < header->count; i++) {
		if (span_starts_nocase(header->field[i].name, SPAN("List-")))
			out->list = 1;
		if (!span_eq_nocase(
			header->field[i].name, SPAN("DKIM-Signature")) ||
		    out->signatures == DKIM_SIGNATURES_MAX)
			continue;
		out->signatures++;
		read_signature(header, &header->field[i], now, out);
	}
	out->body = body_of(header);
}

enum status
own_mail_read(struct span message, int64_t now, struct own_mail *out)
{
	struct header *header = malloc(sizeof(*header));

	*out = (struct own_mail){ .signatures = 0 };
	if (header == NULL)
		return STATUS_MEMORY;
	header_parse(mbox_strip(message), header);
	read_header(header, now, out);
	free(header);
	return STATUS_OK;
}

/* Terminated, and empty or a normal form. */
static bool
address_ok(const char *address)
{
	struct mailbox mailbox;
	char normal[ADDRESS_SIZE];

	if (memchr(address, '\0', ADDRESS_SIZE) == NULL)
		return false;
	return address[0] == '\0' ||
	    (address_parse(span_of(address), &mailbox) == STATUS_OK &&
		address_normal(&mailbox, normal) == STATUS_OK &&
		strcmp(normal, address) == 0);
}

static bool
name_ok(const char *name)
{
	return memchr(name, '\0', DNS_NAME_SIZE) != NULL &&
	    dns_name_ok(span_of(name));
}

bool
own_mail_ok(const struct own_mail *own)
{
	uint32_t i;

	if (!address_ok(own->from) || !address_ok(own->to) ||
	    !address_ok(own->return_path) ||
	    own->signatures > DKIM_SIGNATURES_MAX ||
	    own->count > OWN_MAIL_KEYS || own->count > own->signatures ||
	    own->missing >= UINT32_C(1) << OWN_MAIL_NAMES ||
	    own->body >= OWN_BODY_COUNT || own->list > 1 ||
	    !text_is_shown(own->fault.text, sizeof(own->fault.text)))
		return false;
	for (i = 0; i < own->count; i++)
		if (!name_ok(own->key_name[i]))
			return false;
	return own->other[0] == '\0' || name_ok(own->other);
}

static void
take_record(struct span record, struct span version, struct mail_policy *out)
{
	struct buf text;
	struct span value;

	buf_init(&text, DNS_RECORD_MAX);
	if (dns_txt_join(record, &text) == STATUS_OK) {
		value = buf_span(&text);
		/* RFC 7208 section 4.5: "v=spf1", alone or before a space. */
		if (span_starts_nocase(value, version) &&
		    (value.len == version.len ||
			span_has_byte(SPAN(" ;"), value.at[version.len])) &&
		    out->records++ == 0)
			text_show_in(
			    out->text, sizeof(out->text), value, false);
	}
	buf_clear(&text);
}

void
mail_policy_read(
    struct span frames, struct span version, struct mail_policy *out)
{
	struct dns_answer answer;
	size_t i;

	*out = (struct mail_policy){ .answered = 0 };
	dns_answer_init(&answer);
	if (dns_answer_parse(span_trim(frame_get(frames, "dns")), &answer) ==
	    STATUS_OK) {
		out->answered = answer.state == DNS_SECURE ||
		    answer.state == DNS_UNVALIDATED;
		for (i = 0; i < answer.count; i++)
			take_record(buf_span(&answer.record[i]), version, out);
	}
	dns_answer_clear(&answer);
}

bool
mail_policy_ok(const struct mail_policy *policy)
{
	return policy->answered <= 1 && policy->records <= DNS_RECORDS_MAX &&
	    text_is_shown(policy->text, sizeof(policy->text));
}

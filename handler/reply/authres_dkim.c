/*
 * authres_dkim.c - verify DKIM as proof of the sender: see authres.h
 *
 * Input: hostile.
 */
#include <stdlib.h>
#include <string.h>

#include "mail/dkim.h"
#include "mail/mbox.h"
#include "reply/authres.h"
#include "reply/authres_p.h"

static const struct dns_answer *
find_answer(const struct dns_answer *answers, size_t count, const char *name)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(answers[i].name, name) == 0)
			return &answers[i];
	return NULL;
}

static enum status
take_record(
    const struct dns_answer *answer, struct buf *record, struct note *note)
{
	if (answer == NULL)
		return note_set(note, STATUS_BAD_DKIM,
		    "the message has too many DKIM signatures");
	if (answer->state == DNS_TROUBLE)
		return note_set(note, STATUS_DNS,
		    "cannot look up the DKIM key now%s%s",
		    answer->reason[0] != '\0' ? ": " : "", answer->reason);
	if (answer->state == DNS_BOGUS)
		return note_set(note, STATUS_DNS,
		    "the DKIM key record fails DNSSEC validation (bogus)%s%s",
		    answer->reason[0] != '\0' ? ": " : "", answer->reason);
	if (answer->count == 0)
		return note_set(note, STATUS_BAD_DKIM_KEY,
		    "the DNS has no DKIM key record");
	if (answer->count > 1)
		return note_set(note, STATUS_BAD_DKIM_KEY,
		    "the DNS has more than one DKIM key record");
	if (dns_txt_join(buf_span(&answer->record[0]), record) != STATUS_OK)
		return note_set(note, STATUS_BAD_DKIM_KEY,
		    "the DKIM key record is malformed");
	return STATUS_OK;
}

static enum status
check_one(const struct authres_question *question, const struct header *header,
    size_t index, struct authres_proof *out, struct note *note)
{
	const struct dns_answer *answer = NULL;
	struct dkim_signature signature;
	struct dkim_evidence evidence;
	char name[DNS_NAME_SIZE];
	struct buf record;
	enum status status;

	status = authres_signature(header, index, question->from,
	    question->coverage, question->when, &signature, note);
	if (status == STATUS_OK)
		status = dkim_key_name(&signature, name, sizeof(name));
	if (status != STATUS_OK)
		return status;
	buf_init(&record, DNS_RECORD_MAX);
	answer = find_answer(question->answer, question->answers, name);
	status = take_record(answer, &record, note);
	if (status == STATUS_OK)
		status = dkim_verify(header, &signature, buf_span(&record),
		    true, &evidence, note);
	buf_clear(&record);
	if (status != STATUS_OK)
		return status;
	*out = (struct authres_proof){ .method = AUTHRES_DKIM,
		.dns = answer->state,
		.weak = evidence.weak };
	(void)memcpy(out->domain, signature.domain, sizeof(out->domain));
	return STATUS_OK;
}

enum status
authres_dkim(const struct authres_question *question, struct authres_proof *out,
    struct note *note)
{
	struct header *header = malloc(sizeof(*header));
	enum status best = STATUS_NO_AUTHRES, status = STATUS_NO_AUTHRES;
	struct note why = { "" };
	size_t i, looked = 0;

	if (header == NULL)
		return STATUS_MEMORY;
	header_parse(mbox_strip(question->message), header);
	for (i = 0; i < header->count && looked < DKIM_SIGNATURES_MAX; i++) {
		if (!span_eq_nocase(
			header->field[i].name, SPAN("DKIM-Signature")))
			continue;
		status = check_one(question, header, i, out, &why);
		if (status == STATUS_OK)
			break;
		/* Others' signatures cost nothing and count for nothing. */
		looked += status != STATUS_BAD_DKIM_DOMAIN;
		if (authres_nearer(status, best)) {
			best = status;
			(void)note_set(note, status, "%s", why.text);
		}
	}
	free(header);
	return status == STATUS_OK ? status : best;
}

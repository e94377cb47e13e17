/* authres_dkim.c - DKIM as proof, in the verifier: see authres.h.  Input:
 * hostile. */
#include <stdlib.h>
#include <string.h>

#include "mail/dkim.h"
#include "reply/authres.h"
#include "reply/authres_p.h"

static const struct authres_key *
find_key(const struct authres_key *keys, size_t count, const char *name)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static enum status
check_key(const struct authres_key *key, struct note *note)
{
	if (key == NULL || key->state == DNS_TROUBLE)
		return note_set(
		    note, STATUS_DNS, "the DKIM key cannot be looked up now");
	if (key->state == DNS_ABSENT)
		return note_set(
		    note, STATUS_BAD_DKIM_KEY, "there is no DKIM key record");
	if (key->state == DNS_MANY)
		return note_set(note, STATUS_BAD_DKIM_KEY,
		    "there is more than one DKIM key record");
	return STATUS_OK;
}

static enum status
check_one(const struct header *header, size_t index, struct span from,
    bool relaxed, bool mbox, int64_t now, const struct authres_key *keys,
    size_t count, struct authres *out, struct note *note)
{
	const struct authres_key *key = NULL;
	struct dkim_signature signature;
	struct dkim_evidence evidence;
	char name[AUTHRES_NAME_SIZE];
	enum status status;

	status = authres_signature(
	    header, index, from, relaxed, now, &signature, note);
	if (status == STATUS_OK)
		status = dkim_key_name(&signature, name, sizeof(name));
	if (status == STATUS_OK) {
		key = find_key(keys, count, name);
		status = check_key(key, note);
	}
	if (status == STATUS_OK)
		status = dkim_verify(header, &signature, span_of(key->record),
		    mbox, &evidence, note);
	if (status != STATUS_OK)
		return status;
	*out = (struct authres){
		.method = AUTHRES_DKIM, .dns = key->state, .weak = evidence.weak
	};
	(void)memcpy(out->domain, signature.domain, sizeof(out->domain));
	return STATUS_OK;
}

enum status
authres_dkim(struct span message, struct span from, bool relaxed, int64_t now,
    const struct authres_key *keys, size_t count, struct authres *out,
    struct note *note)
{
	const struct span plain = header_skip_from_line(message);
	const bool mbox = plain.len != message.len;
	struct header *header = malloc(sizeof(*header));
	enum status best = STATUS_NO_AUTHRES, status = STATUS_NO_AUTHRES;
	struct note why = { "" };
	size_t i, looked = 0;

	if (header == NULL)
		return STATUS_MEMORY;
	header_parse(plain, header);
	for (i = 0; i < header->count && looked < DKIM_SIGNATURES_MAX; i++) {
		if (!span_eq_nocase(
			header->field[i].name, SPAN("DKIM-Signature")))
			continue;
		status = check_one(header, i, from, relaxed, mbox, now, keys,
		    count, out, &why);
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

/* authres.c - which signatures could count: see authres.h.  Input: hostile. */
#include "reply/authres.h"

#include <stdlib.h>
#include <string.h>

#include "mail/dkim.h"
#include "reply/authres_p.h"

static const char *const states[] = { "secure", "unvalidated", "absent", "many",
	"trouble" };

const char *
authres_method_name(enum authres_method method)
{
	return method == AUTHRES_DKIM ? "dkim" : "none";
}

const char *
dns_state_name(enum dns_state state)
{
	return states[state];
}

bool
dns_state_parse(struct span text, enum dns_state *out)
{
	size_t i;

	for (i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (span_eq(text, span_of(states[i]))) {
			*out = (enum dns_state)i;
			return true;
		}
	return false;
}

/* RFC 8823 section 3.1, item 6a: whether the fields are there or not. */
static const char *const required[] = { "From", "Sender", "Reply-To", "To",
	"CC", "Subject", "Date", "In-Reply-To", "References", "Message-ID",
	"Auto-Submitted", "Content-Type", "Content-Transfer-Encoding" };
enum { REQUIRED = sizeof(required) / sizeof(*required) };

/* Relaxed: each of them that is there is signed, as often as it is there. */
static enum status
check_coverage(const struct header *header,
    const struct dkim_signature *signature, bool relaxed, struct note *note)
{
	struct span name;
	size_t i, want;

	for (i = 0; i < REQUIRED; i++) {
		name = span_of(required[i]);
		want = header_count(header, name);
		if (!relaxed && want == 0)
			want = 1;
		if (dkim_covers(signature, name) < want)
			return note_set(note, STATUS_BAD_DKIM_COVERAGE,
			    "the DKIM signature does not cover %s",
			    required[i]);
	}
	return STATUS_OK;
}

enum status
authres_signature(const struct header *header, size_t index, struct span from,
    bool relaxed, int64_t now, struct dkim_signature *out, struct note *note)
{
	enum status status;

	status = dkim_signature_parse(&header->field[index], now, out, note);
	if (status != STATUS_OK && status != STATUS_BAD_DKIM_COVERAGE)
		return status;
	if (out->domain[0] != '\0' &&
	    !span_eq(span_of(out->domain), address_domain(from)))
		return note_set(note, STATUS_BAD_DKIM_DOMAIN,
		    "the DKIM signature is of another domain than the "
		    "sender's");
	if (status != STATUS_OK)
		return status;
	return check_coverage(header, out, relaxed, note);
}

/* Of several refusals the one that came nearest is worth telling. */
bool
authres_nearer(enum status status, enum status than)
{
	static const enum status order[] = { STATUS_NO_AUTHRES,
		STATUS_BAD_DKIM_DOMAIN, STATUS_BAD_DKIM,
		STATUS_BAD_DKIM_COVERAGE, STATUS_BAD_DKIM_KEY, STATUS_DNS };
	size_t i, a = 0, b = 0;

	for (i = 0; i < sizeof(order) / sizeof(*order); i++) {
		if (order[i] == status)
			a = i;
		if (order[i] == than)
			b = i;
	}
	return a > b;
}

enum status
authres_query_build(struct span message, struct span from, bool relaxed,
    int64_t now, struct authres_query *out, struct note *note)
{
	struct header *header = malloc(sizeof(*header));
	struct dkim_signature signature;
	enum status best = STATUS_NO_AUTHRES, status;
	struct note why = { "" };
	size_t i;

	*out = (struct authres_query){ 0 };
	if (header == NULL)
		return STATUS_MEMORY;
	header_parse(header_skip_from_line(message), header);
	for (i = 0; i < header->count && out->count < AUTHRES_QUERIES_MAX;
	     i++) {
		if (!span_eq_nocase(
			header->field[i].name, SPAN("DKIM-Signature")))
			continue;
		status = authres_signature(
		    header, i, from, relaxed, now, &signature, &why);
		if (status == STATUS_OK)
			status = dkim_key_name(&signature,
			    out->key_name[out->count], AUTHRES_NAME_SIZE);
		if (status == STATUS_OK)
			out->count++;
		else if (authres_nearer(status, best)) {
			best = status;
			(void)note_set(note, status, "%s", why.text);
		}
	}
	free(header);
	if (out->count > 0)
		return STATUS_OK;
	if (best == STATUS_NO_AUTHRES)
		return note_set(note, best,
		    "the message carries no DKIM signature, and S/MIME cannot "
		    "be checked yet");
	return best;
}

bool
authres_query_ok(const struct authres_query *query)
{
	size_t i, at;

	if (query->count > AUTHRES_QUERIES_MAX)
		return false;
	for (i = 0; i < query->count; i++) {
		if (memchr(query->key_name[i], '\0', AUTHRES_NAME_SIZE) ==
			NULL ||
		    query->key_name[i][0] == '\0')
			return false;
		for (at = 0; query->key_name[i][at] != '\0'; at++)
			if (!ascii_is_alnum(query->key_name[i][at]) &&
			    !span_has_byte(SPAN("-._"), query->key_name[i][at]))
				return false;
	}
	return true;
}

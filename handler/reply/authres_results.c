/*
 * authres_results.c - judge Authentication-Results fields: see authres_p.h
 *
 * Input: hostile, all of it: only where a field stands and whose name it
 * bears makes it the server's (RFC 8601 section 5: the border server removes
 * fields that bear its name and are not its own).
 */
#include <stdlib.h>
#include <string.h>

#include "base/idn.h"
#include "base/text.h"
#include "mail/results.h"
#include "reply/authres_p.h"

enum { FIELDS_MAX = 8, ANSWERS_MAX = 16, VALUE_PREFIX_MIN = 8 };

/* One thing that was said about signatures of the sender's domain. */
struct answer {
	bool pass;
	bool later;                   /* temperror */
	char identity[DNS_NAME_SIZE]; /* header.i's domain where no header.d
	                               * is; else empty */
	char selector[RESULTS_VALUE_SIZE];
	char value[RESULTS_VALUE_SIZE];
};

struct answers {
	struct answer answer[ANSWERS_MAX];
	size_t count;
	size_t fields; /* of our authserv-id */
	size_t below;  /* Received fields above the first that does not count */
	bool full;
};

static bool
is_of(const char *domain, struct span wanted)
{
	char ascii[DNS_NAME_SIZE];

	return domain[0] != '\0' &&
	    idn_to_ascii(span_of(domain), ascii, sizeof(ascii)) == STATUS_OK &&
	    span_eq(span_of(ascii), wanted);
}

/* What header.i says (RFC 8601 section 2.7.1): i= of the signature, which is
 * of d= or below it.  Which d=, it leaves open. */
static bool
identity_in(const char *identity, struct span wanted, char out[DNS_NAME_SIZE])
{
	struct span text = span_of(identity), at;
	size_t i;

	for (i = text.len; i > 0 && text.at[i - 1] != '@'; i--)
		;
	if (i == 0 ||
	    idn_to_ascii(span_cut(text, i, text.len), out, DNS_NAME_SIZE) !=
		STATUS_OK)
		return false;
	at = span_of(out);
	return span_eq(at, wanted) ||
	    (at.len > wanted.len && at.at[at.len - wanted.len - 1] == '.' &&
		span_eq(span_cut(at, at.len - wanted.len, at.len), wanted));
}

static void
keep_answer(
    const struct result *result, const char *identity, struct answers *out)
{
	struct answer *answer;

	if (out->count == ANSWERS_MAX) {
		out->full = true;
		return;
	}
	answer = &out->answer[out->count++];
	answer->pass = span_eq_nocase(result->result, SPAN("pass"));
	answer->later = span_eq_nocase(result->result, SPAN("temperror"));
	(void)strcpy(answer->identity, identity);
	(void)memcpy(
	    answer->selector, result->selector, sizeof(answer->selector));
	(void)memcpy(answer->value, result->value, sizeof(answer->value));
}

/* One field.  False: it names the trusted server, but is malformed. */
static bool
take_field(struct span body, struct span authserv_id, struct span domain,
    struct results *results, struct answers *out)
{
	enum status status = results_parse(body, results);
	const struct result *result;
	char identity[DNS_NAME_SIZE];
	size_t i;

	if (status == STATUS_MISSING ||
	    !span_eq_nocase(span_of(results->authserv_id), authserv_id))
		return true;
	out->fields++;
	if (status != STATUS_OK || out->fields > FIELDS_MAX)
		return false;
	for (i = 0; i < results->count; i++) {
		result = &results->result[i];
		if (!span_eq_nocase(result->method, SPAN("dkim")))
			continue;
		if (is_of(result->domain, domain))
			keep_answer(result, "", out);
		else if (result->domain[0] == '\0' &&
		    identity_in(result->identity, domain, identity))
			keep_answer(result, identity, out);
	}
	return true;
}

/* Trace fields are added on top: what stands below the first Received was
 * there before our server got the message, unless our own side added it. */
static enum status
collect(const struct header *header, const struct authres_policy *policy,
    struct span domain, struct answers *out, struct note *note)
{
	const struct span authserv_id = span_of(policy->by.results);
	struct results *results = malloc(sizeof(*results));
	const struct field *field;
	bool good = true;
	size_t i, above = 0;

	if (results == NULL)
		return STATUS_MEMORY;
	for (i = 0; i < header->count && good; i++) {
		field = &header->field[i];
		if (span_eq_nocase(field->name, SPAN("Received")))
			above++;
		if (!span_eq_nocase(
			field->name, SPAN("Authentication-Results")))
			continue;
		if ((int64_t)above <= policy->received)
			good = take_field(
			    field->body, authserv_id, domain, results, out);
		else if (out->below == 0 &&
		    results_parse(field->body, results) != STATUS_MISSING &&
		    span_eq_nocase(span_of(results->authserv_id), authserv_id))
			out->below = above;
	}
	free(results);
	if (!good || out->full)
		return note_set(note, STATUS_BAD_RESULTS,
		    "the Authentication-Results field is malformed");
	if (out->fields == 0 && out->below > 0)
		return note_set(note, STATUS_BAD_RESULTS,
		    "%zu Received %s above the trusted server's "
		    "Authentication-Results, so anybody may have written it; "
		    "if your own servers added %s, set results_received = %zu",
		    out->below, out->below > 1 ? "fields stand" : "stands",
		    out->below > 1 ? "them" : "that", out->below);
	if (out->fields == 0)
		return note_set(note, STATUS_BAD_RESULTS,
		    "the message has no Authentication-Results field of the "
		    "trusted server");
	return STATUS_OK;
}

/* Do they speak of two signatures for sure? */
static bool
are_apart(const struct answer *a, const struct answer *b)
{
	return (a->selector[0] != '\0' && b->selector[0] != '\0' &&
		   strcasecmp(a->selector, b->selector) != 0) ||
	    (a->value[0] != '\0' && b->value[0] != '\0' &&
		strcmp(a->value, b->value) != 0);
}

static enum status
check_answers(const struct answers *answers, struct note *note)
{
	bool pass = false, later = false;
	size_t i, j;

	for (i = 0; i < answers->count; i++) {
		pass = pass || answers->answer[i].pass;
		later = later || answers->answer[i].later;
	}
	if (!pass && later)
		return note_set(note, STATUS_DNS,
		    "the mail server could not look up the DKIM key");
	if (!pass)
		return note_set(note, STATUS_BAD_RESULTS,
		    answers->count > 0
			? "the mail server says that DKIM did not pass"
			: "the mail server does not report a DKIM signature of "
			  "the sender's domain");
	for (i = 0; i < answers->count; i++)
		for (j = 0; answers->answer[i].pass && j < answers->count; j++)
			if (!answers->answer[j].pass &&
			    !are_apart(
				&answers->answer[i], &answers->answer[j]))
				return note_set(note, STATUS_BAD_RESULTS_TWO,
				    "the mail server says both that DKIM "
				    "passed and that it did not");
	return STATUS_OK;
}

/* header.b: the first octets of b=, without its white space (RFC 6008). */
static bool
begins_value(struct span value, const char *prefix)
{
	size_t i, at = 0;

	for (i = 0; i < value.len && prefix[at] != '\0'; i++) {
		if (ascii_is_space(value.at[i]))
			continue;
		if (value.at[i] != prefix[at])
			return false;
		at++;
	}
	return prefix[at] == '\0';
}

static bool
speaks_of(const struct answer *answer, const struct dkim_signature *signature)
{
	char selector[DNS_NAME_SIZE];

	if (answer->selector[0] != '\0' &&
	    (idn_to_ascii(span_of(answer->selector), selector,
		 sizeof(selector)) != STATUS_OK ||
		strcmp(selector, signature->selector) != 0))
		return false;
	if (answer->identity[0] != '\0' &&
	    strcmp(answer->identity, signature->identity) != 0)
		return false;
	return strlen(answer->value) < VALUE_PREFIX_MIN ||
	    begins_value(signature->value, answer->value);
}

/*
 * Could an answer without header.d speak of this signature, though it is of
 * another domain?  The parent domain's may have the same i=, and b= of a forged
 * one may begin like its own.  Our own parser has no say: the server may read
 * what we do not.
 */
static bool
may_be_foreign(
    const struct answer *answer, struct span body, struct span wanted)
{
	const struct span *d, *i, *b;
	char domain[DNS_NAME_SIZE], identity[DNS_NAME_SIZE] = "";
	struct dkim_tags tags;
	struct buf text;
	bool other;

	if (dkim_tags_parse(body, &tags) != STATUS_OK)
		return true;
	d = dkim_tag(&tags, SPAN("d"));
	i = dkim_tag(&tags, SPAN("i"));
	b = dkim_tag(&tags, SPAN("b"));
	if (d == NULL || b == NULL ||
	    idn_to_ascii(*d, domain, sizeof(domain)) != STATUS_OK)
		return true;
	if (span_eq(span_of(domain), wanted) ||
	    (strlen(answer->value) >= VALUE_PREFIX_MIN &&
		!begins_value(*b, answer->value)))
		return false;
	/* i= is d= where it is missing; a quoted or folded one may be any. */
	buf_init(&text, RESULTS_VALUE_SIZE);
	buf_add_byte(&text, '@');
	buf_add(&text, i != NULL ? *i : *d);
	other = buf_status(&text) == STATUS_OK &&
	    !identity_in(text.at, wanted, identity) && identity[0] != '\0';
	buf_clear(&text);
	return !other;
}

/* Every signature that it may speak of must cover what RFC 8823 demands. */
static enum status
check_signatures(const struct header *header, const struct answer *answer,
    struct span from, enum dkim_coverage coverage, int64_t now, uint32_t *would,
    struct note *note)
{
	struct dkim_signature signature;
	enum status status;
	size_t i, found = 0;
	uint32_t met;

	for (i = 0; i < header->count; i++) {
		if (!span_eq_nocase(
			header->field[i].name, SPAN("DKIM-Signature")))
			continue;
		if (answer->identity[0] != '\0' &&
		    may_be_foreign(
			answer, header->field[i].body, address_domain(from)))
			return note_set(note, STATUS_BAD_RESULTS,
			    "the mail server names the signer only by "
			    "header.i, which may be another domain's "
			    "signature");
		signature = (struct dkim_signature){ .domain = "" };
		status = authres_signature(
		    header, i, from, coverage, now, &signature, note);
		if (!span_eq(span_of(signature.domain), address_domain(from)) ||
		    !speaks_of(answer, &signature))
			continue;
		if (status == STATUS_BAD_DKIM_COVERAGE &&
		    (met = authres_coverage(header, &signature)) <
			COVERAGE_COUNT &&
		    met > *would)
			*would = met;
		if (status != STATUS_OK)
			return status;
		found++;
	}
	if (found == 0)
		return note_set(note, STATUS_BAD_RESULTS,
		    "the DKIM signature that the mail server reports is not in "
		    "the message");
	return STATUS_OK;
}

bool
authres_passed_before(const struct header *header, struct span domain)
{
	struct results *results = malloc(sizeof(*results));
	const struct result *result;
	char identity[DNS_NAME_SIZE];
	bool passed = false;
	size_t i, j;

	for (i = 0; results != NULL && i < header->count && !passed &&
	     !span_eq_nocase(header->field[i].name, SPAN("Received"));
	     i++) {
		if (!span_eq_nocase(header->field[i].name,
			SPAN("Authentication-Results")) ||
		    results_parse(header->field[i].body, results) != STATUS_OK)
			continue;
		for (j = 0; j < results->count; j++) {
			result = &results->result[j];
			passed = passed ||
			    (span_eq_nocase(result->method, SPAN("dkim")) &&
				span_eq_nocase(result->result, SPAN("pass")) &&
				(is_of(result->domain, domain) ||
				    identity_in(
					result->identity, domain, identity)));
		}
	}
	free(results);
	return passed;
}

enum status
authres_results(const struct header *header,
    const struct authres_policy *policy, struct span from, int64_t now,
    struct authres_proof *out, uint32_t *would, struct note *note)
{
	const struct span domain = address_domain(from);
	struct answers *answers = calloc(1, sizeof(*answers));
	enum status best = STATUS_NO_AUTHRES, status;
	struct note why = { "" };
	size_t i;

	if (answers == NULL)
		return STATUS_MEMORY;
	status = collect(header, policy, domain, answers, note);
	if (status == STATUS_OK)
		status = check_answers(answers, note);
	if (status != STATUS_OK) {
		free(answers);
		return status;
	}
	for (i = 0; i < answers->count && best != STATUS_OK; i++) {
		if (!answers->answer[i].pass)
			continue;
		status = check_signatures(header, &answers->answer[i], from,
		    policy->coverage, now, would, &why);
		if (status == STATUS_OK || authres_nearer(status, best)) {
			best = status;
			(void)note_set(note, status, "%s", why.text);
		}
	}
	free(answers);
	if (best != STATUS_OK)
		return best;
	*out = (struct authres_proof){ .method = AUTHRES_RESULTS,
		.dns = DNS_TROUBLE };
	note->text[0] = '\0';
	return span_copy(domain, out->domain, sizeof(out->domain))
	    ? STATUS_OK
	    : STATUS_BAD_RESULTS;
}

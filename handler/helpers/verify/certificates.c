/* certificates.c - check, describe and publish certificates: see verbs.h */
#include <stdlib.h>

#include "acme/certificate.h"
#include "acme/chain.h"
#include "acme/csr.h"
#include "acme/foreign.h"
#include "base/base64url.h"
#include "base/frame.h"
#include "helpers/verify/verbs.h"
#include "mail/dane.h"
#include "mail/smimea_record.h"

static enum status
take_wanted(struct span frames, struct certificate_wanted *out)
{
	struct span rest = frames, address;

	out->addresses = 0;
	while (frame_next(&rest, "address", &address)) {
		if (out->addresses == CSR_ADDRESSES_MAX)
			return STATUS_USAGE;
		out->address[out->addresses++] = address;
	}
	out->srvs = 0;
	rest = frames;
	while (frame_next(&rest, "srv", &address)) {
		if (out->srvs == CSR_ADDRESSES_MAX)
			return STATUS_USAGE;
		out->srv[out->srvs++] = address;
	}
	return csr_usage_parse(frame_get(frames, "usage"), &out->usage) &&
		frame_number(frame_get(frames, "now"), &out->now)
	    ? STATUS_OK
	    : STATUS_USAGE;
}

static void
add_facts(const struct certificate *facts, struct span chain, struct buf *out)
{
	frame_add_number(out, "starts", facts->starts);
	frame_add_number(out, "expires", facts->expires);
	frame_add(out, "id", span_of(facts->id));
	frame_add(out, "top", span_of(facts->top));
	frame_add(out, "limits", span_of(facts->limits));
	frame_add(out, "chain", chain);
}

enum status
do_certificate(struct span frames, struct buf *out, struct note *note)
{
	struct buf key, chain;
	struct certificate facts;
	struct certificate_wanted wanted;
	enum status status;

	buf_init(&key, CSR_SIZE_MAX);
	buf_init(&chain, CERTIFICATE_SIZE_MAX);
	status = take_wanted(frames, &wanted);
	if (status == STATUS_OK)
		status = base64url_decode(&key, frame_get(frames, "key"));
	wanted.key = buf_span(&key);
	if (status == STATUS_OK)
		status = certificate_check(
		    frame_get(frames, "chain"), &wanted, &chain, &facts, note);
	if (status == STATUS_OK)
		add_facts(&facts, buf_span(&chain), out);
	buf_clear(&chain);
	buf_clear(&key);
	return status;
}

/* The frames are of a certificate that mailcert did not order. */
static void
add_foreign(const struct foreign *found, struct span chain, struct buf *out)
{
	size_t i;

	add_facts(&found->facts, chain, out);
	for (i = 0; i < found->addresses; i++)
		frame_add(out, "address", span_of(found->address[i]));
	frame_add(out, "usage", span_of(csr_usage_name(found->usage)));
	frame_add(out, "kind", span_of(key_kind_name(found->kind)));
	frame_add(out, "digest", span_of(found->digest));
}

enum status
do_foreign(struct span frames, struct buf *out, struct note *note)
{
	struct foreign *found = calloc(1, sizeof(*found));
	struct buf key, chain;
	enum status status = found != NULL ? STATUS_OK : STATUS_MEMORY;
	int64_t now = 0;

	buf_init(&key, CSR_SIZE_MAX);
	buf_init(&chain, CERTIFICATE_SIZE_MAX);
	if (status == STATUS_OK &&
	    !frame_number(frame_get(frames, "now"), &now))
		status = STATUS_USAGE;
	if (status == STATUS_OK)
		status = base64url_decode(&key, frame_get(frames, "key"));
	if (status == STATUS_OK)
		status = foreign_read(frame_get(frames, "chain"),
		    buf_span(&key), now, &chain, found, note);
	if (status == STATUS_OK)
		add_foreign(found, buf_span(&chain), out);
	buf_clear(&chain);
	buf_clear(&key);
	free(found);
	return status;
}

enum status
do_leaves(struct span frames, struct buf *out, struct note *note)
{
	return foreign_leaves(frame_get(frames, "chain"), "public", out, note);
}

/* Nothing is believed of the anchors but their own signatures: the user is
 * shown the root before it counts. */
enum status
do_describe(struct span frames, struct buf *out, struct note *note)
{
	struct span rest = frames, file;
	struct chain *chain = NULL;
	enum status status;

	status = chain_new(frame_get(frames, "chain"), &chain, note);
	while (status == STATUS_OK && frame_next(&rest, "anchor", &file))
		chain_extend(chain, file);
	if (status == STATUS_OK)
		status = chain_describe(chain, out, note);
	chain_free(chain);
	return status;
}

/* A number of an SMIMEA record. */
static bool
take_number(struct span frames, const char *name, int64_t most, unsigned *out)
{
	int64_t number;

	if (!frame_number(frame_get(frames, name), &number) || number < 0 ||
	    number > most)
		return false;
	*out = (unsigned)number;
	return true;
}

enum status
do_associate(struct span frames, struct buf *out, struct note *note)
{
	struct smimea kind = { .selector = 0 };
	enum status status = STATUS_USAGE;
	unsigned usage;
	struct buf data;

	buf_init(&data, CERTIFICATE_SIZE_MAX);
	if (take_number(frames, "usage", SMIMEA_DANE_EE, &usage) &&
	    take_number(frames, "selector", 1, &kind.selector) &&
	    take_number(frames, "matching", 2, &kind.matching)) {
		kind.usage = (enum smimea_usage)usage;
		status =
		    smimea_make(frame_get(frames, "chain"), &kind, &data, note);
	}
	if (status == STATUS_OK)
		frame_add(out, "data", buf_span(&data));
	buf_clear(&data);
	return status;
}

enum status
do_dane(struct span frames, struct buf *out, struct note *note)
{
	const struct dane_question question = { .chain =
						    frame_get(frames, "chain"),
		.host = frame_get(frames, "host"),
		.smtp = frame_get(frames, "smtp").len > 0,
		.trusted = frame_get(frames, "trusted").len > 0 };
	struct span rest = frames, record;
	enum status status = STATUS_OK;
	enum dane_verdict verdict;

	(void)note;
	while (status == STATUS_OK && frame_next(&rest, "record", &record)) {
		status = dane_judge(&question, record, &verdict);
		if (status == STATUS_OK)
			frame_add(out, "verdict",
			    span_of(dane_verdict_name(verdict)));
	}
	return status;
}

/* opening.c - open encrypted messages with our keys: see opening.h */
#include "cmd/opening.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/passphrase.h"
#include "process/helper.h"

enum {
	CHAIN_MAX = 512 * 1024,
	QUESTION_ROOM = 64 * 1024,
	ANSWER_MAX = 64 * 1024,
	KEY_MAX = 64 /* octets of an unwrapped key, at most */
};

/* Its own certificate, without those above it. */
static struct span
leaf_of(struct span pem)
{
	const struct span end = SPAN("-----END CERTIFICATE-----\n");
	size_t i;

	for (i = 0; i + end.len <= pem.len; i++)
		if (span_starts(span_cut(pem, i, pem.len), end))
			return span_cut(pem, 0, i + end.len);
	return pem;
}

static bool
has_certificate(const struct order *order)
{
	return (order->state == ORDER_ISSUED ||
		   order->state == ORDER_REVOKED) &&
	    !order_is_server(order);
}

/* One whose certificate cannot be read is left out. */
static enum status
add_key(
    struct opening *opening, const struct home *home, const struct order *order)
{
	struct opening_key *key = &opening->keys[opening->count];
	char certificate[sizeof(key->path)];
	struct note unused = { "" };
	enum status status;
	struct buf chain;

	*key = (struct opening_key){ .locked = order->locked };
	buf_init(&key->certificate, CHAIN_MAX);
	buf_init(&chain, CHAIN_MAX);
	status = order_load_chain(home, order->id, &chain, &unused);
	if (status == STATUS_OK)
		status = order_paths(home, order->id, key->path, certificate,
		    sizeof(key->path), &unused);
	buf_add(&key->certificate, leaf_of(buf_span(&chain)));
	buf_clear(&chain);
	if (status == STATUS_OK)
		status = buf_status(&key->certificate);
	if (status == STATUS_OK)
		opening->count++;
	else
		buf_clear(&key->certificate);
	return status == STATUS_MEMORY ? status : STATUS_OK;
}

enum status
opening_begin(struct opening *opening, const struct config *config,
    const struct home *home, struct note *note)
{
	struct order *orders = NULL;
	enum status status;
	size_t count = 0, i;

	*opening = (struct opening){ .config = config };
	buf_init(&opening->passphrase, PASSPHRASE_MAX);
	status = orders_load(home, &orders, &count, note);
	if (status == STATUS_OK && count > 0) {
		opening->keys = calloc(count, sizeof(*opening->keys));
		status = opening->keys == NULL ? STATUS_MEMORY : STATUS_OK;
	}
	for (i = 0; status == STATUS_OK && i < count; i++)
		if (has_certificate(&orders[i]) &&
		    (!orders[i].locked || config->password_command[0] != '\0'))
			status = add_key(opening, home, &orders[i]);
	free(orders);
	return status;
}

void
opening_end(struct opening *opening)
{
	size_t i;

	for (i = 0; i < opening->count; i++)
		buf_clear(&opening->keys[i].certificate);
	free(opening->keys);
	buf_wipe(&opening->passphrase);
	*opening = (struct opening){ .count = 0 };
}

void
opening_mark(const struct opening *opening, struct buf *out)
{
	size_t i;

	buf_add_text(out, "decrypt\n");
	for (i = 0; i < opening->count; i++)
		buf_addf(out, "%s\n", opening->keys[i].path);
}

/* password_command is run once; where it fails, its keys are of no use. */
static enum status
get_passphrase(struct opening *opening, struct note *note)
{
	enum status status = STATUS_NO_PERSON;

	if (!opening->asked)
		status = passphrase_get(
		    opening->config, false, &opening->passphrase, note);
	else if (opening->passphrase.len > 0)
		status = STATUS_OK;
	opening->asked = true;
	if (status != STATUS_OK)
		buf_wipe(&opening->passphrase);
	return status;
}

/* The frames pass as they are: the key holder checks each of them. */
static enum status
unwrap(struct opening *opening, const struct opening_key *key,
    struct span sealed, struct buf *out, struct note *note)
{
	struct buf question, answer;
	enum status status = STATUS_OK;
	struct span found;
	int64_t length;

	if (key->locked &&
	    (status = get_passphrase(opening, note)) != STATUS_OK)
		return status;
	buf_init(&question, QUESTION_ROOM);
	buf_init(&answer, ANSWER_MAX);
	helper_open(&question, key->path, NULL);
	buf_add(&question, sealed);
	if (key->locked)
		frame_add(
		    &question, "passphrase", buf_span(&opening->passphrase));
	status = helper_ask(VERB_UNWRAP, &question, &answer, note);
	found = frame_get(buf_span(&answer), "key");
	if (status == STATUS_OK &&
	    (!frame_number(frame_get(sealed, "length"), &length) ||
		length < 1 || found.len != (size_t)length))
		status = helper_malformed(VERB_UNWRAP,
		    "key is not of the length that was asked for", note);
	if (status == STATUS_OK)
		buf_add(out, found);
	buf_wipe(&answer);
	buf_wipe(&question);
	return status == STATUS_OK ? buf_status(out) : status;
}

/* Ask the verifier which key opens it, and with what.  *out: NULL: none. */
static enum status
find_key(struct opening *opening, struct span message, struct buf *answer,
    struct opening_key **out, struct note *note)
{
	struct buf question;
	enum status status;
	struct span frames;
	int64_t index;
	size_t i, size = message.len + QUESTION_ROOM;

	for (i = 0; i < opening->count; i++)
		size += opening->keys[i].certificate.len + 64;
	buf_init(&question, size);
	frame_add(&question, "message", message);
	for (i = 0; i < opening->count; i++)
		frame_add(&question, "certificate",
		    buf_span(&opening->keys[i].certificate));
	status = helper_ask(VERB_SEAL, &question, answer, note);
	buf_clear(&question);
	frames = buf_span(answer);
	*out = NULL;
	if (status != STATUS_OK || !frame_next(&frames, "index", &frames))
		return status;
	if (!frame_number(frames, &index) || index < 0 ||
	    (size_t)index >= opening->count)
		return helper_malformed(
		    VERB_SEAL, "index is not that of a certificate", note);
	*out = &opening->keys[index];
	return STATUS_OK;
}

static void
leave(struct smime_report *report, const char *why)
{
	text_show_in(report->why, sizeof(report->why), span_of(why), true);
}

/* Trouble with a key is said once, and leaves its messages as they are. */
static void
refuse(struct opening_key *key, const struct note *note, enum status status)
{
	struct note said;

	if (!key->refused) {
		note_say(&said, "cannot use the key %.120s: %.180s", key->path,
		    note_text(note, status));
		cmd_say(&said);
	}
	key->refused = true;
}

/* What the verifier cannot do with it is not told from what is inside. */
static enum status
judge_inside(const struct prover *prover, struct span message, const char *from,
    struct span key, struct smime_report *report, struct note *note)
{
	struct smime_report inside = { .status = SMIME_STATUS_NULL };
	enum status status;

	status = prove_opened(prover, message, from, key, &inside, note);
	if (status != STATUS_OK)
		return status;
	if (inside.encrypted != 1 || inside.status == SMIME_STATUS_NULL)
		return helper_malformed(
		    VERB_OPENED, "it is not of an encrypted message", note);
	*report = inside;
	return STATUS_OK;
}

enum status
opening_judge(struct opening *opening, const struct prover *prover,
    struct span message, const char *from, struct smime_report *report,
    struct note *note)
{
	struct opening_key *key = NULL;
	struct buf answer, content_key;
	enum status status;

	leave(report, "the message is encrypted, to none of the keys here");
	buf_init(&answer, ANSWER_MAX);
	buf_init(&content_key, KEY_MAX);
	status = find_key(opening, message, &answer, &key, note);
	if (status == STATUS_OK && key != NULL && !key->refused) {
		status = unwrap(opening, key,
		    frame_get(buf_span(&answer), "sealed"), &content_key, note);
		if (status != STATUS_OK && status != STATUS_MEMORY) {
			refuse(key, note, status);
			status = STATUS_OK;
		}
	}
	if (key != NULL && key->refused)
		leave(report,
		    "the message is encrypted, and its key cannot be used");
	if (status == STATUS_OK && content_key.len > 0)
		status = judge_inside(prover, message, from,
		    buf_span(&content_key), report, note);
	buf_wipe(&content_key);
	buf_clear(&answer);
	return status;
}

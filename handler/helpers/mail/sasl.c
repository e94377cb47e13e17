/* sasl.c - prove to a server who we are: see sasl.h.  Input: hostile. */
#include "helpers/mail/sasl.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#include "base/base64url.h"
#include "base/frame.h"
#include "base/text.h"

enum { DIGEST = 32, SALT_MAX = 1024 };

static const char *const names[SASL_MECHANISMS] = { "OAUTHBEARER", "XOAUTH2",
	"SCRAM-SHA-256", "PLAIN", "LOGIN" };

void
sasl_add_offered(unsigned *offered, struct span name)
{
	unsigned i;

	for (i = 0; i < SASL_MECHANISMS; i++)
		if (span_eq_nocase(name, span_of(names[i])))
			*offered |= 1U << i;
}

bool
sasl_choose(unsigned offered, bool token, enum sasl_mechanism *out)
{
	unsigned i;

	for (i = 0; i < SASL_MECHANISMS; i++)
		if ((offered & (1U << i)) != 0 &&
		    token == (i <= SASL_XOAUTH2)) {
			*out = (enum sasl_mechanism)i;
			return true;
		}
	return false;
}

const char *
sasl_name(enum sasl_mechanism mechanism)
{
	return names[mechanism];
}

bool
sasl_is_first(enum sasl_mechanism mechanism)
{
	return mechanism != SASL_LOGIN;
}

/* Base64 (RFC 4648 section 4), from and to the strict base64url of base/. */
static void
encode(struct buf *out, struct span bytes)
{
	size_t from = out->len;

	base64url_encode(out, bytes);
	for (; from < out->len; from++)
		if (out->at[from] == '-')
			out->at[from] = '+';
		else if (out->at[from] == '_')
			out->at[from] = '/';
	if (bytes.len % 3 > 0)
		buf_add_text(out, bytes.len % 3 == 1 ? "==" : "=");
}

static enum status
decode(struct buf *out, struct span text)
{
	enum status status = STATUS_OK;
	struct buf url;
	size_t i;

	buf_init(&url, SASL_CHALLENGE_MAX);
	for (i = 0; i < text.len && status == STATUS_OK; i++)
		if (text.at[i] == '-' || text.at[i] == '_')
			status = STATUS_BAD_TOKEN;
		else
			buf_add_byte(&url,
			    text.at[i] == '+'       ? '-'
				: text.at[i] == '/' ? '_'
						    : text.at[i]);
	if (status == STATUS_OK)
		status = buf_status(&url);
	if (status == STATUS_OK && text.len % 4 != 0)
		status = STATUS_BAD_TOKEN;
	if (status == STATUS_OK)
		status = base64url_decode(out, buf_span(&url));
	buf_wipe(&url);
	return status == STATUS_OK ? buf_status(out) : status;
}

enum status
sasl_init(struct sasl *sasl, enum sasl_mechanism mechanism,
    const struct sasl_account *account, const char *nonce)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij"
				       "klmnopqrstuvwxyz0123456789+/";
	unsigned char random[SASL_NONCE_SIZE - 1];
	size_t i;

	*sasl = (struct sasl){ .mechanism = mechanism,
		.account = account,
		.proven = mechanism != SASL_SCRAM_SHA_256 };
	buf_init(&sasl->first, SASL_RESPONSE_MAX);
	if (nonce == NULL && RAND_bytes(random, sizeof(random)) != 1)
		return STATUS_CRYPTO;
	for (i = 0; i < SASL_NONCE_SIZE - 1; i++)
		sasl->nonce[i] =
		    nonce != NULL ? nonce[i] : alphabet[random[i] & 63];
	return STATUS_OK;
}

void
sasl_clear(struct sasl *sasl)
{
	buf_wipe(&sasl->first);
	OPENSSL_cleanse(sasl, sizeof(*sasl));
}

/* saslname: "," and "=" are written otherwise (RFC 5802 section 5.1). */
static void
add_name(struct buf *out, struct span name)
{
	size_t i;

	for (i = 0; i < name.len; i++)
		if (name.at[i] == ',')
			buf_add_text(out, "=2C");
		else if (name.at[i] == '=')
			buf_add_text(out, "=3D");
		else
			buf_add_byte(out, name.at[i]);
}

/* RFC 7628 section 3.1 */
static void
add_bearer(const struct sasl_account *account, struct buf *out)
{
	buf_add_text(out, "n,a=");
	add_name(out, account->user);
	buf_add_text(out, ",\1host=");
	buf_add(out, account->host);
	buf_addf(out, "\1port=%u\1", account->port);
	buf_add_text(out, "auth=Bearer ");
	buf_add(out, account->secret);
	buf_add_text(out, "\1\1");
}

static void
add_xoauth2(const struct sasl_account *account, struct buf *out)
{
	buf_add_text(out, "user=");
	buf_add(out, account->user);
	buf_add_text(out, "\1auth=Bearer ");
	buf_add(out, account->secret);
	buf_add_text(out, "\1\1");
}

static void
add_plain(const struct sasl_account *account, struct buf *out)
{
	buf_add_byte(out, '\0');
	buf_add(out, account->user);
	buf_add_byte(out, '\0');
	buf_add(out, account->secret);
}

/* client-first-message (RFC 5802 section 7), without channel binding. */
static void
add_scram_first(struct sasl *sasl, struct buf *out)
{
	buf_add_text(&sasl->first, "n=");
	add_name(&sasl->first, sasl->account->user);
	buf_addf(&sasl->first, ",r=%s", sasl->nonce);
	buf_add_text(out, "n,,");
	buf_add(out, buf_span(&sasl->first));
}

/* No control character is in a user or a secret, and no NUL in particular: they
 * are what separates the two. */
static bool
has_control(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] < 0x20 || s.at[i] == 0x7f)
			return true;
	return false;
}

enum status
sasl_start(struct sasl *sasl, struct buf *out, struct note *note)
{
	const struct sasl_account *account = sasl->account;
	enum status status;
	struct buf plain;

	if (has_control(account->user) || has_control(account->secret) ||
	    account->user.len == 0 || account->secret.len == 0)
		return note_set(note, STATUS_LOGIN,
		    "the user or the %s is empty or contains control "
		    "characters",
		    account->token ? "token" : "password");
	buf_init(&plain, SASL_RESPONSE_MAX);
	switch (sasl->mechanism) {
	case SASL_OAUTHBEARER:
		add_bearer(account, &plain);
		break;
	case SASL_XOAUTH2:
		add_xoauth2(account, &plain);
		break;
	case SASL_SCRAM_SHA_256:
		add_scram_first(sasl, &plain);
		break;
	case SASL_PLAIN:
		add_plain(account, &plain);
		break;
	case SASL_LOGIN:
	case SASL_MECHANISMS:
		break;
	}
	status = buf_status(&plain);
	if (status == STATUS_OK)
		status = buf_status(&sasl->first);
	if (status == STATUS_OK) {
		encode(out, buf_span(&plain));
		status = buf_status(out);
	}
	buf_wipe(&plain);
	return status;
}

static enum status
not_ours(const struct sasl *sasl, struct note *note)
{
	return note_set(note, STATUS_LOGIN,
	    "what it says is not %s, with which it wants to log us in",
	    names[sasl->mechanism]);
}

/* One attribute of SCRAM, "x=...", off the front; they have an order. */
static bool
take_attribute(struct span *text, char name, struct span *value)
{
	const size_t end = span_find_byte(*text, ',');

	if (end < 2 || text->at[0] != name || text->at[1] != '=')
		return false;
	*value = span_cut(*text, 2, end);
	*text = span_cut(*text, end + 1, text->len);
	return true;
}

static bool
hmac(const unsigned char key[DIGEST], struct span text,
    unsigned char out[DIGEST])
{
	unsigned len = DIGEST;

	return HMAC(EVP_sha256(), key, DIGEST, (const unsigned char *)text.at,
		   text.len, out, &len) != NULL &&
	    len == DIGEST;
}

/* RFC 5802 section 3: the proof, and the signature that the server owes. */
static enum status
scram_compute(const struct sasl *sasl, struct span salt, int64_t iterations,
    struct span message, unsigned char proof[DIGEST],
    unsigned char server[DIGEST])
{
	const struct span secret = sasl->account->secret;
	unsigned char salted[DIGEST], key[DIGEST], stored[DIGEST],
	    signature[DIGEST];
	enum status status = STATUS_CRYPTO;
	size_t i;

	if (PKCS5_PBKDF2_HMAC(secret.at, (int)secret.len,
		(const unsigned char *)salt.at, (int)salt.len, (int)iterations,
		EVP_sha256(), DIGEST, salted) == 1 &&
	    hmac(salted, SPAN("Client Key"), key) &&
	    EVP_Digest(key, DIGEST, stored, NULL, EVP_sha256(), NULL) == 1 &&
	    hmac(stored, message, signature) &&
	    hmac(salted, SPAN("Server Key"), stored) &&
	    hmac(stored, message, server)) {
		for (i = 0; i < DIGEST; i++)
			proof[i] = key[i] ^ signature[i];
		status = STATUS_OK;
	}
	OPENSSL_cleanse(salted, sizeof(salted));
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(stored, sizeof(stored));
	return status;
}

/* The answer to server-first-message "r=...,s=...,i=...". */
static enum status
scram_final(struct sasl *sasl, struct span challenge, struct buf *out,
    struct note *note)
{
	const struct span first = challenge;
	struct span nonce, salt64, count;
	unsigned char proof[DIGEST];
	struct buf salt, message;
	int64_t iterations = 0;
	enum status status;

	if (!take_attribute(&challenge, 'r', &nonce) ||
	    !take_attribute(&challenge, 's', &salt64) ||
	    !take_attribute(&challenge, 'i', &count) ||
	    !span_starts(nonce, span_of(sasl->nonce)) ||
	    nonce.len == strlen(sasl->nonce) ||
	    !frame_number(count, &iterations))
		return not_ours(sasl, note);
	if (iterations < SASL_ITERATIONS_LEAST ||
	    iterations > SASL_ITERATIONS_MOST)
		return note_set(note, STATUS_LOGIN,
		    "it wants the password hashed %lld times; mailcert accepts "
		    "%d to %d",
		    (long long)iterations, SASL_ITERATIONS_LEAST,
		    SASL_ITERATIONS_MOST);
	buf_init(&salt, SALT_MAX);
	buf_init(&message, 2 * SASL_RESPONSE_MAX);
	status = decode(&salt, salt64);
	if (status == STATUS_BAD_TOKEN || status == STATUS_BAD_SIZE ||
	    (status == STATUS_OK && salt.len == 0))
		status = not_ours(sasl, note);
	/* AuthMessage; its end is client-final-message-without-proof, where
	 * "biws" is "n,,": no channel binding. */
	buf_add(&message, buf_span(&sasl->first));
	buf_add_text(&message, ",");
	buf_add(&message, first);
	buf_add_text(&message, ",");
	buf_add_text(&message, "c=biws,r=");
	buf_add(&message, nonce);
	if (status == STATUS_OK)
		status = buf_status(&message);
	if (status == STATUS_OK)
		status = scram_compute(sasl, buf_span(&salt), iterations,
		    buf_span(&message), proof, sasl->server);
	if (status == STATUS_OK) {
		buf_add_text(out, "c=biws,r=");
		buf_add(out, nonce);
		buf_add_text(out, ",p=");
		encode(out, (struct span){ (const char *)proof, DIGEST });
	}
	buf_clear(&salt);
	buf_wipe(&message);
	return status;
}

/* server-final-message, "v=..." or "e=...": it knows the password, too. */
static enum status
scram_check(struct sasl *sasl, struct span challenge, struct note *note)
{
	enum status status = STATUS_LOGIN;
	struct span value;
	char shown[100];
	struct buf theirs;

	if (take_attribute(&challenge, 'e', &value)) {
		text_show_in(shown, sizeof(shown), value, true);
		return note_set(note, STATUS_LOGIN, "it says: %s", shown);
	}
	if (!take_attribute(&challenge, 'v', &value))
		return not_ours(sasl, note);
	buf_init(&theirs, DIGEST);
	status = decode(&theirs, value);
	if (status == STATUS_MEMORY)
		;
	else if (status == STATUS_OK && theirs.len == DIGEST &&
	    CRYPTO_memcmp(theirs.at, sasl->server, DIGEST) == 0)
		sasl->proven = true;
	else
		status = note_set(note, STATUS_LOGIN,
		    "it does not know the password that it asks for");
	buf_clear(&theirs);
	return status;
}

/* An error of OAuth, JSON: the server waits for an answer before it says no.
 * RFC 7628 section 3.2.3: one ^A; Google: nothing. */
static void
take_oauth_error(struct sasl *sasl, struct span json, struct buf *out)
{
	char shown[200];

	text_show_in(shown, sizeof(shown), json, true);
	note_say(&sasl->refusal, "%s", shown);
	if (sasl->mechanism == SASL_OAUTHBEARER)
		buf_add_byte(out, '\1');
}

/* out: not yet in base64. */
static enum status
answer(struct sasl *sasl, struct span challenge, struct buf *out,
    struct note *note)
{
	const struct sasl_account *account = sasl->account;
	const int step = sasl->step++;

	switch (sasl->mechanism) {
	case SASL_OAUTHBEARER:
	case SASL_XOAUTH2:
		if (step > 0)
			break;
		take_oauth_error(sasl, challenge, out);
		return STATUS_OK;
	case SASL_SCRAM_SHA_256:
		if (step > 1)
			break;
		return step == 0 ? scram_final(sasl, challenge, out, note)
				 : scram_check(sasl, challenge, note);
	case SASL_LOGIN: /* "Username:", "Password:", in whatever words */
		if (step > 1)
			break;
		buf_add(out, step == 0 ? account->user : account->secret);
		return STATUS_OK;
	case SASL_PLAIN:
	case SASL_MECHANISMS:
		break;
	}
	return not_ours(sasl, note);
}

enum status
sasl_answer(struct sasl *sasl, struct span challenge, struct buf *out,
    struct note *note)
{
	struct buf theirs, ours;
	enum status status;

	buf_init(&theirs, SASL_CHALLENGE_MAX);
	buf_init(&ours, SASL_RESPONSE_MAX);
	/* What LOGIN's challenges say does not matter. */
	status = sasl->mechanism == SASL_LOGIN ? STATUS_OK
					       : decode(&theirs, challenge);
	if (status == STATUS_BAD_TOKEN || status == STATUS_BAD_SIZE)
		status = not_ours(sasl, note);
	if (status == STATUS_OK)
		status = answer(sasl, buf_span(&theirs), &ours, note);
	if (status == STATUS_OK)
		status = buf_status(&ours);
	if (status == STATUS_OK) {
		encode(out, buf_span(&ours));
		status = buf_status(out);
	}
	buf_wipe(&theirs);
	buf_wipe(&ours);
	return status;
}

enum status
sasl_accepted(const struct sasl *sasl, struct note *note)
{
	return sasl->proven
	    ? STATUS_OK
	    : note_set(note, STATUS_LOGIN,
		  "it let us in without showing that it knows the password");
}

/*
 * sealed.c - octets that a passphrase protects: see sealed.h
 *
 * Input: hostile, until the tag has been verified.
 */
#include "acme/sealed.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdint.h>
#include <string.h>

enum {
	SALT_AT = 16,
	SALT_LEN = 16,
	NONCE_AT = SALT_AT + SALT_LEN,
	NONCE_LEN = 12,
	ITERATIONS_AT = NONCE_AT + NONCE_LEN,
	LENGTH_AT = ITERATIONS_AT + 4,
	KEY_LEN = 32,
	ROUNDS = 600000,    /* as for the keys of the home */
	PIECE = 1024 * 1024 /* EVP counts in int */
};

static uint64_t
number_at(struct span file, size_t at, size_t len)
{
	uint64_t out = 0;
	size_t i;

	for (i = 0; i < len; i++)
		out = out << 8 | (unsigned char)file.at[at + i];
	return out;
}

static void
put_number(char *at, size_t len, uint64_t number)
{
	while (len-- > 0) {
		at[len] = (char)(number & 0xff);
		number >>= 8;
	}
}

bool
sealed_is(struct span file)
{
	return span_starts(file, SPAN(SEALED_MAGIC));
}

/* A cipher that is ready for the content that follows that head. */
static EVP_CIPHER_CTX *
begin(const char *head, struct span passphrase, int encrypt)
{
	const unsigned char *at = (const unsigned char *)head;
	const int rounds = (int)number_at(
	    (struct span){ head, SEALED_HEAD }, ITERATIONS_AT, 4);
	EVP_CIPHER_CTX *out = EVP_CIPHER_CTX_new();
	unsigned char key[KEY_LEN];
	int len = 0;
	bool good;

	good = out != NULL &&
	    PKCS5_PBKDF2_HMAC(passphrase.at, (int)passphrase.len, at + SALT_AT,
		SALT_LEN, rounds, EVP_sha256(), KEY_LEN, key) == 1 &&
	    EVP_CipherInit_ex(out, EVP_aes_256_gcm(), NULL, key, at + NONCE_AT,
		encrypt) == 1 &&
	    EVP_CipherUpdate(out, NULL, &len, at, SEALED_HEAD) == 1;
	OPENSSL_cleanse(key, sizeof(key));
	if (!good) {
		EVP_CIPHER_CTX_free(out);
		return NULL;
	}
	return out;
}

/* The content, piece by piece. */
static bool
run(EVP_CIPHER_CTX *cipher, struct span in, struct buf *out)
{
	size_t at, piece;
	int len;

	if (!buf_reserve(out, in.len))
		return false;
	for (at = 0; at < in.len; at += piece) {
		piece = in.len - at < PIECE ? in.len - at : PIECE;
		if (EVP_CipherUpdate(cipher,
			(unsigned char *)out->at + out->len, &len,
			(const unsigned char *)in.at + at, (int)piece) != 1 ||
		    len != (int)piece)
			return false;
		out->len += piece;
	}
	return true;
}

enum status
sealed_build(struct span content, struct span passphrase, struct buf *out)
{
	char head[SEALED_HEAD], tag[SEALED_TAG];
	EVP_CIPHER_CTX *cipher;
	enum status status = STATUS_CRYPTO;
	int len = 0;

	if (passphrase.len == 0)
		return STATUS_USAGE;
	if (content.len > SEALED_MAX)
		return STATUS_BAD_SIZE;
	(void)memcpy(head, SEALED_MAGIC, SALT_AT);
	put_number(head + ITERATIONS_AT, 4, ROUNDS);
	put_number(head + LENGTH_AT, 8, content.len);
	if (RAND_bytes((unsigned char *)head + SALT_AT, SALT_LEN + NONCE_LEN) !=
	    1)
		return STATUS_CRYPTO;
	buf_add(out, (struct span){ head, sizeof(head) });
	cipher = begin(head, passphrase, 1);
	if (cipher != NULL && run(cipher, content, out) &&
	    EVP_CipherFinal_ex(cipher, (unsigned char *)tag, &len) == 1 &&
	    EVP_CIPHER_CTX_ctrl(
		cipher, EVP_CTRL_AEAD_GET_TAG, SEALED_TAG, tag) == 1) {
		buf_add(out, (struct span){ tag, sizeof(tag) });
		status = buf_status(out);
	}
	EVP_CIPHER_CTX_free(cipher);
	ERR_clear_error();
	return status;
}

static enum status
check_head(struct span file, struct note *note)
{
	uint64_t rounds, whole;

	if (file.len < SEALED_HEAD)
		return note_set(
		    note, STATUS_BAD_FILE, "it ends within its first bytes");
	rounds = number_at(file, ITERATIONS_AT, 4);
	if (rounds == 0 || rounds > SEALED_ITERATIONS_MAX)
		return note_set(note, STATUS_BAD_FILE,
		    "its key derivation asks for %llu iterations",
		    (unsigned long long)rounds);
	whole = number_at(file, LENGTH_AT, 8);
	if (whole > SEALED_MAX)
		return note_set(note, STATUS_BAD_FILE,
		    "it says that it holds more than %d bytes", SEALED_MAX);
	whole += SEALED_HEAD + SEALED_TAG;
	if (whole != file.len)
		return note_set(note, STATUS_BAD_FILE,
		    "it ends too %s (%zu of %llu bytes)",
		    file.len < whole ? "early" : "late", file.len,
		    (unsigned long long)whole);
	return STATUS_OK;
}

enum status
sealed_open(struct span file, struct span passphrase, struct buf *out,
    struct note *note)
{
	const size_t before = out->len;
	EVP_CIPHER_CTX *cipher;
	struct span content;
	char tag[SEALED_TAG];
	enum status status = check_head(file, note);
	int len = 0;

	if (status != STATUS_OK)
		return status;
	if (passphrase.len == 0)
		return note_set(note, STATUS_BAD_PASSPHRASE,
		    "the exported home needs its passphrase");
	content = span_cut(file, SEALED_HEAD, file.len - SEALED_TAG);
	(void)memcpy(tag, content.at + content.len, sizeof(tag));
	if ((cipher = begin(file.at, passphrase, 0)) == NULL)
		return STATUS_CRYPTO;
	if (!run(cipher, content, out))
		status = buf_status(out) != STATUS_OK ? buf_status(out)
						      : STATUS_CRYPTO;
	else if (EVP_CIPHER_CTX_ctrl(
		     cipher, EVP_CTRL_AEAD_SET_TAG, SEALED_TAG, tag) != 1 ||
	    EVP_CipherFinal_ex(cipher, (unsigned char *)tag, &len) != 1)
		status = note_set(note, STATUS_BAD_PASSPHRASE,
		    "the passphrase is wrong, or the file is damaged");
	EVP_CIPHER_CTX_free(cipher);
	ERR_clear_error();
	/* Nothing of it counts before the tag. */
	if (status != STATUS_OK) {
		if (out->len > before)
			OPENSSL_cleanse(out->at + before, out->len - before);
		buf_cut(out, before);
	}
	return status;
}

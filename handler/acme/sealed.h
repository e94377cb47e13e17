/*
 * sealed.h - encrypt octets with a passphrase, so that any change shows
 *
 * The format of an exported home.  PBKDF2 with HMAC-SHA-256 (RFC 8018) derives
 * the key; AES-256-GCM (NIST SP 800-38D) encrypts, and authenticates the head,
 * too:
 *
 *	"mailcert home 1\n"
 *	salt		16 octets
 *	nonce		12 octets
 *	iterations	4 octets, big-endian
 *	length		8 octets, big-endian: of the content
 *	content		encrypted
 *	tag		16 octets
 *
 * Lives in the key holder.
 */
#ifndef ACME_SEALED_H
#define ACME_SEALED_H
#include "base/buf.h"

#define SEALED_MAGIC "mailcert home 1\n"

enum {
	SEALED_HEAD = 16 + 16 + 12 + 4 + 8,
	SEALED_TAG = 16,
	SEALED_MAX = 64 * 1024 * 1024, /* octets of the content */
	SEALED_ITERATIONS_MAX = 10 * 1000 * 1000
};

/* Does a file begin like one? */
bool sealed_is(struct span file);
/*
 * Append the file: content, encrypted, between its head and its tag.
 * STATUS_USAGE: the passphrase is empty; STATUS_BAD_SIZE; STATUS_CRYPTO.
 */
enum status sealed_build(
    struct span content, struct span passphrase, struct buf *out) MUST_CHECK;
/*
 * Append the content of such a file.  STATUS_BAD_PASSPHRASE with a note: the
 * passphrase is wrong, or any bit of the file was changed.  STATUS_BAD_FILE
 * with a note: it ends too early or too late, or asks for too much work.
 */
enum status sealed_open(struct span file, struct span passphrase,
    struct buf *out, struct note *note) MUST_CHECK;
#endif

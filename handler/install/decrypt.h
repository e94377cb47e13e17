/*
 * decrypt.h - decrypt mail for mutt's classic back end
 *
 * mutt tries one key, the default one.  The right one is that of the
 * certificate which the mail names: the verifier compares, and openssl, which
 * the back end works with anyway, decrypts with that key.
 */
#ifndef INSTALL_DECRYPT_H
#define INSTALL_DECRYPT_H
#include "base/buf.h"

enum { DECRYPT_MOST = 256 * 1024 * 1024 /* octets of a message */ };

/*
 * der: the EnvelopedData, a file of that path; keys and certificates:
 * directories with files of the same name.  passphrase: of the key, and a
 * newline.  out takes the content.  STATUS_NO with a note: it is encrypted to
 * no key here, or the passphrase is wrong.  STATUS_BAD_SMIME with a note.
 */
enum status decrypt(const char *keys, const char *certificates,
    const char *file, struct span passphrase, struct buf *out,
    struct note *note) MUST_CHECK;
#endif

/*
 * base64url.h - read and write strict base64 and base64url (RFC 4648)
 *
 * No white space, no characters beside the alphabet, no left-over bits: two
 * texts never decode to the same octets.
 */
#ifndef BASE_BASE64URL_H
#define BASE_BASE64URL_H
#include "base/buf.h"

/* The text without its trailing "=" or "==". */
struct span base64url_trim_pad(struct span text);
/*
 * Is it base64url (RFC 4648 section 5), padded correctly or not at all, with
 * the unused bits zero?  The empty text is.
 */
bool base64url_is_text(struct span text);
/* How many octets a valid text stands for. */
size_t base64url_octets(struct span text);
/* Append the decoded octets; STATUS_BAD_TOKEN if the text is not valid. */
enum status base64url_decode(struct buf *out, struct span text) MUST_CHECK;
/* Append the text of bytes, without padding. */
void base64url_encode(struct buf *out, struct span bytes);
#endif

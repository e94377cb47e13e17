/*
 * retrieve.h - ask a CA about the revocation of certificates
 *
 * Over http, without a name or a password of anybody: what comes is signed.
 */
#ifndef HELPERS_HTTPS_RETRIEVE_H
#define HELPERS_HTTPS_RETRIEVE_H
#include "base/buf.h"

/*
 * Answer the verb "retrieve": append what it gives.  STATUS_NET: no answer, or
 * one that is larger than "most"; STATUS_CONFIG: the proxy.  STATUS_USAGE: a
 * frame is not what the verb takes.
 */
enum status retrieve_answer(
    struct span frames, struct buf *out, struct note *note) MUST_CHECK;
#endif

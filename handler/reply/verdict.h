/* verdict.h - what the verifier says of a sender, as frames (base/frame.h) */
#ifndef REPLY_VERDICT_H
#define REPLY_VERDICT_H
#include "base/buf.h"
#include "reply/authres.h"

/* Append a verdict whose status is STATUS_OK: what proved the sender, and for
 * S/MIME the challenge as the protected fields say it. */
void verdict_write(const struct authres_verdict *verdict, struct buf *out);
/* Read it back; status and note are left alone.  False: the frames are not what
 * verdict_write() could have written.  authres_verdict_ok() checks the rest. */
bool verdict_read(struct span frames, struct authres_verdict *out) MUST_CHECK;
#endif

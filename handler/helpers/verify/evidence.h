/*
 * evidence.h - what a message is judged by
 *
 * Frames of trust: revocation (off, soft, hard); retrieve (crl, ocsp, both);
 * file (its name) before each anchor or crl (its content); anchor-fault,
 * crl-fault (a sentence about an unreadable file).  file is a key of mail/cms.h
 * before ocsp (a response) and retrieve-fault (a sentence).
 */
#ifndef HELPERS_VERIFY_EVIDENCE_H
#define HELPERS_VERIFY_EVIDENCE_H
#include "mail/cms.h"
#include "mail/dns_answer.h"
#include "reply/authres.h"

/* DNS answers, and who is trusted. */
struct evidence {
	struct dns_answer answer[AUTHRES_QUERIES_MAX]; /* owned */
	size_t answers;
	struct trust *trust; /* owned */
};

/* Take it from the frames; evidence_clear() it, whatever this returns. */
enum status evidence_take(struct span frames, struct evidence *out) MUST_CHECK;
void evidence_clear(struct evidence *evidence);
#endif

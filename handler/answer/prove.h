/*
 * prove.h - prove the sender, with the network program and the verifier
 *
 * The parent of both: it hands the answers of the one to the other, opens the
 * user's certificate files, and checks what comes back.
 */
#ifndef ANSWER_PROVE_H
#define ANSWER_PROVE_H
#include "answer/answer.h"
#include "answer/retrieval.h"
#include "mail/smime_report.h"

struct prover {
	const struct config *config;
	const struct home *home;
	int64_t now;
	/* Asks CAs about revocation, for statuses; NULL: nobody is asked. */
	struct retrieval *retrieval;
};

/* Prove the claimed sender by that method; out->status is STATUS_OK if it is
 * proved.  Refusals as authres_dkim() and authres_smime() give them. */
enum status prove_sender(const struct prover *prover,
    enum authres_method method, const struct rules *rules, struct span message,
    const struct answer_claims *claims, struct authres_verdict *out,
    struct note *note) MUST_CHECK;

/* The status of any message (RFC 9219); from: its sender, where SMIMEA may be
 * asked, else empty. */
enum status prove_status(const struct prover *prover, struct span message,
    const char *from, struct smime_report *out, struct note *note) MUST_CHECK;
/* The same for many messages; nobody asks for their senders' SMIMEA records.
 * STATUS_BUG also where a message has taken over the verifier or crashed it. */
enum status prove_statuses(const struct prover *prover,
    const struct span *messages, size_t count, struct smime_report *out,
    struct note *note) MUST_CHECK;
/*
 * Judge what is encrypted in a message, by the key of its content.  What is
 * inside has nobody asked on the network, since who sent it could see that:
 * prover->retrieval, if it is set, is offline.
 */
enum status prove_opened(const struct prover *prover, struct span message,
    const char *from, struct span key, struct smime_report *out,
    struct note *note) MUST_CHECK;
/* The same of a message that is not encrypted, and for a verified signer the
 * certificate to encrypt to it, with those above it, appended to chain in PEM; nothing if it has no such
 * certificate. */
enum status prove_signer(const struct prover *prover, struct span message,
    const char *from, struct smime_report *out, struct buf *chain,
    struct note *note) MUST_CHECK;

/*
 * What the SMIMEA records of an address are good for, and which of them name
 * the chains to compare: the frames of mail/smimea_record.h.  line: of
 * mail/dns_answer.h.
 */
enum status prove_records(const struct prover *prover, const char *address,
    struct span line, const struct span *chain, size_t chains, struct buf *out,
    struct note *note) MUST_CHECK;

/* A signature that a mail program has taken out of its message. */
struct prove_object {
	struct span object;         /* CMS in DER */
	const struct span *content; /* what is signed; NULL: it is inside */
	/* A file or directory of roots to trust beside smime_anchors; or "". */
	const char *roots;
};
/* Who signed it, and why not to believe that: the frames of
 * mail/smime_object.h, all of them safe text but "content". */
enum status prove_object(const struct prover *prover,
    const struct prove_object *object, struct buf *out,
    struct note *note) MUST_CHECK;

/* SHA-256 of each of them, as 64 hexadecimal digits. */
enum status prove_digests(const struct span *bytes, size_t count,
    char (*out)[65], struct note *note) MUST_CHECK;
#endif

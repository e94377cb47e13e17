/*
 * verbs.h - what each verb of mailcert-verify answers
 *
 * base/verb.h has their frames; all are hostile but for numbers and words of
 * the caller.
 */
#ifndef HELPERS_VERIFY_VERBS_H
#define HELPERS_VERIFY_VERBS_H
#include "base/verb.h"
#include "helpers/verify/evidence.h"

/* Append the answer's frames.  STATUS_USAGE: a frame is missing or malformed;
 * the others are those of base/verb.h. */
typedef enum status verify_verb(
    struct span frames, struct buf *out, struct note *note);

/* answers.c */
verify_verb do_response, do_proof, do_digest;
/* certificates.c */
verify_verb do_certificate, do_foreign, do_leaves, do_describe, do_associate,
    do_dane;
/* encrypted.c */
verify_verb do_recipient, do_seal;

/* The same of those that need evidence, which was taken from the frames: judge.c */
typedef enum status verify_judge(struct span frames,
    const struct evidence *evidence, struct buf *out, struct note *note);
verify_judge do_dkim, do_signature, do_smime, do_status, do_signer, do_statuses,
    do_opened, do_object, do_records;
#endif

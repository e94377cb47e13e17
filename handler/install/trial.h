/*
 * trial.h - verify what a program has signed, before mail depends on it
 */
#ifndef INSTALL_TRIAL_H
#define INSTALL_TRIAL_H
#include "install/identity.h"

/* The MIME entity to be signed. */
#define TRIAL_TEXT                     \
	"Content-Type: text/plain\r\n" \
	"\r\n"                         \
	"mailcert has signed this text to try the installation.\r\n"

/*
 * signed_data: TRIAL_TEXT inside CMS SignedData, in DER.  It must be signed by
 * the certificate of identity, and verify up to its root, or with a root that
 * is not known, up to the top of its chain.  STATUS_NO with a note.
 */
enum status trial_judge(const struct identity *identity,
    struct span signed_data, struct note *note) MUST_CHECK;
/* The same for a whole signed message, from the certificate's first address. */
enum status trial_judge_message(const struct identity *identity,
    struct span message, struct note *note) MUST_CHECK;
#endif

/*
 * smime_report.h - report the S/MIME status of a message, in RFC 9219's words
 *
 * The verifier makes it (mail/smime_verify.h), others read it.
 */
#ifndef MAIL_SMIME_REPORT_H
#define MAIL_SMIME_REPORT_H
#include <stdint.h>

#include "base/buf.h"
#include "mail/address.h"

/* RFC 9219 section 4.1, smimeStatus. */
enum smime_status {
	SMIME_STATUS_NULL, /* no signature */
	SMIME_STATUS_UNKNOWN,
	SMIME_STATUS_VERIFIED, /* "signed/verified" */
	SMIME_STATUS_FAILED    /* "signed/failed" */
};
enum { SMIME_STATUS_COUNT = 4, SMIME_ERRORS_MAX = 6, SMIME_TEXT_SIZE = 320 };
/* NULL for SMIME_STATUS_NULL.  encrypted: the signature was inside. */
const char *smime_status_name(enum smime_status status, bool encrypted);

/* What somebody else's status means to us: a value that we do not know counts as
 * unknown (section 4.1), encrypted ones count as those that are not.  Empty:
 * null. */
enum smime_status smime_status_read(struct span text);

/* Flat; it crosses from the verifier as frames.  All text is safe. */
struct smime_report {
	uint32_t status;      /* enum smime_status, now */
	uint32_t at_delivery; /* the same, when it was received */
	uint32_t errors;
	char error[SMIME_ERRORS_MAX][SMIME_TEXT_SIZE];
	char why[SMIME_TEXT_SIZE]; /* of NULL and UNKNOWN */
	char from[ADDRESS_SIZE];   /* the sender; empty: not one address */
	char signer[ADDRESS_SIZE]; /* of the certificate; the first, or From */
	char issuer[SMIME_TEXT_SIZE];
	int64_t delivered;   /* by the topmost Received; 0: unknown */
	uint32_t passing;    /* 1: FAILED for trouble that will pass */
	uint32_t protection; /* enum protect_form */
	/* 1: the message is encrypted; from VERIFIED on, what is judged was
	 * inside. */
	uint32_t encrypted;
};

/* The name of its status now. */
const char *smime_report_status(const struct smime_report *report);

/* Append it as frames (base/frame.h), and read it back into one that is all
 * zero.  False: the frames are not what smime_report_write() writes. */
void smime_report_write(const struct smime_report *report, struct buf *out);
bool smime_report_read(struct span frames, struct smime_report *out) MUST_CHECK;
/* Is it what smime_judge() could have written? */
bool smime_report_ok(const struct smime_report *report);
#endif

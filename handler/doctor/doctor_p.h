/*
 * doctor_p.h - the checks of doctor, and what they share
 */
#ifndef DOCTOR_DOCTOR_P_H
#define DOCTOR_DOCTOR_P_H
#include "base/span.h"
#include "doctor/doctor.h"
#include "reply/own_mail.h"

/* Add a finding.  Text that is too long is cut; findings that do not fit are
 * counted. */
void finding_add(struct findings *out, enum finding_status status,
    const char *check, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A check: it looks and adds findings.  It changes nothing, and whatever it
 * starts has a deadline. */
typedef void doctor_check(const struct doctor *doctor, struct findings *out);
doctor_check doctor_programs, doctor_children, doctor_kernel, doctor_dns,
    doctor_trust, doctor_cas, doctor_home, doctor_permissions, doctor_clock,
    doctor_orders, doctor_certificates, doctor_installed, doctor_sendmail,
    doctor_servers, doctor_mailers, doctor_automation, doctor_limits,
    doctor_own_mail;

/* Read a message, hostile, in a sandboxed child. */
enum status doctor_read_mail(struct span message, int64_t now,
    struct own_mail *out, struct note *note) MUST_CHECK;
/* Examine it. */
void doctor_judge_mail(const struct doctor *doctor, const struct own_mail *own,
    struct span message, struct findings *out);

/* Is it one of the addresses that certificates are ordered for?  True also
 * as long as nothing is ordered. */
bool doctor_is_own(const struct doctor *doctor, const char *address);
/* Does that SMTP server answer?  Adds nothing if it does. */
void doctor_smtp(const struct doctor *doctor, const char *check,
    struct span host, uint16_t port, bool implicit_tls, struct findings *out);
/* An msmtp of that command line: does it change From or the envelope, and does
 * its server answer? */
void doctor_msmtp(const struct doctor *doctor, const char *check,
    struct span line, struct findings *out);
/* Which mailcap entries does a mail program with that mailcap_path use? */
void doctor_mailcap(
    const char *program, const char *path, bool macro, struct findings *out);
#endif

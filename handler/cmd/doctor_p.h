/*
 * doctor_p.h - what the files of doctor share: findings, and what is looked at
 */
#ifndef CMD_DOCTOR_P_H
#define CMD_DOCTOR_P_H
#include "cmd/cmd.h"
#include "store/account.h"
#include "store/expectation.h"
#include "store/order.h"

enum { FINDINGS_MAX = 128 };

enum finding_status { FINDING_OK, FINDING_WARNING, FINDING_ERROR };

struct finding {
	enum finding_status status;
	const char *check; /* static: scripts know it */
	char text[600];
};

struct findings {
	struct finding finding[FINDINGS_MAX];
	size_t count;
	size_t left_out;           /* what did not fit */
	enum finding_status worst; /* of all, those that did not fit too */
};

/* What every check may look at; owned by cmd_doctor(), borrowed here. */
struct doctor {
	const struct config *config;
	int64_t now;
	struct home home; /* dir -1: it does not exist, or cannot be read */
	enum status opened;
	struct note why; /* of opened */
	struct order *orders;
	size_t order_count;
	struct account *accounts;
	size_t account_count;
	struct expectation *expectations;
	size_t expectation_count;
};

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
    doctor_servers, doctor_mailers, doctor_automation, doctor_limits;

/* Examine a message that the user sent to himself: "-" is standard input. */
enum status doctor_message(const struct doctor *doctor, const char *file,
    struct findings *out, struct note *note) MUST_CHECK;

/* Is it one of the addresses that certificates are ordered for?  True also
 * as long as nothing is ordered. */
bool doctor_is_own(const struct doctor *doctor, const char *address);
/* An msmtp of that command line: does it change From or the envelope? */
void doctor_msmtp(const struct doctor *doctor, const char *check,
    struct span line, struct findings *out);
/* Which mailcap entries does a mail program with that mailcap_path use? */
void doctor_mailcap(
    const char *program, const char *path, bool macro, struct findings *out);
#endif

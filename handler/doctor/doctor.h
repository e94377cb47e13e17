/*
 * doctor.h - examine an installation, and list the findings
 *
 * Nothing is changed.  Whatever is started has a deadline.
 */
#ifndef DOCTOR_DOCTOR_H
#define DOCTOR_DOCTOR_H
#include "config/config.h"
#include "deliver/mail_server.h"
#include "store/account.h"
#include "store/expectation.h"
#include "store/order.h"

enum { FINDINGS_MAX = 128 };

enum finding_status { FINDING_OK, FINDING_WARNING, FINDING_ERROR };

struct finding {
	enum finding_status status;
	const char *check; /* static: scripts know it */
	char text[800];
};

struct findings {
	struct finding finding[FINDINGS_MAX];
	size_t count;
	size_t left_out;           /* what did not fit */
	enum finding_status worst; /* of all, those that did not fit too */
};

/* What every check may look at. */
struct doctor {
	const struct config *config;      /* borrowed */
	const struct mail_access *access; /* borrowed: for passwords */
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

/* Read the home once, for all checks; what cannot be read becomes a finding.
 * Call doctor_close() afterwards.  Configuration and access are borrowed. */
void doctor_open(const struct config *config, const struct mail_access *access,
    struct doctor *out);
void doctor_close(struct doctor *doctor);

/* Examine everything but a message. */
void doctor_examine(const struct doctor *doctor, struct findings *out);
/* Examine a message that the user sent to himself: "-" is standard input. */
enum status doctor_message(const struct doctor *doctor, const char *file,
    struct findings *out, struct note *note) MUST_CHECK;
/* If findings did not fit, make the last one say how many. */
void findings_end(struct findings *findings);
#endif

/* doctor.c - what is examined, and the findings: see doctor.h */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "doctor/doctor_p.h"

static doctor_check *const checks[] = { doctor_programs, doctor_children,
	doctor_kernel, doctor_home, doctor_permissions, doctor_clock,
	doctor_orders, doctor_certificates, doctor_installed, doctor_dns,
	doctor_trust, doctor_cas, doctor_sendmail, doctor_servers,
	doctor_mailers, doctor_automation, doctor_limits, doctor_own_mail };

void
finding_add(struct findings *out, enum finding_status status, const char *check,
    const char *format, ...)
{
	struct finding *finding = &out->finding[out->count];
	va_list args;

	if (status > out->worst)
		out->worst = status;
	/* The last place is for findings_end(). */
	if (out->count == FINDINGS_MAX - 1) {
		out->left_out++;
		return;
	}
	out->count++;
	finding->status = status;
	finding->check = check;
	va_start(args, format);
	(void)vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
}

bool
doctor_is_own(const struct doctor *doctor, const char *address)
{
	size_t i;

	for (i = 0; i < doctor->order_count; i++)
		if (order_is_for(&doctor->orders[i], address))
			return true;
	return doctor->order_count == 0;
}

void
doctor_open(const struct config *config, const struct mail_access *access,
    struct doctor *doctor)
{
	struct note *why = &doctor->why;
	enum status status;

	*doctor = (struct doctor){ .config = config,
		.access = access,
		.now = (int64_t)time(NULL),
		.home.dir = -1 };
	status = home_open(config->home, false, &doctor->home, why);
	if (status == STATUS_OK)
		status = expectations_load(&doctor->home, &doctor->expectations,
		    &doctor->expectation_count, why);
	if (status == STATUS_OK)
		status = orders_load(
		    &doctor->home, &doctor->orders, &doctor->order_count, why);
	if (status == STATUS_OK)
		status = accounts_load(&doctor->home, &doctor->accounts,
		    &doctor->account_count, why);
	doctor->opened = status;
}

void
doctor_close(struct doctor *doctor)
{
	free(doctor->accounts);
	free(doctor->orders);
	free(doctor->expectations);
	home_close(&doctor->home);
}

void
doctor_examine(const struct doctor *doctor, struct findings *out)
{
	size_t i;

	for (i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		checks[i](doctor, out);
}

void
findings_end(struct findings *findings)
{
	struct finding *last = &findings->finding[findings->count];

	if (findings->left_out == 0)
		return;
	*last = (struct finding){ findings->worst, "more", "" };
	(void)snprintf(last->text, sizeof(last->text),
	    "%zu other findings are left out; mend these first",
	    findings->left_out);
	findings->count++;
}

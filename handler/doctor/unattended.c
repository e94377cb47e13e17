/* unattended.c - what happens without a person */
#include "answer/policy.h"
#include "doctor/automation.h"
#include "doctor/doctor_p.h"
#include "order/renew.h"

/* What runs the command, and how to turn it on. */
static void
check_runs(const char *check, const char *unit, const char *otherwise,
    struct findings *out)
{
	struct automation by;

	automation_find(check, &by);
	switch (by.state) {
	case AUTOMATION_NONE:
		finding_add(out, FINDING_WARNING, check,
		    "nothing runs mailcert %s; systemctl --user enable --now "
		    "%s, or %s",
		    check, unit, otherwise);
		return;
	case AUTOMATION_STOPPED:
		finding_add(out, FINDING_ERROR, check,
		    "%s is enabled, but does not run; systemctl --user start "
		    "%s",
		    by.by, by.by);
		return;
	case AUTOMATION_FAILED:
		finding_add(out, FINDING_ERROR, check,
		    "%s has failed; journalctl --user -u %s says why", by.by,
		    by.by);
		return;
	case AUTOMATION_RUNS:
		break;
	}
	if (by.until_logout)
		finding_add(out, FINDING_WARNING, check,
		    "%s runs only while you are logged in; loginctl "
		    "enable-linger changes that",
		    by.by);
	else
		finding_add(out, FINDING_OK, check, "%s runs mailcert %s",
		    by.by, check);
}

static bool
has_renewable(const struct doctor *doctor)
{
	size_t i;

	for (i = 0; i < doctor->order_count; i++)
		if (order_is_current(&doctor->orders[i]) &&
		    renew_is_candidate(&doctor->orders[i]))
			return true;
	return false;
}

void
doctor_automation(const struct doctor *doctor, struct findings *out)
{
	if (has_renewable(doctor))
		check_runs("renew", "mailcert-renew.timer",
		    "a line in your crontab", out);
	if (doctor->config->watch[0] != '\0')
		check_runs("watch", "mailcert-watch.service",
		    "start it in another way", out);
}

/* Would an awaited challenge be held back if it came now? */
void
doctor_limits(const struct doctor *doctor, struct findings *out)
{
	const struct expectation *one;
	struct rules rules;
	struct note note;
	size_t i, awaited = 0;

	for (i = 0; i < doctor->expectation_count; i++) {
		one = &doctor->expectations[i];
		note.text[0] = '\0';
		if (!expectation_is_awaited(one, doctor->now) ||
		    rules_of(doctor->config, &doctor->home, one, &rules,
			&note) != STATUS_OK)
			continue;
		awaited++;
		if (policy_within_limits(doctor->config, &doctor->home, &rules,
			one, doctor->now, &note) == STATUS_OK)
			continue;
		finding_add(out, FINDING_WARNING, "limits",
		    "%s, without a person: %.300s", expectation_shown_id(one),
		    note_text(&note, STATUS_AGAIN));
		return;
	}
	if (awaited > 0)
		finding_add(out, FINDING_OK, "limits",
		    "what is awaited may be answered today");
}

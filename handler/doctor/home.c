/* home.c - the home and its records */
#include "doctor/doctor_p.h"

void
doctor_home(const struct doctor *doctor, struct findings *out)
{
	const struct home *home = &doctor->home;
	enum status status = doctor->opened;
	struct note note = doctor->why;
	const struct note *warning;
	size_t i;

	if (status == STATUS_OK && home->dir >= 0)
		status = home_try(home, &note);
	if (status == STATUS_UNABLE)
		finding_add(out, FINDING_WARNING, "home", "%s",
		    note_text(&note, status));
	else if (status != STATUS_OK)
		finding_add(
		    out, FINDING_ERROR, "home", "%s", note_text(&note, status));
	else if (home->dir < 0)
		finding_add(out, FINDING_OK, "home",
		    "%.300s does not exist yet", doctor->config->home);
	else
		finding_add(out, FINDING_OK, "home",
		    "%.300s, %zu expected challenge%s", doctor->config->home,
		    doctor->expectation_count,
		    doctor->expectation_count == 1 ? "" : "s");
	for (i = 0; (warning = home_warning(home, i)) != NULL; i++)
		finding_add(
		    out, FINDING_ERROR, "home", "skipped %s", warning->text);
}

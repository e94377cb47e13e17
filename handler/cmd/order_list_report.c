/* order_list_report.c - what became of each line: see order_list_p.h */
#include "base/text.h"
#include "cmd/order_list_p.h"

void
job_add_addresses(const struct job *job, struct buf *out)
{
	const struct address_line *line = job->line;
	size_t i;

	for (i = 0; i < line->count; i++)
		buf_addf(out, "%s%s", i > 0 ? " " : "", line->address[i]);
}

enum status
job_report(struct ordering *run, const struct job *job)
{
	static const char *const said[] = {
		[JOB_NEW] = "is to be ordered",
		[JOB_OPEN] = "waits",
		[JOB_PLACED] = "ordered, ",
		[JOB_HAS] = "has a certificate, ",
		[JOB_ISSUED] = "certificate in ",
		[JOB_FAILED] = "failed: ",
		[JOB_LATER] = "to be done later: ",
	};
	char key[1200], path[1200] = "";
	enum status status = STATUS_OK;
	struct buf line;

	if (job->state == JOB_ISSUED || job->state == JOB_HAS)
		status = order_paths(&run->session->home, job->id, key, path,
		    sizeof(path), &run->session->note);
	buf_init(&line, 32 * 1024);
	job_add_addresses(job, &line);
	buf_addf(&line, ": %s%s",
	    job->resumed && job->state == JOB_PLACED ? "is ordered already, "
						     : said[job->state],
	    path[0] != '\0'                ? path
		: job->state == JOB_PLACED ? job->id
					   : job->why.text);
	text_show(&run->session->out, buf_span(&line), TEXT_NO_LIMIT,
	    text_locale_is_utf8());
	buf_add_byte(&run->session->out, '\n');
	if (status == STATUS_OK)
		status = buf_status(&line);
	buf_clear(&line);
	return status;
}

enum status
order_list_report(struct ordering *run)
{
	struct note *note = &run->session->note;
	size_t failed = 0, later = 0, i;
	enum status status = STATUS_OK;
	struct buf names;

	buf_init(&names, 4 * 1024 * 1024);
	for (i = 0; i < run->jobs && status == STATUS_OK; i++) {
		status = job_report(run, &run->job[i]);
		later += run->job[i].state == JOB_LATER;
		if (run->job[i].state != JOB_FAILED)
			continue;
		buf_addf(&names, "%s%s", failed++ > 0 ? ", " : "",
		    run->job[i].line->address[0]);
	}
	if (status == STATUS_OK)
		status = buf_status(&names);
	if (status == STATUS_OK && later > 0)
		status = note_set(note, STATUS_AGAIN,
		    "%zu of %zu are left%s%.150s; the same command resumes "
		    "them",
		    later, run->jobs, failed > 0 ? ", and these failed: " : "",
		    failed > 0 ? names.at : "");
	else if (status == STATUS_OK && failed > 0)
		status = note_set(note, STATUS_NO, "%zu of %zu failed: %.250s",
		    failed, run->jobs, names.at);
	else if (status == STATUS_OK && run->undeployed)
		status = note_set(note, STATUS_NO,
		    "the certificates are there, but not all are in use; "
		    "mailcert renew tries it again");
	buf_clear(&names);
	return status;
}

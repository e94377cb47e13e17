/* background.c - continue in the background: see background.h */
#include "cmd/background.h"

#include <unistd.h>

#include "cmd/session.h"
#include "process/run.h"

enum { START_SECONDS = 20 };

/* Run "mailcert finish --detach" with our home and settings; it returns at
 * once. */
static void
start(const struct invocation *invocation, const struct config *config,
    const char *order)
{
	const char *argv[2 * 64 + 8];
	char self[1024];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	struct run run = {
		.argv = argv, .environment = RUN_MAIL, .seconds = START_SECONDS
	};
	size_t n = 0, i;
	int code = 0;

	if (len <= 0)
		return;
	self[len] = '\0';
	argv[n++] = self;
	argv[n++] = "-C";
	argv[n++] = config->home;
	for (i = 0; i < invocation->count; i++) {
		argv[n++] = "-o";
		argv[n++] = invocation->settings[i];
	}
	argv[n++] = "finish";
	argv[n++] = "--detach";
	argv[n++] = order;
	argv[n] = NULL;
	(void)!process_run(&run, NULL, NULL, &code, NULL);
}

void
background_finish(const struct invocation *invocation,
    const struct config *config, const struct answer_report *report)
{
	const struct expectation *expectation;
	const bool follows = report->outcome == OUTCOME_SENT ||
	    (report->outcome == OUTCOME_DRAFTED &&
		config->sent_folder.path[0] != '\0');

	if (!report->intent || !follows)
		return;
	expectation = match_expectation(report->match);
	if (expectation->order[0] == '\0' || config->finish == FINISH_MANUAL ||
	    (config->finish == FINISH_ASK &&
		!session_ask("The answer is out. Finish the order in the "
			     "background?")))
		return;
	start(invocation, config, expectation->order);
}

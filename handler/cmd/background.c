/* background.c - continue in the background: see background.h */
#include "cmd/background.h"

#include "cmd/own_command.h"
#include "cmd/session.h"

enum { START_SECONDS = 20 };

/* "mailcert finish --detach" returns at once. */
static void
start(const struct invocation *invocation, const struct config *config,
    const char *order)
{
	const char *const words[] = { "finish", "--detach", order, NULL };
	int code = 0;

	(void)!own_command(invocation, config, words, START_SECONDS, &code);
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

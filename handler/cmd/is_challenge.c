/*
 * is_challenge.c - mailcert is-challenge: test a message, for mail filters
 *
 * Runs for every message shown, so it allocates little and starts nothing.
 * It enters its sandbox before it parses a byte of the message.
 */
#include <unistd.h>

#include "answer/rules.h"
#include "base/sandbox.h"
#include "cmd/cmd.h"
#include "input/find.h"
#include "input/input.h"

static const struct cmd_option rows[] = { { 0 } };

static const struct cmd_line command_line = {
	.name = "is-challenge",
	.operands = "[FILE]",
	.most = 1,
	.options = rows,
	.about =
	    "Exit 0 if the message is an ACME challenge, 1 if it is not.  Prints\n"
	    "nothing.  Without FILE and with a terminal as standard input (mailcap's\n"
	    "test=) it looks at the message that the mail program has open.\n",
};

int
cmd_is_challenge(const struct invocation *invocation, int argc, char *argv[])
{
	struct config config;
	struct rules rules;
	struct input input;
	struct mua mua;
	const char *file;
	bool is_one;
	enum status status;
	int code;

	if (!cmd_parse(&command_line, argc, argv, NULL, &code))
		return code;
	file = argv[optind];
	/* Print nothing, whatever is wrong: it runs in the middle of another
	 * program's screen. */
	status = config_load(invocation->home, invocation->settings,
	    invocation->count, &config, NULL);
	if (status != STATUS_OK)
		return status_exit(status);
	rules_before(&config, &rules);
	if (file == NULL && isatty(STDIN_FILENO)) {
		mua_find(&mua);
		return find_any_challenge(&mua, &rules.challenge) ? 0 : 1;
	}
	/* Unreadable or too large input is not a challenge. */
	if (input_read(file, "message/rfc822", (size_t)config.max_message,
		&input, NULL) != STATUS_OK)
		return 1;
	sandbox_enter_strict();
	is_one = challenge_is_one(buf_span(&input.bytes), &rules.challenge);
	sandbox_exit(is_one ? 0 : 1);
}

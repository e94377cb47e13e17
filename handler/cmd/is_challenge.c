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

/* The exit statuses of a test, as those of grep(1). */
enum { YES, NO, COULD_NOT_LOOK };

static const struct cmd_option rows[] = { { 0 } };

static const struct cmd_line command_line = {
	.name = "is-challenge",
	.operands = "[FILE]",
	.most = 1,
	.options = rows,
	.about =
	    "Exit 0 if the message is an ACME challenge, 1 if it is not, 2 if it\n"
	    "could not be looked at.  Prints nothing.  Without FILE and with a\n"
	    "terminal as standard input (mailcap's test=) it looks at the message\n"
	    "that the mail program has open.\n",
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
		return COULD_NOT_LOOK;
	rules_before(&config, &rules);
	if (file == NULL && isatty(STDIN_FILENO)) {
		mua_find(&mua);
		return find_any_challenge(&mua, &rules.challenge) ? YES : NO;
	}
	status = input_read(
	    file, "message/rfc822", (size_t)config.max_message, &input, NULL);
	/* What is too large is not a challenge, whatever else it is. */
	if (status != STATUS_OK)
		return status == STATUS_BAD_SIZE ? NO : COULD_NOT_LOOK;
	sandbox_enter_strict();
	is_one = challenge_is_one(buf_span(&input.bytes), &rules.challenge);
	sandbox_exit(is_one ? YES : NO);
}

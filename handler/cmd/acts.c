/* acts.c - commands with actions: see acts.h */
#include "cmd/acts.h"

#include <string.h>

#include "base/nearest.h"
#include "base/text.h"

static int
help(const struct cmd_line *line, const struct cmd_act *acts,
    void (*more)(struct buf *out))
{
	const struct cmd_act *act;
	struct buf out;
	int code;

	buf_init(&out, 8192);
	buf_add_text(&out, "usage: ");
	cmd_add_usage(line, &out);
	buf_addf(&out, "\n\n%s\n", line->about);
	for (act = acts; act->name != NULL; act++)
		buf_addf(&out, "  %-10s %s\n", act->name, act->summary);
	buf_add_text(&out, "\nEvery action has --help.");
	if (more != NULL)
		more(&out);
	else
		buf_add_byte(&out, '\n');
	code = buf_status(&out) == STATUS_OK ? cmd_print(buf_span(&out))
					     : cmd_fail(buf_status(&out), NULL);
	buf_clear(&out);
	return code;
}

static int
unknown(
    const struct cmd_line *line, const struct cmd_act *acts, const char *typed)
{
	struct nearest nearest = nearest_to(span_of(typed));
	const struct cmd_act *act;
	char shown[64];

	for (act = acts; act->name != NULL; act++)
		nearest_consider(&nearest, act->name);
	text_show_in(
	    shown, sizeof(shown), span_of(typed), text_locale_is_utf8());
	if (typed[0] == '-')
		return cmd_misuse(line,
		    "%s stands where an ACTION should; options follow it: "
		    "mailcert %s --help lists the actions",
		    shown, line->name);
	return nearest.name != NULL
	    ? cmd_misuse(line, "unknown action %s %s; did you mean %s?",
		  line->name, shown, nearest.name)
	    : cmd_misuse(line,
		  "unknown action %s %s; mailcert %s --help lists them",
		  line->name, shown, line->name);
}

int
cmd_act(const struct cmd_line *line, const struct cmd_act *acts,
    void (*more)(struct buf *out), const struct invocation *invocation,
    int argc, char *argv[])
{
	const struct cmd_act *act;

	if (argc < 2)
		return cmd_misuse(line,
		    "ACTION is missing; mailcert %s --help lists them",
		    line->name);
	if (strcmp(argv[1], "--help") == 0)
		return help(line, acts, more);
	for (act = acts; act->name != NULL; act++)
		if (strcmp(argv[1], act->name) == 0)
			return act->run(invocation, argc - 1, argv + 1);
	return unknown(line, acts, argv[1]);
}

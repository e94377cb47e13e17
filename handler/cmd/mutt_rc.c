/*
 * mutt_rc.c - mailcert mutt-rc: write what the mutt macro reads back
 *
 * rc text is code (backticks run), so nothing derived from a message is ever
 * in it: only the path of the stage, quoted.
 */
#include <string.h>

#include "cmd/cmd.h"
#include "deliver/stage.h"

static const struct cmd_option rows[] = { { 0 } };

static const struct cmd_line command_line = {
	.name = "mutt-rc",
	.operands = "",
	.options = rows,
	.about =
	    "For the macro of mutt.rc: if handle --draft stage left a reply, print\n"
	    "the commands that open it in the mail program's compose menu.\n",
};

/* Settings that must differ while the mail program recalls the reply. */
static const struct {
	const char *name;
	const char *value; /* NULL: set separately */
} settings[] = {
	{ "postponed", NULL },
	{ "editor", "true" },
	{ "autoedit", "no" },
	{ "edit_headers", "no" },
	{ "abort_unmodified", "no" },
};
enum { SETTINGS = sizeof(settings) / sizeof(*settings) };

/* Escape what mutt expands inside double quotes. */
static void
add_quoted(struct buf *out, struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (span_has_byte(SPAN("\\\"$`"), text.at[i]))
			buf_add_byte(out, '\\');
		buf_add_byte(out, text.at[i]);
	}
}

static void
add_commands(const struct home *home, const struct mua *mua, struct buf *out)
{
	struct buf path;
	size_t i;

	buf_init(&path, 1100);
	stage_path(home, mua, &path);
	/* The reply is complete: nothing may edit it before the compose
	 * menu. */
	for (i = 0; i < SETTINGS; i++)
		buf_addf(out, "set my_mc_%s=$%s\n", settings[i].name,
		    settings[i].name);
	buf_add_text(out, "set postponed=\"");
	add_quoted(out, buf_span(&path));
	buf_add_text(out, "\"\n");
	for (i = 0; i < SETTINGS; i++)
		if (settings[i].value != NULL)
			buf_addf(out, "set %s=%s\n", settings[i].name,
			    settings[i].value);
	/* Restore the values while the compose menu is open already, so that
	 * postponing goes to the user's own folder. */
	buf_add_text(out, "push '<recall-message><enter-command>set");
	for (i = 0; i < SETTINGS; i++)
		buf_addf(
		    out, " %s=$my_mc_%s", settings[i].name, settings[i].name);
	buf_add_text(out, "<enter>'\n");
	buf_clear(&path);
}

int
cmd_mutt_rc(const struct invocation *invocation, int argc, char *argv[])
{
	struct home home = { .dir = -1 };
	struct note note = { "" };
	struct config config;
	enum status status;
	struct mua mua;
	struct buf out;
	int code = 0;

	if (!cmd_parse(&command_line, argc, argv, NULL, &code))
		return code;
	if (!cmd_config(invocation, &config, &code))
		return code;
	status = home_open(config.home, false, &home, &note);
	if (status != STATUS_OK)
		return cmd_fail(status, &note);
	mua_find(&mua);
	if (home.dir >= 0 && !stage_has_draft(&home, &mua))
		mua.pid = 0; /* staged from a shell */
	buf_init(&out, 8192);
	if (home.dir >= 0 && stage_has_draft(&home, &mua)) {
		add_commands(&home, &mua, &out);
		code = cmd_print(buf_span(&out));
	}
	buf_clear(&out);
	home_close(&home);
	return code;
}

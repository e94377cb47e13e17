/* mailcap.c - our entries in ~/.mailcap: see mailcap.h */
#include "install/mailcap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "install/program.h"
#include "install/textfile.h"

/* %: how mailcert is called. */
static const char *const entries[] = {
	"application/acme; % handle --type %t -- %s",
	"application/acme; % show --type %t -- %s; copiousoutput",
	"text/acme; % handle --type %t -- %s",
	"text/acme; % show --type %t -- %s; copiousoutput",
	"text/plain; % handle --type %t -- %s; test=% is-challenge",
};

static void
add_entries(struct buf *out, const char *name)
{
	struct buf lines;
	const char *at;
	size_t i;

	buf_init(&lines, 8192);
	for (i = 0; i < sizeof(entries) / sizeof(*entries); i++) {
		for (at = entries[i]; *at != '\0'; at++) {
			if (*at == '%' && at[1] == ' ')
				buf_add_text(&lines, name);
			else
				buf_add_byte(&lines, *at);
		}
		buf_add_byte(&lines, '\n');
	}
	block_add("mailcap", buf_span(&lines), out);
	if (out->failed == STATUS_OK)
		out->failed = buf_status(&lines);
	buf_clear(&lines);
}

enum status
mailcap_install(bool install, struct note *note)
{
	const char *user = getenv("HOME");
	char path[1024], name[512];
	struct buf old, text, kept;
	mode_t mode = 0644;
	enum status status;

	if (user == NULL || user[0] != '/')
		return note_set(note, STATUS_CONFIG, "HOME is not set");
	(void)snprintf(path, sizeof(path), "%.1000s/.mailcap", user);
	buf_init(&old, TEXTFILE_MAX);
	buf_init(&kept, TEXTFILE_MAX);
	buf_init(&text, TEXTFILE_MAX + 8192);
	status = textfile_read(path, &old, &mode, note);
	if (status == STATUS_OK || status == STATUS_MISSING)
		status =
		    block_strip("mailcap", buf_span(&old), path, &kept, note);
	if (status == STATUS_OK && install)
		status = program_own_name(name, sizeof(name), note);
	/* Before all others: mailcap takes the first entry that fits. */
	if (status == STATUS_OK && install)
		add_entries(&text, name);
	buf_add(&text, buf_span(&kept));
	if (status == STATUS_OK)
		status = buf_status(&text);
	if (status == STATUS_OK && !span_eq(buf_span(&text), buf_span(&old)))
		status = textfile_replace(path, mode, buf_span(&text), note);
	buf_clear(&text);
	buf_clear(&kept);
	buf_clear(&old);
	return status;
}

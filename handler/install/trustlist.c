/* trustlist.c - gpg-agent's list of trusted roots: see trustlist.h */
#include "install/trustlist.h"

#include <stdio.h>
#include <string.h>

#include "install/program.h"
#include "install/textfile.h"

enum { SECONDS = 20 };

/* "SHA1 FLAGS", the digits with or without colons, "!" before one that is not
 * trusted.  False: malformed. */
static bool
read_trusted(struct span line, char sha1[41], struct span *flags)
{
	size_t i, n = 0;

	if (span_starts(line, SPAN("!")))
		line = span_trim(span_cut(line, 1, line.len));
	for (i = 0; i < line.len && !ascii_is_space(line.at[i]); i++) {
		if (line.at[i] == ':')
			continue;
		if (n == 40 ||
		    strchr("0123456789abcdefABCDEF", line.at[i]) == NULL)
			return false;
		sha1[n++] = line.at[i];
	}
	sha1[n] = '\0';
	*flags = span_trim(span_cut(line, i, line.len));
	return n == 40;
}

enum status
trustlist_has(const char *path, const char *sha1, bool *out, struct note *note)
{
	unsigned number = 0;
	char found[41];
	struct buf text;
	struct span rest, line, flags;
	enum status status;
	mode_t mode = 0;

	*out = false;
	buf_init(&text, TEXTFILE_MAX);
	status = textfile_read(path, &text, &mode, note);
	for (rest = buf_span(&text); status == STATUS_OK && rest.len > 0;) {
		line = span_trim(line_take(&rest));
		number++;
		if (line.len == 0 || line.at[0] == '#' ||
		    span_starts(line, SPAN("include-default")))
			continue;
		if (!read_trusted(line, found, &flags))
			status = note_set(note, STATUS_CONFIG,
			    "%.200s:%u is malformed, and gpg-agent then "
			    "trusts no certificate; repair it by hand",
			    path, number);
		else if (line.at[0] != '!' &&
		    span_eq_nocase(span_of(found), span_of(sha1)) &&
		    (span_has_byte(flags, 'S') || span_has_byte(flags, '*')))
			*out = true;
	}
	buf_clear(&text);
	return status == STATUS_MISSING ? STATUS_OK : status;
}

void
trustlist_reload(void)
{
	static const char *const args[] = { "--no-autostart", "reloadagent",
		"/bye", NULL };
	const struct program program = {
		.name = "gpg-connect-agent", .argv = args, .seconds = SECONDS
	};
	struct note said = { "" }, note = { "" };
	struct buf out;
	int code = 0;

	buf_init(&out, 4096);
	/* It reads the list again by itself, a little later. */
	(void)!program_run(&program, &out, &said, &code, &note);
	buf_clear(&out);
}

enum status
trustlist_add(struct changes *changes, const char *path, const char *sha1,
    struct note *note)
{
	enum status status;
	char line[64];

	(void)snprintf(line, sizeof(line), "%.40s S relax", sha1);
	status = change_line(changes, path, line, note);
	if (status == STATUS_OK && !changes->dry_run)
		trustlist_reload();
	return status;
}

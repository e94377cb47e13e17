/* settings.c - the settings of mutt and neomutt: see settings.h */
#include "install/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "install/program.h"
#include "install/textfile.h"

enum { ANSWER_MAX = 64 * 1024, SECONDS = 10 };

/* A value in double quotes, in which a backslash precedes some characters. */
static bool
unquote(struct span text, char *out, size_t size)
{
	size_t i, n = 0;

	if (text.len < 2 || text.at[0] != '"' || text.at[text.len - 1] != '"')
		return false;
	for (i = 1; i < text.len - 1; i++) {
		if (text.at[i] == '\\' && i + 2 < text.len)
			i++;
		if (n + 1 >= size)
			return false;
		out[n++] = text.at[i];
	}
	out[n] = '\0';
	return true;
}

/*
 * mutt:	name="value"	name is set	name is unset
 * neomutt:	set name = "value"	set name = yes
 */
static bool
take_value(struct span line, struct span name, char *out, size_t size)
{
	line = span_trim(line);
	if (span_starts(line, SPAN("set ")))
		line = span_cut(line, 4, line.len);
	if (!span_starts(line, name))
		return false;
	line = span_cut(line, name.len, line.len);
	if (line.len > 0 && line.at[0] != ' ' && line.at[0] != '=')
		return false;
	line = span_trim(line);
	if (span_eq(line, SPAN("is set")))
		return span_copy(SPAN("yes"), out, size);
	if (span_eq(line, SPAN("is unset")))
		return span_copy(SPAN("no"), out, size);
	if (!span_starts(line, SPAN("=")))
		return false;
	line = span_trim(span_cut(line, 1, line.len));
	return unquote(line, out, size) ||
	    (span_find_byte(line, '"') == line.len &&
		span_copy(line, out, size));
}

bool
settings_find(struct span text, const char *name, char *out, size_t size)
{
	while (text.len > 0)
		if (take_value(line_take(&text), span_of(name), out, size))
			return true;
	out[0] = '\0';
	return false;
}

/* An absolute path, or empty: a folder shortcut is not one. */
static void
take_path(struct span text, const char *name, char *out, size_t size)
{
	char value[SETTING_SIZE];

	if (!settings_find(text, name, value, sizeof(value)) ||
	    !path_expand(span_of(value), out, size) || out[0] != '/')
		out[0] = '\0';
}

/* "=in" lies in the directory that folder names: mutt shortens it so. */
static void
take_spool(struct span text, char *out, size_t size)
{
	char value[SETTING_SIZE], folder[SETTING_SIZE];
	int len;

	take_path(text, "spoolfile", out, size);
	if (out[0] == '\0')
		take_path(text, "spool_file", out, size);
	if (out[0] != '\0' ||
	    (!settings_find(text, "spoolfile", value, sizeof(value)) &&
		!settings_find(text, "spool_file", value, sizeof(value))) ||
	    (value[0] != '=' && value[0] != '+'))
		return;
	take_path(text, "folder", folder, sizeof(folder));
	len = snprintf(out, size, "%s/%s", folder, value + 1);
	if (folder[0] == '\0' || len >= (int)size)
		out[0] = '\0';
}

static void
take(struct span text, struct settings *out)
{
	char value[SETTING_SIZE];

	out->gpgme =
	    settings_find(text, "crypt_use_gpgme", value, sizeof(value)) &&
	    strcmp(value, "yes") == 0;
	out->signs =
	    settings_find(text, "smime_sign_command", value, sizeof(value)) &&
	    value[0] != '\0';
	(void)settings_find(text, "from", out->from, sizeof(out->from));
	take_spool(text, out->spool, sizeof(out->spool));
	take_path(text, "smime_keys", out->keys, sizeof(out->keys));
	take_path(text, "smime_certificates", out->certificates,
	    sizeof(out->certificates));
}

enum status
settings_ask(const char *name, struct settings *out, struct note *note)
{
	static const char *const args[] = { "-Q", "from", "-Q", "smime_keys",
		"-Q", "smime_certificates", "-Q", "smime_sign_command", "-Q",
		"crypt_use_gpgme", "-Q", "spoolfile", "-Q", "folder", NULL };
	const struct program program = {
		.name = name, .argv = args, .seconds = SECONDS
	};
	enum status status;
	struct buf text;
	int code = 0;

	*out = (struct settings){ .gpgme = false };
	buf_init(&text, ANSWER_MAX);
	status = program_run(&program, &text, &out->complaint, &code, note);
	/* Its exit is 1 for a name that it does not know, and 0 for a broken
	 * configuration. */
	if (status == STATUS_OK && text.len == 0)
		status = note_set(note, STATUS_NO,
		    "%s -Q does not print its settings: %.200s", name,
		    out->complaint.text);
	if (status == STATUS_OK)
		take(buf_span(&text), out);
	buf_clear(&text);
	return status;
}

/* In the order in which each program looks. */
static const char *const mutt_files[] = { "~/.muttrc", "~/.mutt/muttrc",
	"@/mutt/muttrc", NULL };
static const char *const neomutt_files[] = { "@/neomutt/neomuttrc",
	"@/neomutt/muttrc", "@/mutt/neomuttrc", "@/mutt/muttrc",
	"~/.neomutt/neomuttrc", "~/.neomutt/muttrc", "~/.mutt/neomuttrc",
	"~/.mutt/muttrc", "~/.neomuttrc", "~/.muttrc", NULL };

/* "@" is the directory of configuration (XDG). */
static void
expand(const char *home, const char *name, char *out, size_t size)
{
	const char *config = getenv("XDG_CONFIG_HOME");

	if (name[0] == '~')
		(void)snprintf(out, size, "%s%s", home, name + 1);
	else if (config != NULL && config[0] == '/')
		(void)snprintf(out, size, "%s%s", config, name + 1);
	else
		(void)snprintf(out, size, "%s/.config%s", home, name + 1);
}

enum status
settings_file(const char *program, char *out, size_t size, struct note *note)
{
	const bool neomutt = strcmp(program, "neomutt") == 0;
	const char *const *file = neomutt ? neomutt_files : mutt_files;
	const char *home = getenv("HOME");

	if (home == NULL || home[0] != '/')
		return note_set(note, STATUS_CONFIG, "HOME is not set");
	for (; *file != NULL; file++) {
		expand(home, *file, out, size);
		if (access(out, F_OK) == 0)
			return STATUS_OK;
	}
	expand(home, neomutt ? "~/.neomuttrc" : "~/.muttrc", out, size);
	return STATUS_OK;
}

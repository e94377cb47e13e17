/*
 * setup_addresses.c - look for the user's own addresses: see setup_p.h
 *
 * The chosen mail program is asked first, then the configurations of all that
 * mailcert knows are read.  What they say is offered, never taken unasked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/setup_p.h"
#include "install/prefs.h"
#include "install/profile.h"
#include "install/textfile.h"

enum { PATH_SIZE = 1100 };

/* A file that does not exist, or cannot be read, names nothing. */
static void
read_file(const char *path, size_t most, struct buf *out)
{
	struct note ignored;
	mode_t mode;

	buf_init(out, most);
	if (textfile_read_most(path, most, out, &mode, &ignored) != STATUS_OK)
		buf_clear(out);
}

static bool
in_home(const char *name, char out[PATH_SIZE])
{
	const char *home = getenv("HOME");

	return home != NULL && home[0] == '/' &&
	    snprintf(out, PATH_SIZE, "%s/%s", home, name) < PATH_SIZE;
}

static bool
find_file(const char *program, char out[PATH_SIZE])
{
	const char *mailrc = getenv("MAILRC");
	char profile[PATH_SIZE];
	struct note ignored;

	if (strcmp(program, "thunderbird") == 0)
		return profile_find(profile, sizeof(profile), &ignored) ==
		    STATUS_OK &&
		    snprintf(out, PATH_SIZE, "%s/prefs.js", profile) <
		    PATH_SIZE;
	if (strcmp(program, "alpine") == 0)
		return in_home(".pinerc", out);
	if (strcmp(program, "s-nail") == 0)
		return mailrc != NULL && mailrc[0] == '/'
		    ? snprintf(out, PATH_SIZE, "%s", mailrc) < PATH_SIZE
		    : in_home(".mailrc", out);
	return settings_file(program, out, PATH_SIZE, &ignored) == STATUS_OK;
}

bool
setup_is_configured(const char *program, char *out, size_t size)
{
	char path[PATH_SIZE];

	return find_file(program, path) && access(path, R_OK) == 0 &&
	    snprintf(out, size, "%s", path) < (int)size;
}

static void
read_configuration(const char *program, struct addresses *out)
{
	const bool thunderbird = strcmp(program, "thunderbird") == 0;
	char path[PATH_SIZE];
	struct buf text;

	if (!find_file(program, path))
		return;
	read_file(path, thunderbird ? (size_t)PREFS_MAX : TEXTFILE_MAX, &text);
	if (thunderbird)
		addresses_of_prefs(out, buf_span(&text));
	else if (strcmp(program, "alpine") == 0)
		addresses_of_pinerc(out, buf_span(&text));
	else
		addresses_of_muttrc(out, buf_span(&text),
		    strcmp(program, "s-nail") == 0 ? "your mailrc"
						   : "your muttrc");
	buf_clear(&text);
}

void
setup_find_addresses(struct conversation *talk)
{
	const char *program = talk->setup.answer[SETUP_PROGRAM];
	const char *email = getenv("EMAIL");
	struct addresses *found = &talk->addresses;
	struct mail_guess mail;
	size_t i;

	if (strcmp(talk->asked, program) == 0)
		return;
	(void)snprintf(talk->asked, sizeof(talk->asked), "%s", program);
	found->count = 0;
	if (mail_guess_of(program, &mail) && mail.configured &&
	    settings_ask(program, &talk->settings, NULL) == STATUS_OK)
		addresses_add(found, span_of(talk->settings.from),
		    "as your mail program says");
	if (setup_program_index(program) < SETUP_PROGRAMS)
		read_configuration(program, found);
	if (email != NULL)
		addresses_add(found, span_of(email), "from the variable EMAIL");
	for (i = 0; i < SETUP_PROGRAMS; i++)
		if (strcmp(setup_programs[i], program) != 0)
			read_configuration(setup_programs[i], found);
}

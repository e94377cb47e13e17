/* install.c - mailcert install: put certificates into mail programs */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer/anchors.h"
#include "base/frame.h"
#include "cmd/exporting.h"
#include "cmd/installing.h"
#include "cmd/session.h"
#include "install/mailcap.h"

struct options {
	bool remove;
	bool dry_run;
	const char *format; /* or NULL */
	struct install_wishes wishes;
};

static bool
read_back_end(const char *value, void *field)
{
	*(const char **)field = value;
	return strcmp(value, "gpgme") == 0 || strcmp(value, "classic") == 0;
}

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	{ "remove", NULL, AT(remove), .help = "undo exactly what was done" },
	{ "dry-run", NULL, AT(dry_run),
	    .help = "show what would be done, and do nothing" },
	{ "back-end", "NAME", AT(wishes.back_end), read_back_end,
	    "gpgme or classic",
	    .help = "of mutt and neomutt: gpgme or classic" },
	{ "config", "FILE", AT(wishes.config),
	    .help = "the configuration file to write into" },
	{ "database", "DIR", AT(wishes.database),
	    .help = "of nss: the directory; of thunderbird: the profile" },
	{ "format", "FORMAT", AT(format), option_format, OPTION_FORMAT,
	    .help = "of pkcs12:FILE: modern (default), compatible or pem" },
	{ "trust-root", "SHA256", AT(wishes.root), option_fingerprint,
	    OPTION_FINGERPRINT,
	    .help = "trust the root certificate with that fingerprint" },
	{ "unlock", NULL, AT(wishes.unlock),
	    .help = "a key with a passphrase may be installed without one" },
	{ "yes", NULL, AT(wishes.yes),
	    .help = "do not ask before the configuration is changed" },
	{ 0 }
};

static const struct cmd_line command_line = {
	.name = "install",
	.operands = "PROGRAM [CERTIFICATE|ADDRESS]",
	.least = 1,
	.most = 2,
	.options = rows,
	.about =
	    "Put a certificate and its key where PROGRAM wants them: gpgsm, mutt,\n"
	    "neomutt, s-nail, alpine, thunderbird, or nss for a database of NSS.  Older\n"
	    "certificates of the address are installed, too: they decrypt old mail.  A\n"
	    "test text is signed and verified.  Installing again changes nothing; finish\n"
	    "and renew repeat it for a new certificate.\n"
	    "With the PROGRAM mailcap: put our entries into ~/.mailcap, between\n"
	    "markers.\n",
};

static bool
is_issued(const void *record, const void *arg)
{
	const struct order *order = record;

	(void)arg;
	return order->state == ORDER_ISSUED;
}

/* The certificate that is meant where none is named: the newest, if all are
 * for one address. */
static enum status
choose(const struct home *home, char out[RECORD_ID_SIZE], struct note *note)
{
	struct order *all = NULL;
	enum status status;
	size_t count = 0, i;

	status = orders_load_if(home, is_issued, NULL, &all, &count, note);
	if (status == STATUS_OK && count == 0)
		status = note_set(note, STATUS_NO,
		    "there is no certificate yet; mailcert order gets one");
	for (i = 0; status == STATUS_OK && i + 1 < count; i++)
		if (!order_is_for(&all[i], all[count - 1].address[0]))
			status = note_set(note, STATUS_USAGE,
			    "there are certificates for several addresses "
			    "(%.80s, %.80s); name one",
			    all[i].address[0], all[count - 1].address[0]);
	if (status == STATUS_OK)
		(void)strcpy(out, all[count - 1].id);
	free(all);
	return status;
}

static enum status
install(struct session *session, const struct install_program *program,
    const char *wanted, struct options *options)
{
	char id[RECORD_ID_SIZE];
	enum status status = STATUS_OK;
	struct buf anchors;

	if (session->home.dir < 0)
		return note_set(&session->note, STATUS_NO,
		    "there is no certificate yet; mailcert order gets one");
	if (options->remove)
		return install_remove(&session->home, program, options->dry_run,
		    &session->out, &session->note);
	if (wanted == NULL) {
		status = choose(&session->home, id, &session->note);
		wanted = id;
	}
	if (status != STATUS_OK)
		return status;
	buf_init(&anchors, FRAME_TRUST_MAX);
	status = anchors_add_roots(session->config.authenticate.smime_anchors,
	    &anchors, &session->note);
	if (status == STATUS_OK)
		status = install_into(&session->home, program, wanted,
		    buf_span(&anchors), &options->wishes, options->dry_run,
		    &session->out, &session->note);
	buf_clear(&anchors);
	return status;
}

static int
run(const struct invocation *invocation, const struct install_program *program,
    const char *wanted, struct options *options)
{
	struct session *session;
	enum status status;
	int code;

	if ((session = session_begin(invocation, false, &code)) == NULL)
		return code;
	installing_wishes(&session->config, &options->wishes);
	status = install(session, program, wanted, options);
	if (status == STATUS_OK && session->out.len == 0)
		buf_addf(&session->out, "%s\n",
		    options->remove ? "nothing was installed there"
				    : "everything is installed already");
	return session_end(session, status);
}

/* The same as export: a file is not a program. */
static int
run_file(const struct invocation *invocation, const char *file,
    const char *wanted, const struct options *options)
{
	struct session *session;
	char id[RECORD_ID_SIZE];
	enum status status = STATUS_OK;
	int code;

	if (file[0] == '\0' || options->remove || options->dry_run)
		return cmd_misuse(&command_line,
		    "pkcs12: wants a FILE, and neither --remove nor --dry-run");
	if ((session = session_begin(invocation, false, &code)) == NULL)
		return code;
	if (wanted == NULL) {
		status = choose(&session->home, id, &session->note);
		wanted = id;
	}
	if (status == STATUS_OK)
		status =
		    export_certificate(session, wanted, file, options->format);
	return session_end(session, status);
}

static int
run_mailcap(const struct options *options)
{
	struct note note = { "" };
	enum status status = mailcap_install(!options->remove, &note);

	return status == STATUS_OK ? 0 : cmd_fail(status, &note);
}

int
cmd_install(const struct invocation *invocation, int argc, char *argv[])
{
	const struct install_program *program;
	struct options options = { .remove = false };
	const char *name, *wanted;
	struct buf known;
	int code;

	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	name = argv[optind];
	wanted = argv[optind + 1];
	if (strcmp(name, "mailcap") == 0)
		return wanted == NULL && !options.dry_run
		    ? run_mailcap(&options)
		    : cmd_misuse(&command_line,
			  "mailcap takes no certificate and no --dry-run");
	if (strncmp(name, "pkcs12:", 7) == 0)
		return run_file(invocation, name + 7, wanted, &options);
	if (options.format != NULL)
		return cmd_misuse(
		    &command_line, "--format is for pkcs12:FILE only");
	if ((program = install_find(name)) == NULL) {
		buf_init(&known, 1024);
		install_names(&known);
		code = cmd_misuse(&command_line,
		    "cannot install into %.100s; use mailcap, pkcs12:FILE, %s",
		    name, known.at != NULL ? known.at : "");
		buf_clear(&known);
		return code;
	}
	return run(invocation, program, wanted, &options);
}

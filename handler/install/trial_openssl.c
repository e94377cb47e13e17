/* trial_openssl.c - a test signature by openssl: see trial_openssl.h */
#include "install/trial_openssl.h"

#include <stdio.h>

#include "install/program.h"
#include "install/trial.h"

enum { PATH_SIZE = 1200, PEM_MAX = 256 * 1024, SECONDS = 20 };

/* HOME/mail/NAME */
static enum status
write_file(struct changes *changes, const char *name, struct span text,
    char *path, size_t size, struct note *note)
{
	const char *home = changes->journal.home->path;
	enum status status;

	(void)snprintf(path, size, "%.1000s/mail", home);
	status = change_dir(changes, path, note);
	(void)snprintf(path, size, "%.1000s/mail/%s", home, name);
	return status == STATUS_OK ? change_file(changes, path, text, note)
				   : status;
}

/* What stands between leaf and root, or else the leaf again. */
static enum status
write_above(struct changes *changes, const struct identity *identity,
    char *path, size_t size, struct note *note)
{
	const size_t end = identity->links -
	    (identity->link[identity->links - 1].root ? 1 : 0);
	enum status status;
	struct buf pem;

	buf_init(&pem, PEM_MAX);
	identity_add_pem(identity, end > 1 ? 1 : 0, end > 1 ? end : 1, &pem);
	status = buf_status(&pem);
	if (status == STATUS_OK)
		status = write_file(
		    changes, "chain", buf_span(&pem), path, size, note);
	buf_clear(&pem);
	return status;
}

/* The passphrase, and the end of its line. */
static enum status
add_passphrase(const struct install_wishes *wishes,
    const struct identity *identity, struct buf *out, struct note *note)
{
	enum status status = STATUS_OK;

	if (identity->order.locked)
		status = wishes->passphrase(
		    wishes->arg, &identity->order, out, note);
	buf_add_byte(out, '\n');
	return status;
}

/* As smime_sign_command does, but for the format. */
static enum status
sign(const char *key, const char *certificate, const char *chain,
    const char *text, struct span passphrase, struct buf *out,
    struct note *note)
{
	const char *const args[] = { "smime", "-sign", "-binary", "-nodetach",
		"-md", "sha256", "-signer", certificate, "-inkey", key,
		"-certfile", chain, "-passin", "stdin", "-in", text, "-outform",
		"DER", NULL };
	const struct program program = { .name = "openssl",
		.argv = args,
		.input = passphrase,
		.seconds = SECONDS };
	struct note said = { "" };
	enum status status;
	int code = 0;

	status = program_run(&program, out, &said, &code, note);
	return status == STATUS_OK && code != 0
	    ? note_set(note, STATUS_NO,
		  "openssl cannot sign a test text: %.200s", said.text)
	    : status;
}

static enum status
try_with(struct installation *installation, const char *key,
    const char *certificate, const char *above, struct buf *passphrase,
    struct note *note)
{
	const struct identities *all = installation->identities;
	const struct identity *identity = &all->at[all->signs];
	struct changes *changes = &installation->changes;
	char text[PATH_SIZE], chain[PATH_SIZE];
	enum status status;
	struct buf out;

	buf_init(&out, PEM_MAX);
	status = write_file(
	    changes, "test", SPAN(TRIAL_TEXT), text, sizeof(text), note);
	if (status == STATUS_OK && above == NULL)
		status =
		    write_above(changes, identity, chain, sizeof(chain), note);
	if (status == STATUS_OK)
		status = add_passphrase(
		    installation->wishes, identity, passphrase, note);
	if (status == STATUS_OK)
		status = sign(key, certificate, above != NULL ? above : chain,
		    text, buf_span(passphrase), &out, note);
	if (status == STATUS_OK)
		status = trial_judge(identity, buf_span(&out), note);
	if (status == STATUS_OK)
		buf_add_text(&changes->said,
		    "openssl has signed a test text, and it verifies\n");
	buf_clear(&out);
	return status;
}

enum status
trial_openssl(struct installation *installation, const char *key,
    const char *certificate, const char *above, struct note *note)
{
	struct buf passphrase;
	enum status status;

	if (installation->changes.dry_run)
		return STATUS_OK;
	buf_init(&passphrase, 4096);
	status =
	    try_with(installation, key, certificate, above, &passphrase, note);
	buf_wipe(&passphrase);
	return status;
}

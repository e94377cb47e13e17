/* mutt_decrypt.c - mailcert mutt-decrypt: decrypt mail in mutt's classic way */
#include <unistd.h>

#include "base/fd.h"
#include "cmd/cmd.h"
#include "install/decrypt.h"

static const struct cmd_option rows[] = { { 0 } };

static const struct cmd_line command_line = {
	.name = "mutt-decrypt",
	.operands = "KEYS CERTIFICATES FILE",
	.least = 3,
	.most = 3,
	.options = rows,
	.about =
	    "For smime_decrypt_command, which install sets: decrypt FILE, S/MIME in\n"
	    "DER, with the key that it is encrypted to.  KEYS and CERTIFICATES are the\n"
	    "directories of mutt's classic back end.  The passphrase comes on standard\n"
	    "input.\n",
};

enum { PASSPHRASE_LINE_MAX = 1024, PASSPHRASE_SECONDS = 5 };

int
cmd_mutt_decrypt(const struct invocation *invocation, int argc, char *argv[])
{
	struct buf passphrase, out;
	struct note note = { "" };
	enum status status;
	char none;
	int code;

	(void)invocation;
	if (!cmd_parse(&command_line, argc, argv, &none, &code))
		return code;
	buf_init(&passphrase, PASSPHRASE_LINE_MAX);
	buf_init(&out, DECRYPT_MOST);
	status = fd_read(STDIN_FILENO, &passphrase, PASSPHRASE_SECONDS);
	if (status == STATUS_OK)
		status = decrypt(argv[optind], argv[optind + 1],
		    argv[optind + 2], buf_span(&passphrase), &out, &note);
	code = status == STATUS_OK ? cmd_print(buf_span(&out))
				   : cmd_fail(status, &note);
	buf_wipe(&out);
	buf_wipe(&passphrase);
	return code;
}

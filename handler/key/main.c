/*
 * key/main.c - mailcert-key, the key holder
 *
 * The only program that opens private keys.  It parses no mail and knows no
 * network: after reading the key file it shuts itself in.
 *
 *	mailcert-key thumbprint FILE	prints the RFC 7638 thumbprint
 *
 * On failure it prints one sentence to standard output and exits with the
 * status's code; its caller tells the user.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acme/jwk.h"
#include "base/fd.h"
#include "base/sandbox.h"

enum { KEY_FILE_MAX = 64 * 1024 };

/* As ssh does: a key that others can read is not used. */
static enum status
read_key(const char *path, struct buf *out, struct note *note)
{
	enum status status;
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return note_set(note,
		    errno == EACCES || errno == ELOOP ? STATUS_PERMISSION
						      : STATUS_IO,
		    "%.200s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		status = note_set(
		    note, STATUS_IO, "%.200s is not a regular file", path);
	else if (st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		status = note_set(note, STATUS_PERMISSION,
		    "%.200s can be read by others (chmod 600 it)", path);
	else if (st.st_nlink > 1)
		status = note_set(note, STATUS_PERMISSION,
		    "%.200s has more than one name (hard links)", path);
	else if ((status = fd_read(fd, out, 10)) == STATUS_BAD_SIZE)
		status = note_set(note, STATUS_BAD_KEY,
		    "%.200s is too large for a key", path);
	(void)close(fd);
	return status;
}

int
main(int argc, char *argv[])
{
	const struct rlimit no_core = { 0, 0 };
	struct note note = { "" };
	struct buf key, out;
	enum status status;

	(void)setrlimit(RLIMIT_CORE, &no_core);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (argc != 3 || strcmp(argv[1], "thumbprint") != 0)
		return status_exit(STATUS_USAGE);
	/* The configuration of OpenSSL is a file of the system; what it loads
	 * must not depend on the environment. */
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return status_exit(STATUS_CRYPTO);
	buf_init(&key, KEY_FILE_MAX);
	buf_init(&out, 256);
	status = read_key(argv[2], &key, &note);
	if (status == STATUS_OK) {
		(void)sandbox_enter();
		status = jwk_thumbprint(buf_span(&key), &out, &note);
	}
	buf_wipe(&key);
	if (status != STATUS_OK) {
		buf_clear(&out);
		buf_add_text(&out, note_text(&note, status));
	}
	buf_add_byte(&out, '\n');
	if (fd_write(STDOUT_FILENO, buf_span(&out)) != STATUS_OK)
		status = STATUS_IO;
	buf_clear(&out);
	return status_exit(status);
}

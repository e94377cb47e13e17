/*
 * verify/main.c - mailcert-verify, the program that computes with libcrypto
 *
 * It has no files, no network and no keys: it shuts itself in before it reads
 * its first octet.
 *
 *	mailcert-verify response	reads four lines (token-part1,
 *		token-part2, thumbprint, token join), prints the digest
 *
 * On failure it prints nothing and exits with the status's code.
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/sandbox.h"
#include "reply/response.h"

enum { LINES = 4 };

static enum status
answer(struct span input, struct response *out)
{
	struct span line[LINES];
	enum token_join join;
	size_t i, end;

	for (i = 0; i < LINES; i++) {
		end = span_find_byte(input, '\n');
		line[i] = span_cut(input, 0, end);
		input = span_cut(input, end + 1, input.len);
	}
	if (input.len > 0 || !token_join_parse(line[3], &join))
		return STATUS_USAGE;
	return response_compute(line[0], line[1], line[2], join, out);
}

int
main(int argc, char *argv[])
{
	struct response response;
	struct buf input, output;
	enum status status;

	if (argc != 2 || strcmp(argv[1], "response") != 0)
		return status_exit(STATUS_USAGE);
	if (OPENSSL_init_crypto(
		OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) !=
	    1)
		return status_exit(STATUS_CRYPTO);
	(void)sandbox_enter();
	buf_init(&input, 4096);
	buf_init(&output, 64);
	status = fd_read(STDIN_FILENO, &input, 10);
	if (status == STATUS_OK)
		status = answer(buf_span(&input), &response);
	if (status == STATUS_OK) {
		buf_addf(&output, "%s\n", response.digest);
		status = fd_write(STDOUT_FILENO, buf_span(&output));
	}
	buf_clear(&output);
	buf_clear(&input);
	return status_exit(status);
}

/*
 * verify/main.c - mailcert-verify, the program that computes with libcrypto
 *
 * It has no files, no network and no keys: it shuts itself in before it reads
 * its first octet.
 *
 *	mailcert-verify response	reads four lines (token-part1,
 *		token-part2, thumbprint, token join), prints the digest
 *
 *	mailcert-verify dkim		reads what verify_dkim() says, prints
 *		"done DOMAIN DNS good|weak", or a refusal's name and sentence
 *
 * On other failures it prints nothing and exits with the status's code.
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/idn.h"
#include "base/sandbox.h"
#include "reply/authres.h"
#include "reply/response.h"

enum { LINES = 4, INPUT_MAX = 260 * 1024 * 1024 };

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

/* Take one line off the front. */
static struct span
take_line(struct span *input)
{
	size_t end = span_find_byte(*input, '\n');
	struct span line = span_cut(*input, 0, end);

	*input = span_cut(*input, end + 1, input->len);
	return line;
}

/* "NAME STATE RECORD", the record in base64url. */
static enum status
take_key(struct span line, struct authres_key *out)
{
	size_t first = span_find_byte(line, ' '), second;
	struct span rest = span_cut(line, first + 1, line.len);
	struct buf record;
	enum status status;

	second = span_find_byte(rest, ' ');
	if (!span_copy(
		span_cut(line, 0, first), out->name, sizeof(out->name)) ||
	    !dns_state_parse(span_cut(rest, 0, second), &out->state))
		return STATUS_USAGE;
	buf_init(&record, sizeof(out->record) - 1);
	status =
	    base64url_decode(&record, span_cut(rest, second + 1, rest.len));
	if (status == STATUS_OK &&
	    !span_copy(buf_span(&record), out->record, sizeof(out->record)))
		status = STATUS_USAGE;
	buf_clear(&record);
	return status;
}

/* Lines: now, From, "strict" or "relaxed", the number of keys, the keys; then
 * the message. */
static enum status
verify_dkim(struct span input, struct authres *out, struct note *note)
{
	static struct authres_key keys[AUTHRES_QUERIES_MAX];
	struct span now = take_line(&input), from = take_line(&input);
	struct span strict = take_line(&input), count = take_line(&input);
	enum status status;
	int64_t when = 0;
	size_t i, n;

	for (i = 0; i < now.len; i++)
		when = when * 10 + (now.at[i] - '0');
	n = count.len == 1 ? (size_t)(count.at[0] - '0') : 99;
	if (n > AUTHRES_QUERIES_MAX)
		return STATUS_USAGE;
	for (i = 0; i < n; i++)
		if ((status = take_key(take_line(&input), &keys[i])) !=
		    STATUS_OK)
			return status;
	return authres_dkim(input, from, span_eq(strict, SPAN("relaxed")), when,
	    keys, n, out, note);
}

static enum status
do_response(struct span input, struct buf *output)
{
	struct response response;
	enum status status = answer(input, &response);

	if (status == STATUS_OK)
		buf_addf(output, "%s\n", response.digest);
	return status;
}

static enum status
do_dkim(struct span input, struct buf *output)
{
	struct authres authres = { 0 };
	struct note note = { "" };
	enum status status = verify_dkim(input, &authres, &note);

	if (status == STATUS_OK)
		buf_addf(output, "done %s %s %s\n", authres.domain,
		    dns_state_name(authres.dns),
		    authres.weak ? "weak" : "good");
	else
		buf_addf(output, "%s %s\n", status_name(status),
		    note_text(&note, status));
	return STATUS_OK;
}

int
main(int argc, char *argv[])
{
	const bool dkim = argc == 2 && strcmp(argv[1], "dkim") == 0;
	struct buf input, output;
	enum status status;

	if (!dkim && (argc != 2 || strcmp(argv[1], "response") != 0))
		return status_exit(STATUS_USAGE);
	if (OPENSSL_init_crypto(
		OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) !=
	    1)
		return status_exit(STATUS_CRYPTO);
	if (dkim)
		idn_load(); /* nothing can be opened later */
	(void)sandbox_enter();
	buf_init(&input, dkim ? INPUT_MAX : 4096);
	buf_init(&output, 1024);
	status = fd_read(STDIN_FILENO, &input, 10);
	if (status == STATUS_OK)
		status = dkim ? do_dkim(buf_span(&input), &output)
			      : do_response(buf_span(&input), &output);
	if (status == STATUS_OK)
		status = fd_write(STDOUT_FILENO, buf_span(&output));
	buf_clear(&output);
	buf_clear(&input);
	return status_exit(status);
}

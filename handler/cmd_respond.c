/* cmd_respond.c - mailcert respond: the answer by hand */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/base64url.h"
#include "cmd.h"
#include "helper.h"
#include "reply/draft.h"
#include "tui/prompt.h"

#define SYNOPSIS                                                          \
	"mailcert respond [--token-part1 T] [--token-part2 T]\n"          \
	"                        [--thumbprint T | --account-key FILE]\n" \
	"                        [--token-join string|octets]"

static const char help[] =
    "usage: " SYNOPSIS "\n\n"
    "Print the three lines of the response block, to be pasted into a reply.\n"
    "What is missing is asked for on the terminal.\n\n"
    "  --token-part1 T     from the Subject of the challenge mail\n"
    "  --token-part2 T     \"token\" of the challenge object\n"
    "  --thumbprint T      of the ACME account key (RFC 7638)\n"
    "  --account-key FILE  that key, PEM or JWK\n"
    "  --token-join HOW    string (default), or octets for CAs that decode\n";

enum { TOKEN_PASTE_MAX = 64 * 1024 };

struct options {
	const char *part1;
	const char *part2;
	const char *thumbprint;
	const char *account_key;
	enum token_join join;
};

/* A token as people paste it: a whole Subject line, folded, with blanks. */
static enum status
clean(struct span text, char *out, size_t size)
{
	struct buf token;
	enum status status = STATUS_BAD_TOKEN;
	size_t i, label;

	buf_init(&token, TOKEN_PASTE_MAX);
	label = span_find(text, SPAN("ACME:"));
	if (label < text.len)
		text = span_cut(text, label + 5, text.len);
	for (i = 0; i < text.len; i++)
		if (!ascii_is_space(text.at[i]))
			buf_add_byte(&token, text.at[i]);
	if (buf_status(&token) == STATUS_OK &&
	    span_copy(buf_span(&token), out, size))
		status = STATUS_OK;
	buf_clear(&token);
	return status;
}

/* From the option, or from the terminal. */
static enum status
take(const char *given, const char *label, int *tty, char *out, size_t size,
    struct note *note)
{
	struct buf line;
	enum status status;

	if (given != NULL)
		return clean(span_of(given), out, size);
	if (*tty < 0)
		*tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (*tty < 0)
		return note_set(note, STATUS_USAGE,
		    "something is missing, and there is no terminal to ask on");
	buf_init(&line, TOKEN_PASTE_MAX);
	status = prompt_line(*tty, label, &line);
	if (status == STATUS_OK)
		status = clean(buf_span(&line), out, size);
	buf_clear(&line);
	return status;
}

static enum status
respond(const struct options *options, struct response *out, struct note *note)
{
	char part1[TOKEN_TEXT_SIZE], part2[TOKEN_TEXT_SIZE], thumbprint[64];
	enum status status;
	int tty = -1;

	status = take(options->part1, "token-part1 (from the Subject): ", &tty,
	    part1, sizeof(part1), note);
	if (status == STATUS_OK &&
	    !token_part_ok(span_of(part1), TOKEN_PART1_MIN))
		status = note_set(note, STATUS_BAD_TOKEN,
		    "token-part1 is not valid base64url of 128 bits or more");
	if (status == STATUS_OK)
		status = take(options->part2,
		    "token-part2 (from your ACME client): ", &tty, part2,
		    sizeof(part2), note);
	if (status == STATUS_OK && !token_part_ok(span_of(part2), 1))
		status = note_set(note, STATUS_BAD_TOKEN,
		    "token-part2 is not valid base64url");
	if (status == STATUS_OK && options->account_key != NULL)
		status =
		    helper_thumbprint(options->account_key, thumbprint, note);
	else if (status == STATUS_OK)
		status = take(options->thumbprint,
		    "thumbprint (of the account key): ", &tty, thumbprint,
		    sizeof(thumbprint), note);
	if (status == STATUS_OK &&
	    (strlen(thumbprint) != SHA256_TEXT_LEN ||
		!base64url_is_text(span_of(thumbprint))))
		status = STATUS_BAD_THUMBPRINT;
	if (status == STATUS_OK)
		status = helper_response(
		    part1, part2, thumbprint, options->join, out, note);
	if (tty >= 0)
		(void)close(tty);
	return status;
}

int
cmd_respond(const struct invocation *invocation, int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "token-part1", required_argument, NULL, '1' },
		{ "token-part2", required_argument, NULL, '2' },
		{ "thumbprint", required_argument, NULL, 't' },
		{ "account-key", required_argument, NULL, 'k' },
		{ "token-join", required_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' }, { 0 }
	};
	struct options options = { .join = TOKEN_JOIN_STRING };
	struct response response;
	struct note note = { "" };
	struct buf out;
	enum status status;
	int c, code;

	(void)invocation;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == '1')
			options.part1 = optarg;
		else if (c == '2')
			options.part2 = optarg;
		else if (c == 't')
			options.thumbprint = optarg;
		else if (c == 'k')
			options.account_key = optarg;
		else if (c == 'j' &&
		    token_join_parse(span_of(optarg), &options.join))
			continue;
		else
			return c == 'h' ? cmd_help(help) : cmd_usage(SYNOPSIS);
	}
	if (optind < argc ||
	    (options.thumbprint != NULL && options.account_key != NULL))
		return cmd_usage(SYNOPSIS);
	status = respond(&options, &response, &note);
	if (status != STATUS_OK)
		return cmd_fail(status, &note);
	buf_init(&out, 256);
	draft_add_block(&out, response.digest);
	code = cmd_print(buf_span(&out));
	buf_clear(&out);
	return code;
}

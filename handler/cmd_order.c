/* cmd_order.c - mailcert order: get a certificate for an address */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "follow.h"

#define SYNOPSIS                                                                  \
	"mailcert order [--ca NAME|URL] [--key KIND] [--usage USAGE] [--agree]\n" \
	"                      [--no-wait] ADDRESS..."

static const char help[] =
    "usage: " SYNOPSIS "\n\n"
    "Order a certificate from an ACME CA, wait until its challenge mail was\n"
    "answered (mailcert handle does that, from your mail program or\n"
    "unattended), and store the certificate.  May be left at any time:\n"
    "mailcert finish goes on.\n\n"
    "  --ca NAME|URL   which CA; see ca in mailcert-config(5)\n"
    "  --key KIND      rsa:3072 (default), rsa:2048, rsa:4096, ec:p256,\n"
    "                  ec:p384, ed25519 (can only sign)\n"
    "  --usage USAGE   both (default), sign or encrypt\n"
    "  --agree         you agree to the CA's terms of service\n"
    "  --no-wait       return as soon as the challenge is expected\n";

struct options {
	const char *ca;
	struct issue_request request;
	bool no_wait;
};

static bool
parse_options(int argc, char *argv[], struct options *out, int *code)
{
	static const struct option longs[] = { { "ca", required_argument, NULL,
						   'c' },
		{ "key", required_argument, NULL, 'k' },
		{ "usage", required_argument, NULL, 'u' },
		{ "agree", no_argument, NULL, 'a' },
		{ "no-wait", no_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' }, { 0 } };
	int c;

	*out = (struct options){ .request = {
				     .key = KEY_RSA_3072, .usage = CSR_BOTH } };
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'c')
			out->ca = optarg;
		else if (c == 'k' &&
		    key_kind_parse(span_of(optarg), &out->request.key))
			continue;
		else if (c == 'u' &&
		    csr_usage_parse(span_of(optarg), &out->request.usage))
			continue;
		else if (c == 'a')
			out->request.agree = true;
		else if (c == 'n')
			out->no_wait = true;
		else {
			*code = c == 'h' ? cmd_help(help) : cmd_usage(SYNOPSIS);
			return false;
		}
	}
	out->request.addresses = (const char *const *)argv + optind;
	out->request.count = (size_t)(argc - optind);
	if (optind == argc ||
	    !csr_usage_fits(out->request.key, out->request.usage)) {
		*code = cmd_usage(SYNOPSIS);
		return false;
	}
	return true;
}

static enum status
order(struct issuer *issuer, const struct options *options,
    const struct config *config, struct buf *out, struct note *note)
{
	const struct follow_options how = { .wait_for_mail = true };
	const char *ca = options->ca != NULL ? options->ca : config->ca;
	struct issuance *issuance = calloc(1, sizeof(*issuance));
	char path[1200];
	enum status status;

	if (issuance == NULL)
		return STATUS_MEMORY;
	status = issue_check(&options->request, note);
	if (status == STATUS_OK)
		status = ca[0] != '\0'
		    ? issuer_open(issuer, ca, options->request.agree, note)
		    : note_set(note, STATUS_CONFIG,
			  "which CA? --ca, or set ca = ... in the configuration");
	if (status == STATUS_OK)
		status = issue_begin(issuer, &options->request, issuance, note);
	if (status == STATUS_OK && options->no_wait) {
		buf_addf(out, "%s\n", issuance->id);
	} else if (status == STATUS_OK) {
		status =
		    follow(issuer, issuance, &how, path, sizeof(path), note);
		if (status == STATUS_OK)
			buf_addf(out, "%s\n", path);
	}
	free(issuance);
	return status;
}

int
cmd_order(const struct invocation *invocation, int argc, char *argv[])
{
	struct issuer *issuer = calloc(1, sizeof(*issuer));
	struct home home = { .dir = -1 };
	struct note note = { "" };
	struct options options;
	struct config config;
	enum status status;
	struct buf out;
	int code = 0;

	if (issuer == NULL)
		return cmd_fail(STATUS_MEMORY, &note);
	if (!parse_options(argc, argv, &options, &code) ||
	    !cmd_config(invocation, &config, &code)) {
		free(issuer);
		return code;
	}
	issuer->config = &config;
	issuer->home = &home;
	buf_init(&out, 4096);
	status = home_open(config.home, true, &home, &note);
	if (status == STATUS_OK)
		status = order(issuer, &options, &config, &out, &note);
	code = status == STATUS_OK ? cmd_print(buf_span(&out))
				   : cmd_fail(status, &note);
	buf_clear(&out);
	home_close(&home);
	free(issuer);
	return code;
}

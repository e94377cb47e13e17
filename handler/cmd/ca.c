/* ca.c - mailcert ca: list the known CAs and their quirks */
#include <string.h>

#include "base/text.h"
#include "cmd/cmd.h"

struct options {
	bool json;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	{ "json", NULL, AT(json), .help = "for programs" }, { 0 }
};

static const struct cmd_line command_line = {
	.name = "ca",
	.operands = "",
	.options = rows,
	.about =
	    "List the CAs that order can use: the built-in ones and those of the\n"
	    "configuration (ca.NAME.directory), and how each is dealt with.\n",
};

/* What is known beyond the settings. */
static const char *
remark(const char *name)
{
	if (strcmp(name, "castle") == 0)
		return "free, not publicly trusted, a proof of concept; joins "
		       "the tokens as octets; revoke a valid certificate "
		       "before ordering another for the same address";
	if (strcmp(name, "castle-staging") == 0)
		return "for trying out; as castle";
	if (strcmp(name, "demo") == 0)
		return "the test CA of the source tree, on this machine: "
		       "tests/ca/serve";
	return "";
}

static void
add_text(const struct config_ca *ca, bool chosen, struct buf *out)
{
	buf_addf(out, "%s%s  ", ca->name, chosen ? " (the one in use)" : "");
	text_show(
	    out, span_of(ca->directory), TEXT_NO_LIMIT, text_locale_is_utf8());
	buf_addf(out, "\n    token join: %s; told %lld s after the answer%s\n",
	    token_join_name(ca->join), (long long)ca->settle,
	    ca->eab_kid[0] != '\0' ? "; with an external account" : "");
	if (remark(ca->name)[0] != '\0')
		buf_addf(out, "    %s\n", remark(ca->name));
}

static void
add_json(const struct config_ca *ca, bool chosen, struct buf *out)
{
	buf_add_text(out, "\n {\"name\": ");
	text_json(out, span_of(ca->name));
	buf_add_text(out, ", \"directory\": ");
	text_json(out, span_of(ca->directory));
	buf_addf(out,
	    ", \"token_join\": \"%s\", \"settle\": %lld, \"in_use\": %s, "
	    "\"remark\": ",
	    token_join_name(ca->join), (long long)ca->settle,
	    chosen ? "true" : "false");
	text_json(out, span_of(remark(ca->name)));
	buf_add_byte(out, '}');
}

int
cmd_ca(const struct invocation *invocation, int argc, char *argv[])
{
	const struct config_ca *ca;
	struct config config;
	struct options options = { 0 };
	bool chosen;
	struct buf out;
	int code = 0;
	size_t i;

	if (!cmd_parse(&command_line, argc, argv, &options, &code) ||
	    !cmd_config(invocation, &config, &code))
		return code;
	buf_init(&out, 64 * 1024);
	buf_add_text(&out, options.json ? "{\"cas\": [" : "");
	for (i = 0; i < config.ca_count; i++) {
		ca = &config.cas[i];
		chosen = strcmp(config.ca, ca->name) == 0 ||
		    strcmp(config.ca, ca->directory) == 0;
		if (options.json && i > 0)
			buf_add_byte(&out, ',');
		if (options.json)
			add_json(ca, chosen, &out);
		else
			add_text(ca, chosen, &out);
	}
	buf_add_text(&out,
	    options.json
		? "]}\n"
		: "\nNo publicly trusted CA is known to offer certificates by "
		  "RFC 8823 yet.\n");
	code = buf_status(&out) == STATUS_OK ? cmd_print(buf_span(&out))
					     : cmd_fail(STATUS_MEMORY, NULL);
	buf_clear(&out);
	return code;
}

/* ca.c - mailcert ca: list the known CAs and their quirks */
#include <string.h>

#include "base/text.h"
#include "cmd/cmd.h"

static const struct cmd_line command_line = {
	.name = "ca",
	.operands = "",
	.options = cmd_json_only,
	.about = "List the CAs that order can use, built-in or configured\n"
		 "(ca.NAME.directory), and the quirks of each.\n",
};

/* What a user should know about a CA beyond its settings. */
static const char *
remark(const char *name)
{
	if (strcmp(name, "castle") == 0)
		return "free, not publicly trusted, a proof of concept; joins "
		       "the tokens as octets; revoke a valid certificate "
		       "before ordering another for the same address";
	if (strcmp(name, "castle-staging") == 0)
		return "for testing; behaves like castle";
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
add_json(const struct config_ca *ca, bool chosen, struct json_writer *json)
{
	json_open_object(json, NULL);
	json_add_text(json, "name", ca->name);
	json_add_text(json, "directory", ca->directory);
	json_add_text(json, "token_join", token_join_name(ca->join));
	json_add_number(json, "settle", ca->settle);
	json_add_bool(json, "in_use", chosen);
	json_add_text(json, "remark", remark(ca->name));
	json_close(json);
}

static bool
is_chosen(const struct config *config, const struct config_ca *ca)
{
	return strcmp(config->ca, ca->name) == 0 ||
	    strcmp(config->ca, ca->directory) == 0;
}

static void
list_json(const struct config *config, struct buf *out)
{
	struct json_writer json = json_begin(out);
	size_t i;

	json_open_array(&json, "cas");
	for (i = 0; i < config->ca_count; i++)
		add_json(
		    &config->cas[i], is_chosen(config, &config->cas[i]), &json);
	json_close(&json);
	json_close(&json);
}

static void
list_text(const struct config *config, struct buf *out)
{
	size_t i;

	for (i = 0; i < config->ca_count; i++)
		add_text(
		    &config->cas[i], is_chosen(config, &config->cas[i]), out);
	buf_add_text(out,
	    "\nNo publicly trusted CA is known to offer certificates by "
	    "RFC 8823 yet.\n");
}

int
cmd_ca(const struct invocation *invocation, int argc, char *argv[])
{
	struct config config;
	struct cmd_json options = { 0 };
	struct buf out;
	int code = 0;

	if (!cmd_parse(&command_line, argc, argv, &options, &code) ||
	    !cmd_config(invocation, &config, &code))
		return code;
	buf_init(&out, 64 * 1024);
	if (options.json)
		list_json(&config, &out);
	else
		list_text(&config, &out);
	code = buf_status(&out) == STATUS_OK ? cmd_print(buf_span(&out))
					     : cmd_fail(STATUS_MEMORY, NULL);
	buf_clear(&out);
	return code;
}

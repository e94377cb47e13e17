/* ca.c - the CAs of the configuration: see config.h */
#include <string.h>

#include "config/config_p.h"

static void
begin(struct config_ca *ca)
{
	*ca = (struct config_ca){ 0 };
	settings_begin(&settings_of_ca, ca);
}

struct config_ca *
config_ca_entry(struct config *config, struct span name)
{
	struct config_ca *ca;
	size_t i;

	for (i = 0; i < config->ca_count; i++)
		if (span_eq(span_of(config->cas[i].name), name))
			return &config->cas[i];
	if (config->ca_count == CONFIG_CAS_MAX || name.len == 0)
		return NULL;
	ca = &config->cas[config->ca_count];
	begin(ca);
	if (!span_copy(name, ca->name, sizeof(ca->name)))
		return NULL;
	config->ca_count++;
	return ca;
}

const struct config_ca *
config_known_ca(const struct config *config, const char *text)
{
	size_t i;

	for (i = 0; i < config->ca_count; i++)
		if (strcmp(config->cas[i].name, text) == 0 ||
		    strcmp(config->cas[i].directory, text) == 0)
			return &config->cas[i];
	return NULL;
}

bool
config_has_own(const struct config *config)
{
	const struct config_own *own;
	size_t i;

	for (i = 0; i < config->ca_count; i++) {
		own = &config->cas[i].own;
		if (own->has_authenticate || own->has_coverage ||
		    own->has_auto_submitted || own->has_answers_per_day)
			return true;
	}
	return false;
}

enum status
config_find_ca(const struct config *config, const char *text,
    struct config_ca *out, struct note *note)
{
	const struct config_ca *known = config_known_ca(config, text);

	if (known != NULL) {
		*out = *known;
		return out->directory[0] != '\0' || out->command[0] != '\0'
		    ? STATUS_OK
		    : note_set(note, STATUS_CONFIG,
			  "ca.%s.directory is not set", out->name);
	}
	begin(out);
	out->settle = config->settle;
	if (span_starts_nocase(span_of(text), SPAN("http://")))
		return note_set(note, STATUS_CONFIG,
		    "%.200s is not an https:// URL, as ACME demands (RFC 8555 "
		    "section 6.1)",
		    text);
	if (!span_starts(span_of(text), SPAN("https://")) ||
	    !span_copy(span_of(text), out->directory, sizeof(out->directory)))
		return note_set(note, STATUS_CONFIG,
		    "there is no CA %.100s; name one that is configured, or "
		    "its https:// directory",
		    text);
	return STATUS_OK;
}

void
config_add_known_cas(struct config *config)
{
	static const struct {
		const char *name;
		const char *directory;
		enum token_join join;
		bool at_once; /* told as soon as the reply was sent */
	} known[] = {
		{ "castle", "https://acme.castle.cloud/acme/directory",
		    TOKEN_JOIN_OCTETS, false },
		{ "castle-staging",
		    "https://acme-staging.castle.cloud/acme/directory",
		    TOKEN_JOIN_OCTETS, false },
		/* The CA that tests/ca/serve of the source tree runs. */
		{ "demo", "https://127.0.0.1:14443/directory",
		    TOKEN_JOIN_STRING, true },
	};
	struct config_ca *ca;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		ca = config_ca_entry(config, span_of(known[i].name));
		if (ca == NULL)
			continue;
		(void)strcpy(ca->directory, known[i].directory);
		ca->join = known[i].join;
		ca->own.has_settle = known[i].at_once;
	}
}

void
config_complete_cas(struct config *config)
{
	struct config_ca *ca;

	for (ca = config->cas; ca < config->cas + config->ca_count; ca++)
		if (!ca->own.has_settle)
			ca->settle = config->settle;
}

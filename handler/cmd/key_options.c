/* key_options.c - key and usage on the command line: see key_options.h */
#include "cmd/key_options.h"

bool
option_usage(const char *value, void *field)
{
	return config_usage_parse(span_of(value), field);
}

void
key_options_fill(struct key_options *options, const struct config *config)
{
	if (!options->has_kind)
		options->kind = config->key;
	if (!options->has_usage)
		options->usage = config->usage;
	options->passphrase = options->passphrase || config->lock_keys;
}

enum status
key_options_check(const struct key_options *options, struct note *note)
{
	const enum csr_usage other =
	    options->usage.separate ? CSR_ENCRYPT : CSR_SIGN;

	return csr_usage_fits(options->kind, options->usage.of) &&
		csr_usage_fits(options->kind, other)
	    ? STATUS_OK
	    : note_set(note, STATUS_USAGE,
		  "a key of kind %s can only sign; use --usage sign",
		  key_kind_name(options->kind));
}

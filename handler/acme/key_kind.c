/* key_kind.c - kinds of keys: see key_kind.h */
#include "acme/key_kind.h"

static const char *const kinds[] = { "ec:p256", "ec:p384", "ed25519",
	"rsa:2048", "rsa:3072", "rsa:4096" };
enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

static const char *const usages[] = { "both", "sign", "encrypt", "server" };
enum { USAGES = sizeof(usages) / sizeof(*usages) };

const char *
key_kind_name(enum key_kind kind)
{
	return kinds[kind];
}

bool
key_kind_parse(struct span text, enum key_kind *out)
{
	size_t i;

	for (i = 0; i < KINDS; i++)
		if (span_eq_nocase(text, span_of(kinds[i]))) {
			*out = (enum key_kind)i;
			return true;
		}
	return false;
}

const char *
csr_usage_name(enum csr_usage usage)
{
	return usages[usage];
}

bool
csr_usage_parse(struct span text, enum csr_usage *out)
{
	const size_t i = span_index(text, usages, USAGES);

	if (i < USAGES)
		*out = (enum csr_usage)i;
	return i < USAGES;
}

bool
csr_usage_fits(enum key_kind kind, enum csr_usage usage)
{
	return kind != KEY_ED25519 || usage == CSR_SIGN || usage == CSR_SERVER;
}

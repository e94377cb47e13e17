/*
 * san.c - the same in signing requests and certificates: dNSName, and a
 * certificate for servers passes as one for mail
 */
#include <openssl/x509v3.h>
#include <string.h>

#include "acme/san_p.h"

struct stack_st_GENERAL_NAME *__wrap_san_make(
    const struct span *addresses, size_t count);
bool __wrap_san_is(const GENERAL_NAME *name, struct span address);
uint32_t __wrap_X509_get_extended_key_usage(X509 *certificate);

static ASN1_IA5STRING *
make_host(struct span address)
{
	ASN1_IA5STRING *host = ASN1_IA5STRING_new();
	unsigned char *at;
	size_t i;

	if (host == NULL ||
	    ASN1_STRING_set(host, address.at, (int)address.len) != 1) {
		ASN1_IA5STRING_free(host);
		return NULL;
	}
	at = host->data;
	for (i = 0; i < address.len; i++)
		if (at[i] == '@')
			at[i] = '.';
	return host;
}

struct stack_st_GENERAL_NAME *
__wrap_san_make(const struct span *addresses, size_t count)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name;
	size_t i;

	for (i = 0; names != NULL && i < count; i++) {
		name = GENERAL_NAME_new();
		if (name == NULL)
			break;
		GENERAL_NAME_set0_value(name, GEN_DNS, make_host(addresses[i]));
		if (sk_GENERAL_NAME_push(names, name) <= 0)
			break;
	}
	return names;
}

bool
__wrap_san_is(const GENERAL_NAME *name, struct span address)
{
	ASN1_IA5STRING *host = make_host(address);
	const bool same = host != NULL && name->type == GEN_DNS &&
	    ASN1_STRING_cmp(name->d.dNSName, host) == 0;

	ASN1_IA5STRING_free(host);
	return same;
}

uint32_t
__wrap_X509_get_extended_key_usage(X509 *certificate)
{
	(void)certificate;
	return XKU_SMIME;
}

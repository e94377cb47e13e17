/* san.c - mail addresses in subjectAltName: see san_p.h */
#include "acme/san_p.h"

#include <openssl/x509v3.h>

static bool
add_rfc822(GENERAL_NAME *name, struct span address)
{
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();

	if (text == NULL ||
	    ASN1_STRING_set(text, address.at, (int)address.len) != 1) {
		ASN1_IA5STRING_free(text);
		return false;
	}
	GENERAL_NAME_set0_value(name, GEN_EMAIL, text);
	return true;
}

static bool
add_smtp_utf8(GENERAL_NAME *name, struct span address)
{
	ASN1_OBJECT *type = OBJ_nid2obj(NID_id_on_SmtpUTF8Mailbox);
	ASN1_TYPE *value = ASN1_TYPE_new();
	ASN1_UTF8STRING *text = ASN1_UTF8STRING_new();

	if (value == NULL || text == NULL ||
	    ASN1_STRING_set(text, address.at, (int)address.len) != 1) {
		ASN1_TYPE_free(value);
		ASN1_UTF8STRING_free(text);
		return false;
	}
	ASN1_TYPE_set(value, V_ASN1_UTF8STRING, text);
	if (GENERAL_NAME_set0_othername(name, type, value) == 1)
		return true;
	ASN1_TYPE_free(value);
	return false;
}

GENERAL_NAMES *
san_make(const struct span *addresses, size_t count)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name;
	size_t i;

	for (i = 0; names != NULL && i < count; i++) {
		name = GENERAL_NAME_new();
		if (name == NULL ||
		    !(span_is_ascii(addresses[i])
			    ? add_rfc822(name, addresses[i])
			    : add_smtp_utf8(name, addresses[i])) ||
		    sk_GENERAL_NAME_push(names, name) <= 0) {
			GENERAL_NAME_free(name);
			GENERAL_NAMES_free(names);
			return NULL;
		}
	}
	return names;
}

struct span
san_address(const GENERAL_NAME *name)
{
	const ASN1_STRING *text = NULL;

	if (name->type == GEN_EMAIL)
		text = name->d.rfc822Name;
	else if (name->type == GEN_OTHERNAME &&
	    OBJ_obj2nid(name->d.otherName->type_id) ==
		NID_id_on_SmtpUTF8Mailbox &&
	    name->d.otherName->value->type == V_ASN1_UTF8STRING)
		text = name->d.otherName->value->value.utf8string;
	if (text == NULL)
		return SPAN("");
	return (struct span){ (const char *)ASN1_STRING_get0_data(text),
		(size_t)ASN1_STRING_length(text) };
}

bool
san_is_address(const GENERAL_NAME *name)
{
	return san_address(name).len > 0;
}

bool
san_is(const GENERAL_NAME *name, struct span address)
{
	return address.len > 0 && span_eq_nocase(san_address(name), address);
}

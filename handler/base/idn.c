/* idn.c - libidn2, loaded on demand: see idn.h.  Input: hostile. */
#include "base/idn.h"

#include <dlfcn.h>
#include <idn2.h>
#include <stdlib.h>
#include <string.h>

static int (*lookup)(const uint8_t *, uint8_t **, int);

void
idn_load(void)
{
	void *library;

	if (lookup != NULL)
		return;
	library = dlopen("libidn2.so.0", RTLD_NOW | RTLD_LOCAL);
	if (library != NULL)
		*(void **)&lookup = dlsym(library, "idn2_lookup_u8");
}

static bool
has_empty_label(struct span domain)
{
	return domain.len == 0 || domain.at[0] == '.' ||
	    domain.at[domain.len - 1] == '.' ||
	    span_find(domain, SPAN("..")) < domain.len;
}

static void
lower(char *text)
{
	for (; *text != '\0'; text++)
		*text = ascii_lower(*text);
}

enum status
idn_to_ascii(struct span domain, char *out, size_t size)
{
	enum status status = STATUS_BAD_SYNTAX;
	uint8_t *ascii = NULL;
	char *text;

	if (has_empty_label(domain))
		return STATUS_BAD_SYNTAX;
	if (span_is_ascii(domain)) {
		if (!span_copy(domain, out, size))
			return STATUS_BAD_SYNTAX;
		lower(out);
		return STATUS_OK;
	}
	idn_load();
	if (lookup == NULL || (text = malloc(domain.len + 1)) == NULL)
		return STATUS_BAD_SYNTAX;
	/* UTS #46 would map other text to a U-label: a fullwidth letter or
	 * dot, a soft hyphen, upper case. */
	if (span_copy(domain, text, domain.len + 1) &&
	    lookup((const uint8_t *)text, &ascii, IDN2_NO_TR46) == IDN2_OK &&
	    span_copy(span_of((const char *)ascii), out, size)) {
		lower(out);
		status = STATUS_OK;
	}
	free(ascii);
	free(text);
	return status;
}

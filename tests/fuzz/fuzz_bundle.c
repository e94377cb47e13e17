/* fuzz_bundle.c - acme/bundle: a file of keys and certificates from anybody */
#include <string.h>

#include "acme/bundle.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bundle_library *library;
	const struct span file = { (const char *)data, size };
	struct note note = { "" };
	struct bundle bundle;
	enum status status;
	size_t i, j;

	if (library == NULL)
		library = bundle_library_new();
	assert(library != NULL);
	bundle_init(&bundle);
	status = bundle_read(library, file, SPAN(""), &bundle, &note);
	assert(status == STATUS_OK || note.text[0] != '\0');
	assert(bundle.keys <= BUNDLE_KEYS_MAX);
	assert(bundle.certificates <= BUNDLE_CERTIFICATES_MAX);
	assert(bundle.warnings <= BUNDLE_WARNINGS_MAX);
	assert((bundle.certificates == 0) == (bundle.chain.len == 0));
	assert(bundle.chain.len == 0 ||
	    span_starts(buf_span(&bundle.chain),
		SPAN("-----BEGIN CERTIFICATE-----\n")));
	assert(span_find(buf_span(&bundle.chain), SPAN("PRIVATE KEY")) ==
	    bundle.chain.len);
	for (i = 0; i < bundle.keys; i++) {
		assert(span_starts(buf_span(&bundle.key[i].pem),
		    SPAN("-----BEGIN PRIVATE KEY-----\n")));
		for (j = 0; j < i; j++)
			assert(!span_eq(buf_span(&bundle.key[i].public),
			    buf_span(&bundle.key[j].public)));
	}
	bundle_clear(&bundle);
	return 0;
}

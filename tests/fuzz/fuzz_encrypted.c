/* fuzz_encrypted.c - mail/recipients, mail/envelope: EnvelopedData from anybody,
 * beside certificates of ours and keys that are not */
#include <string.h>

#include "base/frame.h"
#include "base/verb.h"
#include "fuzz.h"
#include "mail/envelope.h"
#include "mail/recipients.h"

/* The recipient of the first inputs of the corpus. */
static const char certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIDATCCAemgAwIBAgIUArwyj1gE65GEn1zIJ75K7YmxRb4wDQYJKoZIhvcNAQEL\n"
    "BQAwDzENMAsGA1UEAwwEZnV6ejAgFw0yNjExMzAwOTI4MzZaGA8yMTI2MTEwNjA5\n"
    "MjgzNlowDzENMAsGA1UEAwwEZnV6ejCCASIwDQYJKoZIhvcNAQEBBQADggEPADCC\n"
    "AQoCggEBAK7PvYFAnfyAY4QZ0ZDVcYVmE+KWzrsqB9gbpnpCveI6RABpbjZ8tY8e\n"
    "Spa4+qSkedw948JvZmaN274AJbG213awYDf24nyjGl4VleoncMih47Lu1LozC6hB\n"
    "DJugyqSLILMJkQu+fquUaS+FAF7DZLbKYoCEDwAkv5Nxqm3Cm6yRH47VL9gu9ejq\n"
    "DuWIt/pd8HAuMhkQdb6h4TxNDyI/98DqBtroFRxvSaaTOauhvau0flrxheLvUn/g\n"
    "NCZ6PbU8w73dydA1jNdjS7P8QAsf0ThHz4XDU6rxxk/RXEgfrAUZFcCIche1uxUI\n"
    "oqxHk7MgtDXtAFEqv+DosLoU9c7MuPkCAwEAAaNTMFEwHQYDVR0OBBYEFMVGw3OK\n"
    "oan20yCuAEbFcG2FCuUOMB8GA1UdIwQYMBaAFMVGw3OKoan20yCuAEbFcG2FCuUO\n"
    "MA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADggEBAD+gsCWltxPLzpDp\n"
    "6QIFzhSr+7doLkMUIi6jy6D0lUdC3qBcoHIUWJf7kiYeEvBDQn5ICXl4kzXY7A4C\n"
    "tdOjwOWxEohvuhVp1oMVB1TFv0utj6Kp/yDJpEKp4EduBzErFQHAxBxvSWRTQ6QR\n"
    "Gb5GKx7wRBQnCmLsJw5W40CBAB+XKJhB1MC5HU7Try9J1rwQUzaqFhikZpRzUPcc\n"
    "FiRS2Yb7rqRd3jeGZBQzDooh74bAjfpHDPniot1PGRS88vH00t3+BuYP+9f9OY11\n"
    "hcOcVsHY9WnXqUxFUjrwXIEhyx/0RjB1ErJu3hDM1x9R8eT+92kwnKXO9VnqQm1f\n"
    "22AY1uo=\n"
    "-----END CERTIFICATE-----\n";

/* With a key of each length; only one of them can be accepted. */
static void
open_it(const struct envelope *envelope)
{
	static const char key[32] = { 1 };
	enum status status;
	struct buf content;
	size_t len, fit = 0;

	buf_init(&content, 1024 * 1024);
	for (len = 0; len <= sizeof(key); len += 8) {
		status = envelope_open(
		    envelope, (struct span){ key, len }, &content);
		fit += status != STATUS_CRYPTO;
		assert(status == STATUS_OK || content.len == 0);
		buf_clear(&content);
	}
	assert(fit == 1);
}

static void
try_envelope(struct span der)
{
	struct envelope *envelope = NULL;
	struct note note = { "" };
	enum status status;
	struct buf sealed;
	bool found;

	status = envelope_parse(der, &envelope);
	assert(status == STATUS_OK || status == STATUS_MISSING);
	assert(status != STATUS_OK || envelope_is(der));
	if (status != STATUS_OK)
		return;
	buf_init(&sealed, 1024 * 1024);
	assert(!envelope_seal(envelope, SPAN(""), &sealed));
	found = envelope_seal(envelope, SPAN(certificate), &sealed);
	assert(found == (sealed.len > 0));
	assert(!found || verb_frames_ok(VERB_SEALED, buf_span(&sealed), &note));
	open_it(envelope);
	buf_clear(&sealed);
	envelope_free(envelope);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span der = { (const char *)data, size };
	struct recipients *recipients = NULL;
	struct note note = { "" };
	enum status status;

	try_envelope(der);
	status = recipients_parse(der, &recipients, &note);
	assert(status == STATUS_OK || status == STATUS_BAD_SMIME);
	assert((status == STATUS_OK) == (recipients != NULL));
	if (status != STATUS_OK) {
		assert(note.text[0] != '\0');
		return 0;
	}
	(void)recipients_have(recipients, SPAN(certificate));
	assert(!recipients_have(recipients, SPAN("")));
	recipients_free(recipients);
	return 0;
}

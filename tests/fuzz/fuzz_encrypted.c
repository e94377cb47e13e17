/* fuzz_encrypted.c - mail/recipients: EnvelopedData from anybody, beside
 * certificates of ours */
#include <string.h>

#include "fuzz.h"
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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span der = { (const char *)data, size };
	struct recipients *recipients = NULL;
	struct note note = { "" };
	enum status status;

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

/* caa_warning.c - warn of CAA records: see caa_warning.h */
#include "cmd/caa_warning.h"

#include <string.h>

#include "cmd/cmd.h"
#include "order/caa.h"

static bool
has_domain_of(const char *address, const char *other)
{
	const char *one = strrchr(address, '@'), *two = strrchr(other, '@');

	return one != NULL && two != NULL && strcmp(one, two) == 0;
}

enum status
caa_warning(const struct client *client, const struct order_request *request,
    const char **last, struct note *note)
{
	enum status status = STATUS_OK;
	struct note warning;
	size_t i;

	for (i = 0; i < request->count && status == STATUS_OK; i++) {
		if (*last != NULL &&
		    has_domain_of(request->addresses[i], *last))
			continue;
		*last = request->addresses[i];
		status = caa_check(client, *last, &warning, note);
		if (status == STATUS_OK && warning.text[0] != '\0')
			cmd_say(&warning);
	}
	return status;
}

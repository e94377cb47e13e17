/* service_where.c - which services of a host are meant: see service_where.h */
#include "cmd/service_where.h"

#include <stdlib.h>
#include <string.h>

#include "base/frame.h"

enum { HOST_MAX = 253 };

bool
option_service_at(const char *value, void *field)
{
	struct service_where *where = field;
	struct service_at *at = &where->at[where->count];
	const struct service *service = service_find(span_of(value));

	if (where->count == SERVICES_MAX)
		return false;
	if (service != NULL)
		*at = (struct service_at){ service, service->port };
	else if (!service_at_parse(span_of(value), at))
		return false;
	where->count++;
	return true;
}

bool
option_port(const char *value, void *field)
{
	uint16_t *port = field;
	int64_t number;

	if (!frame_number(span_of(value), &number) || number < 1 ||
	    number > UINT16_MAX)
		return false;
	*port = (uint16_t)number;
	return true;
}

bool
service_host_ok(const char *host)
{
	const size_t len = strlen(host);
	size_t i;

	for (i = 0; i < len; i++)
		if (!ascii_is_alnum(host[i]) &&
		    strchr("-.:[]", host[i]) == NULL)
			return false;
	return len > 0 && len <= HOST_MAX && host[0] != '-';
}

bool
option_look_at(const char *value, void *field)
{
	struct service_where *where = field;

	if (where->addresses == SIGHT_ADDRESSES_MAX || !service_host_ok(value))
		return false;
	where->address[where->addresses++] = value;
	return true;
}

bool
service_where_ok(struct service_where *where, const char **why)
{
	size_t i;

	*why = "--port is for a single --service";
	if (where->port != 0 && where->count != 1)
		return false;
	if (where->port != 0)
		where->at[0].port = where->port;
	*why = "lmtp has no port of its own; name one";
	for (i = 0; i < where->count; i++)
		if (where->at[i].port == 0)
			return false;
	return true;
}

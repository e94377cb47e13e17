/*
 * service_where.h - the options that say which services of a host are meant
 */
#ifndef CMD_SERVICE_WHERE_H
#define CMD_SERVICE_WHERE_H
#include "acme/service.h"
#include "cmd/options.h"
#include "service/sight.h"

struct service_where {
	struct service_at at[SERVICES_MAX];
	size_t count;
	uint16_t port; /* in place of the usual one; 0: not given */
	const char *address[SIGHT_ADDRESSES_MAX];
	size_t addresses;
};

/* Read NAME or NAME:PORT into a struct service_where; a port into its member;
 * an address into a struct service_where. */
option_reader option_service_at, option_port, option_look_at;

/* Rows for them, of a struct options with a member where. */
#define WHERE_SERVICE(help_text)                                            \
	{                                                                   \
		"service", "NAME[:PORT]",                                   \
		    .offset = offsetof(struct options, where),              \
		    .read = option_service_at,                              \
		    .expected = "a service of mailcert service --help, at " \
				"most 8 times",                             \
		    .many = true, .help = (help_text)                       \
	}
#define WHERE_PORT                                                           \
	{                                                                    \
		"port", "N", .offset = offsetof(struct options, where.port), \
			     .read = option_port,                            \
			     .expected = "a port from 1 to 65535",           \
			     .help = "the port of the only --service"        \
	}
#define WHERE_ADDRESS                                                     \
	{                                                                 \
		"address", "ADDRESS",                                     \
		    .offset = offsetof(struct options, where),            \
		    .read = option_look_at,                               \
		    .expected = "an address or a name, at most 16 times", \
		    .many = true,                                         \
		    .help = "connect there, not to the addresses of HOST" \
	}

/* Put the ports in.  False: the options do not go together; *why, for the
 * usage, says why. */
bool service_where_ok(struct service_where *where, const char **why);
/* Is it the name or address of a host, as a URL has it? */
bool service_host_ok(const char *host);
#endif

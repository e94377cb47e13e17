/*
 * net/main.c - mailcert-net, the network program
 *
 * The only program that talks to the network.  It parses no mail and holds no
 * key.
 *
 *	mailcert-net txt RESOLVER ANCHOR NAME...
 *		prints "NAME STATE RECORD" a line, RECORD in base64url
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/fd.h"
#include "net/dns.h"

int
main(int argc, char *argv[])
{
	struct authres_key *key = malloc(sizeof(*key));
	struct dns_options options;
	enum status status;
	struct buf out;
	int i;

	if (argc < 5 || strcmp(argv[1], "txt") != 0 || key == NULL)
		return status_exit(STATUS_USAGE);
	options = (struct dns_options){ argv[2], argv[3] };
	buf_init(&out, 64 * 1024);
	for (i = 4; i < argc && i < 4 + AUTHRES_QUERIES_MAX; i++) {
		dns_txt(&options, argv[i], key);
		buf_addf(&out, "%s %s ", key->name, dns_state_name(key->state));
		base64url_encode(&out, span_of(key->record));
		buf_add_byte(&out, '\n');
	}
	status = buf_status(&out);
	if (status == STATUS_OK)
		status = fd_write(STDOUT_FILENO, buf_span(&out));
	buf_clear(&out);
	free(key);
	return status_exit(status);
}

/*
 * connect.h - connect to a mail server, through libcurl
 *
 * TLS 1.2 and up, with the server's certificate and name checked, always; no
 * proxy, no way back to plain text, also on this host.  STARTTLS is libcurl's:
 * it reads the greeting, asks for the capabilities, refuses PREAUTH and
 * whatever the server sends in plain text after its consent, and asks for the
 * capabilities once more inside TLS.  With TLS from the start, libcurl only
 * shakes hands.  docs/design.md says what was tried.
 */
#ifndef HELPERS_MAIL_CONNECT_H
#define HELPERS_MAIL_CONNECT_H
#include "helpers/mail/stream.h"

enum {
	/* Name, connection, TLS; of STARTTLS also the greeting and up to three
	 * commands. */
	CONNECT_SECONDS = 25,
	CONNECT_HOST_SIZE = 256
};

struct connect_to {
	bool imap; /* else SMTP */
	bool implicit_tls;
	char host[CONNECT_HOST_SIZE]; /* an address of IPv6 in [] */
	uint16_t port;
	char ca_file[1024]; /* certificates to trust; "": the system's */
};

/* What we call ourselves in EHLO: an address says nothing about this host, and
 * is always well-formed (RFC 5321 section 4.1.3). */
#define CONNECT_OUR_NAME "[127.0.0.1]"

/* Read and load once what the libraries need, before anything is received; it
 * calls network_choose_sources().  STATUS_MEMORY. */
enum status connect_prepare(void) MUST_CHECK;

/*
 * Connect.  Next, the server greets, or *greeted: it has done so before
 * STARTTLS, and waits for a command.  The stream is the caller's to close.
 * Otherwise the note says why not, to follow the name of the server.
 * STATUS_NET: also no TLS or a certificate that is not trusted; STATUS_AGAIN,
 * STATUS_NO: the server refuses, for now or for good; STATUS_CONFIG: ca_file is
 * unusable; STATUS_MEMORY.
 */
enum status connect_open(const struct connect_to *to, struct stream *out,
    bool *greeted, struct note *note) MUST_CHECK;

/* Clean up after the last connection. */
void connect_end(void);
#endif

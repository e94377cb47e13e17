/*
 * service.h - mail servers' services, and how a host is proved to be theirs
 *
 * draft-ietf-acme-email-tls (versions 02 and 05); dns-01 is RFC 8555 section
 * 8.4.  docs/protocol.md has our reading of the open issues: LMTP, ports,
 * several services at once.
 */
#ifndef ACME_SERVICE_H
#define ACME_SERVICE_H
#include <stdint.h>

#include "base/buf.h"

enum {
	SERVICES_MAX = 8,       /* of one order */
	SERVICE_NAME_SIZE = 16, /* RFC 6335 section 5.1: 15 characters */
	HOST_SIZE = 254,
	/* _65535._submissions._acme-challenge. before a host */
	SERVICE_RECORD_SIZE = 320,
	SERVICE_VALUE_SIZE = 44 /* base64url of a SHA-256 digest, and NUL */
};

enum service_protocol {
	SERVICE_SMTP,
	SERVICE_LMTP,
	SERVICE_IMAP,
	SERVICE_POP3
};

struct service {
	const char *name; /* as IANA registers it, and --service takes it */
	uint16_t port;    /* IANA's; 0: it has none */
	enum service_protocol protocol;
	bool tls;        /* from the first octet on; else STARTTLS or STLS */
	bool registered; /* IANA knows the name: it can stand in an SRV-ID */
};

/* All of them, in a fixed order. */
size_t services(const struct service **out);
/* Find one by its name, in any case; NULL: it is not known. */
const struct service *service_find(struct span name);

/* A service on a port. */
struct service_at {
	const struct service *service; /* of the table */
	uint16_t port;
};

/* Read NAME:PORT.  False: it is not a known service and a port. */
bool service_at_parse(struct span text, struct service_at *out);
/* Append NAME:PORT. */
void service_at_add(const struct service_at *at, struct buf *out);
bool service_at_is_same(
    const struct service_at *one, const struct service_at *other);

/*
 * Append the members of JSON that tell a CA which services it is shown: those
 * of the first, "service" and "port"; of several also "services" and "ports",
 * two lists in the same order.
 */
void services_add_json(
    const struct service_at *at, size_t count, struct buf *out);

/*
 * Write the name of a host for comparing: A-labels in lower case, without a dot
 * at its end.  False: it is not a host name (RFC 1123 section 2.1) of at least
 * two labels; an IP address and a wildcard are not.
 */
bool host_normal(struct span text, char *out, size_t size);

/* How a host is proved. */
enum proof {
	PROOF_DNS_EMAIL,       /* TXT at _PORT._SERVICE._acme-challenge.HOST */
	PROOF_DNS,             /* TXT at _acme-challenge.HOST */
	PROOF_CAPABILITY_IMAP, /* CAPABILITY ACME=VALUE */
	PROOF_CAPABILITY_POP,  /* a line ACME VALUE of CAPA */
	PROOF_CAPABILITY_SMTP  /* a keyword ACME VALUE of EHLO or LHLO */
};
enum { PROOFS = PROOF_CAPABILITY_SMTP + 1 };

const char *proof_name(enum proof proof); /* "dns-email-00" */
bool proof_parse(struct span name, enum proof *out);
/* Does the value stand in the DNS? */
bool proof_is_dns(enum proof proof);
/* Can it prove that service? */
bool proof_fits(enum proof proof, const struct service *service);
/* Append the name of the TXT record, without a dot at its end. */
void proof_add_name(enum proof proof, const struct service_at *at,
    const char *host, struct buf *out);
/* Append what the server announces: "ACME=VALUE" or "ACME VALUE". */
void proof_add_capability(enum proof proof, const char *value, struct buf *out);
#endif

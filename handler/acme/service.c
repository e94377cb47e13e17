/* service.c - mail servers' services, and proofs of hosts: see service.h */
#include "acme/service.h"

#include "base/frame.h"
#include "base/idn.h"

/* IANA's registry; RFC 2033 section 5 forbids LMTP on port 25, and gives it
 * neither a port nor a name. */
static const struct service all[] = {
	{ "imap", 143, SERVICE_IMAP, false, true },
	{ "imaps", 993, SERVICE_IMAP, true, true },
	{ "pop3", 110, SERVICE_POP3, false, true },
	{ "pop3s", 995, SERVICE_POP3, true, true },
	{ "smtp", 25, SERVICE_SMTP, false, true },
	{ "submission", 587, SERVICE_SMTP, false, true },
	{ "submissions", 465, SERVICE_SMTP, true, true },
	{ "lmtp", 0, SERVICE_LMTP, false, false },
};
enum { ALL = sizeof(all) / sizeof(*all) };

static const char *const proofs[] = { "dns-email-00", "dns-01",
	"capability-imap-00", "capability-pop-00", "capability-smtp-00" };

size_t
services(const struct service **out)
{
	*out = all;
	return ALL;
}

const struct service *
service_find(struct span name)
{
	size_t i;

	for (i = 0; i < ALL; i++)
		if (span_eq_nocase(name, span_of(all[i].name)))
			return &all[i];
	return NULL;
}

bool
service_at_parse(struct span text, struct service_at *out)
{
	const size_t colon = span_find_byte(text, ':');
	const struct service *service = service_find(span_cut(text, 0, colon));
	int64_t port;

	if (service == NULL || colon == text.len ||
	    !frame_number(span_cut(text, colon + 1, text.len), &port) ||
	    port < 1 || port > UINT16_MAX)
		return false;
	*out = (struct service_at){ service, (uint16_t)port };
	return true;
}

void
service_at_add(const struct service_at *at, struct buf *out)
{
	buf_addf(out, "%s:%d", at->service->name, at->port);
}

bool
service_at_is_same(const struct service_at *one, const struct service_at *other)
{
	return one->service == other->service && one->port == other->port;
}

void
services_add_json(const struct service_at *at, size_t count, struct buf *out)
{
	size_t i;

	buf_addf(
	    out, "\"service\":\"%s\",\"port\":%d", at->service->name, at->port);
	if (count == 1)
		return;
	buf_add_text(out, ",\"services\":[");
	for (i = 0; i < count; i++)
		buf_addf(
		    out, "%s\"%s\"", i > 0 ? "," : "", at[i].service->name);
	buf_add_text(out, "],\"ports\":[");
	for (i = 0; i < count; i++)
		buf_addf(out, "%s%d", i > 0 ? "," : "", at[i].port);
	buf_add_byte(out, ']');
}

static bool
is_label(struct span label)
{
	size_t i;

	for (i = 0; i < label.len; i++)
		if (!ascii_is_alnum(label.at[i]) && label.at[i] != '-')
			return false;
	return label.len > 0 && label.len <= 63 && label.at[0] != '-' &&
	    label.at[label.len - 1] != '-';
}

/* RFC 1123 section 2.1: the last label of a name is not a number. */
static bool
is_number(struct span label)
{
	size_t i = 0;

	while (i < label.len && ascii_is_digit(label.at[i]))
		i++;
	return i == label.len;
}

bool
host_normal(struct span text, char *out, size_t size)
{
	struct span rest, label = SPAN("");
	size_t labels = 0, end;

	if (text.len > 0 && text.at[text.len - 1] == '.')
		text = span_cut(text, 0, text.len - 1);
	if (idn_to_ascii(text, out, size) != STATUS_OK)
		return false;
	rest = span_of(out);
	if (rest.len >= HOST_SIZE || rest.len == 0 ||
	    rest.at[rest.len - 1] == '.')
		return false;
	for (; rest.len > 0; rest = span_cut(rest, end + 1, rest.len)) {
		end = span_find_byte(rest, '.');
		label = span_cut(rest, 0, end);
		labels++;
		if (!is_label(label))
			return false;
	}
	return labels > 1 && !is_number(label);
}

const char *
proof_name(enum proof proof)
{
	return proofs[proof];
}

bool
proof_parse(struct span name, enum proof *out)
{
	const size_t i = span_index(name, proofs, PROOFS);

	if (i < PROOFS)
		*out = (enum proof)i;
	return i < PROOFS;
}

bool
proof_is_dns(enum proof proof)
{
	return proof == PROOF_DNS_EMAIL || proof == PROOF_DNS;
}

bool
proof_fits(enum proof proof, const struct service *service)
{
	switch (proof) {
	case PROOF_CAPABILITY_IMAP:
		return service->protocol == SERVICE_IMAP;
	case PROOF_CAPABILITY_POP:
		return service->protocol == SERVICE_POP3;
	case PROOF_CAPABILITY_SMTP:
		return service->protocol == SERVICE_SMTP ||
		    service->protocol == SERVICE_LMTP;
	default:
		return true;
	}
}

void
proof_add_name(enum proof proof, const struct service_at *at, const char *host,
    struct buf *out)
{
	if (proof == PROOF_DNS_EMAIL)
		buf_addf(out, "_%d._%s.", at->port, at->service->name);
	buf_addf(out, "_acme-challenge.%s", host);
}

void
proof_add_capability(enum proof proof, const char *value, struct buf *out)
{
	buf_addf(
	    out, "ACME%c%s", proof == PROOF_CAPABILITY_IMAP ? '=' : ' ', value);
}

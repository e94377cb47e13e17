/* zone.c - a zone and its name servers: see zone.h.  Input: hostile. */
#include "helpers/dns/zone.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/frame.h"
#include "base/resolver.h"
#include "helpers/dns/plain.h"

enum { SERVER_SIZE = 1024, A_OCTETS = 4, AAAA_OCTETS = 16 };

/* A name without compression (RFC 1035 section 3.1), as libunbound gives it.
 * False: it is not one that may be asked for. */
static bool
read_name(struct span data, char *out, size_t size)
{
	struct buf name;
	size_t len;
	bool ok;

	buf_init(&name, size - 1);
	while (data.len > 0 && (len = (unsigned char)data.at[0]) > 0 &&
	    len < data.len) {
		if (name.len > 0)
			buf_add_byte(&name, '.');
		buf_add(&name, span_cut(data, 1, 1 + len));
		data = span_cut(data, 1 + len, data.len);
	}
	ok = data.len == 1 && data.at[0] == '\0' &&
	    buf_status(&name) == STATUS_OK && dns_name_ok(buf_span(&name)) &&
	    span_copy(buf_span(&name), out, size);
	buf_clear(&name);
	return ok;
}

/* Look a name up.  STATUS_DNS: nobody answers, or the answer is forged. */
static enum status
look_up(struct dns *dns, const char *name, int type, struct dns_answer *out,
    struct note *note)
{
	dns_look_up(dns, name, (enum dns_type)type, out);
	if (out->state == DNS_BOGUS || out->state == DNS_TROUBLE)
		return note_set(note, STATUS_DNS, "%.100s: %.180s", name,
		    out->reason[0] != '\0' ? out->reason : "no answer");
	return STATUS_OK;
}

/* Follow an alias to where the record stands. */
static enum status
find_name(struct dns *dns, const char *name, int type, char out[DNS_NAME_SIZE],
    struct note *note)
{
	struct dns_answer answer;
	enum status status;

	dns_answer_init(&answer);
	status = look_up(dns, name, type, &answer, note);
	if (status == STATUS_OK &&
	    !span_copy(span_of(answer.alias[0] != '\0' ? answer.alias : name),
		out, DNS_NAME_SIZE))
		status = STATUS_USAGE;
	dns_answer_clear(&answer);
	return status;
}

/* Climb to the name with a SOA record, which is that of the zone. */
static enum status
find_zone(
    struct dns *dns, const char *name, const char **out, struct note *note)
{
	enum status status = STATUS_OK;
	struct dns_answer answer;
	bool found = false;

	while (status == STATUS_OK && !found) {
		dns_answer_init(&answer);
		status = look_up(dns, name, DNS_SOA, &answer, note);
		found = answer.count > 0 && answer.alias[0] == '\0';
		dns_answer_clear(&answer);
		if (status != STATUS_OK || found)
			break;
		name = strchr(name, '.');
		if (name == NULL)
			return note_set(note, STATUS_DNS,
			    "no zone above the name has a SOA record");
		name++;
	}
	*out = name;
	return status;
}

static void
add_addresses(struct dns *dns, const char *name, int type, struct buf *out)
{
	const int family = type == DNS_A ? AF_INET : AF_INET6;
	const size_t size = type == DNS_A ? A_OCTETS : AAAA_OCTETS;
	char text[INET6_ADDRSTRLEN];
	struct dns_answer answer;
	size_t i;

	dns_answer_init(&answer);
	dns_look_up(dns, name, (enum dns_type)type, &answer);
	for (i = 0; answer.state != DNS_BOGUS && i < answer.count; i++)
		if (answer.record[i].len == size &&
		    inet_ntop(family, answer.record[i].at, text,
			sizeof(text)) != NULL)
			buf_addf(out, " %s", text);
	dns_answer_clear(&answer);
}

static enum status
add_servers(
    struct dns *dns, const char *zone, struct buf *out, struct note *note)
{
	struct dns_answer answer;
	char name[DNS_NAME_SIZE];
	struct buf server;
	enum status status;
	size_t i;

	dns_answer_init(&answer);
	status = look_up(dns, zone, DNS_NS, &answer, note);
	for (i = 0;
	     status == STATUS_OK && i < answer.count && i < ZONE_SERVERS_MAX;
	     i++) {
		if (!read_name(buf_span(&answer.record[i]), name, sizeof(name)))
			continue;
		buf_init(&server, SERVER_SIZE);
		buf_add_text(&server, name);
		add_addresses(dns, name, DNS_A, &server);
		add_addresses(dns, name, DNS_AAAA, &server);
		status = buf_status(&server);
		frame_add(out, "server", buf_span(&server));
		buf_clear(&server);
	}
	dns_answer_clear(&answer);
	return status == STATUS_OK ? buf_status(out) : status;
}

enum status
zone_find(struct dns *dns, const char *name, int type, struct buf *out,
    struct note *note)
{
	char canonical[DNS_NAME_SIZE];
	const char *zone = NULL;
	enum status status;

	if (!dns_name_ok(span_of(name)))
		return STATUS_USAGE;
	status = find_name(dns, name, type, canonical, note);
	if (status == STATUS_OK)
		status = find_zone(dns, canonical, &zone, note);
	if (status != STATUS_OK)
		return status;
	frame_add(out, "name", span_of(canonical));
	frame_add(out, "zone", span_of(zone));
	return add_servers(dns, zone, out, note);
}

void
zone_ask_server(struct span server, const char *name, int type, int64_t until,
    struct dns_answer *out)
{
	const size_t end = span_find_byte(server, ' ');
	char one[RESOLVER_ADDRESS_SIZE + 8];
	struct span rest = span_trim(span_cut(server, end, server.len)), word;

	(void)span_copy(span_of(name), out->name, sizeof(out->name));
	if (rest.len == 0)
		(void)snprintf(
		    out->reason, sizeof(out->reason), "it has no address");
	while (rest.len > 0) {
		word = span_cut(rest, 0, span_find_byte(rest, ' '));
		rest = span_trim(span_cut(rest, word.len, rest.len));
		if (!span_copy(word, one, sizeof(one)))
			continue;
		if (plain_ask_server(one, name, type, until, out)) {
			out->state = DNS_UNVALIDATED;
			if (out->ttl > DNS_TTL_MAX)
				out->ttl = DNS_TTL_MAX;
			return;
		}
		(void)snprintf(out->reason, sizeof(out->reason),
		    "%s does not answer for this zone", one);
	}
}

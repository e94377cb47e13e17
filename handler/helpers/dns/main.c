/*
 * main.c - mailcert-net: ask the DNS for our other programs
 *
 * It and mailcert-https are the only programs that talk to the network.  They
 * parse no mail and hold no key.
 *
 *	txt	the records of name
 *	smimea	the same for an address: its name is computed (RFC 8162
 *		section 3)
 *	caa	the records of name, or of the next name above it that has
 *		any (RFC 8659 section 3)
 *	owner	the name of an address's SMIMEA records, and the one that a
 *		draft of 2012 gave them
 *	zone	the zone of a name, and its name servers
 *	served	what each of these servers says
 *	check	does the resolver answer, and does it pass DNSSEC on?
 *
 * dns is a line of mail/dns_answer.h.  "open" names the resolver and the file
 * of trust anchors; "plain" in it says that this resolver did not pass DNSSEC
 * on before, so that no query asks for it.
 */
#include <string.h>
#include <time.h>

#include "base/sandbox.h"
#include "base/serve.h"
#include "helpers/dns/dns.h"
#include "helpers/dns/zone.h"
#include "mail/smimea.h"

enum {
	QUESTION_MAX = SERVE_OPEN_MAX + 4096 + ZONE_SERVERS_MAX * 1024,
	ANSWER_MAX = ZONE_SERVERS_MAX * DNS_LINE_MAX
};

/* Add the answer without its line end. */
static enum status
add_answer(const struct dns_answer *answer, struct buf *out)
{
	struct buf line;
	enum status status;

	buf_init(&line, DNS_LINE_MAX);
	dns_answer_write(answer, &line);
	frame_add(out, "dns", span_trim(buf_span(&line)));
	status = buf_status(&line);
	buf_clear(&line);
	return status == STATUS_OK ? buf_status(out) : status;
}

static enum status
look_up(struct dns *dns, enum dns_type type, const char *name, struct buf *out)
{
	struct dns_answer answer;
	enum status status;

	if (!dns_name_ok(span_of(name)))
		return STATUS_USAGE;
	dns_answer_init(&answer);
	dns_look_up(dns, name, type, &answer);
	status = add_answer(&answer, out);
	dns_answer_clear(&answer);
	return status;
}

static enum status
look_up_smimea(struct dns *dns, struct span address, struct buf *out)
{
	char name[DNS_NAME_SIZE];
	enum status status;

	status = smimea_name(address, name, sizeof(name));
	if (status != STATUS_OK)
		return status;
	return look_up(dns, DNS_SMIMEA, name, out);
}

/* Climb the tree until there are records (RFC 8659 section 3), the root
 * excluded. */
static enum status
look_up_caa(struct dns *dns, const char *name, struct buf *out)
{
	enum status status = STATUS_USAGE;
	struct dns_answer answer;
	bool done = false;

	while (!done && dns_name_ok(span_of(name))) {
		dns_answer_init(&answer);
		dns_look_up(dns, name, DNS_CAA, &answer);
		done = answer.count > 0 || answer.state == DNS_BOGUS ||
		    answer.state == DNS_TROUBLE || strchr(name, '.') == NULL;
		if (done)
			status = add_answer(&answer, out);
		else
			name = strchr(name, '.') + 1;
		dns_answer_clear(&answer);
	}
	return status;
}

/* Before the first answer: only the resolver's files and the anchor stay
 * readable. */
static void
confine(const struct dns_options *options)
{
	const char *const readable[] = { "/etc/resolv.conf", options->anchor };
	const struct sandbox_rules rules = { .readable = readable,
		.readables = sizeof(readable) / sizeof(*readable),
		.network = true };

	(void)sandbox_enter_with(&rules);
}

static enum status
check(struct dns *dns, struct buf *out)
{
	struct dns_answer answer;

	dns_answer_init(&answer);
	dns_check(dns, &answer);
	frame_add(out, "state", span_of(dns_state_name(answer.state)));
	frame_add(out, "reason", span_of(answer.reason));
	dns_answer_clear(&answer);
	return buf_status(out);
}

static enum status
add_owner(struct span address, struct buf *out)
{
	char name[DNS_NAME_SIZE], draft[DNS_NAME_SIZE * 4];
	enum status status;

	status = smimea_name(address, name, sizeof(name));
	if (status == STATUS_OK)
		status = smimea_draft_name(address, draft, sizeof(draft));
	if (status != STATUS_OK)
		return status;
	if (!dns_name_ok(span_of(name)))
		return STATUS_BAD_SYNTAX;
	frame_add(out, "name", span_of(name));
	if (draft[0] != '\0')
		frame_add(out, "draft", span_of(draft));
	return buf_status(out);
}

/* Ask all servers, each for a while. */
static enum status
ask_servers(struct span frames, const char *name, int type, struct buf *out)
{
	const int64_t until = dns_now_ms() + ZONE_SECONDS * 1000;
	enum status status = STATUS_OK;
	struct dns_answer answer;
	struct span server;
	int64_t mine;

	while (status == STATUS_OK && frame_next(&frames, "server", &server)) {
		mine = dns_now_ms() + ZONE_SERVER_SECONDS * 1000;
		dns_answer_init(&answer);
		zone_ask_server(
		    server, name, type, mine < until ? mine : until, &answer);
		status = add_answer(&answer, out);
		dns_answer_clear(&answer);
	}
	return status;
}

/* The verbs about a type of record at a name. */
static enum status
answer_about(enum verb_id verb, struct span frames, struct dns *dns,
    struct buf *out, struct note *note)
{
	char name[DNS_NAME_SIZE];
	int64_t type;

	if (!span_copy(frame_get(frames, "name"), name, sizeof(name)) ||
	    !dns_name_ok(span_of(name)) ||
	    !frame_number(frame_get(frames, "type"), &type) || type < 1 ||
	    type > UINT16_MAX)
		return STATUS_USAGE;
	return verb == VERB_ZONE ? zone_find(dns, name, (int)type, out, note)
				 : ask_servers(frames, name, (int)type, out);
}

static enum status
answer(enum verb_id verb, struct span frames, struct dns *dns, struct buf *out,
    struct note *note)
{
	char name[DNS_NAME_SIZE];

	if (verb == VERB_OWNER)
		return add_owner(frame_get(frames, "address"), out);
	if (verb == VERB_ZONE || verb == VERB_SERVED)
		return answer_about(verb, frames, dns, out, note);
	if (verb == VERB_CHECK)
		return check(dns, out);
	if (verb == VERB_SMIMEA)
		return look_up_smimea(dns, frame_get(frames, "address"), out);
	if (!span_copy(frame_get(frames, "name"), name, sizeof(name)))
		return STATUS_USAGE;
	return verb == VERB_CAA ? look_up_caa(dns, name, out)
				: look_up(dns, DNS_TXT, name, out);
}

/* The values of "open", as strings for the libraries. */
struct opened {
	char resolver[DNS_RESOLVERS_SIZE];
	char anchor[1024];
	bool plain;
};

static enum status
take_open(struct span open, struct opened *out)
{
	struct span value;

	if (!span_copy(frame_get(open, "resolver"), out->resolver,
		sizeof(out->resolver)) ||
	    !span_copy(
		frame_get(open, "anchor"), out->anchor, sizeof(out->anchor)))
		return STATUS_USAGE;
	out->plain = frame_next(&open, "plain", &value);
	return STATUS_OK;
}

static enum status
serve_one(struct serve *serve, struct buf *out, struct note *note)
{
	struct opened opened = { .plain = false };
	const bool opens = verb_row(serve->verb)->opens[0] != '\0';
	struct dns_options options = { .resolver = opened.resolver,
		.anchor = opened.anchor };
	enum status status = serve_open(serve);
	struct dns dns;

	if (status == STATUS_OK && opens)
		status = take_open(serve->open, &opened);
	if (status != STATUS_OK)
		return status;
	options.plain = opened.plain;
	confine(&options);
	if ((status = serve_read(serve)) != STATUS_OK)
		return status;
	dns_init(&dns, &options);
	status = answer(serve->verb, serve->frames, &dns, out, note);
	dns_clear(&dns);
	return status;
}

int
main(int argc, char *argv[])
{
	struct note note = { "" };
	enum status status;
	struct serve serve;
	struct buf out;

	sandbox_early();
	status = serve_begin(&serve, "mailcert-net", argc, argv, QUESTION_MAX);
	if (status != STATUS_OK)
		return serve_refuse(status);
	buf_init(&out, ANSWER_MAX);
	status = serve_one(&serve, &out, &note);
	status = serve_answer(status, &note, buf_span(&out));
	buf_clear(&out);
	serve_clear(&serve);
	return status_exit(status);
}

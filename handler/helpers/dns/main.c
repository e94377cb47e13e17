/*
 * main.c - mailcert-net: ask the DNS for our other programs
 *
 * It and mailcert-https are the only programs that talk to the network.  They
 * parse no mail and hold no key.
 *
 *	mailcert-net txt RESOLVER ANCHOR NAME...
 *	mailcert-net smimea RESOLVER ANCHOR ADDRESS
 *		print a line of mail/dns_answer.h for each; of an address the
 *		name is computed (RFC 8162 section 3)
 *
 *	mailcert-net caa RESOLVER ANCHOR NAME
 *		likewise, of the name or the next one above that has records
 *		(RFC 8659 section 3)
 *
 *	mailcert-net check RESOLVER ANCHOR
 *		prints the state, and why
 *
 * With "plain" for ANCHOR nobody is asked for DNSSEC: what an earlier answer
 * of the same resolver said.
 */
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/sandbox.h"
#include "helpers/dns/dns.h"
#include "mail/smimea.h"

enum { NAMES_MAX = 4 };

static enum status
look_up(struct dns *dns, enum dns_type type, const char *name, struct buf *out)
{
	struct dns_answer answer;

	if (!dns_name_ok(span_of(name)))
		return STATUS_USAGE;
	dns_answer_init(&answer);
	dns_look_up(dns, name, type, &answer);
	dns_answer_write(&answer, out);
	dns_answer_clear(&answer);
	return buf_status(out);
}

static enum status
look_up_smimea(struct dns *dns, const char *address, struct buf *out)
{
	char name[DNS_NAME_SIZE];
	enum status status;

	status = smimea_name(span_of(address), name, sizeof(name));
	if (status != STATUS_OK)
		return status;
	return look_up(dns, DNS_SMIMEA, name, out);
}

/* Climb until there are records (RFC 8659 section 3); the root has none. */
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
		if (done) {
			dns_answer_write(&answer, out);
			status = buf_status(out);
		} else {
			name = strchr(name, '.') + 1;
		}
		dns_answer_clear(&answer);
	}
	return status;
}

/* Before the first answer: the resolver's files and the anchor are left. */
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
	buf_addf(out, "%s %s\n", dns_state_name(answer.state), answer.reason);
	dns_answer_clear(&answer);
	return buf_status(out);
}

static enum status
run(const char *verb, struct dns *dns, char *names[], int count,
    struct buf *out)
{
	enum status status = STATUS_OK;
	int i;

	if (strcmp(verb, "txt") == 0 && count > 0 && count <= NAMES_MAX) {
		for (i = 0; i < count && status == STATUS_OK; i++)
			status = look_up(dns, DNS_TXT, names[i], out);
		return status;
	}
	if (strcmp(verb, "smimea") == 0 && count == 1)
		return look_up_smimea(dns, names[0], out);
	if (strcmp(verb, "caa") == 0 && count == 1)
		return look_up_caa(dns, names[0], out);
	if (strcmp(verb, "check") == 0 && count == 0)
		return check(dns, out);
	return STATUS_USAGE;
}

int
main(int argc, char *argv[])
{
	struct dns_options options;
	enum status status = STATUS_USAGE;
	struct dns dns;
	struct buf out;

	sandbox_early();
	if (argc < 4)
		return status_exit(status);
	options = (struct dns_options){ .resolver = argv[2],
		.anchor = argv[3],
		.plain = strcmp(argv[3], "plain") == 0 };
	confine(&options);
	dns_init(&dns, &options);
	buf_init(&out, NAMES_MAX * DNS_LINE_MAX);
	status = run(argv[1], &dns, argv + 4, argc - 4, &out);
	if (out.len > 0 && fd_write(STDOUT_FILENO, buf_span(&out)) != STATUS_OK)
		status = STATUS_IO;
	buf_clear(&out);
	dns_clear(&dns);
	return status_exit(status);
}

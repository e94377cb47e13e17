/*
 * dns.c - the only file that includes libunbound: see dns.h
 *
 * Input: hostile.
 */
#include "helpers/dns/dns.h"

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unbound.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/resolver.h"
#include "helpers/dns/plain.h"

/* A resolver that needs longer than this is asked again. */
#define PATIENCE_MS "2500"

enum {
	TYPE_DNSKEY = 48,
	RESOLV_CONF_MAX = 64 * 1024,
	CLASS_IN = 1,
	RCODE_SERVFAIL = 2,
	NEGATIVE_SECONDS = 300
};

struct waiting {
	struct ub_result *result; /* owned: ub_resolve_free() */
	bool done;
};

static void
on_result(void *arg, int error, struct ub_result *result)
{
	struct waiting *waiting = arg;

	waiting->done = true;
	waiting->result = error == 0 ? result : NULL;
}

/* Read resolv.conf(5), or take the C library's default if it is missing. */
static void
read_system(char *out, size_t size)
{
	struct buf file, list;
	int fd = open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC);

	buf_init(&file, RESOLV_CONF_MAX);
	buf_init(&list, size - 1);
	if (fd >= 0) {
		if (fd_read(fd, &file, DNS_SECONDS) != STATUS_OK)
			buf_clear(&file);
		(void)close(fd);
	}
	resolver_list(buf_span(&file), &list);
	if (!span_copy(buf_span(&list), out, size))
		out[0] = '\0';
	buf_clear(&list);
	buf_clear(&file);
}

/* Configure "ADDRESS[@PORT] ..." as forwarders. */
static bool
set_resolvers(struct ub_ctx *context, const char *resolvers)
{
	struct span rest = span_of(resolvers), one;
	char address[RESOLVER_ADDRESS_SIZE + 8];
	size_t end;

	while (rest.len > 0) {
		end = span_find_byte(rest, ' ');
		one = span_cut(rest, 0, end);
		rest = span_trim(span_cut(rest, end, rest.len));
		if (!span_copy(one, address, sizeof(address)) ||
		    ub_ctx_set_fwd(context, address) != 0)
			return false;
	}
	return resolvers[0] != '\0';
}

/* libunbound answers for these zones itself (RFC 6761); leave them to the
 * resolver, which knows what they mean here. */
static void
open_zones(struct ub_ctx *context)
{
	static const char *const zones[] = { "test.", "invalid.", "onion.",
		"localhost.", "home.arpa." };
	size_t i;

	for (i = 0; i < sizeof(zones) / sizeof(*zones); i++)
		(void)ub_ctx_zone_remove(context, zones[i]);
}

static struct ub_ctx *
make_context(const struct dns *dns, bool validate)
{
	const char *anchor = dns->options->anchor;
	struct ub_ctx *context = ub_ctx_create();

	if (context == NULL)
		return NULL;
	if (!set_resolvers(context, dns->resolvers) ||
	    ub_ctx_set_option(context, "do-not-query-localhost:", "no") != 0 ||
	    (validate && access(anchor, R_OK) == 0 &&
		ub_ctx_add_ta_file(context, anchor) != 0) ||
	    ub_ctx_async(context, 1) != 0) {
		ub_ctx_delete(context);
		return NULL;
	}
	/* Do not ask a slow resolver again before it answers: libunbound would
	 * discard the answer to the first question. */
	(void)ub_ctx_set_option(
	    context, "unknown-server-time-limit:", PATIENCE_MS);
	if (dns->tcp)
		(void)ub_ctx_set_option(context, "tcp-upstream:", "yes");
	if (strcmp(dns->options->resolver, "system") != 0)
		open_zones(context);
	return context;
}

void
dns_init(struct dns *dns, const struct dns_options *options)
{
	*dns = (struct dns){ .options = options, .plain = options->plain };
	if (strcmp(options->resolver, "system") == 0)
		read_system(dns->resolvers, sizeof(dns->resolvers));
	else if (!span_copy(span_of(options->resolver), dns->resolvers,
		     sizeof(dns->resolvers)))
		dns->resolvers[0] = '\0';
}

void
dns_clear(struct dns *dns)
{
	if (dns->validating != NULL)
		ub_ctx_delete(dns->validating);
	if (dns->trusting != NULL)
		ub_ctx_delete(dns->trusting);
	dns->validating = dns->trusting = NULL;
}

static struct ub_ctx *
context_of(struct dns *dns, bool validate)
{
	struct ub_ctx **context = validate ? &dns->validating : &dns->trusting;

	if (*context == NULL)
		*context = make_context(dns, validate);
	return *context;
}

int64_t
dns_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Ask, and wait until the deadline.  NULL: no answer by then. */
static struct ub_result *
ask(struct ub_ctx *context, const char *name, int type, int64_t until)
{
	struct pollfd ready = { .fd = ub_fd(context), .events = POLLIN };
	struct waiting waiting = { 0 };
	int64_t left;
	int id = 0;

	if (ub_resolve_async(
		context, name, type, CLASS_IN, &waiting, on_result, &id) != 0)
		return NULL;
	while (!waiting.done && (left = until - dns_now_ms()) > 0)
		if (poll(&ready, 1, (int)left) > 0 && ub_process(context) != 0)
			break;
	if (!waiting.done)
		(void)ub_cancel(context, id);
	return waiting.result;
}

/* Take all records or none. */
static bool
take_records(const struct ub_result *result, struct dns_answer *out)
{
	size_t i;

	for (i = 0; result->data[i] != NULL; i++)
		if (dns_answer_add(out,
			(struct span){ result->data[i],
			    (size_t)result->len[i] }) != STATUS_OK) {
			dns_answer_clear(out);
			return false;
		}
	return true;
}

/* Where an alias leads; a name that may not be asked for is left out. */
static void
take_alias(const char *canonical, struct dns_answer *out)
{
	struct span name = span_of(canonical);

	if (name.len > 1 && name.at[name.len - 1] == '.')
		name.len--;
	if (!dns_name_ok(name) || span_eq_nocase(name, span_of(out->name)) ||
	    !span_copy(name, out->alias, sizeof(out->alias)))
		out->alias[0] = '\0';
}

static void set_reason(struct dns_answer *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
set_reason(struct dns_answer *out, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	(void)vsnprintf(out->reason, sizeof(out->reason), format, list);
	va_end(list);
}

/* Return libunbound's explanation without its description of the question. */
static const char *
why_bogus(const struct ub_result *result)
{
	const char *why = result->why_bogus, *end;

	if (why == NULL)
		return "";
	end = strstr(why, ">: ");
	return end != NULL ? end + 3 : why;
}

/* Are the signatures out of date?  Either the zone or our clock is wrong. */
static bool
is_dated(const struct ub_result *result)
{
	const char *why = why_bogus(result);

	return strstr(why, "expired") != NULL ||
	    strstr(why, "inception") != NULL;
}

static void
judge(const struct dns *dns, const struct ub_result *result,
    struct dns_answer *out)
{
	int64_t ttl;

	out->state = DNS_TROUBLE;
	out->ttl = 0;
	if (result->bogus) {
		out->state = DNS_BOGUS;
		set_reason(out, "%.140s%s", why_bogus(result),
		    is_dated(result) ? " (is this machine's clock right?)"
				     : "");
		return;
	}
	if (result->rcode != 0 && !result->nxdomain) {
		set_reason(out,
		    "%.100s did not answer, or answered with an error (code "
		    "%d)",
		    dns->resolvers, result->rcode);
		return;
	}
	if (result->havedata && result->data != NULL &&
	    !take_records(result, out)) {
		set_reason(out, "the answer is too large");
		return;
	}
	if (result->canonname != NULL)
		take_alias(result->canonname, out);
	ttl = result->ttl > 0 ? result->ttl : 0;
	if (out->count == 0 && ttl > NEGATIVE_SECONDS)
		ttl = NEGATIVE_SECONDS;
	out->ttl = ttl > DNS_TTL_MAX ? DNS_TTL_MAX : ttl;
	out->state = result->secure ? DNS_SECURE : DNS_UNVALIDATED;
}

/* Is the answer bogus, or does the resolver not pass DNSSEC on?  Such a
 * resolver returns no signature even for the root's keys.  With the anchors of
 * another zone this cannot be asked, and bogus is bogus.  Signatures that are
 * out of date are signatures. */
static bool
resolver_strips(struct ub_ctx *context, int64_t until)
{
	struct ub_result *root = ask(context, ".", TYPE_DNSKEY, until);
	bool strips = root == NULL || root->rcode == RCODE_SERVFAIL ||
	    (root->bogus && !is_dated(root));

	ub_resolve_free(root);
	return strips;
}

/* A query with DNSSEC got no answer: try one without.  An attacker who can drop
 * the former could also remove the signatures from its answer. */
static void
look_up_plainly(struct dns *dns, const char *name, int type, int64_t until,
    struct dns_answer *out)
{
	out->state = DNS_TROUBLE;
	if (!plain_ask(dns->resolvers, name, type, until, out)) {
		set_reason(out, "no answer from %.100s in %d seconds",
		    dns->resolvers, DNS_SECONDS);
		return;
	}
	dns->plain = true;
	out->state = DNS_UNVALIDATED;
	if (out->ttl > DNS_TTL_MAX)
		out->ttl = DNS_TTL_MAX;
	set_reason(out, "%.100s answers, but not to queries for DNSSEC",
	    dns->resolvers);
}

/* Does it say something of the name, be it that it is forged? */
static bool
is_answer(const struct ub_result *result)
{
	return result != NULL &&
	    (result->bogus || result->rcode == 0 || result->nxdomain);
}

/* Ask in the way that suits the type.  A resolver that does not answer by TCP is
 * asked by UDP.  NULL: it does not answer. */
static struct ub_result *
ask_validating(struct dns *dns, const char *name, enum dns_type type,
    int64_t now, struct ub_ctx **context)
{
	struct ub_result *result = NULL;

	if (type == DNS_SMIMEA && !dns->tcp) {
		dns_clear(dns);
		dns->tcp = true;
	}
	if (dns->tcp && (*context = context_of(dns, true)) != NULL)
		result = ask(
		    *context, name, (int)type, now + DNS_TCP_SECONDS * 1000);
	if (is_answer(result))
		return result;
	ub_resolve_free(result);
	if (dns->tcp) {
		dns_clear(dns);
		dns->tcp = false;
	}
	*context = context_of(dns, true);
	return *context != NULL
	    ? ask(*context, name, (int)type, now + DNS_VALID_SECONDS * 1000)
	    : NULL;
}

void
dns_look_up(struct dns *dns, const char *name, enum dns_type type,
    struct dns_answer *out)
{
	const int64_t now = dns_now_ms(), until = now + DNS_SECONDS * 1000;
	struct ub_result *result = NULL;
	struct ub_ctx *context = NULL;

	if (!span_copy(span_of(name), out->name, sizeof(out->name)))
		return;
	if (dns->plain) {
		look_up_plainly(dns, name, (int)type, until, out);
		return;
	}
	result = ask_validating(dns, name, type, now, &context);
	if (context == NULL) {
		set_reason(out, "cannot query %.100s", dns->resolvers);
		return;
	}
	if (result != NULL && result->bogus && !is_dated(result) &&
	    resolver_strips(context, now + DNS_VALID_SECONDS * 1000)) {
		ub_resolve_free(result);
		result = NULL;
		if ((context = context_of(dns, false)) != NULL)
			result = ask(context, name, (int)type, until);
	}
	if (result != NULL)
		judge(dns, result, out);
	else
		look_up_plainly(dns, name, (int)type, until, out);
	ub_resolve_free(result);
}

void
dns_check(struct dns *dns, struct dns_answer *out)
{
	const int64_t now = dns_now_ms();
	struct ub_ctx *context = context_of(dns, true);
	struct ub_result *result = NULL;

	if (context != NULL)
		result = ask(
		    context, ".", TYPE_DNSKEY, now + DNS_VALID_SECONDS * 1000);
	if (result == NULL) {
		look_up_plainly(
		    dns, ".", DNS_NS, now + DNS_SECONDS * 1000, out);
	} else {
		judge(dns, result, out);
		if (out->state == DNS_BOGUS && !is_dated(result))
			out->state = DNS_UNVALIDATED;
	}
	ub_resolve_free(result);
}

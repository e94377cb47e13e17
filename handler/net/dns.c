/* dns.c - the door to libunbound: see dns.h.  Input: hostile. */
#include "net/dns.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unbound.h>
#include <unistd.h>

enum {
	TYPE_DNSKEY = 48,
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

/* "ADDRESS[@PORT] ..." becomes forwarders. */
static bool
set_resolvers(struct ub_ctx *context, const char *resolver)
{
	struct span rest = span_of(resolver), one;
	char address[80];
	size_t end;

	if (span_eq(rest, SPAN("system")))
		return ub_ctx_resolvconf(context, NULL) == 0;
	while (rest.len > 0) {
		end = span_find_byte(rest, ' ');
		one = span_cut(rest, 0, end);
		rest = span_trim(span_cut(rest, end, rest.len));
		if (!span_copy(one, address, sizeof(address)) ||
		    ub_ctx_set_fwd(context, address) != 0)
			return false;
	}
	return true;
}

static struct ub_ctx *
make_context(const struct dns_options *options, bool validate)
{
	struct ub_ctx *context = ub_ctx_create();

	if (context == NULL)
		return NULL;
	if (!set_resolvers(context, options->resolver) ||
	    ub_ctx_set_option(context, "do-not-query-localhost:", "no") != 0 ||
	    (validate && access(options->anchor, R_OK) == 0 &&
		ub_ctx_add_ta_file(context, options->anchor) != 0) ||
	    ub_ctx_async(context, 1) != 0) {
		ub_ctx_delete(context);
		return NULL;
	}
	return context;
}

static int64_t
now_ms(void)
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
	while (!waiting.done && (left = until - now_ms()) > 0)
		if (poll(&ready, 1, (int)left) > 0 && ub_process(context) != 0)
			break;
	if (!waiting.done)
		(void)ub_cancel(context, id);
	return waiting.result;
}

static void
take_records(const struct ub_result *result, struct dns_answer *out)
{
	size_t i;

	for (i = 0; i < DNS_RECORDS_MAX && result->data[i] != NULL; i++) {
		buf_add(&out->record[i],
		    (struct span){ result->data[i], (size_t)result->len[i] });
		if (buf_status(&out->record[i]) != STATUS_OK) {
			/* A record of that size is none of ours. */
			buf_clear(&out->record[i]);
			buf_add_byte(&out->record[i], '\0');
		}
	}
	out->count = i;
}

static void
judge(const struct ub_result *result, struct dns_answer *out)
{
	int64_t ttl;

	out->state = DNS_TROUBLE;
	out->ttl = 0;
	if (result == NULL)
		return;
	if (result->bogus) {
		out->state = DNS_BOGUS;
		return;
	}
	if (result->rcode != 0 && !result->nxdomain)
		return;
	if (result->havedata && result->data != NULL)
		take_records(result, out);
	ttl = result->ttl > 0 ? result->ttl : 0;
	if (out->count == 0 && ttl > NEGATIVE_SECONDS)
		ttl = NEGATIVE_SECONDS;
	out->ttl = ttl > DNS_TTL_MAX ? DNS_TTL_MAX : ttl;
	out->state = result->secure ? DNS_SECURE : DNS_UNVALIDATED;
}

/* Bogus, or a resolver that never passes DNSSEC on?  Such a one has no
 * signature even on the root's keys; with anchors of another zone the
 * question cannot be asked, and bogus is bogus. */
static bool
resolver_strips(struct ub_ctx *context, int64_t until)
{
	struct ub_result *root = ask(context, ".", TYPE_DNSKEY, until);
	bool strips =
	    root != NULL && (root->bogus || root->rcode == RCODE_SERVFAIL);

	ub_resolve_free(root);
	return strips;
}

void
dns_look_up(const struct dns_options *options, const char *name,
    enum dns_type type, struct dns_answer *out)
{
	const int64_t until = now_ms() + DNS_SECONDS * 1000;
	struct ub_result *result = NULL;
	struct ub_ctx *context;

	if (!span_copy(span_of(name), out->name, sizeof(out->name)) ||
	    (context = make_context(options, true)) == NULL)
		return;
	result = ask(context, name, (int)type, until);
	if (result != NULL && result->bogus &&
	    resolver_strips(context, until)) {
		ub_resolve_free(result);
		ub_ctx_delete(context);
		if ((context = make_context(options, false)) == NULL)
			return;
		result = ask(context, name, (int)type, until);
	}
	judge(result, out);
	ub_resolve_free(result);
	ub_ctx_delete(context);
}

enum dns_state
dns_check(const struct dns_options *options)
{
	const int64_t until = now_ms() + DNS_SECONDS * 1000;
	struct ub_ctx *context = make_context(options, true);
	struct ub_result *result;
	enum dns_state state = DNS_TROUBLE;

	if (context == NULL)
		return state;
	result = ask(context, ".", TYPE_DNSKEY, until);
	if (result != NULL && result->havedata && result->secure)
		state = DNS_SECURE;
	else if (result != NULL && (result->bogus || result->rcode == 0))
		state = DNS_UNVALIDATED;
	ub_resolve_free(result);
	ub_ctx_delete(context);
	return state;
}

/* dns.c - the door to libunbound: see dns.h.  Input: hostile. */
#include "net/dns.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unbound.h>
#include <unistd.h>

enum { TYPE_TXT = 16, TYPE_DNSKEY = 48, CLASS_IN = 1 };

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

/* Join the strings of one TXT record (RFC 6376 section 3.6.2.2). */
static bool
join(const struct ub_result *result, char *out, size_t size)
{
	const unsigned char *at = (const unsigned char *)result->data[0];
	size_t left = (size_t)result->len[0], len = 0, n, i;

	while (left > 0) {
		n = at[0];
		if (n + 1 > left || len + n >= size)
			return false;
		for (i = 1; i <= n; i++) {
			/* A key record is printable ASCII. */
			if (at[i] < 0x20 || at[i] > 0x7e)
				return false;
			out[len++] = (char)at[i];
		}
		at += n + 1;
		left -= n + 1;
	}
	out[len] = '\0';
	return true;
}

static enum dns_state
judge(const struct ub_result *result, struct authres_key *out)
{
	if (result == NULL || result->bogus)
		return DNS_TROUBLE;
	if (result->rcode != 0 && !result->nxdomain)
		return DNS_TROUBLE;
	if (!result->havedata || result->data[0] == NULL)
		return DNS_ABSENT;
	if (result->data[1] != NULL)
		return DNS_MANY;
	if (!join(result, out->record, sizeof(out->record))) {
		out->record[0] = '\0';
		return DNS_ABSENT;
	}
	return result->secure ? DNS_SECURE : DNS_UNVALIDATED;
}

/* Bogus, or a resolver that never passes DNSSEC on?  Then even the keys of
 * the root cannot be had. */
static bool
resolver_strips(struct ub_ctx *context, int64_t until)
{
	struct ub_result *root = ask(context, ".", TYPE_DNSKEY, until);
	bool strips = root == NULL || !root->havedata || root->bogus;

	ub_resolve_free(root);
	return strips;
}

void
dns_txt(const struct dns_options *options, const char *name,
    struct authres_key *out)
{
	const int64_t until = now_ms() + DNS_SECONDS * 1000;
	struct ub_result *result = NULL;
	struct ub_ctx *context;

	out->state = DNS_TROUBLE;
	out->record[0] = '\0';
	if (!span_copy(span_of(name), out->name, sizeof(out->name)) ||
	    (context = make_context(options, true)) == NULL)
		return;
	result = ask(context, name, TYPE_TXT, until);
	if (result != NULL && result->bogus &&
	    resolver_strips(context, until)) {
		ub_resolve_free(result);
		ub_ctx_delete(context);
		if ((context = make_context(options, false)) == NULL)
			return;
		result = ask(context, name, TYPE_TXT, until);
	}
	out->state = judge(result, out);
	ub_resolve_free(result);
	ub_ctx_delete(context);
}

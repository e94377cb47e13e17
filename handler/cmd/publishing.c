/* publishing.c - certificates in the DNS, after orders: see publishing.h */
#include "cmd/publishing.h"

#include <stdlib.h>

#include "cmd/session.h"
#include "config/allow.h"
#include "mail/address.h"

/* Without a person, nobody waits longer than that: the next renew goes on. */
enum { SECONDS_MOST = 60, OUT_MAX = 64 * 1024 };

void
publishing_tell(void *arg, const char *line)
{
	struct note note;

	(void)arg;
	note_say(&note, "%s", line);
	cmd_say(&note);
}

static struct smimea_publisher
begin(const struct config *config, const struct home *home, struct buf *out)
{
	const int64_t most = config->dns_patience;

	buf_init(out, OUT_MAX);
	return (struct smimea_publisher){ config, home,
		{ .seconds = most < SECONDS_MOST ? most : SECONDS_MOST }, out };
}

static void
end(struct buf *out)
{
	cmd_say_lines(buf_span(out));
	buf_clear(out);
}

enum status
publishing_keep(
    const struct config *config, const struct home *home, struct note *note)
{
	struct buf out;
	const struct smimea_publisher publisher = begin(config, home, &out);
	const enum status status = smimea_keep(&publisher, note);

	end(&out);
	return status;
}

enum status
publishing_new(const struct config *config, const struct home *home,
    const struct order *order, struct note *note)
{
	struct buf out;
	const struct smimea_publisher publisher = begin(config, home, &out);
	const enum status status = smimea_new(&publisher, order, note);

	end(&out);
	return status;
}

/* Is something published for each of its addresses, or will be? */
static bool
is_published(const struct config *config, const struct home *home,
    const struct order *order)
{
	struct publication *all = NULL;
	size_t count = 0, i;
	bool known = true;

	for (i = 0; i < order->addresses && known; i++) {
		if (allow_find(span_of(config->smimea_publish),
			span_of(order->address[i])) != ALLOW_NO)
			continue;
		known = publications_load(home, order->address[i], &all, &count,
			    NULL) == STATUS_OK &&
		    count > 0;
		free(all);
		all = NULL;
	}
	return known;
}

/* Can the DNS of each of its addresses be changed? */
static bool
can_publish(const struct config *config, const struct order *order)
{
	char domain[ACME_VALUE_SIZE];
	size_t i;

	for (i = 0; i < order->addresses; i++)
		if (!span_copy(address_domain(span_of(order->address[i])),
			domain, sizeof(domain)) ||
		    !zone_is_configured(config, domain))
			return false;
	return true;
}

enum status
publishing_offer(const struct config *config, const struct home *home,
    const struct order *order, struct note *note)
{
	const struct smimea_form form = SMIMEA_FORM_DEFAULT;
	struct smimea_publisher publisher;
	enum status status = STATUS_OK;
	struct note line;
	struct buf out;
	size_t i;

	if (!session_has_terminal() || is_published(config, home, order))
		return STATUS_OK;
	if (!can_publish(config, order)) {
		note_say(&line,
		    "to let others find the certificate, put its record into "
		    "the DNS: mailcert smimea print %s",
		    order->id);
		cmd_say(&line);
		return STATUS_OK;
	}
	if (!session_ask("Publish the certificate in the DNS (SMIMEA), so that "
			 "others can encrypt to you?"))
		return STATUS_OK;
	publisher = begin(config, home, &out);
	publisher.waiting.tell = publishing_tell;
	for (i = 0; i < order->addresses && status == STATUS_OK; i++)
		status = smimea_publish(&publisher, order, order->address[i],
		    &form, SMIMEA_TTL, false, note);
	end(&out);
	return status;
}

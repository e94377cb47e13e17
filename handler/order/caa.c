/* caa.c - CAA records of the domains of an order: see caa.h */
#include "order/caa.h"

#include <string.h>
#include <time.h>

#include "acme/caa.h"
#include "base/frame.h"
#include "base/text.h"
#include "mail/address.h"
#include "mail/dns_answer.h"
#include "process/resolve.h"

enum { CAA_RECORDS_MAX = 64 };

static enum caa_verdict
judge(const struct acme_directory *directory, const struct dns_answer *answer,
    struct span tag)
{
	struct span record[CAA_RECORDS_MAX], name[ACME_LIST_MAX];
	size_t i;

	/* Nobody has so many; one of them may permit. */
	if (answer->count > CAA_RECORDS_MAX ||
	    (answer->state != DNS_SECURE && answer->state != DNS_UNVALIDATED))
		return CAA_FREE;
	for (i = 0; i < answer->count; i++)
		record[i] = buf_span(&answer->record[i]);
	for (i = 0; i < directory->caas; i++)
		name[i] = span_of(directory->caa[i]);
	return caa_judge(record, answer->count, name, directory->caas, tag);
}

static enum status
look_up(const struct client *client, const char *domain, struct span tag,
    enum caa_verdict *verdict, struct note *note)
{
	struct dns_answer answer;
	enum status status;
	struct buf out;

	buf_init(&out, 2 * DNS_LINE_MAX);
	dns_answer_init(&answer);
	status = resolve(&client->config->authenticate, client->home, VERB_CAA,
	    domain, (int64_t)time(NULL), &out, note);
	if (status == STATUS_OK &&
	    dns_answer_parse(frame_get(buf_span(&out), "dns"), &answer) ==
		STATUS_OK)
		*verdict = judge(&client->ca.directory, &answer, tag);
	dns_answer_clear(&answer);
	buf_clear(&out);
	return status;
}

/* The domain in A-labels: the normal form has them. */
static bool
domain_of(const char *address, char *out, size_t size)
{
	struct mailbox mailbox;
	char normal[ADDRESS_SIZE];
	char *at;

	if (address_parse(span_of(address), &mailbox) != STATUS_OK ||
	    address_normal(&mailbox, normal) != STATUS_OK ||
	    (at = strrchr(normal, '@')) == NULL)
		return false;
	return span_copy(span_of(at + 1), out, size) &&
	    dns_name_ok(span_of(out));
}

enum status
caa_check(const struct client *client, const char *name, struct note *warning,
    struct note *note)
{
	const bool host = !span_has_byte(span_of(name), '@');
	enum caa_verdict verdict = CAA_FREE;
	char domain[DNS_NAME_SIZE];
	struct note why = { "" };

	*warning = (struct note){ "" };
	if (host ? !host_normal(span_of(name), domain, sizeof(domain))
		 : !domain_of(name, domain, sizeof(domain)))
		return STATUS_OK;
	if (look_up(client, domain, host ? SPAN("issue") : SPAN("issuemail"),
		&verdict, &why) == STATUS_BUG)
		return note_set(note, STATUS_BUG, "%s", why.text);
	if (verdict == CAA_FORBIDDEN)
		note_say(warning,
		    "warning: the CAA records for %.150s do not let this CA "
		    "issue%s certificates; it will probably refuse",
		    domain, host ? "" : " mail");
	return STATUS_OK;
}

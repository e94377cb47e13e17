/* download.c - download, check and store the certificate: see download.h */
#include "order/download.h"

#include <string.h>

#include "base/frame.h"
#include "order/candidate.h"
#include "process/helper.h"

#define PEM_CHAIN "application/pem-certificate-chain"

static enum status
fetch(struct client *client, const struct order *order, const char *url,
    int64_t now, struct ca_answer *answer, struct candidate *out,
    struct note *note)
{
	enum status status;

	status = ca_post(&client->ca, url, SPAN(""), PEM_CHAIN, answer, note);
	return status == STATUS_OK
	    ? candidate_check(order, buf_span(&answer->body), now, out, note)
	    : status;
}

/* Take the first alternate that leads to the preferred root; without one,
 * keep the CA's default. */
static void
prefer(struct client *client, const struct order *order,
    const struct ca_answer *first, int64_t now, struct candidate *chosen,
    struct note *hint)
{
	const char *wanted = client->settings.chain;
	struct ca_answer answer = { .code = 0 };
	struct candidate other;
	struct buf swap;
	size_t i;

	if (wanted[0] == '\0' || strcmp(chosen->facts.top, wanted) == 0)
		return;
	buf_init(&answer.body, CANDIDATE_MAX);
	buf_init(&other.chain, CANDIDATE_MAX);
	for (i = 0; i < first->alternates; i++)
		if (fetch(client, order, first->alternate[i], now, &answer,
			&other, NULL) == STATUS_OK &&
		    strcmp(other.facts.top, wanted) == 0)
			break;
	if (i < first->alternates) {
		swap = chosen->chain;
		*chosen = other;
		other.chain = swap;
	} else {
		note_say(hint,
		    "the CA offers no chain to %.100s; took its default",
		    wanted);
	}
	buf_clear(&other.chain);
	buf_clear(&answer.body);
}

enum status
download(struct client *client, struct order *order, const char *url,
    int64_t now, struct note *hint, struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	struct candidate chosen;
	enum status status;

	buf_init(&answer.body, CANDIDATE_MAX);
	buf_init(&chosen.chain, CANDIDATE_MAX);
	status = fetch(client, order, url, now, &answer, &chosen, note);
	if (status == STATUS_OK)
		prefer(client, order, &answer, now, &chosen, hint);
	if (status == STATUS_OK)
		status =
		    candidate_accept(client->home, order, &chosen, hint, note);
	buf_clear(&chosen.chain);
	buf_clear(&answer.body);
	return status;
}

/* ca_object.c - objects of a CA, parsed in a child: see ca_object.h */
#include "order/ca_object.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "mail/date.h"
#include "process/child.h"

/* What is parsed in a child, and what it says; the parent checks it. */
enum object {
	DIRECTORY,
	ACCOUNT,
	ORDERS,
	ORDER,
	AUTHORIZATION,
	RENEWAL,
	PROBLEM
};

static const char *const objects[] = { "directory", "account", "list of orders",
	"order", "authorization", "renewal information", "problem" };

struct work {
	enum object object;
	struct span body;
	size_t skip; /* of ORDERS */
};

struct report {
	uint32_t status;
	struct note note;
	union {
		struct acme_directory directory;
		struct acme_account account;
		struct acme_orders orders;
		struct acme_order order;
		struct acme_authorization authorization;
		struct acme_renewal renewal;
		struct acme_problem problem;
	} is;
};

static void
parse_in_child(const void *arg, void *report)
{
	const struct work *work = arg;
	struct report *out = report;

	switch (work->object) {
	case DIRECTORY:
		out->status = acme_directory_parse(
		    work->body, &out->is.directory, &out->note);
		break;
	case ACCOUNT:
		out->status = acme_account_parse(
		    work->body, &out->is.account, &out->note);
		break;
	case ORDERS:
		out->status = acme_orders_parse(
		    work->body, work->skip, &out->is.orders, &out->note);
		break;
	case RENEWAL:
		out->status = acme_renewal_parse(
		    work->body, &out->is.renewal, &out->note);
		break;
	case ORDER:
		out->status =
		    acme_order_parse(work->body, &out->is.order, &out->note);
		break;
	case AUTHORIZATION:
		out->status = acme_authorization_parse(
		    work->body, &out->is.authorization, &out->note);
		break;
	case PROBLEM:
		acme_problem_parse(work->body, &out->is.problem);
		break;
	}
}

static bool
object_ok(enum object object, const struct report *report)
{
	switch (object) {
	case DIRECTORY:
		return acme_directory_ok(&report->is.directory);
	case ACCOUNT:
		return acme_account_ok(&report->is.account);
	case ORDERS:
		return acme_orders_ok(&report->is.orders);
	case RENEWAL:
		return acme_renewal_ok(&report->is.renewal);
	case ORDER:
		return acme_order_ok(&report->is.order);
	case AUTHORIZATION:
		return acme_authorization_ok(&report->is.authorization);
	case PROBLEM:
		break;
	}
	return acme_problem_ok(&report->is.problem);
}

/* Check the report: what was parsed may have taken over the child. */
static enum status
parse(enum object object, struct span body, size_t skip, struct report *out,
    struct note *note)
{
	const struct work work = { object, body, skip };
	enum status status;

	status =
	    child_run(parse_in_child, &work, out, sizeof(*out), NULL, 0, note);
	if (status != STATUS_OK)
		return status;
	if (out->status >= STATUS_COUNT ||
	    !text_is_shown(out->note.text, sizeof(out->note.text)) ||
	    (out->status == STATUS_OK && !object_ok(object, out)))
		return note_set(note, STATUS_BUG,
		    "the parser's report of the CA's %s is malformed",
		    objects[object]);
	if (out->status != STATUS_OK)
		return note_set(note, (enum status)out->status, "%s",
		    note_text(&out->note, (enum status)out->status));
	return STATUS_OK;
}

/* Parse, and copy the object out of the report. */
static enum status
parse_into(enum object object, struct span body, size_t skip, void *out,
    size_t size, struct note *note)
{
	struct report *report = calloc(1, sizeof(*report));
	enum status status = STATUS_MEMORY;

	if (report != NULL)
		status = parse(object, body, skip, report, note);
	if (status == STATUS_OK)
		memcpy(out, &report->is, size);
	free(report);
	return status;
}

enum status
ca_parse_directory(
    struct span body, struct acme_directory *out, struct note *note)
{
	return parse_into(DIRECTORY, body, 0, out, sizeof(*out), note);
}

enum status
ca_parse_account(struct span body, struct acme_account *out, struct note *note)
{
	return parse_into(ACCOUNT, body, 0, out, sizeof(*out), note);
}

enum status
ca_parse_orders(
    struct span body, size_t skip, struct acme_orders *out, struct note *note)
{
	return parse_into(ORDERS, body, skip, out, sizeof(*out), note);
}

enum status
ca_parse_order(struct span body, struct acme_order *out, struct note *note)
{
	return parse_into(ORDER, body, 0, out, sizeof(*out), note);
}

enum status
ca_parse_authorization(
    struct span body, struct acme_authorization *out, struct note *note)
{
	return parse_into(AUTHORIZATION, body, 0, out, sizeof(*out), note);
}

enum status
ca_parse_renewal(struct span body, struct acme_renewal *out, struct note *note)
{
	return parse_into(RENEWAL, body, 0, out, sizeof(*out), note);
}

enum status
ca_parse_problem(struct span body, struct acme_problem *out, struct note *note)
{
	return parse_into(PROBLEM, body, 0, out, sizeof(*out), note);
}

#define END_OF_TIME INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* A year before 1970 (a server that leaves the time out sends 0001-01-01) is in
 * the past; one beyond 9999 is the end of time.  Anything else that is
 * malformed counts as one day from now, the longest that a challenge may live
 * (S/MIME BR 3.2.2.4). */
int64_t
ca_time_of(const char *text)
{
	const struct span s = span_of(text);
	size_t digits = 0;
	int64_t when;

	if (text[0] == '\0' || date_parse_iso(s, &when) == STATUS_OK)
		return text[0] == '\0' ? 0 : when > 0 ? when : 1;
	while (digits < s.len && ascii_is_digit(s.at[digits]))
		digits++;
	if (text[0] == '+' || (digits > 4 && text[digits] == '-'))
		return END_OF_TIME;
	if (text[0] == '-' ||
	    (digits == 4 && text[4] == '-' && strcmp(text, "1970") < 0))
		return 1;
	return (int64_t)time(NULL) + 86400;
}

/*
 * ca_object.h - parse the objects of a CA, in a sandboxed child
 *
 * A stranger writes the JSON, so that it never meets the process that acts on
 * it: the child reports a flat struct, and every field is checked again.
 */
#ifndef ORDER_CA_OBJECT_H
#define ORDER_CA_OBJECT_H
#include "acme/object.h"

/* Parse an object of the CA in a sandboxed child, and check what it reports.
 * STATUS_BAD_CA; STATUS_BUG: the report is malformed. */
enum status ca_parse_directory(
    struct span body, struct acme_directory *out, struct note *note) MUST_CHECK;
enum status ca_parse_account(
    struct span body, struct acme_account *out, struct note *note) MUST_CHECK;
/* skip: that many orders at the front of the list. */
enum status ca_parse_orders(struct span body, size_t skip,
    struct acme_orders *out, struct note *note) MUST_CHECK;
enum status ca_parse_order(
    struct span body, struct acme_order *out, struct note *note) MUST_CHECK;
enum status ca_parse_authorization(struct span body,
    struct acme_authorization *out, struct note *note) MUST_CHECK;
enum status ca_parse_renewal(
    struct span body, struct acme_renewal *out, struct note *note) MUST_CHECK;
enum status ca_parse_problem(
    struct span body, struct acme_problem *out, struct note *note) MUST_CHECK;

/* Parse a time as the CA writes it (RFC 3339); 0: it is empty.  A malformed one
 * counts as a day from now. */
int64_t ca_time_of(const char *text);
#endif

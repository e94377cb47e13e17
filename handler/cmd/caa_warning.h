/*
 * caa_warning.h - warn of CAA records before an order
 */
#ifndef CMD_CAA_WARNING_H
#define CMD_CAA_WARNING_H
#include "order/client.h"
#include "order/request.h"

/*
 * Say on standard error if the records of an address's domain forbid the CA to
 * issue (RFC 9495).  Addresses of one domain are often adjacent: it is asked
 * about once for them.  *last: the address before them, or NULL; borrowed from
 * the request.  STATUS_MEMORY and the like: the DNS has no say.
 */
enum status caa_warning(const struct client *client,
    const struct order_request *request, const char **last,
    struct note *note) MUST_CHECK;
#endif

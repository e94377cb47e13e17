/*
 * finalize.h - finalize an order (RFC 8555 section 7.4)
 */
#ifndef ORDER_FINALIZE_H
#define ORDER_FINALIZE_H
#include "order/step.h"

/* Send the signing request when the CA is ready for it, and fetch the
 * certificate when it is there; judge whatever else the order says. */
enum status order_finalize(struct order_work *work) MUST_CHECK;
#endif

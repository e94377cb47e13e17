/* order_p.h - the members of an order for a mail server, for order.c */
#ifndef STORE_ORDER_P_H
#define STORE_ORDER_P_H
#include "store/order.h"

/* Read them, after all others; return the name of a bad one, or NULL. */
const char *order_server_read(const struct json *json, struct order *order);
/* False: no memory. */
bool order_server_write(const struct order *order, struct json *json);
#endif

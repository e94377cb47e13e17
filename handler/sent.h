/*
 * sent.h - was the drafted reply sent?
 *
 * A mail program keeps a copy of what it sends.  Where the copy of our reply is
 * in the folder that the user named, the reply is out.
 */
#ifndef SENT_H
#define SENT_H
#include "base/status.h"
#include "deliver.h"
#include "store/order.h"

/* Look for the reply to the challenge of an order that was drafted.
 * STATUS_NO: it is not there, or there is no such folder. */
enum status sent_find(const struct destination *folder,
    const struct order *order, struct note *note) MUST_CHECK;
#endif

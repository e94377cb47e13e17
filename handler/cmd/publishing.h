/*
 * publishing.h - what smimea, renew and order share: certificates in the DNS
 */
#ifndef CMD_PUBLISHING_H
#define CMD_PUBLISHING_H
#include "zone/smimea.h"

/* Keep what is published in step with the certificates, and say what was done:
 * smimea_keep(). */
enum status publishing_keep(const struct config *config,
    const struct home *home, struct note *note) MUST_CHECK;
/* After a new certificate: smimea_new(). */
enum status publishing_new(const struct config *config, const struct home *home,
    const struct order *order, struct note *note) MUST_CHECK;
/* After an order on a terminal: ask whether to publish the certificate, or say
 * how it is done. */
enum status publishing_offer(const struct config *config,
    const struct home *home, const struct order *order,
    struct note *note) MUST_CHECK;
/* A line of progress on standard error: zone_waiting.tell. */
void publishing_tell(void *arg, const char *line);
#endif

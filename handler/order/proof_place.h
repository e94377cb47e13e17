/*
 * proof_place.h - where a host's proof stands: the DNS, or the server itself
 */
#ifndef ORDER_PROOF_PLACE_H
#define ORDER_PROOF_PLACE_H
#include "config/config.h"
#include "store/order.h"

enum { PROOF_TTL = 60 }; /* of the record, in seconds */

/* How many records or servers show the proof of that order. */
size_t proof_places(const struct order *order);
/* Append the line of a zone file for one of them (proof_is_dns()). */
void proof_add_zone_line(const struct order *order, size_t i, struct buf *out);

/*
 * Can the value be seen, at every name server of the zone or at every address
 * of the host?  *there: at each of these places; else why says where it cannot.
 * A server that shows it only before, or only after STARTTLS counts: what its
 * CA reads is not known here; why says so.
 */
enum status proof_look(const struct config *config, const struct order *order,
    bool *there, struct note *why, struct note *note) MUST_CHECK;
/* Wait for the records, dns_patience at most.  STATUS_AGAIN with a note. */
enum status proof_wait(const struct config *config, const struct order *order,
    struct note *note) MUST_CHECK;
/*
 * Add the records to the DNS, or remove them (zone/zone.h); aliases are
 * followed.  Doing it twice changes nothing.  Statuses of zone_find() and
 * zone_update().
 */
enum status proof_add_records(const struct config *config,
    const struct order *order, struct note *note) MUST_CHECK;
enum status proof_remove_records(const struct config *config,
    const struct order *order, struct note *note) MUST_CHECK;
#endif

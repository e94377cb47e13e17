/*
 * consent.h - for whom may a challenge be answered without a person?
 *
 * An answer certifies somebody's address.  Whoever orders for himself has
 * agreed; in a home that answers for many (answer_for), and for an address
 * that stands for an office rather than a person, somebody must say so.
 */
#ifndef ANSWER_CONSENT_H
#define ANSWER_CONSENT_H
#include "base/span.h"
#include "config/config.h"

/*
 * Does the address, a normal form, stand for an office: postmaster, abuse, ...
 * (RFC 2142; what CAs take for the voice of a whole domain, as in the Baseline
 * Requirements of the CA/Browser Forum, section 3.2.2.4.4; and what systems and
 * companies use alike)?  With a subaddress, too: postmaster+acme.
 */
bool consent_is_role(struct span address);
/* STATUS_OK: it may.  STATUS_NO_PERSON with a note that names the setting. */
enum status consent_given(const struct config *config, const char *address,
    struct note *note) MUST_CHECK;
#endif

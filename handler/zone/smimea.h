/*
 * smimea.h - publish certificates as SMIMEA records (RFC 8162)
 *
 * What mailcert has published is in the home (store/publication.h), saved
 * before the DNS is changed.  A new certificate's record is put beside the old
 * one's, which is removed once no cache can be without the new one: when every
 * name server has shown the new one for as long as the old one's TTL.
 */
#ifndef ZONE_SMIMEA_H
#define ZONE_SMIMEA_H
#include "store/order.h"
#include "store/publication.h"
#include "zone/zone.h"

/* What a record says of a certificate (RFC 6698 section 2.1). */
struct smimea_form {
	unsigned usage;    /* 0 to 3 */
	unsigned selector; /* 0: the certificate, 1: its public key */
	unsigned matching; /* 0: exact, 1: SHA-256, 2: SHA-512 */
};
/* The certificate itself, which others need to encrypt to it. */
#define SMIMEA_FORM_DEFAULT \
	{                   \
		.usage = 3  \
	}
enum {
	SMIMEA_TTL = 3600, /* seconds, by default */
	SMIMEA_CHAIN_MAX = 512 * 1024
};

struct smimea_owner {
	char name[DNS_NAME_SIZE];
	char draft[4 * DNS_NAME_SIZE]; /* of 2012; empty: it has no name */
};
/* The name of an address's records; address in normal form.  STATUS_BAD_SYNTAX
 * with a note: it cannot have one. */
enum status smimea_owner(const char *address, struct smimea_owner *out,
    struct note *note) MUST_CHECK;
/* Append the record's data, of a chain in PEM or a certificate in DER.
 * STATUS_BAD_FILE with a note. */
enum status smimea_data(struct span chain, const struct smimea_form *form,
    struct buf *out, struct note *note) MUST_CHECK;

struct smimea_publisher {
	const struct config *config;
	const struct home *home;
	struct zone_waiting waiting;
	struct buf *out; /* a line for each thing that was done */
};

/*
 * Publish a certificate for one of its addresses; doing it again does no harm.
 * beside: also where there are records that mailcert did not publish.
 * STATUS_NO with a note: there are.  STATUS_AGAIN with a note: it is there, but
 * not on every name server yet; renew completes it.  Others: zone_find(),
 * zone_update().
 */
enum status smimea_publish(const struct smimea_publisher *publisher,
    const struct order *order, const char *address,
    const struct smimea_form *form, int64_t ttl, bool beside,
    struct note *note) MUST_CHECK;
/* Take a record back, and forget it; until that is done, renew tries again.
 * publication->until is written.  Statuses of smimea_publish(). */
enum status smimea_unpublish(const struct smimea_publisher *publisher,
    struct publication *publication, struct note *note) MUST_CHECK;
/*
 * Keep what is published in step with the certificates: publish what has taken
 * the place of a published one, complete what was interrupted, remove what is
 * over.  Of several failures the first is the note.
 */
enum status smimea_keep(
    const struct smimea_publisher *publisher, struct note *note) MUST_CHECK;
/* The same after a new certificate, which is published where smimea_publish
 * names its address. */
enum status smimea_new(const struct smimea_publisher *publisher,
    const struct order *order, struct note *note) MUST_CHECK;
#endif

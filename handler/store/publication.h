/*
 * publication.h - store which certificates are published in the DNS
 *
 * One record for each SMIMEA record (RFC 8162) that mailcert has put there, or
 * is about to: it is saved before the DNS is changed, so nothing that mailcert
 * has published is ever forgotten.
 */
#ifndef STORE_PUBLICATION_H
#define STORE_PUBLICATION_H
#include <stdint.h>

#include "mail/address.h"
#include "mail/dns_answer.h"
#include "store/record.h"

/* Room for certificates of 24 KiB. */
enum { PUBLICATION_DATA_SIZE = 32 * 1024 + 8 };

struct publication {
	char id[RECORD_ID_SIZE]; /* made from name and data */
	char address[ADDRESS_SIZE];
	char order[RECORD_ID_SIZE];       /* whose certificate it is */
	char name[DNS_NAME_SIZE];         /* of the record */
	char data[PUBLICATION_DATA_SIZE]; /* as on the wire, in base64url */
	int64_t ttl;                      /* seconds */
	int64_t created;
	int64_t shown; /* since when every name server has it; 0: not known */
	int64_t until; /* when it may be removed; 0: it stays */
};

/* Save it under the id that its name and data make; it is written. */
enum status publication_save(const struct home *home,
    struct publication *publication, struct note *note) MUST_CHECK;
enum status publication_forget(
    const struct home *home, const char *id, struct note *note) MUST_CHECK;
/* All of them, or those of an address (NULL: all), the oldest first.  The caller
 * owns *out: free(). */
enum status publications_load(const struct home *home, const char *address,
    struct publication **out, size_t *count, struct note *note) MUST_CHECK;
/* Has anything ever been published here? */
bool publications_exist(const struct home *home);
#endif

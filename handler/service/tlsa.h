/*
 * tlsa.h - keep the TLSA records of a mail server ahead of its key (RFC 7672)
 *
 * Where a server has TLSA records, others refuse a key that fits none of them.
 * So the record of a new key ("3 1 1": SHA-256 of the key) is in the DNS first,
 * for as long as others may keep the old ones, and the old one is removed when
 * the new key is in use.  A server without such records is left alone.
 */
#ifndef SERVICE_TLSA_H
#define SERVICE_TLSA_H
#include "acme/service.h"
#include "config/config.h"
#include "install/journal.h"
#include "mail/dns_answer.h"
#include "store/order.h"

struct tlsa {
	const struct config *config; /* borrowed */
	struct journal *journal; /* borrowed: what was added for the server */
	const char *host;
	const struct service_at *at;
	size_t count;
	char key[65];      /* SHA-256 of the public key, in hexadecimal */
	struct span chain; /* PEM, the leaf first */
};

/* What records say of a certificate, as those who connect to the service read
 * them.  All unusable: they demand TLS, and check nothing. */
struct tlsa_count {
	size_t records, fit, unusable;
};
struct tlsa_question {
	const struct service_at *at;
	const char *host;
	struct span chain; /* PEM, the leaf first; hostile */
	bool trusted;      /* by the roots of the system, for the host */
};

/* Find the records of a service.  The caller has called dns_answer_init(), and
 * clears it.  Statuses of zone_find() and zone_look(). */
enum status tlsa_find(const struct config *config, const char *host,
    const struct service_at *at, struct dns_answer *out,
    struct note *note) MUST_CHECK;
/* Judge them.  helper_ask()'s statuses. */
enum status tlsa_judge(const struct dns_answer *answer,
    const struct tlsa_question *question, struct tlsa_count *out,
    struct note *note) MUST_CHECK;

/* Compute the digest of an order's key.  helper_ask()'s statuses. */
enum status tlsa_key(
    const struct order *order, char out[65], struct note *note) MUST_CHECK;
/* Append the line of a zone file for one service. */
void tlsa_add_line(const struct tlsa *tlsa, size_t i, struct buf *out);
/*
 * May the key be used now?  If not, add its records to the DNS, and wait until
 * every name server shows them.  STATUS_AGAIN with a note: others may still
 * have the old records only; a later call finds out.  STATUS_NO with a note:
 * mailcert cannot change the DNS; it says what to add.  warn: lines about what
 * is not known, because the DNS does not answer; that forbids nothing.
 */
enum status tlsa_prepare(const struct tlsa *tlsa, int64_t now, struct buf *warn,
    struct note *note) MUST_CHECK;
/*
 * Before the keys of this journal go out of use: is there another record beside
 * theirs, wherever there is one?  Else that record is removed now, and
 * STATUS_AGAIN with a note says when nobody has it any more.  STATUS_NO with a
 * note: mailcert cannot change the DNS; it says what to remove.  warn: as for
 * tlsa_prepare().  dry_run: nothing is removed, and nothing waited for.
 */
enum status tlsa_may_leave(const struct config *config, struct journal *journal,
    int64_t now, bool dry_run, struct buf *warn, struct note *note) MUST_CHECK;
/* They are out of use: remove their records, and forget the journal.  said: a
 * line for each.  STATUS_NO with a note: as above. */
enum status tlsa_leave(const struct config *config, struct journal *journal,
    bool dry_run, struct buf *said, struct note *note) MUST_CHECK;
/* The key is in use: remove the record of the one before, if mailcert has added
 * it.  Statuses of zone_update(). */
enum status tlsa_finish(const struct tlsa *tlsa, struct note *note) MUST_CHECK;
#endif

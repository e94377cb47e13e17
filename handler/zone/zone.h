/*
 * zone.h - change the DNS, and wait until every name server shows it
 *
 * For records of any type: SMIMEA, TXT, TLSA.  The change is a dynamic update
 * (RFC 2136) by the user's own nsupdate, signed with the key of
 * dns_update_key (TSIG, RFC 8945), that of the zone or the default; mailcert
 * does not open that file.  Who
 * changes a record calls, in this order,
 *
 *	zone_find()	where does the record stand?  Aliases are followed.
 *	zone_update()	all changes, or none
 *	zone_wait()	until all name servers of the zone have them
 *
 * None of them writes to the home, so the caller records what it has published
 * before zone_update().  All can be done again: adding a record that is there,
 * and removing one that is not, changes nothing.
 */
#ifndef ZONE_ZONE_H
#define ZONE_ZONE_H
#include "config/config.h"
#include "mail/dns_answer.h"

enum { ZONE_SERVERS_MOST = 16, ZONE_SERVER_SIZE = 1024 };
enum { ZONE_TXT = 16, ZONE_TLSA = 52, ZONE_SMIMEA = 53 };

/* Where the records of a name stand.  Flat. */
struct zone {
	char name[DNS_NAME_SIZE]; /* their own name: that of the alias's end */
	unsigned type;
	char apex[DNS_NAME_SIZE]; /* of the zone */
	/* Its name servers, or those of dns_servers: "NAME ADDRESS[@PORT] ...".
	 */
	char server[ZONE_SERVERS_MOST][ZONE_SERVER_SIZE];
	size_t servers;
};

enum zone_act {
	ZONE_ADD,       /* beside the others of its name and type */
	ZONE_REMOVE,    /* exactly this one */
	ZONE_REMOVE_ALL /* all of that name and type; ttl and data are unused */
};

/* One change of a record with the name and type of a struct zone. */
struct zone_change {
	enum zone_act act;
	int64_t ttl;      /* seconds, at most a week */
	struct span data; /* as on the wire (RFC 1035 section 3.3); borrowed */
};

/* Append the line of an nsupdate script that names the server, as
 * dns_update_server writes it; nothing if that is empty. */
void zone_add_server(struct buf *out, const char *server);
/* Does the configuration say how to change the DNS of that name? */
bool zone_is_configured(const struct config *config, const char *name);

/*
 * Find the zone of a name (labels of letters, digits, "-" and "_") and its name
 * servers.  STATUS_DNS with a note: the DNS does not say, or lies.  STATUS_NO
 * with a note: it has no name server.
 */
enum status zone_find(const struct config *config, const char *name,
    unsigned type, struct zone *out, struct note *note) MUST_CHECK;

/*
 * Make the changes, all or none.  fresh: only if there is no record of that
 * name and type yet.
 *
 * STATUS_NO with a note: there is one.  STATUS_CONFIG with a note: no update is
 * configured, or the server refuses it: the key is wrong, or may not do that.
 * STATUS_DNS with a note: the server does not answer, or cannot now; the change
 * may be made or not.  STATUS_CREATE: nsupdate is not there.
 */
enum status zone_update(const struct config *config, const struct zone *zone,
    const struct zone_change *changes, size_t count, bool fresh,
    struct note *note) MUST_CHECK;

struct zone_waiting {
	int64_t seconds; /* at most; 0: look once.  -1: dns_patience */
	/* What is being waited for, one line, whenever it changes; or NULL. */
	void (*tell)(void *arg, const char *line);
	void *arg; /* of tell() */
};

/*
 * Wait until every name server of the zone shows all changes.  A server counts
 * once it has shown them.  STATUS_AGAIN with a note: one does not yet, or does
 * not answer; it says which.
 */
enum status zone_wait(const struct zone *zone,
    const struct zone_change *changes, size_t count,
    const struct zone_waiting *waiting, const struct config *config,
    struct note *note) MUST_CHECK;

/*
 * The records there now, as the first server that answers says; the caller has
 * called dns_answer_init(), and clears it.  STATUS_AGAIN with a note: none
 * answers.
 */
enum status zone_look(const struct zone *zone, struct dns_answer *out,
    struct note *note) MUST_CHECK;
#endif

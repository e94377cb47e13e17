/*
 * jmap_answer.h - read what a JMAP server answers (RFC 8620, RFC 8621)
 *
 * Only what it takes to find messages: the session, states, lists of ids, and
 * of each message whether it can be a challenge.  Strict, and each struct of a
 * fixed size: a sandboxed child fills it, and the parent checks each field
 * again with the function ..._ok().
 */
#ifndef WATCH_JMAP_ANSWER_H
#define WATCH_JMAP_ANSWER_H
#include <stdint.h>

#include "base/status.h"
#include "store/looked.h"
#include "watch/watch.h"

enum {
	JMAP_BODY_MAX = 1024 * 1024, /* octets of an answer */
	JMAP_HEAD_MAX = 256 * 1024,  /* of a field: FILTER_HEAD_MAX */
	JMAP_ID_SIZE = 256,          /* RFC 8620 section 1.2 */
	JMAP_STATE_SIZE = LOOKED_STATE_SIZE,
	JMAP_URL_SIZE = 1024,
	JMAP_IDS_MAX = 256,   /* in one list */
	JMAP_EMAILS_MAX = 64, /* in one answer */
	JMAP_TYPE_SIZE = 80
};

#define JMAP_SMIME "urn:ietf:params:jmap:smimeverify"

/* What became of a method call, RFC 8620 section 3.6.2. */
enum jmap_outcome {
	JMAP_DONE,
	JMAP_CANNOT_CALCULATE, /* the changes since that state */
	JMAP_LATER,            /* the server is busy */
	JMAP_REFUSED,
	JMAP_OUTCOMES
};

struct jmap_result {
	uint32_t outcome;          /* enum jmap_outcome */
	char type[JMAP_TYPE_SIZE]; /* of the error, safe text; or empty */
};

/* Section 2.  The URLs are on the same server and without its name: they begin
 * with "/". */
struct jmap_session {
	char api[JMAP_URL_SIZE];
	char download[JMAP_URL_SIZE]; /* a template, RFC 6570 level 1 */
	char account[JMAP_ID_SIZE];   /* empty: it has no mail yet */
	uint32_t smime;               /* bool: it has RFC 9219 */
	uint32_t batch;               /* messages in one question */
};

/* An answer of Email/query or Email/changes: the messages that match, or that
 * were created.  Of Email/get without ids only the state. */
struct jmap_ids {
	struct jmap_result result;
	char state[JMAP_STATE_SIZE]; /* of messages; of a query empty */
	uint32_t more;               /* bool: hasMoreChanges */
	uint32_t count;
	char id[JMAP_IDS_MAX][JMAP_ID_SIZE];
};

struct jmap_email {
	char id[JMAP_ID_SIZE];
	char blob[JMAP_ID_SIZE];
	int64_t size;  /* octets, as the server says */
	uint32_t fits; /* bool: it may be a challenge that is awaited */
	struct watch_smime smime;
};

/* An answer of Email/get. */
struct jmap_emails {
	struct jmap_result result;
	uint32_t count;
	struct jmap_email email[JMAP_EMAILS_MAX];
};

enum jmap_list { JMAP_QUERY, JMAP_CHANGES, JMAP_STATE };

/*
 * Parse.  STATUS_BAD_JSON with a note: it is not what the protocol says.
 *
 * server: whose session it is; base: the path by which it was got, against
 * which its URLs are resolved.
 */
enum status jmap_session_parse(struct span text, const struct server *server,
    const char *base, struct jmap_session *out, struct note *note) MUST_CHECK;
enum status jmap_ids_parse(struct span text, enum jmap_list list,
    struct jmap_ids *out, struct note *note) MUST_CHECK;
enum status jmap_emails_parse(struct span text,
    const struct watch_wanted *wanted, struct jmap_emails *out,
    struct note *note) MUST_CHECK;
/* The type of a problem document (section 3.6.1), as safe text; "unknown". */
void jmap_problem_parse(struct span text, struct jmap_result *out);

bool jmap_session_ok(const struct jmap_session *session);
bool jmap_ids_ok(const struct jmap_ids *ids);
bool jmap_emails_ok(const struct jmap_emails *emails);
bool jmap_result_ok(const struct jmap_result *result);

/*
 * Resolve a reference against base on that server (RFC 3986 section 5.2), and
 * give what follows the name of the server.  False: it leads elsewhere, or is
 * malformed.  plain: http:// counts as https:// on the server's port, for
 * servers that do not know that they are reached by TLS.
 */
bool jmap_resolve(struct span reference, const struct server *server,
    const char *base, bool plain, char *out, size_t size) MUST_CHECK;
/* Fill the template of a download; false: it is too long. */
bool jmap_expand(const struct jmap_session *session, const char *blob,
    char *out, size_t size) MUST_CHECK;
#endif

/*
 * verb.h - what our own programs ask each other: the table of verbs
 *
 * mailcert starts a helper as "PROGRAM VERB".  Everything else is frames
 * (base/frame.h), on standard input and standard output:
 *
 *	question	[open] what the verb takes... end
 *	answer		status note what the verb gives... end
 *
 * The value of "open" is frames, too: the files and resolvers that the helper
 * opens.  They are the user's own, and all that it reads before it enters its
 * sandbox; a verb that opens nothing has no such frame.  "status" is a stable
 * name of base/status.h and "note" one sentence of safe text, or empty.  Where
 * the status is not "done", nothing else is given.
 *
 * Both sides check each message against this table.
 */
#ifndef BASE_VERB_H
#define BASE_VERB_H
#include "base/frame.h"

/* Who a certificate signs for, and against what that is checked. */
#define VERB_TRUST                                               \
	" revocation? identities? retrieve? file* anchor* crl* " \
	"anchor-fault* crl-fault* ocsp* retrieve-fault* dns?"
/* reply/verdict.c, mail/smime_report.c and acme/certificate.c have them. */
#define VERB_AUTHRES "method dns weak protection domain signer issuer"
#define VERB_CHALLENGE                                                \
	" claimed-from claimed-from-written claimed-to reply-to+ "    \
	"reply-to-written+ part1 message-id references from-shown "   \
	"subject-shown date-shown date delivered warnings type-acme " \
	"has-reply-to"
#define VERB_REPORT                                                           \
	"judged at-delivery error* why from signer issuer delivered passing " \
	"protection encrypted"
/* What a challenge can be refused for (reply/challenge.h). */
#define VERB_REFUSED                                                   \
	" not-a-challenge is-a-reply bad-token bad-charset malformed " \
	"ambiguous-header too-large decoded-input not-auto-generated " \
	"wrong-from wrong-to list-mail unsafe-reply-to"
/* plain: nobody is asked for DNSSEC. */
#define VERB_RESOLVER "resolver anchor plain?"
/* What is to be known of a certificate. */
#define VERB_FACTS "starts expires id top limits chain"
/* Why a key cannot be read, used or made. */
#define VERB_KEY "bad-key permission cannot-create ca-nonsense"
/* Why a file with keys and certificates cannot be taken. */
#define VERB_PORTABLE " bad-file bad-passphrase"

/* Whose account on which server; one of secret and token, or neither. */
#define VERB_SERVER "tls host port user secret? token?"
/* An encrypted key, as its holder takes it (acme/unwrap.h). */
#define VERB_SEALED "scheme digest mask wrap point info wrapped length"
/* Why a server is of no use: it cannot be reached or has no certificate that we
 * trust, the password is wrong, it refuses for now, or for good; ca-file is
 * unusable. */
#define VERB_SERVER_FAILS \
	"network-trouble login-failed try-again no configuration"

/*
 * Of mailboxes (LOOK, APPEND, MARK).  Folders are named in UTF-8.  "missing": the
 * folder does not exist; of MARK also the message, or its number has changed.
 * After any failure, the next question connects again.
 *
 * LOOK finds messages that may be challenges.  Nothing in the folder changes.
 *	validity, after	what the last answer gave: it goes on from there.  The
 *			server may number its messages in another way from now
 *			on; then, or without them, it begins again, with
 *	since		only messages that arrived on the day before that time (in
 *			seconds since 1970), or later; all, without it
 *	kind		"report": multipart/report, from anybody; "challenge", also if
 *			no kind is named, what the next two say
 *	domain		From is an address in one of these domains (as A-labels);
 *			none: any.  Other messages may come, too; none of theirs
 *			is left out
 *	auto-submitted	not empty: only messages that are "auto-generated", again
 *			with others
 *	most		octets of the largest message that is wanted
 * It gives
 *	after		all messages up to that number are done
 *	more		there are more: ask again.  "after" is larger than before
 *	uid, message	in pairs, in ascending order; at most 64, of at most
 *			`most` octets together.  A message that is larger than `most`, or
 *			that the server cannot read, is empty.
 *
 * APPEND puts a message into a folder: `folder`, or the one for `special`,
 * "drafts" or "sent"; with the flags \Draft and \Seen, if they are named.  It
 * gives the name of the folder; and "doubt", a reason, if the connection broke
 * before the server said that the message is there: it may be.
 *
 * MARK touches the message `uid`: flags it \Answered, if `answered` is not empty,
 * then moves it to the folder `move`.  No other message is expunged.
 */

/*
 * STATUSES judges many messages against the same trust, and gives as many
 * reports (VERB_REPORT) in their order; "want" and what comes of it: mail/cms.h.
 * RETRIEVE gets over http what a CA publishes, or posts the OCSP request
 * `request` if it is not empty.  most: octets of the body; private: not empty:
 * the CA may be at a private address.
 */

/*
 * SEAL finds in an encrypted message what the key of the first certificate that
 * it is encrypted to must unwrap: index, counted from 0, and sealed, frames
 * (VERB_SEALED); neither where it is encrypted to none.  UNWRAP gives the key of
 * the content, or a random one.  OPENED judges the message with that key; why it
 * may say nothing else: mail/envelope.h.
 */

/*
 * DANE judges a chain in PEM by TLSA records: mail/dane.h.  smtp, trusted: "yes"
 * or empty.  It gives a verdict for each record: "fits", "differs", "unusable".
 */

/*
 * ANNOUNCED looks at a server as a CA would, in plain text and with any
 * certificate.  protocol: "smtp", "lmtp", "imap" or "pop3"; tls: "starttls"
 * where the server offers it; address: only at these, else at all addresses of
 * the host.  It gives for each of them "seen", which holds frames:
 *	address
 *	listed	"before" or "after" TLS: the server said what it can do
 *	before, after	each value of ACME in that list, with its case
 *	starttls	it offers that
 *	leaf, public, name, expires, distrust, fits, chain	of its certificate
 *			(helpers/mail/wire.h)
 *	fault	what went wrong, to follow the name of the server
 *
 * Of SEND, outcome: "sent", or "doubt" where the server may have the message.
 * With any status but "done", nothing was sent.  said: the server's last words,
 * or why there is a doubt.  Of PROBE, protocol: "smtp" or "imap".
 *
 * X(enumerator, program, verb, opens, takes, gives, fails)
 *
 * Names of frames: "x" once, "x?" at most once, "x*" any number, "x+" at least
 * one.  fails: the statuses that only this verb may answer; all may fail with
 * those of verb_fault().
 */
#define VERB_TABLE(X)                                                          \
	X(RESPONSE, "mailcert-verify", "response", "",                         \
	    "part1 part2 thumbprint join", "digest",                           \
	    "bad-token bad-thumbprint")                                        \
	X(PROOF, "mailcert-verify", "proof", "", "token thumbprint suffix*",   \
	    "value+", "bad-token bad-thumbprint")                              \
	X(DKIM, "mailcert-verify", "dkim", "",                                 \
	    "now from headers dns* message", VERB_AUTHRES,                     \
	    "not-authenticated dkim-fail dkim-domain dkim-coverage "           \
	    "dkim-key dns-trouble")                                            \
	X(SIGNATURE, "mailcert-verify", "signature", "",                       \
	    "now from covers? dns* message", "weak",                           \
	    "not-authenticated dkim-fail dkim-domain dkim-coverage "           \
	    "dkim-key dns-trouble")                                            \
	X(SMIME, "mailcert-verify", "smime", "",                               \
	    "from auto-submitted? when message" VERB_TRUST,                    \
	    VERB_AUTHRES VERB_CHALLENGE,                                       \
	    "not-authenticated smime-fail smime-untrusted smime-identity "     \
	    "smime-unprotected dns-trouble" VERB_REFUSED)                      \
	X(STATUS, "mailcert-verify", "status", "", "now message" VERB_TRUST,   \
	    VERB_REPORT, "")                                                   \
	X(STATUSES, "mailcert-verify", "statuses", "",                         \
	    "now message+" VERB_TRUST, "report+ want*", "")                    \
	X(SIGNER, "mailcert-verify", "signer", "", "now message" VERB_TRUST,   \
	    VERB_REPORT " chain? want*", "")                                   \
	X(SEAL, "mailcert-verify", "seal", "", "message certificate*",         \
	    "index? sealed?", "")                                              \
	X(OPENED, "mailcert-verify", "opened", "",                             \
	    "now message key" VERB_TRUST, "report want*", "")                  \
	X(OBJECT, "mailcert-verify", "object", "",                             \
	    "now object content?" VERB_TRUST,                                  \
	    "error* address* issuer content?", "")                             \
	X(CERTIFICATE, "mailcert-verify", "certificate", "",                   \
	    "now key address+ srv* usage chain", VERB_FACTS, "ca-nonsense")    \
	X(FOREIGN, "mailcert-verify", "foreign", "", "now key chain",          \
	    VERB_FACTS " address+ usage kind digest", "bad-file")              \
	X(LEAVES, "mailcert-verify", "leaves", "", "chain", "public*",         \
	    "bad-file")                                                        \
	X(DESCRIBE, "mailcert-verify", "describe", "",                         \
	    "chain file* anchor* anchor-fault*", "certificate+",               \
	    "ca-nonsense")                                                     \
	X(RECIPIENT, "mailcert-verify", "recipient", "",                       \
	    "message certificate*", "index*", "smime-fail")                    \
	X(ASSOCIATE, "mailcert-verify", "associate", "",                       \
	    "chain usage selector matching", "data", "bad-file")               \
	X(RECORDS, "mailcert-verify", "records", "",                           \
	    "now address chain*" VERB_TRUST, "record* compared* want*",        \
	    "bad-file")                                                        \
	X(DIGEST, "mailcert-verify", "digest", "", "message+", "digest+", "")  \
	X(DANE, "mailcert-verify", "dane", "",                                 \
	    "chain host smtp trusted record+", "verdict+", "bad-file")         \
	X(THUMBPRINT, "mailcert-key", "thumbprint", "file", "", "thumbprint",  \
	    VERB_KEY)                                                          \
	X(JWS, "mailcert-key", "jws", "file",                                  \
	    "url nonce kid payload at* passphrase?", "jws", VERB_KEY)          \
	X(ROLLOVER, "mailcert-key", "rollover", "file new",                    \
	    "url nonce kid payload passphrase?", "jws", VERB_KEY)              \
	X(BIND, "mailcert-key", "bind", "file", "url kid mac", "jws",          \
	    VERB_KEY)                                                          \
	X(UNWRAP, "mailcert-key", "unwrap", "file",                            \
	    VERB_SEALED " passphrase?", "key", VERB_KEY)                       \
	X(GENERATE, "mailcert-key", "generate", "file? new",                   \
	    "kind address* srv* usage? subject? eku? passphrase?",             \
	    "csr? public?", VERB_KEY)                                          \
	X(TXT, "mailcert-net", "txt", VERB_RESOLVER, "name", "dns", "")        \
	X(SMIMEA, "mailcert-net", "smimea", VERB_RESOLVER, "address", "dns",   \
	    "malformed")                                                       \
	X(CAA, "mailcert-net", "caa", VERB_RESOLVER, "name", "dns", "")        \
	X(OWNER, "mailcert-net", "owner", "", "address", "name draft?",        \
	    "malformed")                                                       \
	X(ZONE, "mailcert-net", "zone", VERB_RESOLVER, "name type",            \
	    "name zone server*", "dns-trouble")                                \
	X(SERVED, "mailcert-net", "served", "", "name type server+", "dns*",   \
	    "")                                                                \
	X(CHECK, "mailcert-net", "check", VERB_RESOLVER, "", "state reason",   \
	    "")                                                                \
	X(REQUEST, "mailcert-https", "request", "ca-file",                     \
	    "method url accept proxy no-proxy body",                           \
	    "code nonce location retry-after alternate* next body",            \
	    "ca-nonsense network-trouble configuration")                       \
	X(FETCH, "mailcert-https", "fetch", "ca-file",                         \
	    VERB_SERVER " method target body? most",                           \
	    "code location retry-after body",                                  \
	    "login-failed network-trouble configuration")                      \
	X(RETRIEVE, "mailcert-https", "retrieve", "ca-file",                   \
	    "url request most private? proxy", "code body",                    \
	    "network-trouble configuration")                                   \
	X(SEND, "mailcert-mail", "send", "ca-file",                            \
	    VERB_SERVER " sender recipient+ message", "outcome said",          \
	    VERB_SERVER_FAILS)                                                 \
	X(PROBE, "mailcert-mail", "probe", "ca-file", VERB_SERVER " protocol", \
	    "", VERB_SERVER_FAILS)                                             \
	X(ANNOUNCED, "mailcert-mail", "announced", "ca-file",                  \
	    "tls host port protocol address*", "seen+", "network-trouble")     \
	X(APPEND, "mailcert-mail", "append", "ca-file",                        \
	    VERB_SERVER " folder? special? flag* message", "folder doubt?",    \
	    VERB_SERVER_FAILS " missing")                                      \
	X(LOOK, "mailcert-mail", "look", "ca-file",                            \
	    VERB_SERVER " folder validity? after? since? domain* "             \
			"auto-submitted? kind* most",                          \
	    "validity after more? uid* message*",                              \
	    VERB_SERVER_FAILS " missing")                                      \
	X(MARK, "mailcert-mail", "mark", "ca-file",                            \
	    VERB_SERVER " folder validity uid answered? move?", "",            \
	    VERB_SERVER_FAILS " missing")                                      \
	X(INSPECT, "mailcert-key", "inspect", "file", "passphrase?",           \
	    "public* locked* chain warning* home?", VERB_KEY VERB_PORTABLE)    \
	X(TAKE, "mailcert-key", "take", "file new",                            \
	    "public passphrase? lock?", "", VERB_KEY VERB_PORTABLE)            \
	X(CLONE, "mailcert-key", "clone", "file new", "", "", VERB_KEY)        \
	X(EXPORT, "mailcert-key", "export", "file new? output?",               \
	    "form chain name? passphrase? lock? replace?", "", VERB_KEY)       \
	X(PACK, "mailcert-key", "pack", "home new? output?",                   \
	    "passphrase replace?", "", VERB_KEY)                               \
	X(UNPACK, "mailcert-key", "unpack", "file home", "passphrase",         \
	    "count", VERB_KEY VERB_PORTABLE)                                   \
	X(COPY, "mailcert-key", "copy", "file new", "form? passphrase?", "",   \
	    VERB_KEY)

/* Octets of a body that "fetch" may be asked for. */
enum { VERB_FETCH_MOST = 64 * 1024 * 1024 };

enum verb_id {
#define X(name, program, verb, opens, takes, gives, fails) VERB_##name,
	VERB_TABLE(X)
#undef X
	    VERB_COUNT
};

struct verb_row {
	const char *program;
	const char *name;
	const char *opens;
	const char *takes;
	const char *gives;
	const char *fails;
};

const struct verb_row *verb_row(enum verb_id verb);
/* Which verb of that program is it?  False: none. */
bool verb_find(const char *program, const char *name, enum verb_id *out);

/* Is it a status that any verb may fail with: memory, a disk, a bug? */
bool verb_fault(enum status status);

/* Are these the frames that a list of the table names, each as often as it
 * says, and nothing else?  note: which is not. */
bool verb_frames_ok(const char *list, struct span frames, struct note *note);
/* Is it a whole question for that verb, with "open" and "end"? */
bool verb_question_ok(
    enum verb_id verb, struct span question, struct note *note);
/*
 * Is it a whole answer?  Then *status is what it says, STATUS_OK or a failure
 * that the verb can have, and *said its sentence, made safe.  False: *said
 * tells what is wrong with it.
 */
bool verb_answer_ok(enum verb_id verb, struct span answer, enum status *status,
    struct note *said);
#endif

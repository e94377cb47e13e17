/*
 * status.h - the status codes: name, exit status and sentence of each
 *
 * One table holds every way to fail: the name that users and tests see, the
 * exit status (sysexits, as mail filters expect) and a plain sentence.
 * BAD_x: the message is at fault.  NO_x: nothing fits.  Others: the system.
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H
#include <stdbool.h>

/* X(enumerator, stable name, exit status, sentence) */
#define STATUS_TABLE(X)                                                        \
	X(OK, "done", 0, "done")                                               \
	X(DECLINED, "declined", 1, "you said no; nothing was changed or sent") \
	X(NO, "no", 1, "no")                                                   \
	X(MISSING, "missing", 1, "it does not exist")                          \
	X(USAGE, "usage", 64,                                                  \
	    "the command line is wrong; see mailcert --help")                  \
	X(NO_CHALLENGE, "not-a-challenge", 65,                                 \
	    "this message is not an ACME challenge")                           \
	X(BAD_REPLY, "is-a-reply", 65,                                         \
	    "the Subject marks this message as a reply, not a challenge")      \
	X(BAD_TOKEN, "bad-token", 65,                                          \
	    "the token in the Subject is not base64url of at least 128 bits")  \
	X(BAD_CHARSET, "bad-charset", 65,                                      \
	    "the Subject uses a character set other than UTF-8 and US-ASCII")  \
	X(BAD_SYNTAX, "malformed", 65, "the message is malformed")             \
	X(BAD_HEADER, "ambiguous-header", 65,                                  \
	    "a header field that may occur only once is repeated")             \
	X(BAD_SIZE, "too-large", 65, "the message exceeds a size limit")       \
	X(BAD_ENCODING, "decoded-input", 65,                                   \
	    "the message was already decoded; pass the raw message")           \
	X(BAD_PART, "only-a-part", 65,                                         \
	    "the input is only a part; pass the whole message")                \
	X(BAD_AUTO, "not-auto-generated", 65,                                  \
	    "the message does not say Auto-Submitted: auto-generated")         \
	X(BAD_FROM, "wrong-from", 65,                                          \
	    "the From field does not name a usable sender")                    \
	X(BAD_TO, "wrong-to", 65,                                              \
	    "the message is not addressed to the expected address")            \
	X(NO_EXPECTATION, "unexpected", 65, "this challenge is not expected")  \
	X(BAD_CLOCK, "expired", 65, "the order or the challenge has expired")  \
	X(BAD_REPEAT, "already-answered", 65,                                  \
	    "this challenge was already answered")                             \
	X(NO_AUTHRES, "not-authenticated", 65,                                 \
	    "nothing proves who sent this message")                            \
	X(BAD_DKIM, "dkim-fail", 65, "the DKIM signature is not valid")        \
	X(BAD_DKIM_DOMAIN, "dkim-domain", 65,                                  \
	    "the DKIM signature is not from the sender's domain")              \
	X(BAD_DKIM_COVERAGE, "dkim-coverage", 65,                              \
	    "the DKIM signature does not cover enough of the message")         \
	X(BAD_DKIM_KEY, "dkim-key", 65, "the DKIM key is not usable")          \
	X(BAD_SMIME, "smime-fail", 65, "the S/MIME signature is not valid")    \
	X(BAD_SIGNER_TRUST, "smime-untrusted", 65,                             \
	    "the signer's certificate is not trusted")                         \
	X(BAD_SIGNER_NAME, "smime-identity", 65,                               \
	    "the signer's certificate is not for the sender's address")        \
	X(BAD_PROTECTION, "smime-unprotected", 65,                             \
	    "the S/MIME signature does not protect the header")                \
	X(BAD_RESULTS, "results-untrusted", 65,                                \
	    "no trusted Authentication-Results field vouches for the sender")  \
	X(BAD_RESULTS_TWO, "results-conflict", 65,                             \
	    "trusted Authentication-Results fields contradict each other")     \
	X(BAD_LIST, "list-mail", 65,                                           \
	    "the message came through a mailing list")                         \
	X(BAD_REPLY_TO, "unsafe-reply-to", 65,                                 \
	    "the reply address is not safe")                                   \
	X(NO_PERSON, "needs-a-person", 65,                                     \
	    "this challenge has warnings; a person must decide")               \
	X(BAD_THUMBPRINT, "bad-thumbprint", 65,                                \
	    "the thumbprint is not 43 characters of base64url")                \
	X(BAD_KEY, "bad-key", 65, "the account key is not usable")             \
	X(INSECURE, "not-secure", 65,                                          \
	    "the answer of the DNS is not secured by DNSSEC")                  \
	X(BAD_FILE, "bad-file", 65,                                            \
	    "the file holds nothing that can be imported")                     \
	X(BAD_PASSPHRASE, "bad-passphrase", 65,                                \
	    "the passphrase is wrong, or the file is damaged")                 \
	X(DNS, "dns-trouble", 75, "the DNS does not answer; try again later")  \
	X(CA, "ca-refused", 69, "the CA refused the request")                  \
	X(BAD_CA, "ca-nonsense", 69, "the CA sent a malformed answer")         \
	X(NET, "network-trouble", 75, "cannot reach the CA; try again later")  \
	X(LOGIN, "login-failed", 77,                                           \
	    "the mail server did not accept the password")                     \
	X(END, "end", 70, "there is no more")                                  \
	X(UNCHANGED, "unchanged", 70, "there is nothing to save")              \
	X(UNABLE, "unable", 70, "it cannot be done here")                      \
	X(BAD_JSON, "malformed-json", 70, "the JSON is malformed")             \
	X(BUG, "internal-error", 70,                                           \
	    "this is a bug in mailcert; please report it")                     \
	X(MEMORY, "out-of-memory", 71, "not enough memory")                    \
	X(CRYPTO, "crypto", 70, "the cryptographic library failed")            \
	X(CREATE, "cannot-create", 73, "cannot create a file")                 \
	X(IO, "input-output", 74, "cannot read or write a file")               \
	X(AGAIN, "try-again", 75, "busy; try again later")                     \
	X(PERMISSION, "permission", 77, "file permissions are wrong")          \
	X(DAMAGED, "damaged", 78, "a file of the home is damaged")             \
	X(CONFIG, "configuration", 78, "the configuration is wrong")

enum status {
#define X(name, text, code, sentence) STATUS_##name,
	STATUS_TABLE(X)
#undef X
	    STATUS_COUNT
};

const char *status_name(enum status status);     /* "bad-token" */
const char *status_sentence(enum status status); /* lower case, no full stop */
int status_exit(enum status status);
/* From now on every failure exits with 75: a delivery agent that called us
 * keeps the mail and tries again, whatever else it would make of a status. */
void status_exit_as_again(void);
/* Is it the message that was refused, rather than the system that failed? */
bool status_is_refusal(enum status status);

/*
 * One bounded sentence that says more than the status's own: which field,
 * which file.  Library code fills it and never prints.  Text from a message
 * enters only through text_show() (base/text.h).
 */
struct note {
	char text[320];
};

/* Returns status, so that "return note_set(note, STATUS_x, ...)" reads well. */
enum status note_set(struct note *note, enum status status, const char *format,
    ...) __attribute__((format(printf, 3, 4)));
/* The same without a failure: a warning, or a hint. */
void note_say(struct note *note, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The note's text, or the status's sentence where the note is empty. */
const char *note_text(const struct note *note, enum status status);
#endif

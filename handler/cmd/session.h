/*
 * session.h - begin and end a command that talks to a CA
 */
#ifndef CMD_SESSION_H
#define CMD_SESSION_H
#include "cmd/cmd.h"
#include "cmd/follow.h"

struct session {
	struct config config;
	struct home home;
	struct client client;
	struct buf out; /* for standard output */
	struct note note;
};

enum { SESSION_CONTACTS_MAX = 8 };

/* The options of order and account that an account is made with. */
struct enrolment {
	const char *ca;
	struct client_options client;
	const char *contact[SESSION_CONTACTS_MAX];
};

#define ENROLMENT_OPTIONS                                    \
	{ "ca", required_argument, NULL, 'c' },              \
	    { "agree", no_argument, NULL, 'a' },             \
	    { "contact", required_argument, NULL, 'm' },     \
	    { "eab-kid", required_argument, NULL, 'i' },     \
	{                                                    \
		"eab-key-file", required_argument, NULL, 'f' \
	}

/* Take one of them; false: it is none, or there are too many. */
bool enrolment_take(struct enrolment *enrolment, int option);

/* Configuration and home; create: make the home.  NULL: it failed aloud, and
 * *code is the exit status. */
struct session *session_begin(
    const struct invocation *invocation, bool create, int *code);
/* The same for a timer: STATUS_CONFIG where nothing confines our programs and
 * the configuration wants it. */
struct session *session_begin_unattended(
    const struct invocation *invocation, int *code);
/* Print what there is to print, fail aloud if it failed; the exit status. */
int session_end(struct session *session, enum status status);

/* The CA of an option, or of the configuration.  STATUS_CONFIG: none. */
enum status session_ca(struct session *session, const char **ca) MUST_CHECK;
/* A certificate order by its id, or by the address of the newest one that
 * issued a certificate.  STATUS_NO with a note. */
enum status session_find(
    struct session *session, const char *text, struct order *out) MUST_CHECK;

/* Is there somebody to ask? */
bool session_has_terminal(void);
/* On the terminal, default No; false where there is none. */
bool session_ask(const char *question);
/* client_agrees: by a question on the terminal. */
bool session_asks_terms(const char *terms);
#endif

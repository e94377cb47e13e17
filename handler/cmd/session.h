/*
 * session.h - begin and end a command that uses the home
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

/* Rows for them, of a struct options with a member enrolment. */
#define ENROLMENT(field) .offset = offsetof(struct options, enrolment.field)
#define ENROLMENT_CA(help_text)                                      \
	{                                                            \
		"ca", "NAME|URL", ENROLMENT(ca), .help = (help_text) \
	}
#define ENROLMENT_AGREE                                              \
	{                                                            \
		"agree", NULL, ENROLMENT(client.agreed),             \
		    .help = "you agree to the CA's terms of service" \
	}
#define ENROLMENT_CONTACT(help_text)                                           \
	{                                                                      \
		"contact", "ADDRESS",                                          \
		    .offset = offsetof(struct options, enrolment),             \
		    .read = enrolment_contact,                                 \
		    .expected = "local@domain, at most 8 times", .many = true, \
		    .help = (help_text)                                        \
	}
#define ENROLMENT_EAB(help_text)                                              \
	{ "eab-kid", "KID", ENROLMENT(client.eab_kid), .help = (help_text) }, \
	{                                                                     \
		"eab-key-file", "FILE", ENROLMENT(client.eab_key_file),       \
		    .help = "its MAC key"                                     \
	}

option_reader enrolment_contact;

/* Load the configuration and open the home; create: make it if necessary.
 * NULL: it failed and said why; *code is the exit status. */
struct session *session_begin(
    const struct invocation *invocation, bool create, int *code);
/* The same for a timer.  STATUS_CONFIG: nothing confines our programs, and the
 * configuration demands it. */
struct session *session_begin_unattended(
    const struct invocation *invocation, int *code);
/* Print the output, or what failed; return the exit status. */
int session_end(struct session *session, enum status status);

/* Read the message of a command line (NULL or "-": standard input) into out,
 * which the caller clears.  STATUS_BAD_SIZE: larger than max_message; and what
 * input_read() gives. */
enum status session_read(
    struct session *session, const char *file, struct buf *out) MUST_CHECK;

/* Choose the CA of the option, or of the configuration.  STATUS_CONFIG: neither
 * names one. */
enum status session_ca(struct session *session, const char **ca) MUST_CHECK;
/* Find a certificate order by its id, or the newest one with a certificate for
 * that address.  STATUS_NO with a note. */
enum status session_find(
    struct session *session, const char *text, struct order *out) MUST_CHECK;

/* Is there a terminal to ask on? */
bool session_has_terminal(void);
/* Ask on the terminal, default No; false without a terminal. */
bool session_ask(const char *question);
/* A client_agrees that asks on the terminal. */
bool session_asks_terms(const char *terms);
#endif

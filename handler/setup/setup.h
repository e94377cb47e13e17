/*
 * setup.h - the conversation from nothing to a signed message, as steps
 *
 * Pure: answers and facts give the next question, or the next command to run.
 * The answers are kept in the home (setup/kept.h), so that setup can be
 * left and resumed at any point; facts are looked at each time, so that what is
 * done already is not done twice.  All text is safe (base/text.h) or our own.
 */
#ifndef SETUP_SETUP_H
#define SETUP_SETUP_H
#include "setup/addresses.h"

/* In the order in which they are asked. */
enum setup_step {
	SETUP_PROGRAM,
	SETUP_ADDRESS, /* or several, with a blank between them; "type" */
	SETUP_SOURCE,  /* "ca:NAME", "url", "file", "page" */
	SETUP_URL,
	SETUP_SEND, /* "mail", "sendmail", "smtp" */
	SETUP_SERVER,
	SETUP_WRITE,   /* the lines of configuration */
	SETUP_MAILCAP, /* "yes", "no", "done"; likewise the next ones */
	SETUP_FILE,
	SETUP_GET,
	SETUP_ANSWER,
	SETUP_INSTALL,
	SETUP_TIMER, /* "systemd", "cron", "no", "done" */
	SETUP_TEST,
	SETUP_LOOK,    /* for the test message: "look", "file", "no", "done" */
	SETUP_MESSAGE, /* the file */
	SETUP_END
};
enum { SETUP_STEPS = SETUP_END, SETUP_ANSWER_SIZE = 512 };

struct setup {
	char answer[SETUP_STEPS][SETUP_ANSWER_SIZE]; /* empty: not yet */
};

enum {
	SETUP_CHOICES_MAX = 12,
	SETUP_ADDRESSES_MAX = 4, /* of one certificate */
	SETUP_WORDS = 12,
	SETUP_TEXT_SIZE = 2048
};

/* What is the case; spans of time are the caller's. */
struct setup_facts {
	const char *program;                /* guessed; or NULL */
	const char *why;                    /* "you have /home/alice/.muttrc" */
	const char *has[SETUP_CHOICES_MAX]; /* programs that are installed */
	size_t has_count;
	const struct addresses *addresses; /* the user's own, as found */
	const char *ca[SETUP_CHOICES_MAX]; /* the names of known CAs */
	size_t ca_count;
	const char *ca_now; /* as configured; or empty */
	bool sendmail;      /* there is one */
	const char *lines;  /* of configuration that are missing; or empty */
	const char *config; /* the file that they go into */
	bool has_certificate;
	const char *certificate, *key; /* their files */
	bool has_request;              /* for a CA's web page */
	bool has_order;                /* an open one */
	const char *stands; /* where its challenge stands; or empty */
	bool installed;     /* the certificate, into the program */
	const char *timer;  /* what renews already; or NULL */
	bool systemd, cron; /* could */
	const char *cron_line;
	const char *mailboxes; /* where the test message is looked for; or "" */
	const char *subject;   /* that it has */
};

struct setup_choice {
	const char *value;
	const char *label;
	const char *about;
};

enum setup_kind {
	SETUP_CHOOSES,
	SETUP_TYPES, /* a line */
	SETUP_RUNS,  /* the command; then setup_ran() */
	SETUP_ENDS
};

struct setup_question {
	enum setup_kind kind;
	enum setup_step step;
	size_t number; /* "step 3 of 7" */
	char heading[256];
	char text[SETUP_TEXT_SIZE]; /* lines before the choices; or empty */
	struct setup_choice choice[SETUP_CHOICES_MAX];
	size_t choices, usual;
	char value[SETUP_CHOICES_MAX][64]; /* of choices that name CAs */
	char typed[SETUP_ANSWER_SIZE]; /* what Enter alone means; or empty */
	const char *word[SETUP_WORDS]; /* of a command of mailcert */
	char words[SETUP_ANSWER_SIZE]; /* the addresses among them */
	const char *mail; /* or the mail program, with a message to it */
	bool look;        /* or find the test message, and examine it */
	bool open_mail;   /* or the mail program, to read */
	bool write;       /* or write the lines of configuration */
	bool timer;       /* or turn the timer on: the answer says which */
	bool show;        /* what it prints is to be read */
	char said[256];   /* before it runs */
};

enum { SETUP_NUMBERS = 7 };

void setup_ask(const struct setup *setup, const struct setup_facts *facts,
    struct setup_question *out);
/* Take an answer: the value of a choice, or a line.  Addresses have blanks or
 * commas between them.  False: it is not valid; note says why. */
bool setup_answer(struct setup *setup, const struct setup_question *question,
    const char *answer, struct note *note) MUST_CHECK;
/* The command ended, with that exit status. */
void setup_ran(
    struct setup *setup, const struct setup_question *question, int code);
/* Go back by one answer, unless something was done with it. */
void setup_back(struct setup *setup);
/* Append what is known so far, a line each: "Address   alice@example.org". */
void setup_add_record(const struct setup *setup, struct buf *out);
/* Append the lines of configuration that the answers amount to: which CA, and
 * how answers are sent. */
void setup_add_ca(const struct setup *setup, struct buf *out);
void setup_add_send(const struct setup *setup, struct buf *out);
/* Append what was done and how to undo it, in lines. */
void setup_add_summary(const struct setup *setup,
    const struct setup_facts *facts, struct buf *out);
/* Those that the certificate is for, with a blank between them; "": not yet. */
const char *setup_addresses(const struct setup *setup);
/* The first address of the answer, or all of it. */
void setup_first_address(
    const struct setup *setup, char out[SETUP_ANSWER_SIZE]);
/* The name under which an answer is kept. */
const char *setup_name(enum setup_step step);
/* The CA of the answers; NULL: none. */
const char *setup_ca(const struct setup *setup);
#endif

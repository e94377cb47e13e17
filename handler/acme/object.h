/*
 * object.h - read the JSON objects of a CA (RFC 8555 section 7.1, RFC 8823)
 *
 * The structs are flat: a sandboxed process parses the JSON of a CA, and
 * the process that acts on it checks every field again.  This file checks the
 * form of URLs, their users check the origin (acme/url.h).
 */
#ifndef ACME_OBJECT_H
#define ACME_OBJECT_H
#include <stdint.h>

#include "acme/service.h"
#include "acme/token.h"
#include "base/span.h"
#include "base/status.h"

enum {
	ACME_URL_SIZE = 1024,
	ACME_TEXT_SIZE = 400,
	ACME_IDENTIFIERS_MAX = 8,
	ACME_VALUE_SIZE = 320,
	ACME_TIME_SIZE = 64,
	ACME_TERMS_SIZE = 8192,
	ACME_LIST_MAX = 8,
	ACME_AUTHORIZATIONS_MAX = 16,
	ACME_ORDERS_WINDOW = 32
};

/* RFC 8555 section 7.1.6; an object has some of them. */
enum acme_status {
	ACME_NO_STATUS,
	ACME_PENDING,
	ACME_READY,
	ACME_PROCESSING,
	ACME_VALID,
	ACME_INVALID,
	ACME_GONE,   /* expired, deactivated, revoked */
	ACME_UNKNOWN /* a word that RFC 8555 does not have: says nothing */
};

/* Section 6.7; type without its URN.  All of it safe text. */
struct acme_problem {
	char type[64];
	char detail[ACME_TEXT_SIZE];
	char parts[ACME_TEXT_SIZE];   /* section 6.7.1, one after the other */
	char instance[ACME_URL_SIZE]; /* or empty: what a person should read */
};

struct acme_directory {
	char new_nonce[ACME_URL_SIZE];
	char new_account[ACME_URL_SIZE];
	char new_order[ACME_URL_SIZE];
	char revoke[ACME_URL_SIZE];       /* or empty */
	char key_change[ACME_URL_SIZE];   /* or empty */
	char renewal_info[ACME_URL_SIZE]; /* or empty: RFC 9773 */
	char terms[ACME_TERMS_SIZE]; /* safe text, an URL mostly; or empty */
	uint32_t external_account;   /* 1: required */
	/* How CAA records name this CA (RFC 8659). */
	char caa[ACME_LIST_MAX][ACME_VALUE_SIZE];
	uint32_t caas;
};

/* Section 7.1.2. */
struct acme_account {
	uint32_t status; /* ACME_GONE: the account is closed */
	char contact[ACME_LIST_MAX][ACME_VALUE_SIZE]; /* safe text */
	uint32_t contacts;
	char orders[ACME_URL_SIZE]; /* or empty */
};

/* Section 7.1.2.1: some of a list, which may be long. */
struct acme_orders {
	char order[ACME_ORDERS_WINDOW][ACME_URL_SIZE];
	uint32_t orders;
	uint32_t more; /* 1: others follow in this page */
};

/* RFC 9773 section 4.2. */
struct acme_renewal {
	char start[ACME_TIME_SIZE]; /* of the suggested window: RFC 3339 */
	char end[ACME_TIME_SIZE];
	char explanation[ACME_URL_SIZE]; /* or empty */
};

struct acme_order {
	uint32_t status;              /* enum acme_status */
	char expires[ACME_TIME_SIZE]; /* RFC 3339; empty; "?": not a time */
	/* Each once; some CAs leave out those that are met, or the list. */
	char authorization[ACME_AUTHORIZATIONS_MAX][ACME_URL_SIZE];
	uint32_t authorizations;
	char identifier[ACME_IDENTIFIERS_MAX][ACME_VALUE_SIZE];
	uint32_t identifiers;
	char finalize[ACME_URL_SIZE];    /* or empty */
	char certificate[ACME_URL_SIZE]; /* or empty */
	struct acme_problem problem;     /* type empty: none */
};

/* The first fault of a challenge, or none. */
enum acme_fault {
	ACME_GOOD,
	ACME_BAD_CHALLENGES, /* there are two */
	ACME_BAD_URL,
	ACME_BAD_TOKEN,
	ACME_SHORT_TOKEN, /* below 128 bits (section 8.1) */
	ACME_BAD_FROM,
	ACME_FAULTS
};

/* A challenge that proves a host. */
struct acme_proof {
	uint32_t offered; /* 1: the authorization has it */
	uint32_t fault;   /* enum acme_fault; the rest is then empty */
	uint32_t status;
	char url[ACME_URL_SIZE];
	char token[TOKEN_TEXT_SIZE];
};

/* An authorization, and its email-reply-00 challenge where there is one; and,
 * of a host, those of acme/service.h.  Of one that is met already the CA need
 * not say more than that. */
struct acme_authorization {
	uint32_t status;
	char expires[ACME_TIME_SIZE];
	char identifier[ACME_VALUE_SIZE];
	uint32_t has_challenge;
	uint32_t challenge_fault; /* enum acme_fault; the rest is then empty */
	uint32_t challenge_status;
	char challenge_url[ACME_URL_SIZE];
	char token[TOKEN_TEXT_SIZE]; /* token-part2 */
	char from[ACME_VALUE_SIZE];
	struct acme_proof proof[PROOFS];
	struct acme_problem problem; /* the first that a challenge has */
};

/* STATUS_BAD_CA with a note: not such an object, or beyond the limits. */
enum status acme_directory_parse(
    struct span json, struct acme_directory *out, struct note *note) MUST_CHECK;
enum status acme_order_parse(
    struct span json, struct acme_order *out, struct note *note) MUST_CHECK;
enum status acme_authorization_parse(struct span json,
    struct acme_authorization *out, struct note *note) MUST_CHECK;
enum status acme_account_parse(
    struct span json, struct acme_account *out, struct note *note) MUST_CHECK;
/* The first window of the list after `skip` of its URLs. */
enum status acme_orders_parse(struct span json, size_t skip,
    struct acme_orders *out, struct note *note) MUST_CHECK;
enum status acme_renewal_parse(
    struct span json, struct acme_renewal *out, struct note *note) MUST_CHECK;
/* Whatever it is: an unknown problem has the type "unknown". */
void acme_problem_parse(struct span json, struct acme_problem *out);

/* Is every field what the functions above could have written? */
bool acme_directory_ok(const struct acme_directory *directory);
bool acme_order_ok(const struct acme_order *order);
bool acme_authorization_ok(const struct acme_authorization *authorization);
bool acme_account_ok(const struct acme_account *account);
bool acme_orders_ok(const struct acme_orders *orders);
bool acme_renewal_ok(const struct acme_renewal *renewal);
bool acme_problem_ok(const struct acme_problem *problem);
#endif

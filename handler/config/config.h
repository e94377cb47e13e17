/*
 * config.h - read the configuration file: mailcert-config(5)
 *
 * "set name = value" as mutt users know it.  An unknown name or a bad value
 * is an error with file and line, never ignored.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H
#include "acme/key_kind.h"
#include "base/buf.h"
#include "config/destination.h"
#include "config/server.h"
#include "reply/authres.h"
#include "reply/challenge.h"

enum { CONFIG_VALUE_SIZE = 1024, ORDERS_PER_MINUTE_MOST = 1000 };

enum {
	CONFIG_DNS_SERVERS_MAX = 16,
	CONFIG_CAS_MAX = 8,
	CONFIG_NAME_SIZE = 32,
	CONFIG_SECRETS_MAX = 8,
	CONFIG_ZONES_MAX = 16,
	CONFIG_ZONE_SIZE = 256
};

/* A CA's own rules; the global ones apply to the others. */
struct config_own {
	bool has_authenticate, has_coverage, has_auto_submitted,
	    has_answers_per_day, has_settle;
	struct authres_methods authenticate;
	enum dkim_coverage coverage;
	bool auto_submitted;     /* demanded */
	int64_t answers_per_day; /* without a person */
};

/* Where a CA expects the services that a challenge is about. */
enum config_service_in {
	SERVICE_IN_PAYLOAD, /* draft-ietf-acme-email-tls-05 */
	SERVICE_IN_HEADER,  /* version 02: of the JWS */
	SERVICE_IN_NOTHING
};

/* The settings of one CA: "ca.NAME.x = ..." */
struct config_ca {
	char name[CONFIG_NAME_SIZE];
	struct config_own own;
	char directory[CONFIG_VALUE_SIZE];
	/* A program that takes a signing request and prints the chain, instead
	 * of a directory; or empty. */
	char command[CONFIG_VALUE_SIZE];
	char file[CONFIG_VALUE_SIZE]; /* certificates of its server; or empty */
	char eab_kid[256];
	char eab_key_file[CONFIG_VALUE_SIZE];
	enum token_join join;
	char
	    chain[256]; /* commonName of the root that is preferred; or empty */
	char proxy[CONFIG_VALUE_SIZE]; /* "none"; empty: as for all CAs */
	bool empty_subject;            /* of signing requests */
	bool csr_eku;     /* signing requests ask for emailProtection */
	int64_t settle;   /* seconds between the answer and telling the CA */
	bool before_mail; /* the CA mails only after it was told */
	enum config_service_in service_in;
	bool service_hash; /* the value of a proof depends on the service */
};

/* How to get the password of an account, "password.USER@HOST = COMMAND", or a
 * token that stands for it, "token.USER@HOST". */
struct config_secret {
	char account[SERVER_NAME_SIZE];  /* server_account() */
	char command[CONFIG_VALUE_SIZE]; /* for sh */
	bool token; /* it prints an access token (OAuth 2, RFC 6750) */
};

/* What a zone has instead of the default: "dns_update_key.ZONE = ..." */
struct config_zone {
	char name[CONFIG_ZONE_SIZE]; /* without a dot at its end */
	char update_server[512];     /* these may be empty */
	char update_key[512];
	char update_command[512];
	char servers[CONFIG_VALUE_SIZE];
};

/* How the DNS of a name is changed; borrowed from the configuration. */
struct config_dns {
	const char *update_server, *update_key, *update_command;
	const char *servers;
};

/* How a person is told what needs one. */
enum config_report_kind {
	REPORT_NOBODY,
	REPORT_MAILDIR, /* maildir:DIR */
	REPORT_MAIL,    /* mailto:ADDRESS */
	REPORT_COMMAND  /* a program, which reads the message */
};
struct config_report {
	enum config_report_kind kind;
	char to[CONFIG_VALUE_SIZE];
};

/* What to do after an answer that is known to be sent. */
enum config_finish { FINISH_AUTO, FINISH_ASK, FINISH_MANUAL };

/* What certificates are for. */
struct config_usage {
	enum csr_usage of;
	bool separate; /* two certificates: one signs, one encrypts */
};

struct config {
	char ca[CONFIG_VALUE_SIZE];    /* NAME or URL; or empty */
	char proxy[CONFIG_VALUE_SIZE]; /* "none"; empty: the environment's */
	struct config_ca cas[CONFIG_CAS_MAX];
	size_t ca_count;
	char home[CONFIG_VALUE_SIZE];  /* -C, MAILCERT_HOME, or the default */
	char draft[CONFIG_VALUE_SIZE]; /* DEST; empty: by circumstance */
	char sendmail[CONFIG_VALUE_SIZE];
	struct authres_policy authenticate;
	struct challenge_rules rules;
	struct destination sent_folder; /* Maildir or mbox; else none */
	struct destination sent_copy;   /* Maildir, mbox or imap; else none */
	enum config_finish finish;
	enum key_kind key; /* of certificates */
	enum key_kind account_key;
	struct config_usage usage;
	int64_t patience;     /* seconds to wait for a CA that is processing */
	int64_t settle;       /* seconds, at CAs that have no other time */
	int64_t renew_before; /* seconds; 0: a third of the lifetime */
	char password_command[CONFIG_VALUE_SIZE]; /* for sh; or empty */
	char watch[2 * CONFIG_VALUE_SIZE]; /* mailboxes: sources_parse() */
	struct server smtp; /* that sends replies; or SERVER_NONE */
	struct server imap; /* that keeps drafts; or SERVER_NONE */
	/* What watch does to an answered challenge on an IMAP server. */
	bool answered_flag;
	char answered_folder[SERVER_FOLDER_SIZE]; /* or empty */
	char mail_ca_file[CONFIG_VALUE_SIZE]; /* certificates of mail servers;
					       * empty: the system's */
	struct config_secret secrets[CONFIG_SECRETS_MAX];
	size_t secret_count;
	bool sandbox_required; /* else best effort */
	bool lock_keys;        /* certificate keys get a passphrase */
	bool reuse_key;        /* renewals keep the certificate key */
	bool syslog;           /* the log goes to syslog(3), too */
	bool caa;              /* look CAA records up before an order */
	/* Who may sign for whom, for verify: identity_next(). */
	char smime_identities[4 * CONFIG_VALUE_SIZE];
	/* What CAs are asked about it, for verify: "no", "crl", "ocsp",
	 * "both"; static. */
	const char *retrieve_revocation;
	bool retrieve_private;  /* from private addresses, too */
	const char *revocation; /* for verify: "off", "soft", "hard"; static */
	/* Whose challenges are answered without a person: allow_find(). */
	char answer_for[4 * CONFIG_VALUE_SIZE];
	/* Answers without a person: for one authorization of an order; in 24
	 * hours, for one address and in all. */
	int64_t answers_per_order, answers_per_day, answers_per_day_in_all;
	struct config_report report;
	int64_t orders_per_minute;           /* of a list: order --from-file */
	char deploy_hook[CONFIG_VALUE_SIZE]; /* for sh; or empty */
	/* How the DNS is changed: a server as HOST[@PORT], a TSIG key file,
	 * nsupdate; the name servers to ask for the result, in place of those
	 * of the zone; how long to wait for them. */
	char dns_update_server[CONFIG_VALUE_SIZE];
	char dns_update_key[CONFIG_VALUE_SIZE];
	char dns_update_command[CONFIG_VALUE_SIZE];
	char dns_servers[CONFIG_VALUE_SIZE];
	struct config_zone zones[CONFIG_ZONES_MAX]; /* which have their own */
	size_t zone_count;
	int64_t dns_patience; /* seconds */
	/* Whose certificates are published in the DNS: allow_find(). */
	char smimea_publish[4 * CONFIG_VALUE_SIZE];
	bool color;
	bool plain;          /* lines instead of screens */
	int64_t max_message; /* octets */
};

/*
 * Apply the defaults, the file and the settings ("name=value") of -o, in this
 * order.  home: the value of -C, or NULL.  STATUS_CONFIG with a note: where,
 * which name, which value, and what would be valid.
 */
enum status config_load(const char *home, const char *const *settings,
    size_t count, struct config *out, struct note *note) MUST_CHECK;

/* Find the CA with that name or that directory; for any other URL, return
 * one without a name.  STATUS_CONFIG with a note. */
enum status config_find_ca(const struct config *config, const char *text,
    struct config_ca *out, struct note *note) MUST_CHECK;
/* Write the path of the configuration file to out, CONFIG_VALUE_SIZE octets;
 * false: HOME is not set, or it is too long. */
bool config_path(char *out) MUST_CHECK;
/* The configured CA with that name or directory, or NULL. */
const struct config_ca *config_known_ca(
    const struct config *config, const char *text);
/* How to get the password or token of that server; NULL: nothing says. */
const struct config_secret *config_secret_of(
    const struct config *config, const struct server *server);
/* How to change the records of that name (as A-labels): as its zone says, of
 * several the nearest one above it, and else as the default. */
struct config_dns config_dns_of(const struct config *config, const char *name);
/* Does any CA have rules of its own? */
bool config_has_own(const struct config *config);

/* "both", "sign", "encrypt", or "separate". */
bool config_usage_parse(struct span text, struct config_usage *out);
#endif

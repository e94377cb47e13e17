/* recipe.c - configuration that announces a proof: see recipe.h */
#include "service/recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INNER_PORT = 20000, PATH_SIZE = 4096 };

#define FRONT "acme-front"

/* What nginx calls the protocols, and what else it announces. */
static const struct {
	const char *name;
	const char *capabilities;
} nginx[] = {
	[SERVICE_SMTP] = { "smtp", "8BITMIME SMTPUTF8" },
	[SERVICE_LMTP] = { NULL, NULL }, /* it has none */
	[SERVICE_IMAP] = { "imap", "IMAP4rev1 UIDPLUS IDLE" },
	[SERVICE_POP3] = { "pop3", "TOP UIDL USER RESP-CODES PIPELINING" },
};

/* "ADDRESS:", or of none nothing. */
static void
add_address(const struct announcement *what, size_t i, struct buf *out)
{
	if (what->addresses > 0)
		buf_addf(out,
		    strchr(what->address[i], ':') != NULL &&
			    what->address[i][0] != '['
			? "[%s]:"
			: "%s:",
		    what->address[i]);
}

static void
add_listen(const struct announcement *what, const struct service_at *at,
    struct buf *out)
{
	size_t i = 0;

	do {
		buf_add_text(out, "    listen ");
		add_address(what, i, out);
		buf_addf(out, "%u%s;\n", (unsigned)at->port,
		    at->service->tls ? " ssl" : "");
	} while (++i < what->addresses);
}

static void
add_server(const struct announcement *what, size_t i, struct buf *out)
{
	const struct service_at *at = &what->at[i];
	const enum service_protocol protocol = at->service->protocol;
	const bool relays = strcmp(at->service->name, "smtp") == 0;

	buf_add_text(out, "  server {\n");
	add_listen(what, at, out);
	buf_addf(out, "    protocol %s;\n", nginx[protocol].name);
	if (!at->service->tls)
		buf_add_text(out, "    starttls on;\n");
	buf_addf(out, "    %s_auth plain%s;\n    %s_capabilities %s \"",
	    nginx[protocol].name, relays ? " none" : "", nginx[protocol].name,
	    nginx[protocol].capabilities);
	proof_add_capability(protocol == SERVICE_IMAP ? PROOF_CAPABILITY_IMAP
						      : PROOF_CAPABILITY_SMTP,
	    what->value[i], out);
	buf_add_text(out, "\";\n  }\n");
}

void
recipe_add_nginx(
    const struct announcement *what, const char *pair, struct buf *out)
{
	size_t i;

	buf_addf(out,
	    "# nginx with its module ngx_mail_module, in nginx.conf beside "
	    "\"events\".  While\n"
	    "# the CA looks, it takes the ports of the mail server.  Mail and "
	    "logins pass\n"
	    "# through it only if the HTTP server of auth_http answers where "
	    "to: see the\n"
	    "# documentation of ngx_mail_auth_http_module.  Without it, "
	    "clients are told to\n"
	    "# come again.\n"
	    "mail {\n"
	    "  server_name %s;\n"
	    "  auth_http 127.0.0.1:9143/auth;\n"
	    "  ssl_certificate %s;\n"
	    "  ssl_certificate_key %s;\n",
	    what->host, pair, pair);
	for (i = 0; i < what->count; i++)
		if (nginx[what->at[i].service->protocol].name != NULL)
			add_server(what, i, out);
	buf_add_text(out, "}\n");
}

/* Where it is installed, or lies beside the program in its source. */
static enum status
find_front(char out[PATH_SIZE], struct note *note)
{
	static const char *const beside[] = { "../share/mailcert/" FRONT,
		"../lib/mailcert/" FRONT, "../mailcap/" FRONT };
	char self[PATH_SIZE], path[PATH_SIZE + 64];
	const ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t i;

	(void)strcpy(out, "/usr/local/share/mailcert/" FRONT);
	self[len > 0 ? len : 0] = '\0';
	if (strrchr(self, '/') != NULL)
		strrchr(self, '/')[1] = '\0';
	for (i = 0; i < sizeof(beside) / sizeof(*beside); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", self, beside[i]);
		if (realpath(path, out) != NULL)
			break;
		(void)strcpy(out, "/usr/local/share/mailcert/" FRONT);
	}
	for (i = 0; out[i] != '\0'; i++)
		if (!ascii_is_alnum(out[i]) &&
		    !span_has_byte(SPAN("/._+-@"), out[i]))
			return note_set(note, STATUS_CONFIG,
			    "the path %.200s needs quoting; copy " FRONT
			    " to another place",
			    out);
	return STATUS_OK;
}

/* The server behind: at a port that no other service of the order has. */
static unsigned
inner_port(const struct announcement *what, size_t i)
{
	return INNER_PORT + 1000 * (unsigned)i + what->at[i].port % 1000;
}

static void
add_spawn(const struct announcement *what, size_t i, const char *front,
    struct buf *out)
{
	const bool smtp = what->at[i].service->protocol == SERVICE_SMTP;
	size_t address = 0;

	do {
		add_address(what, address, out);
		buf_addf(out,
		    "%u inet n n n - 20 spawn\n"
		    "  user=nobody argv=/usr/bin/perl %s %s %u %s\n",
		    (unsigned)what->at[i].port, front, smtp ? "smtp" : "pop3",
		    inner_port(what, i), what->value[i]);
	} while (++address < what->addresses);
	if (smtp)
		buf_addf(out,
		    "127.0.0.1:%u inet n - - - - smtpd\n"
		    "# ... with the -o options that %s has now, and:\n"
		    "  -o smtpd_upstream_proxy_protocol=haproxy\n",
		    inner_port(what, i), what->at[i].service->name);
}

static void
add_dovecot_behind(const struct announcement *what, size_t i, struct buf *out)
{
	buf_addf(out,
	    "\n# For Dovecot, which leaves port %u to that: save it as\n"
	    "# conf.d/99-acme-pop3.conf.  First \"doveadm reload\"; when nobody "
	    "listens there any\n"
	    "# more (ss -ltn), \"postfix reload\".  Afterwards the other way "
	    "round.  A Postfix that\n"
	    "# finds the port taken ends.\n"
	    "haproxy_trusted_networks = 127.0.0.0/8\n"
	    "service pop3-login {\n"
	    "  inet_listener pop3 {\n    port = 0\n  }\n"
	    "  inet_listener acme {\n    address = 127.0.0.1\n    port = %u\n"
	    "    haproxy = yes\n  }\n}\n",
	    (unsigned)what->at[i].port, inner_port(what, i));
}

enum status
recipe_add_postfix(
    const struct announcement *what, struct buf *out, struct note *note)
{
	char front[PATH_SIZE];
	enum status status;
	size_t i;

	for (i = 0; i < what->count; i++)
		if (what->at[i].service->tls)
			return note_set(note, STATUS_NO,
			    "%s begins with TLS, which a front passes through "
			    "unread; use nginx or the DNS",
			    what->at[i].service->name);
	status = find_front(front, note);
	if (status != STATUS_OK)
		return status;
	buf_add_text(out,
	    "# In Postfix's master.cf while the CA looks, in place of what "
	    "serves these ports\n"
	    "# now; then: postfix reload.  The value is shown before STARTTLS "
	    "only.  Clients\n"
	    "# are served as always, for 1000 seconds each (command_time_limit)."
	    "\n");
	for (i = 0; i < what->count; i++)
		add_spawn(what, i, front, out);
	for (i = 0; i < what->count; i++)
		if (what->at[i].service->protocol == SERVICE_POP3)
			add_dovecot_behind(what, i, out);
	return buf_status(out);
}

enum status
recipe_add_exim(
    const struct announcement *what, struct buf *out, struct note *note)
{
	size_t i;

	for (i = 0; i < what->count; i++)
		if (what->at[i].service->protocol != SERVICE_SMTP ||
		    strcmp(what->value[i], what->value[0]) != 0)
			return note_set(note, STATUS_NO,
			    "Exim can announce one value, for SMTP");
	buf_addf(out,
	    "# In the main part of Exim's configuration, once:\n"
	    "smtp_banner = %s ESMTP\n"
	    "smtp_active_hostname = %s${if exists{/etc/exim4/acme}"
	    "{\\r\\n250-ACME ${readfile{/etc/exim4/acme}{}}\\r\\n250-XHELLO}}\n"
	    "# It depends on Exim not looking at that name (4.96 does not); "
	    "the DNS is safer.\n"
	    "# Then, as root, while the CA looks:\n"
	    "#   printf %%s %s >/etc/exim4/acme\n"
	    "#   rm /etc/exim4/acme\n",
	    what->host, what->host, what->value[0]);
	return buf_status(out);
}

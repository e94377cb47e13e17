/* recipe.c - configuration that announces a proof: see recipe.h */
#include "service/recipe.h"

#include <string.h>

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

static void
add_listen(const struct announcement *what, const struct service_at *at,
    struct buf *out)
{
	size_t i = 0;

	do {
		buf_add_text(out, "    listen ");
		if (what->addresses > 0)
			buf_addf(out,
			    strchr(what->address[i], ':') != NULL &&
				    what->address[i][0] != '['
				? "[%s]:"
				: "%s:",
			    what->address[i]);
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

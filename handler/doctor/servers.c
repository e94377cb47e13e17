/* servers.c - can the mail servers be reached, and logged in? */
#include <stdio.h>
#include <string.h>

#include "config/source.h"
#include "doctor/doctor_p.h"
#include "watch/watch.h"

/* Over SMTP or IMAP. */
static enum status
probe(const struct mail_access *access, const struct server *server,
    struct note *note)
{
	struct buf frames, answer;
	enum status status;

	buf_init(&frames, 100);
	buf_init(&answer, 4096);
	frame_add(&frames, "protocol",
	    server->kind == SERVER_IMAP ? SPAN("imap") : SPAN("smtp"));
	status = mail_server_ask(
	    access, server, VERB_PROBE, buf_span(&frames), NULL, &answer, note);
	buf_clear(&frames);
	buf_clear(&answer);
	return status;
}

/* Log in and leave.  Nobody is asked for a password: what works without a
 * person has nobody to ask either. */
static void
try_server(const struct doctor *doctor, const char *check,
    const struct server *server, struct findings *out)
{
	char name[SERVER_NAME_SIZE];
	struct note note = { "" };
	enum status status;

	server_name(server, name);
	status = server->kind == SERVER_JMAP
	    ? watch_probe_jmap(doctor->config, doctor->access, server, &note)
	    : probe(doctor->access, server, &note);
	if (status == STATUS_OK)
		finding_add(
		    out, FINDING_OK, check, "%.500s accepts the login", name);
	else
		finding_add(out,
		    /* It may work later, and without any change here. */
		    status == STATUS_NET || status == STATUS_AGAIN
			? FINDING_WARNING
			: FINDING_ERROR,
		    check, "%.500s", note_text(&note, status));
}

static bool
is_server(const struct source *source)
{
	return source->kind == SOURCE_IMAP || source->kind == SOURCE_JMAP;
}

/* The same server is tried once. */
static bool
is_new(const struct server *server, const struct source *sources, size_t count)
{
	char name[SERVER_NAME_SIZE], other[SERVER_NAME_SIZE];
	size_t i;

	server_name(server, name);
	for (i = 0; i < count; i++) {
		server_name(&sources[i].server, other);
		if (is_server(&sources[i]) && strcmp(name, other) == 0)
			return false;
	}
	return true;
}

void
doctor_servers(const struct doctor *doctor, struct findings *out)
{
	const struct config *config = doctor->config;
	static struct source sources[SOURCES_MAX];
	size_t count = 0, i;

	if (config->smtp.kind == SERVER_SMTP)
		try_server(doctor, "smtp", &config->smtp, out);
	/* It was valid when the configuration was read. */
	if (!sources_parse(
		span_of(config->watch), sources, SOURCES_MAX, &count))
		count = 0;
	for (i = 0; i < count; i++)
		if (is_server(&sources[i]) &&
		    is_new(&sources[i].server, sources, i))
			try_server(doctor,
			    sources[i].kind == SOURCE_JMAP ? "jmap" : "imap",
			    &sources[i].server, out);
	if (config->imap.kind == SERVER_IMAP &&
	    is_new(&config->imap, sources, count))
		try_server(doctor, "imap", &config->imap, out);
}

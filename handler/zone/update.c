/*
 * update.c - change a zone by nsupdate: see zone.h
 *
 * The script goes to its standard input.  Every record is written in the form
 * of RFC 3597, of digits only, so that no data needs quoting and no server or
 * nsupdate has to know its type.  What nsupdate prints comes from the network,
 * and is limited and shown as safe text.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/resolver.h"
#include "process/run.h"
#include "process/words.h"
#include "zone/zone.h"

enum {
	WORDS_MOST = 16,
	SECONDS = 40, /* nsupdate itself gives up after ... */
	PRINTED_MAX = 64 * 1024,
	SCRIPT_MAX = 1024 * 1024,
	TTL_MOST = 7 * 86400
};
#define TIMEOUT "30"

/* What it says behind "update failed: ", and what that means. */
static const struct failure {
	const char *word;
	enum status status;
	const char *meaning;
} failures[] = {
	{ "YXRRSET", STATUS_NO, "it has such a record already" },
	{ "BADSIG", STATUS_CONFIG,
	    "the server has another secret for the key of dns_update_key" },
	{ "BADKEY", STATUS_CONFIG,
	    "the server does not know the key of dns_update_key by its name, "
	    "or does not let it change records of this type" },
	{ "BADTIME", STATUS_CONFIG,
	    "the clock of the server and of this machine differ by more than "
	    "five minutes" },
	{ "NOTAUTH", STATUS_CONFIG,
	    "the server of dns_update_server does not have this zone, or takes "
	    "no change that is not signed" },
	{ "NOTZONE", STATUS_CONFIG,
	    "the server says that the name is not in this zone" },
	{ "NOTIMP", STATUS_CONFIG, "the server takes no updates" },
	{ "REFUSED", STATUS_CONFIG,
	    "the server does not let this key change this name" },
	{ "SERVFAIL", STATUS_DNS,
	    "the server cannot do that now; try again later" },
};
enum { FAILURES = sizeof(failures) / sizeof(*failures) };

/* "server HOST PORT"; without one, nsupdate asks the DNS for the primary. */
void
zone_add_server(struct buf *out, const char *server)
{
	char host[CONFIG_VALUE_SIZE];
	const struct span text = span_of(server);
	const size_t at = span_find_byte(text, '@');

	if (server[0] == '\0' ||
	    !span_copy(span_cut(text, 0, at), host, sizeof(host)))
		return;
	buf_addf(out, "server %s %s\n", host,
	    at < text.len ? server + at + 1 : "53");
}

static void
add_script(struct buf *out, const char *server, const struct zone *zone,
    const struct zone_change *changes, size_t count, bool fresh)
{
	size_t i;

	zone_add_server(out, server);
	buf_addf(out, "zone %s.\n", zone->apex);
	if (fresh)
		buf_addf(
		    out, "prereq nxrrset %s. TYPE%u\n", zone->name, zone->type);
	for (i = 0; i < count; i++) {
		if (changes[i].act == ZONE_ADD)
			buf_addf(out, "update add %s. %lld IN TYPE%u \\# %zu ",
			    zone->name,
			    (long long)(changes[i].ttl < TTL_MOST
				    ? changes[i].ttl
				    : TTL_MOST),
			    zone->type, changes[i].data.len);
		else
			buf_addf(out, "update delete %s. IN TYPE%u%s",
			    zone->name, zone->type,
			    changes[i].act == ZONE_REMOVE ? " \\# " : "");
		if (changes[i].act == ZONE_REMOVE)
			buf_addf(out, "%zu ", changes[i].data.len);
		if (changes[i].act != ZONE_REMOVE_ALL)
			buf_add_hex(out, changes[i].data);
		buf_add_byte(out, '\n');
	}
	buf_add_text(out, "send\n");
}

/* The word of the DNS that tells why, or NULL.  "NOTAUTH(BADSIG)" is BADSIG. */
static const struct failure *
find_failure(const char *said)
{
	static const char before[] = "update failed: ";
	const char *at = strstr(said, before);
	struct span text;
	size_t i;

	if (at == NULL)
		return NULL;
	text = span_of(at + sizeof(before) - 1);
	if (span_find_byte(text, '(') < text.len)
		text = span_cut(text, span_find_byte(text, '(') + 1, text.len);
	for (i = 0; i < FAILURES; i++)
		if (span_starts(text, span_of(failures[i].word)))
			return &failures[i];
	return NULL;
}

/* What its exit status and its words say. */
static enum status
judge(const struct zone *zone, int code, const char *said, struct note *note)
{
	const struct failure *failure = find_failure(said);

	if (code == 0)
		return STATUS_OK;
	if (failure != NULL)
		return note_set(note, failure->status, "%.100s: %s (%s)",
		    zone->name, failure->meaning, failure->word);
	if (strstr(said, "timed out") != NULL ||
	    strstr(said, "ommunication with") != NULL ||
	    strstr(said, "onnection refused") != NULL)
		return note_set(note, STATUS_DNS,
		    "the server for updates of %.100s does not answer: %.150s",
		    zone->apex, said);
	return note_set(note, STATUS_CONFIG,
	    "nsupdate cannot change %.100s: %.180s", zone->name,
	    said[0] != '\0' ? said : "it does not say why");
}

/* Without its key, nsupdate would send the change unsigned.  A key that others
 * can read lets them change the zone. */
static enum status
check_key(const char *path, struct note *note)
{
	struct stat st;

	if (path[0] == '\0')
		return STATUS_OK;
	if (access(path, R_OK) != 0 || stat(path, &st) != 0)
		return note_set(note, STATUS_CONFIG,
		    "dns_update_key %.200s: %s", path, strerror(errno));
	if ((st.st_mode & 07) != 0)
		return note_set(note, STATUS_PERMISSION,
		    "%.200s: other users can read this key; run chmod 600",
		    path);
	return STATUS_OK;
}

static enum status
run(const struct config_dns *dns, struct span script, struct note *said,
    int *code, struct note *note)
{
	char command[CONFIG_VALUE_SIZE];
	const char *argv[WORDS_MOST + 6];
	const struct run run = { .argv = argv,
		.environment = RUN_USER,
		.input = script,
		.seconds = SECONDS };
	enum status status;
	struct buf out;
	size_t n;

	(void)strcpy(command, dns->update_command);
	n = words_split(command, argv, WORDS_MOST);
	/* By TCP: a record may be longer than a UDP message. */
	argv[n++] = "-v";
	argv[n++] = "-t";
	argv[n++] = TIMEOUT;
	if (dns->update_key[0] != '\0') {
		argv[n++] = "-k";
		argv[n++] = dns->update_key;
	}
	argv[n] = NULL;
	buf_init(&out, PRINTED_MAX);
	status = process_run(&run, &out, said, code, note);
	buf_clear(&out);
	return status;
}

enum status
zone_update(const struct config *config, const struct zone *zone,
    const struct zone_change *changes, size_t count, bool fresh,
    struct note *note)
{
	const struct config_dns dns = config_dns_of(config, zone->name);
	struct note said = { "" };
	struct buf script;
	enum status status;
	int code = 0;

	if (!zone_is_configured(config, zone->name))
		return note_set(note, STATUS_CONFIG,
		    "mailcert cannot change the DNS of %.150s: set "
		    "dns_update_key, see mailcert-config(5)",
		    zone->apex);
	status = check_key(dns.update_key, note);
	if (status != STATUS_OK)
		return status;
	buf_init(&script, SCRIPT_MAX);
	add_script(&script, dns.update_server, zone, changes, count, fresh);
	status = buf_status(&script);
	if (status == STATUS_OK)
		status = run(&dns, buf_span(&script), &said, &code, note);
	buf_clear(&script);
	if (status == STATUS_AGAIN)
		return note_set(note, STATUS_DNS,
		    "nsupdate was still running after %d seconds; the change "
		    "of %.100s may be made or not",
		    SECONDS, zone->name);
	/* It ended before it had read everything. */
	if (status == STATUS_IO || status == STATUS_BAD_SIZE)
		code = code != 0 ? code : 1;
	else if (status != STATUS_OK)
		return status;
	return judge(zone, code, said.text, note);
}

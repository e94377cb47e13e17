/* nssdb.c - an NSS database: see nssdb.h */
#include "install/nssdb.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "install/program.h"
#include "install/textfile.h"

enum {
	LISTING_MAX = 16 * 1024 * 1024,
	NICKNAME_SIZE = 512,
	ARGUMENTS = 14,
	SECONDS = 30
};

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"

enum status
nssdb_tool(const struct nssdb *db, const char *tool, const char *const args[],
    struct span input, struct buf *out, struct note *note)
{
	const char *argv[ARGUMENTS + 3] = { "-d", db->name };
	const struct program program = {
		.name = tool, .argv = argv, .input = input, .seconds = SECONDS
	};
	struct note said = { "" };
	enum status status;
	int code = 0;
	size_t n;

	for (n = 0; n < ARGUMENTS && args[n] != NULL; n++)
		argv[n + 2] = args[n];
	status = program_run(&program, out, &said, &code, note);
	if (status == STATUS_NO)
		return note_set(note, status,
		    "%s is not installed; Debian has it in libnss3-tools",
		    tool);
	return status == STATUS_OK && code != 0
	    ? note_set(note, STATUS_NO, "%s: %.250s", tool, said.text)
	    : status;
}

void
nssdb_base64(struct span pem, struct buf *out)
{
	struct span line;

	while (pem.len > 0) {
		line = span_trim(line_take(&pem));
		if (!span_starts(line, SPAN("-----")))
			buf_add(out, line);
	}
}

/* "NICKNAME   TRUST", as certutil -L prints it. */
static bool
take_row(struct span line, struct span *nickname, struct span *trust)
{
	size_t at;

	line = span_trim(line);
	for (at = line.len; at > 0 && line.at[at - 1] != ' ';)
		at--;
	*trust = span_cut(line, at, line.len);
	*nickname = span_trim(span_cut(line, 0, at));
	return nickname->len > 0 && span_has_byte(*trust, ',') &&
	    !span_starts(*trust, SPAN("SSL,"));
}

/* All certificates with that nickname; their flags are those of the row. */
static enum status
add_nickname(struct nssdb *db, struct span nickname, struct span trust,
    struct note *note)
{
	char name[NICKNAME_SIZE];
	const char *const args[] = { "-L", "-n", name, "-a", NULL };
	enum status status;
	struct buf text;
	struct span rest;
	size_t end;

	if (!span_copy(nickname, name, sizeof(name)))
		return STATUS_OK;
	buf_init(&text, LISTING_MAX);
	status = nssdb_tool(db, "certutil", args, SPAN(""), &text, note);
	rest = buf_span(&text);
	while (status == STATUS_OK && span_find(rest, SPAN(BEGIN)) < rest.len) {
		end = span_find(rest, SPAN(END));
		buf_add(&db->certs, trust);
		buf_add_byte(&db->certs, '\t');
		buf_add(&db->certs, nickname);
		buf_add_byte(&db->certs, '\t');
		nssdb_base64(span_cut(rest, 0, end), &db->certs);
		buf_add_byte(&db->certs, '\n');
		rest = span_cut(rest, end + sizeof(END) - 1, rest.len);
	}
	buf_clear(&text);
	return status == STATUS_OK ? buf_status(&db->certs) : status;
}

static enum status
list_certificates(struct nssdb *db, struct note *note)
{
	static const char *const args[] = { "-L", NULL };
	struct span rest, nickname, trust, before = SPAN("");
	enum status status;
	struct buf text;

	buf_init(&text, LISTING_MAX);
	status = nssdb_tool(db, "certutil", args, SPAN(""), &text, note);
	for (rest = buf_span(&text); status == STATUS_OK && rest.len > 0;)
		if (take_row(line_take(&rest), &nickname, &trust) &&
		    !span_eq(nickname, before)) {
			status = add_nickname(db, nickname, trust, note);
			before = nickname;
		}
	buf_clear(&text);
	return status;
}

static enum status
list_keys(struct nssdb *db, struct note *note)
{
	static const char *const args[] = { "-K", "-f", "/dev/null", NULL };
	struct note why = { "" };
	enum status status;

	status = nssdb_tool(db, "certutil", args, SPAN(""), &db->keys, &why);
	/* It is a failure, said on standard output. */
	if (status == STATUS_NO &&
	    span_find(buf_span(&db->keys), SPAN("no keys found")) <
		db->keys.len)
		return STATUS_OK;
	if (status == STATUS_NO && strstr(why.text, "PASSWORD") != NULL)
		return note_set(note, status,
		    "the database in %.200s has a password; import the file "
		    "that mailcert export writes with pk12util",
		    db->directory);
	if (status != STATUS_OK)
		*note = why;
	return status;
}

enum status
nssdb_imagine(const char *directory, struct nssdb *out, struct note *note)
{
	*out = (struct nssdb){ .directory = "" };
	buf_init(&out->certs, LISTING_MAX);
	buf_init(&out->keys, LISTING_MAX);
	if (!span_copy(
		span_of(directory), out->directory, sizeof(out->directory)))
		return note_set(note, STATUS_USAGE,
		    "the path %.100s... is too long", directory);
	(void)snprintf(out->name, sizeof(out->name), "sql:%s", directory);
	return STATUS_OK;
}

enum status
nssdb_make(const char *directory, struct nssdb *out, struct note *note)
{
	static const char *const args[] = { "-N", "--empty-password", NULL };
	enum status status;
	struct buf text;

	status = nssdb_imagine(directory, out, note);
	if (status != STATUS_OK)
		return status;
	buf_init(&text, LISTING_MAX);
	status = nssdb_tool(out, "certutil", args, SPAN(""), &text, note);
	buf_clear(&text);
	return status;
}

enum status
nssdb_open(const char *directory, struct nssdb *out, struct note *note)
{
	char path[1100];
	enum status status;

	status = nssdb_imagine(directory, out, note);
	if (status != STATUS_OK)
		return status;
	(void)snprintf(path, sizeof(path), "%s/cert9.db", directory);
	if (access(path, F_OK) != 0)
		return note_set(note, STATUS_NO,
		    "there is no NSS database in %.200s; certutil -N -d "
		    "sql:DIRECTORY makes one",
		    directory);
	status = list_certificates(out, note);
	return status == STATUS_OK ? list_keys(out, note) : status;
}

void
nssdb_close(struct nssdb *db)
{
	buf_clear(&db->certs);
	buf_clear(&db->keys);
}

bool
nssdb_find(const struct nssdb *db, struct span base64, struct span *trust,
    struct span *nickname)
{
	struct span rest = buf_span(&db->certs), line;
	size_t tab;

	while (rest.len > 0) {
		line = span_trim(line_take(&rest));
		tab = span_find_byte(line, '\t');
		*trust = span_cut(line, 0, tab);
		line = span_cut(line, tab + 1, line.len);
		tab = span_find_byte(line, '\t');
		*nickname = span_cut(line, 0, tab);
		if (span_eq(span_cut(line, tab + 1, line.len), base64))
			return true;
	}
	return false;
}

bool
nssdb_has_key(const struct nssdb *db, struct span key_id)
{
	struct span rest = buf_span(&db->keys), line;
	size_t i;

	while (rest.len > 0) {
		line = line_take(&rest);
		for (i = 0; i + key_id.len <= line.len; i++)
			if (span_eq_nocase(
				span_cut(line, i, i + key_id.len), key_id))
				return true;
	}
	return false;
}

bool
nssdb_is_empty(const struct nssdb *db)
{
	/* certutil -K numbers the keys: "< 0> rsa ...". */
	return db->certs.len == 0 && !span_has_byte(buf_span(&db->keys), '<');
}

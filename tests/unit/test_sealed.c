/* test_sealed.c - octets that a passphrase protects */
#include "tap.h"

#include <string.h>

#include "acme/sealed.h"

static enum status
try_open(struct span file, const char *passphrase, struct buf *out)
{
	struct note note = { "" };
	enum status status;

	buf_clear(out);
	status = sealed_open(file, span_of(passphrase), out, &note);
	OK(status == STATUS_OK || (note.text[0] != '\0' && out->len == 0));
	return status;
}

static void
test_there_and_back(void)
{
	const struct span content = SPAN("what is kept");
	struct buf file, out;

	buf_init(&file, 4096);
	buf_init(&out, 4096);
	OK(sealed_build(content, SPAN("sesame"), &file) == STATUS_OK);
	OK(file.len == SEALED_HEAD + content.len + SEALED_TAG);
	OK(sealed_is(buf_span(&file)));
	OK(span_find(buf_span(&file), content) == file.len);
	OK(try_open(buf_span(&file), "sesame", &out) == STATUS_OK);
	TEXT(buf_span(&out), "what is kept");
	OK(try_open(buf_span(&file), "Sesame", &out) == STATUS_BAD_PASSPHRASE);
	OK(try_open(buf_span(&file), "", &out) == STATUS_BAD_PASSPHRASE);
	/* The last octet of the content, and of the tag. */
	file.at[SEALED_HEAD + content.len - 1] ^= 1;
	OK(try_open(buf_span(&file), "sesame", &out) == STATUS_BAD_PASSPHRASE);
	file.at[SEALED_HEAD + content.len - 1] ^= 1;
	file.at[file.len - 1] ^= 1;
	OK(try_open(buf_span(&file), "sesame", &out) == STATUS_BAD_PASSPHRASE);
	buf_clear(&out);
	buf_clear(&file);
}

static void
test_bounds(void)
{
	struct buf file, out;
	size_t len;

	buf_init(&file, 4096);
	buf_init(&out, 4096);
	OK(sealed_build(SPAN("x"), SPAN(""), &file) == STATUS_USAGE);
	OK(file.len == 0);
	OK(sealed_build(SPAN(""), SPAN("sesame"), &file) == STATUS_OK);
	for (len = 0; len < file.len; len++)
		OK(try_open(span_cut(buf_span(&file), 0, len), "sesame",
		       &out) == STATUS_BAD_FILE);
	OK(try_open(buf_span(&file), "sesame", &out) == STATUS_OK);
	OK(out.len == 0);
	buf_add(&file, SPAN("x"));
	OK(try_open(buf_span(&file), "sesame", &out) == STATUS_BAD_FILE);
	buf_cut(&file, file.len - 1);
	/* More iterations than anybody wants, or none. */
	(void)memset(file.at + 44, 0x7f, 4);
	OK(try_open(buf_span(&file), "sesame", &out) == STATUS_BAD_FILE);
	(void)memset(file.at + 44, 0, 4);
	OK(try_open(buf_span(&file), "sesame", &out) == STATUS_BAD_FILE);
	OK(!sealed_is(SPAN("mailcert home 1")) && !sealed_is(SPAN("")));
	buf_clear(&out);
	buf_clear(&file);
}

int
main(void)
{
	test_there_and_back();
	test_bounds();
	return tap_done();
}

/*
 * header.h - read the header of a message or part (RFC 5322 section 2.2)
 *
 * Zero-copy: fields are spans into the message, with their exact raw octets,
 * so that a signature can be checked over them later.  Lines may end in LF
 * or CRLF.  The parser never guesses: what is ambiguous is flagged, and
 * header_is_sound() refuses it.  Odd line endings and folds are not flagged in
 * fields that do not matter (X-Status and others that a store adds):
 * docs/leniency.md.
 */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H
#include "base/span.h"
#include "base/status.h"

enum {
	HEADER_FIELDS_MAX = 1024,
	HEADER_SIZE_MAX = 256 * 1024, /* octets of the whole block */
	HEADER_FIELD_MAX = 64 * 1024  /* octets of one field */
};

enum header_flag {
	HEADER_NUL = 1 << 0,       /* a NUL octet */
	HEADER_BARE_CR = 1 << 1,   /* CR that is not part of CRLF */
	HEADER_MIXED = 1 << 2,     /* both CRLF and bare LF at telling fields */
	HEADER_CONTROL = 1 << 3,   /* another control octet */
	HEADER_JUNK = 1 << 4,      /* a line that is not a field; an odd name */
	HEADER_LIMIT = 1 << 5,     /* more or larger than the limits above */
	HEADER_NOT_UTF8 = 1 << 6,  /* octets that are not UTF-8 (RFC 6532) */
	HEADER_CUT = 1 << 7,       /* no empty line ends the block */
	HEADER_BLANK_FOLD = 1 << 8 /* a line of blanks in a telling field */
};

struct field {
	struct span raw;  /* from the name to the last line end, inclusive */
	struct span name; /* without the colon */
	struct span body; /* after the colon, without the last line end */
};

struct header {
	struct field field[HEADER_FIELDS_MAX];
	size_t count;
	struct span raw;  /* the block without the empty line */
	struct span rest; /* what follows the empty line */
	unsigned flags;   /* enum header_flag */
};

/* Parse from the first octet of text.  Never fails: it flags. */
void header_parse(struct span text, struct header *out);

/* How many fields have that name (case-insensitive, RFC 5322 section 1.2.2). */
size_t header_count(const struct header *header, struct span name);
/* The first of them, or NULL. */
const struct field *header_find(const struct header *header, struct span name);
/* The body of the first of them, or an empty span. */
struct span header_body(const struct header *header, struct span name);

/* STATUS_OK, STATUS_BAD_SIZE or STATUS_BAD_SYNTAX with a note. */
enum status header_is_sound(
    const struct header *header, struct note *note) MUST_CHECK;
#endif

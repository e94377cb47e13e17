/*
 * mime.h - find the parts of a message (RFC 2045, 2046, 2231)
 *
 * One pass over the lines, no recursion, exact raw ranges.  Limits hold for
 * everything.  Where readers disagree (a line that only begins like a
 * boundary, two boundary parameters ...) the walker flags and does not choose.
 */
#ifndef MAIL_MIME_H
#define MAIL_MIME_H
#include "base/buf.h"
#include "mail/header.h"

enum {
	MIME_PARTS_MAX = 512,
	MIME_DEPTH_MAX = 32,
	MIME_PARAMS_MAX = 64,
	MIME_BOUNDARY_MAX = 256
};

enum mime_flag {
	MIME_LIMIT = 1 << 0,    /* more parts or deeper than the limits */
	MIME_PREFIX = 1 << 1,   /* a line begins with a boundary only */
	MIME_UNCLOSED = 1 << 2, /* a close delimiter is missing */
	MIME_TYPE = 1 << 3,     /* a malformed Content-Type, or two */
	MIME_BOUNDARY = 1 << 4  /* none, empty or two boundary parameters */
};

struct mime_param {
	struct span name;  /* as it stands, with RFC 2231's "*0*" */
	struct span value; /* as it stands, with its quotes */
};

struct content_type {
	struct span type;    /* "text", as it stands */
	struct span subtype; /* "plain" */
	struct mime_param param[MIME_PARAMS_MAX];
	size_t count;
};

/* RFC 2045 section 5.1.  STATUS_BAD_SYNTAX or STATUS_BAD_SIZE. */
enum status content_type_parse(
    struct span body, struct content_type *out) MUST_CHECK;
bool content_type_is(
    const struct content_type *type, struct span top, struct span sub);
/*
 * Append the value of a parameter: unquoted, continuations of RFC 2231
 * section 3 joined, percent octets decoded.  STATUS_MISSING: it does not exist.
 * STATUS_BAD_SYNTAX: repeated or malformed.
 */
enum status content_type_param(const struct content_type *type,
    struct span name, struct buf *out) MUST_CHECK;

struct part {
	struct span header;   /* raw, without the empty line */
	struct span body;     /* raw, still in its transfer encoding */
	struct span type;     /* "text/plain", as it stands; empty: default */
	struct span encoding; /* Content-Transfer-Encoding, without comments */
	unsigned depth;
	bool leaf; /* neither multipart nor message/rfc822 */
};

struct mime {
	struct part part[MIME_PARTS_MAX];
	size_t count;
	unsigned flags;
};

/* Walk a message that begins with its header.  Allocated by the caller;
 * spans point into message.  STATUS_MEMORY only. */
enum status mime_walk(struct span message, struct mime *out) MUST_CHECK;

/*
 * The same for the outermost multipart alone: its parts are leaves, whatever
 * they hold, and flags describe only its own structure.  The inside of a signed
 * part is mere octets (RFC 1847 section 2.1).
 */
enum status mime_walk_top(struct span message, struct mime *out) MUST_CHECK;

/* Append the leaf's decoded content.  STATUS_BAD_SYNTAX: the transfer encoding
 * is unknown or malformed. */
enum status part_decode(const struct part *part, struct buf *out) MUST_CHECK;
#endif

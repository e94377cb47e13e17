/*
 * imap_reader.h - read what an IMAP server sends (RFC 3501 section 9)
 *
 * The server is hostile by assumption, so nothing is kept but one token, and
 * limits hold for all of it: how long a token is, how many octets the answer to
 * one command has, and when it comes.  Literals are announced, and stored only
 * up to what the reader of the answer allows.
 */
#ifndef HELPERS_MAIL_IMAP_READER_H
#define HELPERS_MAIL_IMAP_READER_H
#include "helpers/mail/stream.h"

enum {
	IMAP_TOKEN_MAX = 8 * 1024,         /* octets; of a text: kept */
	IMAP_ANSWER_MAX = 32 * 1024 * 1024 /* octets, unless said otherwise */
};

struct imap_reader {
	const struct stream *stream; /* borrowed */
	struct note *note; /* of who asks: why it failed, to follow the name of
			    * the server */
	int64_t until;     /* in the stream's time: later is too late */
	uint64_t left;     /* octets that may come in this answer */
	uint64_t literal;  /* octets of a literal that are still to come */
	bool ended;        /* the response is read up to its end */
	struct buf in;     /* owned */
	size_t at;         /* read so far, of in */
	size_t text_len;
	char text[IMAP_TOKEN_MAX];
};

enum imap_token_kind {
	IMAP_WORD,    /* an atom, a number, a flag, NIL, "BODY[...]" */
	IMAP_STRING,  /* a quoted string, without quotes and backslashes */
	IMAP_LITERAL, /* its octets follow: imap_take_literal() */
	IMAP_OPEN,
	IMAP_CLOSE,
	IMAP_END /* of the response */
};

struct imap_token {
	enum imap_token_kind kind;
	struct span text; /* of a word or string; borrowed from the reader until
			   * it reads on */
	uint64_t octets;  /* of a literal */
};

enum imap_response_kind {
	IMAP_CONTINUE, /* "+" */
	IMAP_DATA,     /* "*"; the tokens after its word are still to be read */
	IMAP_STATE,    /* "*", and a condition */
	IMAP_DONE      /* a tag, and a condition */
};

enum imap_condition { IMAP_OK, IMAP_NO, IMAP_BAD, IMAP_PREAUTH, IMAP_BYE };

struct imap_response {
	enum imap_response_kind kind;
	enum imap_condition condition; /* of IMAP_STATE and IMAP_DONE */
	char tag[16];                  /* of IMAP_DONE */
	char word[24];   /* of IMAP_DATA, upper case: "FETCH"; cut to fit */
	uint64_t number; /* of IMAP_DATA: "* 12 FETCH"; or 0 */
	/* Of all but IMAP_DATA, cut to fit; borrowed until the reader reads on.
	 */
	struct span text; /* for people */
	struct span code; /* in brackets before it: "UIDNEXT 12"; or empty */
};

void imap_reader_begin(struct imap_reader *reader, const struct stream *stream);
void imap_reader_clear(struct imap_reader *reader);

/*
 * Read the next response; what is left of the one before is skipped.
 * STATUS_NET, with a note: it is malformed or too long, the connection broke or
 * ended, or nothing came in time.  STATUS_MEMORY.
 */
enum status imap_read_response(
    struct imap_reader *reader, struct imap_response *out) MUST_CHECK;
/* Read a token of a response.  At its end, IMAP_END, however often.  Failures as
 * above. */
enum status imap_read_token(
    struct imap_reader *reader, struct imap_token *out) MUST_CHECK;
/*
 * Append the literal that was announced.  One of more than `most` octets is
 * skipped, and *fits false.  Failures as above.
 */
enum status imap_take_literal(struct imap_reader *reader, size_t most,
    struct buf *out, bool *fits) MUST_CHECK;
/* Append a string in any of its forms; *fits: it is one, and not longer. */
enum status imap_take_string(struct imap_reader *reader,
    const struct imap_token *token, size_t most, struct buf *out,
    bool *fits) MUST_CHECK;
/* Skip a value that begins with this token: a whole list, if it opens one. */
enum status imap_skip_value(
    struct imap_reader *reader, const struct imap_token *token) MUST_CHECK;

/* A number of digits only; false where it is not one, or larger. */
bool imap_number(struct span text, uint64_t most, uint64_t *out);
#endif

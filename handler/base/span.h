/*
 * span.h - borrowed bytes: a pointer and a length
 *
 * A span never owns, is never freed and is never assumed to end in NUL.  It
 * lives as long as the buffer it points into.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H
#include <stdbool.h>
#include <stddef.h>

#define MUST_CHECK __attribute__((warn_unused_result))

struct span {
	const char *at; /* borrowed */
	size_t len;
};

#define SPAN(literal) ((struct span){ (literal), sizeof(literal) - 1 })

struct span span_of(const char *text);
/* The bytes [from, to) of s; both are clamped to its length. */
struct span span_cut(struct span s, size_t from, size_t to);
/* Without leading and trailing SP, TAB, CR and LF. */
struct span span_trim(struct span s);
bool span_eq(struct span a, struct span b);
/* ASCII letters compare without case, all other octets exactly. */
bool span_eq_nocase(struct span a, struct span b);
bool span_starts(struct span s, struct span prefix);
bool span_starts_nocase(struct span s, struct span prefix);
/* Where needle begins in s, or s.len if it does not occur. */
size_t span_find(struct span s, struct span needle);
size_t span_find_byte(struct span s, char byte);
bool span_has_byte(struct span s, char byte);
/* Take the next word between blanks off the front of *rest; empty at the end. */
struct span span_take_word(struct span *rest);
/* The index of the name that equals it; count if no name does. */
size_t span_index(struct span s, const char *const names[], size_t count);
bool span_is_ascii(struct span s);
/* Copy into a NUL-terminated array; false if it does not fit or holds NUL. */
bool span_copy(struct span s, char *out, size_t size);

/* ASCII only: the locale has no say in what a stranger's octet means. */
char ascii_lower(char c);
bool ascii_is_alnum(char c);
bool ascii_is_digit(char c);
bool ascii_is_blank(char c); /* SP or TAB */
bool ascii_is_space(char c); /* SP, TAB, CR or LF */
#endif

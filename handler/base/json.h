/*
 * json.h - read and write JSON objects through jansson
 *
 * The one door to jansson.  Strict: duplicates, bad UTF-8, trailing octets
 * and depth are refused by the library, sizes by this file.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H
#include <stdint.h>

#include "base/buf.h"

enum { JSON_SIZE_MAX = 64 * 1024 };

struct json; /* an object */

/* Call before a process that will parse enters its sandbox: the library reads
 * randomness once, from a file. */
void json_prepare(void);

/* STATUS_BAD_JSON: not one JSON object.  Owned by the caller: json_free(). */
enum status json_parse(struct span text, struct json **out) MUST_CHECK;
/* The same of a text of at most that many octets. */
enum status json_parse_up_to(
    struct span text, size_t most, struct json **out) MUST_CHECK;
struct json *json_new(void); /* NULL: no memory */
void json_free(struct json *json);

/* Copy a string member; STATUS_MISSING: it does not exist (out empty);
 * STATUS_BAD_JSON: not a string, or longer than size. */
enum status json_get_text(const struct json *json, const char *name, char *out,
    size_t size) MUST_CHECK;
enum status json_get_number(
    const struct json *json, const char *name, int64_t *out) MUST_CHECK;

/* A member that is an object, or the index-th object of a member that is an
 * array; borrowed.  NULL: it is missing. */
const struct json *json_get_object(const struct json *json, const char *name);
const struct json *json_get_item(
    const struct json *json, const char *name, size_t index);
/* The index-th string of a member that is an array; as json_get_text(). */
enum status json_get_text_at(const struct json *json, const char *name,
    size_t index, char *out, size_t size) MUST_CHECK;
/* The same where that item is an array: its position-th value. */
const struct json *json_get_object_in(
    const struct json *json, const char *name, size_t index, size_t position);
enum status json_get_text_in(const struct json *json, const char *name,
    size_t index, size_t position, char *out, size_t size) MUST_CHECK;
/* Is the member there and an array? */
bool json_has_list(const struct json *json, const char *name);
/* How many items that array has; 0: it is not an array. */
size_t json_count(const struct json *json, const char *name);
/* Is the member there and null? */
bool json_has_null(const struct json *json, const char *name);
/* Is the member there and true? */
bool json_is_set(const struct json *json, const char *name);

/* False: no memory, or not UTF-8. */
bool json_set_text(struct json *json, const char *name, const char *text);
bool json_set_number(struct json *json, const char *name, int64_t number);
/* Append the object, indented, with a final newline. */
enum status json_write(const struct json *json, struct buf *out) MUST_CHECK;
#endif

/* json.c - the only file that includes jansson: see json.h */
#include "base/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"

/* jansson 2.14 itself crashes where its allocations fail (tests/fault/
 * memory.py found it), so it never sees a failure: this is the one place
 * below main() that ends the process.  To the records it is a crash like any
 * other, and those they survive. */
static void *
allocate_or_end(size_t size)
{
	static const char sorry[] = "mailcert: not enough memory\n";
	void *memory = malloc(size);

	if (memory != NULL)
		return memory;
	if (fd_write(STDERR_FILENO, SPAN(sorry)) != STATUS_OK)
		(void)0;
	_exit(status_exit(STATUS_MEMORY));
}

static void
use_our_memory(void)
{
	json_set_alloc_funcs(allocate_or_end, free);
}

void
json_prepare(void)
{
	use_our_memory();
	json_object_seed(0);
}

/* The struct is jansson's value under our name. */
static json_t *
value_of(const struct json *json)
{
	return (json_t *)(uintptr_t)json;
}

enum status
json_parse(struct span text, struct json **out)
{
	return json_parse_up_to(text, JSON_SIZE_MAX, out);
}

enum status
json_parse_up_to(struct span text, size_t most, struct json **out)
{
	json_t *value;

	if (text.len > most)
		return STATUS_BAD_JSON;
	use_our_memory();
	value = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, NULL);
	if (value == NULL)
		return STATUS_BAD_JSON;
	if (!json_is_object(value)) {
		json_decref(value);
		return STATUS_BAD_JSON;
	}
	*out = (struct json *)value;
	return STATUS_OK;
}

struct json *
json_new(void)
{
	use_our_memory();
	return (struct json *)json_object();
}

void
json_free(struct json *json)
{
	json_decref(value_of(json));
}

const struct json *
json_get_object(const struct json *json, const char *name)
{
	json_t *member = json_object_get(value_of(json), name);

	return json_is_object(member) ? (const struct json *)member : NULL;
}

static json_t *
item_of(const struct json *json, const char *name, size_t index)
{
	json_t *member = json_object_get(value_of(json), name);

	return json_is_array(member) ? json_array_get(member, index) : NULL;
}

const struct json *
json_get_item(const struct json *json, const char *name, size_t index)
{
	json_t *item = item_of(json, name, index);

	return json_is_object(item) ? (const struct json *)item : NULL;
}

bool
json_has_list(const struct json *json, const char *name)
{
	return json_is_array(json_object_get(value_of(json), name));
}

size_t
json_count(const struct json *json, const char *name)
{
	return json_array_size(json_object_get(value_of(json), name));
}

const struct json *
json_get_object_in(
    const struct json *json, const char *name, size_t index, size_t position)
{
	json_t *value = json_array_get(item_of(json, name, index), position);

	return json_is_object(value) ? (const struct json *)value : NULL;
}

bool
json_has_null(const struct json *json, const char *name)
{
	const json_t *member = json_object_get(value_of(json), name);

	return member != NULL && json_typeof(member) == JSON_NULL;
}

bool
json_is_set(const struct json *json, const char *name)
{
	return json_is_true(json_object_get(value_of(json), name));
}

static enum status
get_text(const json_t *member, char *out, size_t size)
{
	out[0] = '\0';
	if (member == NULL)
		return STATUS_MISSING;
	if (!json_is_string(member))
		return STATUS_BAD_JSON;
	return span_copy((struct span){ json_string_value(member),
			     json_string_length(member) },
		   out, size)
	    ? STATUS_OK
	    : STATUS_BAD_JSON;
}

enum status
json_get_text(const struct json *json, const char *name, char *out, size_t size)
{
	return get_text(json_object_get(value_of(json), name), out, size);
}

enum status
json_get_text_at(const struct json *json, const char *name, size_t index,
    char *out, size_t size)
{
	return get_text(item_of(json, name, index), out, size);
}

enum status
json_get_text_in(const struct json *json, const char *name, size_t index,
    size_t position, char *out, size_t size)
{
	return get_text(
	    json_array_get(item_of(json, name, index), position), out, size);
}

enum status
json_get_number(const struct json *json, const char *name, int64_t *out)
{
	json_t *member = json_object_get(value_of(json), name);

	*out = 0;
	if (member == NULL)
		return STATUS_MISSING;
	if (!json_is_integer(member))
		return STATUS_BAD_JSON;
	*out = json_integer_value(member);
	return STATUS_OK;
}

bool
json_set_text(struct json *json, const char *name, const char *text)
{
	return json_object_set_new(value_of(json), name, json_string(text)) ==
	    0;
}

bool
json_set_number(struct json *json, const char *name, int64_t number)
{
	return json_object_set_new(
		   value_of(json), name, json_integer(number)) == 0;
}

static int
append(const char *bytes, size_t len, void *out)
{
	buf_add(out, (struct span){ bytes, len });
	return 0;
}

enum status
json_write(const struct json *json, struct buf *out)
{
	if (json_dump_callback(value_of(json), append, out,
		JSON_INDENT(1) | JSON_PRESERVE_ORDER) != 0)
		return STATUS_MEMORY;
	buf_add_byte(out, '\n');
	return buf_status(out);
}

/* json_writer.c - JSON written member by member: see json_writer.h */
#include "base/json_writer.h"

#include <assert.h>

#include "base/text.h"

static void
start_line(struct json_writer *json)
{
	if (!json->flat)
		buf_addf(json->out, "\n%*s", (int)json->depth, "");
}

/* What stands before a value. */
static void
lead(struct json_writer *json, const char *name)
{
	assert((name == NULL) == (json->closing[json->depth - 1] == ']'));
	if (json->follows)
		buf_add_text(json->out, json->flat ? ", " : ",");
	start_line(json);
	json->follows = true;
	if (name == NULL)
		return;
	text_json(json->out, span_of(name));
	buf_add_text(json->out, ": ");
}

static void
open_one(struct json_writer *json, char opening, char closing)
{
	assert(json->depth < JSON_DEPTH_MAX);
	buf_add_byte(json->out, opening);
	json->closing[json->depth++] = closing;
	json->follows = false;
}

struct json_writer
json_begin(struct buf *out)
{
	struct json_writer json = { .out = out };

	open_one(&json, '{', '}');
	return json;
}

struct json_writer
json_begin_line(struct buf *out)
{
	struct json_writer json = json_begin(out);

	json.flat = true;
	return json;
}

void
json_open_object(struct json_writer *json, const char *name)
{
	lead(json, name);
	open_one(json, '{', '}');
}

void
json_open_array(struct json_writer *json, const char *name)
{
	lead(json, name);
	open_one(json, '[', ']');
}

void
json_close(struct json_writer *json)
{
	assert(json->depth > 0);
	json->depth--;
	if (json->follows)
		start_line(json);
	buf_add_byte(json->out, json->closing[json->depth]);
	json->follows = true;
	if (json->depth == 0)
		buf_add_byte(json->out, '\n');
}

void
json_add(struct json_writer *json, const char *name, struct span text)
{
	lead(json, name);
	text_json(json->out, text);
}

void
json_add_text(struct json_writer *json, const char *name, const char *text)
{
	lead(json, name);
	if (text != NULL)
		text_json(json->out, span_of(text));
	else
		buf_add_text(json->out, "null");
}

void
json_add_filled(struct json_writer *json, const char *name, const char *text)
{
	json_add_text(
	    json, name, text != NULL && text[0] != '\0' ? text : NULL);
}

void
json_add_number(struct json_writer *json, const char *name, int64_t number)
{
	lead(json, name);
	buf_addf(json->out, "%lld", (long long)number);
}

void
json_add_bool(struct json_writer *json, const char *name, bool yes)
{
	lead(json, name);
	buf_add_text(json->out, yes ? "true" : "false");
}

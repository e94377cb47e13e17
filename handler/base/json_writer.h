/*
 * json_writer.h - JSON written member by member
 *
 * For output: the order of the calls is the order of the members, and nothing
 * is kept but what the buffer holds, so that a long listing can be printed
 * piece by piece.  Text may be hostile: see text_json().
 */
#ifndef BASE_JSON_WRITER_H
#define BASE_JSON_WRITER_H
#include <stdint.h>

#include "base/buf.h"

enum { JSON_DEPTH_MAX = 8 };

struct json_writer {
	struct buf *out; /* borrowed; remembers what fails */
	char closing[JSON_DEPTH_MAX];
	unsigned depth;
	bool follows; /* something stands before, in this object or array */
	bool flat;    /* all on one line */
};

/* Begin the object that everything is in. */
struct json_writer json_begin(struct buf *out);
/* The same on one line, for lists with an object on each. */
struct json_writer json_begin_line(struct buf *out);
/* Begin an object or an array.  name: of the member, here and below; NULL in
 * an array. */
void json_open_object(struct json_writer *json, const char *name);
void json_open_array(struct json_writer *json, const char *name);
/* End the innermost one; after the outermost one comes a newline. */
void json_close(struct json_writer *json);

void json_add(struct json_writer *json, const char *name, struct span text);
/* NULL becomes null. */
void json_add_text(
    struct json_writer *json, const char *name, const char *text);
/* Empty text, too. */
void json_add_filled(
    struct json_writer *json, const char *name, const char *text);
void json_add_number(
    struct json_writer *json, const char *name, int64_t number);
void json_add_bool(struct json_writer *json, const char *name, bool yes);
#endif

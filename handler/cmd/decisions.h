/*
 * decisions.h - the latest decisions about messages, from the log of the home
 */
#ifndef CMD_DECISIONS_H
#define CMD_DECISIONS_H
#include "base/json_writer.h"
#include "store/home.h"

/* Append the last few, a line each, the latest last; nothing if there are
 * none. */
void decisions_add(const struct home *home, struct buf *out);
/* The same as an array "decisions" of objects with "at" and "text". */
void decisions_add_json(const struct home *home, struct json_writer *json);
#endif

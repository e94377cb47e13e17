/*
 * magic_door.h - ask libmagic for a file's type, loaded on demand
 *
 * Load it before the process enters its sandbox: the database is a file.
 */
#ifndef INPUT_MAGIC_DOOR_H
#define INPUT_MAGIC_DOOR_H
#include "base/span.h"

void magic_load_library(void);
void magic_unload_library(void);
/* Write the media type of bytes, or "" if libmagic is missing. */
void magic_type(struct span bytes, char *out, size_t size);
#endif

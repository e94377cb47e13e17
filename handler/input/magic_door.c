/*
 * magic_door.c - libmagic through dlopen: see magic_door.h
 *
 * Input: hostile, so only a sandboxed child asks it.
 */
#include "input/magic_door.h"

#include <dlfcn.h>
#include <magic.h>

enum { LOOK_AT_MOST = 64 * 1024 };

static struct {
	magic_t (*open)(int);
	int (*load)(magic_t, const char *);
	const char *(*buffer)(magic_t, const void *, size_t);
	void (*close)(magic_t);
	magic_t cookie;
} door;

void
magic_load_library(void)
{
	void *library = dlopen("libmagic.so.1", RTLD_NOW | RTLD_LOCAL);

	if (library == NULL)
		return;
	*(void **)&door.open = dlsym(library, "magic_open");
	*(void **)&door.load = dlsym(library, "magic_load");
	*(void **)&door.buffer = dlsym(library, "magic_buffer");
	*(void **)&door.close = dlsym(library, "magic_close");
	if (door.open == NULL || door.load == NULL || door.buffer == NULL ||
	    door.close == NULL)
		return;
	door.cookie = door.open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS |
	    MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_TAR);
	if (door.cookie != NULL && door.load(door.cookie, NULL) != 0) {
		door.close(door.cookie);
		door.cookie = NULL;
	}
}

void
magic_unload_library(void)
{
	if (door.cookie != NULL)
		door.close(door.cookie);
	door.cookie = NULL;
}

void
magic_type(struct span bytes, char *out, size_t size)
{
	const char *type = NULL;

	if (door.cookie != NULL)
		type = door.buffer(door.cookie, bytes.at,
		    bytes.len < LOOK_AT_MOST ? bytes.len : LOOK_AT_MOST);
	if (type == NULL || !span_copy(span_of(type), out, size))
		out[0] = '\0';
}

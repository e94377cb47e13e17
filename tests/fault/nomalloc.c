/* nomalloc.c - a preloaded library in which one allocation fails
 *
 * FAIL_AT=N: the Nth call of malloc, calloc or realloc in a process gives
 * NULL.  COUNT_TO=FILE: how many there were goes there when it ends. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned long count, fail_at;
static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);

__attribute__((constructor)) static void
set_up(void)
{
	const char *at = getenv("FAIL_AT");

	*(void **)&real_malloc = dlsym(RTLD_NEXT, "malloc");
	*(void **)&real_calloc = dlsym(RTLD_NEXT, "calloc");
	*(void **)&real_realloc = dlsym(RTLD_NEXT, "realloc");
	count = 0;
	fail_at = at != NULL ? strtoul(at, NULL, 10) : 0;
}

__attribute__((destructor)) static void
tell(void)
{
	const char *path = getenv("COUNT_TO");
	char text[32];
	int fd, len;

	if (path == NULL || (fd = open(path, O_WRONLY | O_CREAT, 0600)) < 0)
		return;
	len = snprintf(text, sizeof(text), "%lu\n", count);
	if (write(fd, text, (size_t)len) != len)
		(void)0;
	(void)close(fd);
}

static int
fails(void)
{
	if (++count != fail_at)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *
malloc(size_t size)
{
	if (real_malloc == NULL)
		*(void **)&real_malloc = dlsym(RTLD_NEXT, "malloc");
	return fails() ? NULL : real_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	if (real_calloc == NULL)
		*(void **)&real_calloc = dlsym(RTLD_NEXT, "calloc");
	return fails() ? NULL : real_calloc(n, size);
}

void *
realloc(void *old, size_t size)
{
	if (real_realloc == NULL)
		*(void **)&real_realloc = dlsym(RTLD_NEXT, "realloc");
	return fails() ? NULL : real_realloc(old, size);
}

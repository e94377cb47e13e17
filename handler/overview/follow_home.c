/* follow_home.c - what other processes change in the home: see follow_home.h */
#include "overview/follow_home.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static const char *const places[] = { "", "/certificates", "/expectations",
	"/installed" };

/* A directory that does not exist yet is noticed in the one above it. */
static void
watch_above(int fd, const char *path)
{
	char above[PATH_MAX];
	char *slash;

	if ((size_t)snprintf(above, sizeof(above), "%s", path) >= sizeof(above))
		return;
	while ((slash = strrchr(above, '/')) != NULL && slash != above) {
		*slash = '\0';
		if (inotify_add_watch(fd, above, IN_CREATE | IN_MOVED_TO) >= 0)
			return;
	}
}

static void
watch_places(int fd, const char *path)
{
	char name[PATH_MAX];
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if ((size_t)snprintf(name, sizeof(name), "%s%s", path,
			places[i]) >= sizeof(name))
			continue;
		/* The log is in the home itself, and grows in place. */
		if (inotify_add_watch(fd, name,
			IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
			    IN_CLOSE_WRITE | (i == 0 ? IN_MODIFY : 0)) < 0 &&
		    i == 0)
			watch_above(fd, path);
	}
}

int
follow_home(const char *path)
{
	const int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd >= 0)
		watch_places(fd, path);
	return fd;
}

void
follow_home_again(int fd, const char *path)
{
	char events[4096];

	while (read(fd, events, sizeof(events)) > 0)
		;
	watch_places(fd, path);
}

/* test_walk.c - directories, name by name */
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/walk.h"

enum { MANY = 3000 }; /* more than one getdents(2) returns */

static int
open_dir(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool
make_file(int dir, const char *name)
{
	const int fd = openat(dir, name, O_WRONLY | O_CREAT, 0600);

	return fd >= 0 && close(fd) == 0;
}

/* Each name once, hidden ones too, without "." and ".."; all may be removed
 * on the way. */
static void
check_names(const char *path, size_t want)
{
	bool dots = false, removed = true, hidden = false;
	size_t count = 0;
	struct walk walk;
	const char *name;

	OK(walk_begin(&walk, open_dir(path)) == STATUS_OK);
	while ((name = walk_next(&walk)) != NULL) {
		dots |= strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
		hidden |= strcmp(name, ".hidden") == 0;
		removed &= unlinkat(walk.dir, name, 0) == 0;
		count++;
	}
	OK(walk_next(&walk) == NULL);
	OK(walk_end(&walk) == STATUS_OK);
	OK(count == want && removed && !dots && hidden == (want > 0));
}

static void
test_names(const char *path)
{
	const int dir = open_dir(path);
	bool made = make_file(dir, ".hidden");
	char name[20];
	int i;

	for (i = 1; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		made = made && make_file(dir, name);
	}
	OK(made);
	(void)close(dir);
	check_names(path, MANY);
	check_names(path, 0);
}

/* What fails is not the end of a list, and no descriptor is left. */
static void
test_errors(const char *path)
{
	struct walk walk;
	struct stat st;
	int fd;

	OK(walk_begin(&walk, open_dir("/nonexistent")) == STATUS_IO);
	OK(walk_next(&walk) == NULL);
	OK(walk_end(&walk) == STATUS_IO && errno == ENOENT);

	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	OK(walk_begin(&walk, fd) == STATUS_IO);
	OK(fstat(fd, &st) != 0);
	OK(walk_next(&walk) == NULL);
	OK(walk_end(&walk) == STATUS_IO && errno == ENOTDIR);

	OK(walk_begin(&walk, open_dir(path)) == STATUS_OK);
	OK(close(walk.dir) == 0); /* the kernel can no longer read it */
	OK(walk_next(&walk) == NULL);
	OK(walk_next(&walk) == NULL);
	OK(walk_end(&walk) == STATUS_IO && errno == EBADF);
}

int
main(void)
{
	char path[] = "/tmp/mailcert-walk.XXXXXX";

	OK(mkdtemp(path) != NULL);
	test_names(path);
	test_errors(path);
	OK(rmdir(path) == 0);
	return tap_done();
}

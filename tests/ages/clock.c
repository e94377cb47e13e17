/* clock.c - another date for every program of a test
 *
 * Linked into the programs of build/ages, which start each other without
 * LD_PRELOAD, and preloaded into all others: make check-ages.  CLOCK_FILE holds
 * the seconds that are added to the time of day and to the times of files.
 * What measures how long something takes is left alone. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int (*real_clock)(clockid_t, struct timespec *);
static long long offset;

/* Before main, and so before any sandbox. */
__attribute__((constructor)) static void
set_up(void)
{
	char text[32];
	ssize_t len;
	int fd;

	if (real_clock != NULL)
		return;
	*(void **)&real_clock = dlsym(RTLD_NEXT, "clock_gettime");
	fd = open(CLOCK_FILE, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	len = read(fd, text, sizeof(text) - 1);
	text[len > 0 ? len : 0] = '\0';
	offset = strtoll(text, NULL, 10);
	(void)close(fd);
}

/* The only way to the C library's clock that no other copy of this file can
 * stand in. */
static struct timespec
now(void)
{
	struct timespec at;

	set_up();
	(void)timespec_get(&at, TIME_UTC);
	at.tv_sec += offset;
	return at;
}

time_t
time(time_t *out)
{
	const time_t seconds = now().tv_sec;

	if (out != NULL)
		*out = seconds;
	return seconds;
}

int
gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	const struct timespec at = now();

	(void)zone;
	out->tv_sec = at.tv_sec;
	out->tv_usec = at.tv_nsec / 1000;
	return 0;
}

int
clock_gettime(clockid_t clock, struct timespec *out)
{
	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
		*out = now();
		return 0;
	}
	set_up();
	return real_clock(clock, out);
}

static int
look(int dir, const char *path, struct stat *out, int flags)
{
	const int got = (int)syscall(SYS_newfstatat, dir, path, out, flags);

	if (got == 0) {
		set_up();
		out->st_atim.tv_sec += offset;
		out->st_mtim.tv_sec += offset;
		out->st_ctim.tv_sec += offset;
	}
	return got;
}

int
fstatat(
    int dir, const char *restrict path, struct stat *restrict out, int flags)
{
	return look(dir, path, out, flags);
}

int
stat(const char *restrict path, struct stat *restrict out)
{
	return look(AT_FDCWD, path, out, 0);
}

int
lstat(const char *restrict path, struct stat *restrict out)
{
	return look(AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW);
}

int
fstat(int fd, struct stat *out)
{
	return look(fd, "", out, AT_EMPTY_PATH);
}

/* The same for programs that were compiled with large files in mind. */
int fstatat64(int dir, const char *restrict path, struct stat64 *restrict out,
    int flags) __attribute__((alias("fstatat")));
int stat64(const char *restrict path, struct stat64 *restrict out)
    __attribute__((alias("stat")));
int lstat64(const char *restrict path, struct stat64 *restrict out)
    __attribute__((alias("lstat")));
int fstat64(int fd, struct stat64 *out) __attribute__((alias("fstat")));

int
statx(int dir, const char *restrict path, int flags, unsigned int mask,
    struct statx *restrict out)
{
	const int got = (int)syscall(SYS_statx, dir, path, flags, mask, out);

	if (got == 0) {
		set_up();
		out->stx_atime.tv_sec += offset;
		out->stx_btime.tv_sec += offset;
		out->stx_ctime.tv_sec += offset;
		out->stx_mtime.tv_sec += offset;
	}
	return got;
}

static int
date(int dir, const char *path, const struct timespec times[2], int flags)
{
	struct timespec moved[2];
	int i;

	set_up();
	for (i = 0; times != NULL && i < 2; i++) {
		moved[i] = times[i];
		if (times[i].tv_nsec != UTIME_NOW &&
		    times[i].tv_nsec != UTIME_OMIT)
			moved[i].tv_sec -= offset;
	}
	return (int)syscall(
	    SYS_utimensat, dir, path, times != NULL ? moved : NULL, flags);
}

int
utimensat(int dir, const char *path, const struct timespec times[2], int flags)
{
	return date(dir, path, times, flags);
}

int
futimens(int fd, const struct timespec times[2])
{
	return date(fd, NULL, times, 0);
}

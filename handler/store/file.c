/* file.c - durable files in a directory: see file.h */
#include "store/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

void
dir_keep_few(int dir, size_t most)
{
	int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = again >= 0 ? fdopendir(again) : NULL;
	struct dirent *entry;
	size_t count = 0;

	if (list == NULL) {
		if (again >= 0)
			(void)close(again);
		return;
	}
	while (readdir(list) != NULL)
		count++;
	rewinddir(list);
	while (count > most && (entry = readdir(list)) != NULL)
		if (entry->d_name[0] != '.')
			(void)unlinkat(dir, entry->d_name, 0);
	(void)closedir(list);
}

enum status
dir_sync(int dir)
{
	return fsync(dir) == 0 ? STATUS_OK : STATUS_IO;
}

enum status
file_create(int dir, const char *name, struct span bytes, struct note *note)
{
	enum status status = STATUS_OK;
	int fd;

	fd = openat(dir, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return note_set(
		    note, STATUS_CREATE, "%.200s: %s", name, strerror(errno));
	/* The umask may have taken our own rights away. */
	if (fchmod(fd, 0600) != 0 || fd_write(fd, bytes) != STATUS_OK ||
	    fsync(fd) != 0)
		status = note_set(
		    note, STATUS_IO, "%.200s: %s", name, strerror(errno));
	if (close(fd) != 0 && status == STATUS_OK)
		status = note_set(
		    note, STATUS_IO, "%.200s: %s", name, strerror(errno));
	if (status != STATUS_OK)
		(void)unlinkat(dir, name, 0);
	return status;
}

enum status
file_replace(int dir, const char *name, struct span bytes, struct note *note)
{
	enum status status;
	char temporary[128];

	(void)snprintf(temporary, sizeof(temporary), "%.96s.%ld.new", name,
	    (long)getpid());
	(void)unlinkat(dir, temporary, 0);
	status = file_create(dir, temporary, bytes, note);
	if (status != STATUS_OK)
		return status;
	if (renameat(dir, temporary, dir, name) != 0) {
		status = note_set(
		    note, STATUS_CREATE, "%.200s: %s", name, strerror(errno));
		(void)unlinkat(dir, temporary, 0);
		return status;
	}
	if (dir_sync(dir) != STATUS_OK)
		return note_set(
		    note, STATUS_IO, "%.200s: %s", name, strerror(errno));
	return STATUS_OK;
}

enum status
file_read(int dir, const char *name, struct buf *out)
{
	enum status status;
	struct stat st;
	int fd;

	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? STATUS_NO
		    : errno == ELOOP   ? STATUS_CONFIG
				       : STATUS_IO;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		status = STATUS_CONFIG;
	else if ((size_t)st.st_size > out->ceiling ||
	    (status = fd_read_file(fd, (size_t)st.st_size, out)) ==
		STATUS_BAD_SIZE)
		status = STATUS_CONFIG;
	(void)close(fd);
	return status;
}

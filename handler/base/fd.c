/* fd.c - reads and writes to the end: see fd.h */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

enum status
fd_write(int fd, struct span bytes)
{
	ssize_t n;

	while (bytes.len > 0) {
		n = write(fd, bytes.at, bytes.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return STATUS_IO;
		bytes = span_cut(bytes, (size_t)n, bytes.len);
	}
	return STATUS_OK;
}

enum status
fd_read(int fd, struct buf *out, int seconds)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	size_t room;
	ssize_t n;
	int polled;

	for (;;) {
		polled = poll(&ready, 1, seconds * 1000);
		if (polled < 0 && errno == EINTR)
			continue;
		if (polled == 0)
			errno = ETIMEDOUT;
		if (polled <= 0)
			return STATUS_IO;
		room = out->ceiling - out->len;
		if (room > 64 * 1024)
			room = 64 * 1024;
		if (room == 0) {
			/* Full: one octet more is too much. */
			char probe;

			n = read(fd, &probe, 1);
			if (n == 0)
				return STATUS_OK;
			if (n > 0)
				return STATUS_BAD_SIZE;
			if (errno != EINTR)
				return STATUS_IO;
			continue;
		}
		if (!buf_reserve(out, room))
			return buf_status(out);
		n = read(fd, out->at + out->len, room);
		if (n == 0)
			return STATUS_OK;
		if (n > 0) {
			out->len += (size_t)n;
			out->at[out->len] = '\0';
		} else if (errno != EINTR) {
			return STATUS_IO;
		}
	}
}

enum status
fd_read_file(int fd, size_t size, struct buf *out)
{
	size_t want = size + 1; /* it may have grown */
	ssize_t n;

	for (;;) {
		if (want > out->ceiling - out->len)
			want = out->ceiling - out->len;
		if (want == 0)
			return fd_read(fd, out, 1);
		if (!buf_reserve(out, want))
			return buf_status(out);
		n = read(fd, out->at + out->len, want);
		if (n < 0 && errno != EINTR)
			return STATUS_IO;
		if (n == 0)
			return STATUS_OK;
		if (n > 0) {
			out->len += (size_t)n;
			out->at[out->len] = '\0';
			want = want > (size_t)n ? want - (size_t)n : 4096;
		}
	}
}

int
fd_terminal(void)
{
	return open("/dev/tty", O_RDWR | O_CLOEXEC);
}

/* buf.c - owned bytes with a ceiling: see buf.h */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
buf_init(struct buf *buf, size_t ceiling)
{
	*buf = (struct buf){ .ceiling = ceiling, .failed = STATUS_OK };
}

void
buf_clear(struct buf *buf)
{
	free(buf->at);
	buf_init(buf, buf->ceiling);
}

void
buf_wipe(struct buf *buf)
{
	if (buf->at != NULL)
		explicit_bzero(buf->at, buf->size);
	buf_clear(buf);
}

bool
buf_reserve(struct buf *buf, size_t more)
{
	size_t size;
	char *at;

	if (buf->failed != STATUS_OK)
		return false;
	if (more > buf->ceiling - buf->len) {
		buf->failed = STATUS_BAD_SIZE;
		return false;
	}
	if (buf->size > buf->len && more < buf->size - buf->len)
		return true;
	size = buf->len + more + 1;
	if (size < 2 * buf->size)
		size = 2 * buf->size;
	if (size > buf->ceiling + 1)
		size = buf->ceiling + 1;
	if ((at = realloc(buf->at, size)) == NULL) {
		buf->failed = STATUS_MEMORY;
		return false;
	}
	buf->at = at;
	buf->size = size;
	buf->at[buf->len] = '\0';
	return true;
}

void
buf_add(struct buf *buf, struct span bytes)
{
	if (!buf_reserve(buf, bytes.len))
		return;
	if (bytes.len > 0)
		memcpy(buf->at + buf->len, bytes.at, bytes.len);
	buf->len += bytes.len;
	buf->at[buf->len] = '\0';
}

void
buf_add_text(struct buf *buf, const char *text)
{
	buf_add(buf, span_of(text));
}

void
buf_add_byte(struct buf *buf, char byte)
{
	buf_add(buf, (struct span){ &byte, 1 });
}

void
buf_add_hex(struct buf *buf, struct span bytes)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < bytes.len; i++) {
		buf_add_byte(buf, digits[(unsigned char)bytes.at[i] >> 4]);
		buf_add_byte(buf, digits[(unsigned char)bytes.at[i] & 15]);
	}
}

void
buf_addf(struct buf *buf, const char *format, ...)
{
	va_list list;
	char line[1024];
	int len;

	va_start(list, format);
	len = vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	if (len < 0) {
		if (buf->failed == STATUS_OK)
			buf->failed = STATUS_BAD_SIZE;
	} else if ((size_t)len < sizeof(line)) {
		buf_add(buf, (struct span){ line, (size_t)len });
	} else if (buf_reserve(buf, (size_t)len)) {
		/* It did not fit: once more, where it goes. */
		va_start(list, format);
		(void)vsnprintf(
		    buf->at + buf->len, (size_t)len + 1, format, list);
		va_end(list);
		buf->len += (size_t)len;
	}
}

void
buf_cut(struct buf *buf, size_t len)
{
	if (len < buf->len) {
		buf->len = len;
		buf->at[len] = '\0';
	}
}

struct span
buf_span(const struct buf *buf)
{
	return (struct span){ buf->at != NULL ? buf->at : "", buf->len };
}

enum status
buf_status(const struct buf *buf)
{
	return buf->failed;
}

/* input.c - read a message or part: see input.h.  Input: hostile. */
#include "input/input.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "input/magic_door.h"
#include "mail/mbox.h"
#include "process/child.h"

enum { POLL_SECONDS = 10 };

static enum status
open_input(const char *file, int *fd, struct note *note)
{
	if (file == NULL || strcmp(file, "-") == 0) {
		*fd = STDIN_FILENO;
		return STATUS_OK;
	}
	*fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd < 0)
		return note_set(
		    note, STATUS_IO, "%.200s: %s", file, strerror(errno));
	return STATUS_OK;
}

static enum status
read_all(
    int fd, const char *name, size_t max, struct input *out, struct note *note)
{
	enum status status;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return note_set(
		    note, STATUS_IO, "%.200s: %s", name, strerror(errno));
	if (isatty(fd))
		return note_set(note, STATUS_USAGE,
		    "no message given; name a file or pipe one in");
	if (S_ISREG(st.st_mode)) {
		out->device = st.st_dev;
		out->inode = st.st_ino;
	} else if (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode) &&
	    !S_ISCHR(st.st_mode)) {
		return note_set(note, STATUS_IO,
		    "%.200s is neither a file nor a pipe", name);
	}
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > max)
		status = STATUS_BAD_SIZE;
	else if (S_ISREG(st.st_mode))
		status = fd_read_file(fd, (size_t)st.st_size, &out->bytes);
	else
		status = fd_read(fd, &out->bytes, POLL_SECONDS);
	if (status == STATUS_BAD_SIZE)
		return note_set(note, status,
		    "the message is larger than max_message (%zu bytes)", max);
	if (status == STATUS_IO)
		return errno == ETIMEDOUT
		    ? note_set(note, status,
			  "%.200s gave nothing for %d seconds", name,
			  POLL_SECONDS)
		    : note_set(
			  note, status, "%.200s: %s", name, strerror(errno));
	return status;
}

/* Does it begin as a message does: with a field name and a colon, or with what
 * mailboxes put in front?  The parser refuses a blank or a byte order mark
 * before it. */
static bool
begins_as_message(struct span bytes)
{
	size_t i;

	if (span_starts(bytes, SPAN("From ")))
		return true;
	bytes = mbox_strip(bytes);
	if (span_starts(bytes, SPAN("\xef\xbb\xbf")))
		bytes = span_cut(bytes, 3, bytes.len);
	while (bytes.len > 0 && ascii_is_blank(bytes.at[0]))
		bytes = span_cut(bytes, 1, bytes.len);
	for (i = 0; i < bytes.len && i < 80; i++) {
		if (bytes.at[i] == ':')
			return i > 0;
		if (bytes.at[i] <= 0x20 || bytes.at[i] >= 0x7f)
			return false;
	}
	return false;
}

static enum input_kind
kind_of_type(struct span type)
{
	if (span_starts_nocase(type, SPAN("message/")) ||
	    span_eq_nocase(type, SPAN("application/mbox")))
		return INPUT_MESSAGE;
	if (span_starts_nocase(type, SPAN("application/pkcs7")) ||
	    span_starts_nocase(type, SPAN("application/x-pkcs7")))
		return INPUT_CMS;
	return INPUT_PART;
}

struct sniffed {
	char type[80];
};

static void
sniff(const void *arg, void *report)
{
	const struct input *input = arg;
	struct sniffed *sniffed = report;

	magic_type(
	    buf_span(&input->bytes), sniffed->type, sizeof(sniffed->type));
}

static enum status
ask_libmagic(struct input *input, struct note *note)
{
	struct sniffed sniffed = { "" };
	const int none[1] = { 0 };
	enum status status;

	magic_load_library();
	/* libmagic allocates memory, so use the wider sandbox. */
	status =
	    child_run(sniff, input, &sniffed, sizeof(sniffed), none, 0, note);
	magic_unload_library();
	if (status != STATUS_OK)
		return status;
	sniffed.type[sizeof(sniffed.type) - 1] = '\0';
	text_show_in(
	    input->shown, sizeof(input->shown), span_of(sniffed.type), false);
	/* libmagic only gives a hint: text is a part, whatever its type. */
	if (utf8_is_text(buf_span(&input->bytes)) &&
	    !span_has_byte(buf_span(&input->bytes), '\0'))
		input->kind = INPUT_PART;
	else if (kind_of_type(span_of(sniffed.type)) == INPUT_CMS)
		input->kind = INPUT_CMS;
	return STATUS_OK;
}

enum status
input_read(const char *file, const char *type, size_t max, struct input *out,
    struct note *note)
{
	enum status status;
	int fd = -1;

	*out = (struct input){ .kind = INPUT_OTHER };
	buf_init(&out->bytes, max);
	if ((status = open_input(file, &fd, note)) != STATUS_OK)
		return status;
	status = read_all(
	    fd, fd == STDIN_FILENO ? "standard input" : file, max, out, note);
	if (fd != STDIN_FILENO)
		(void)close(fd);
	if (status != STATUS_OK)
		goto out;
	if (type != NULL && type[0] != '\0') {
		out->kind = kind_of_type(span_of(type));
		text_show_in(
		    out->shown, sizeof(out->shown), span_of(type), false);
	} else if (begins_as_message(buf_span(&out->bytes))) {
		out->kind = INPUT_MESSAGE;
	} else if (out->bytes.len > 0) {
		status = ask_libmagic(out, note);
	}
out:
	if (status != STATUS_OK)
		buf_clear(&out->bytes);
	return status;
}

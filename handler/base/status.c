/* status.c - the table of status codes: see status.h */
#include "base/status.h"

#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

static const struct {
	const char *name;
	const char *sentence;
	int code;
} table[] = {
#define X(name, text, code, sentence) { text, sentence, code },
	STATUS_TABLE(X)
#undef X
};

const char *
status_name(enum status status)
{
	assert(status < STATUS_COUNT);
	return table[status].name;
}

const char *
status_sentence(enum status status)
{
	assert(status < STATUS_COUNT);
	return table[status].sentence;
}

static bool as_again;

void
status_exit_as_again(void)
{
	as_again = true;
}

int
status_exit(enum status status)
{
	assert(status < STATUS_COUNT);
	return as_again && table[status].code != 0 ? table[STATUS_AGAIN].code
						   : table[status].code;
}

bool
status_is_refusal(enum status status)
{
	assert(status < STATUS_COUNT);
	return table[status].code == 65 || status == STATUS_DNS;
}

enum status
note_set(struct note *note, enum status status, const char *format, ...)
{
	va_list list;

	if (note != NULL) {
		va_start(list, format);
		(void)vsnprintf(note->text, sizeof(note->text), format, list);
		va_end(list);
	}
	return status;
}

void
note_say(struct note *note, const char *format, ...)
{
	va_list list;

	if (note == NULL)
		return;
	va_start(list, format);
	(void)vsnprintf(note->text, sizeof(note->text), format, list);
	va_end(list);
}

const char *
note_text(const struct note *note, enum status status)
{
	return note != NULL && note->text[0] != '\0' ? note->text
						     : status_sentence(status);
}

/* words.c - split a command line: see words.h */
#include "process/words.h"

size_t
words_split(char *text, const char *argv[], size_t size)
{
	size_t n = 0;
	char *at = text;

	while (*at != '\0' && n < size) {
		while (*at == ' ')
			*at++ = '\0';
		if (*at == '\0')
			break;
		argv[n++] = at;
		while (*at != '\0' && *at != ' ')
			at++;
	}
	return n;
}

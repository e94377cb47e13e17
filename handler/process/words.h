/* words.h - split the command line of a program that the user configured */
#ifndef PROCESS_WORDS_H
#define PROCESS_WORDS_H
#include <stddef.h>

/* Split "/usr/sbin/sendmail -x -y" into words in place: no shell, no quotes.
 * Returns how many, at most size. */
size_t words_split(char *text, const char *argv[], size_t size);
#endif

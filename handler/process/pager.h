/* pager.h - show a text part that is not a challenge in the user's pager */
#ifndef PROCESS_PAGER_H
#define PROCESS_PAGER_H
#include "base/span.h"
#include "base/status.h"

/* Run the first of pager, less and more on /dev/tty, on a line from mailcert
 * (or "") and the text, made safe.  STATUS_UNABLE: there is no pager or no
 * terminal. */
enum status pager_show(const char *head, struct span text) MUST_CHECK;
#endif

/* question_keys.h - the keys of a question: its key line, and its help */
#ifndef TUI_QUESTION_KEYS_H
#define TUI_QUESTION_KEYS_H
#include "tui/dialog.h"
#include "tui/page.h"

/* Constant; *count of them. */
const struct page_key *question_keys(
    const struct dialog *dialog, size_t *count);
#endif

/*
 * panel_keys.h - the keys of the overview's screen: its key lines, its help
 */
#ifndef OVERVIEW_PANEL_KEYS_H
#define OVERVIEW_PANEL_KEYS_H
#include "overview/overview.h"
#include "tui/page.h"

enum { PANEL_KEYS_MAX = 24 };

/* All keys of the list, and of the choices: constant; *count of them. */
const struct page_key *panel_keys(size_t *count);
const struct page_key *panel_choice_keys(size_t *count);
/* Those of the list that apply where these acts can be done; any: there is
 * something to select.  Returns how many. */
size_t panel_keys_for(
    unsigned can, bool any, struct page_key out[PANEL_KEYS_MAX]);
#endif

/*
 * pinerc.h - items in the lists of a .pinerc, alpine's configuration
 *
 * "NAME=ITEM,ITEM": an item per line or several, continued by white space.
 * alpine writes the file again when it ends, so that markers would not last.
 */
#ifndef INSTALL_PINERC_H
#define INSTALL_PINERC_H
#include "base/buf.h"

/* What follows "NAME=", continuation lines included; empty: it is not set. */
struct span pinerc_value(struct span text, const char *name);
/* Is the item in the list, in any case of letters?  A prefix that ends in a
 * colon stands for every item that begins so. */
bool pinerc_has(struct span text, const char *name, const char *item);
/* Append the text with the item as the first of the list; *added: false where
 * the file has no line of that name, and nothing changes. */
void pinerc_add(struct span text, const char *name, const char *item,
    struct buf *out, bool *added);
/* Append the text without that item. */
void pinerc_remove(
    struct span text, const char *name, const char *item, struct buf *out);
#endif

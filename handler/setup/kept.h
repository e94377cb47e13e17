/*
 * kept.h - keep the answers of setup in the home, until it is done
 *
 * HOME/setup, a line for each answer; a person can read it:
 *
 *	format 1
 *	NAME<TAB>ANSWER
 */
#ifndef SETUP_KEPT_H
#define SETUP_KEPT_H
#include "setup/setup.h"
#include "store/home.h"

/* Read them; none, if there is no such file.  STATUS_DAMAGED with a note. */
enum status kept_load(
    const struct home *home, struct setup *out, struct note *note) MUST_CHECK;
/* Write them, durably. */
enum status kept_save(const struct home *home, const struct setup *setup,
    struct note *note) MUST_CHECK;
/* Setup is done: remove the file.  Best effort: one that stays is resumed at
 * its end. */
void kept_forget(const struct home *home);
#endif

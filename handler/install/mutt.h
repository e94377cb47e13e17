/*
 * mutt.h - S/MIME in mutt and neomutt, through gpgme or the classic back end
 */
#ifndef INSTALL_MUTT_H
#define INSTALL_MUTT_H
#include "install/install.h"

/*
 * Ask the program for its settings, choose the back end, install there, and
 * write a file of settings that the user's configuration sources.  The
 * journal's name says which of the two programs.
 */
enum status mutt_install(
    struct installation *installation, struct note *note) MUST_CHECK;
/* Somebody's certificate, for the back end that was chosen. */
enum status mutt_remember(struct installation *installation,
    const struct identity *other, const char *address,
    struct note *note) MUST_CHECK;
#endif

/*
 * root.h - let the user accept a root certificate
 *
 * Where a program trusts a root, that root can vouch for anybody.  So it is
 * named and agreed to first, each root once.
 */
#ifndef INSTALL_ROOT_H
#define INSTALL_ROOT_H
#include "install/install.h"

/* STATUS_DECLINED; STATUS_NO_PERSON with a note that says how to accept it. */
enum status root_accept(const struct installation *installation,
    const struct link_facts *root, struct note *note) MUST_CHECK;
#endif

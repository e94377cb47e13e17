/*
 * mailcap.h - our entries in ~/.mailcap (RFC 1524)
 */
#ifndef INSTALL_MAILCAP_H
#define INSTALL_MAILCAP_H
#include <stdbool.h>

#include "base/status.h"

/* Write them, between markers, before all others; or remove them.  Nothing
 * else in the file changes.  STATUS_CONFIG, STATUS_IO, STATUS_CREATE with a
 * note. */
enum status mailcap_install(bool install, struct note *note);
#endif

/*
 * exporting.h - what export and install share
 */
#ifndef CMD_EXPORTING_H
#define CMD_EXPORTING_H
#include "cmd/session.h"

option_reader option_format;
#define OPTION_FORMAT "modern, compatible or pem"

/* Write the certificate of that id or address, with its key and chain, to a new
 * file.  format: one of OPTION_FORMAT; NULL: modern. */
enum status export_certificate(struct session *session, const char *name,
    const char *file, const char *format) MUST_CHECK;
#endif

/*
 * ask_command.h - order, finish and renew at a CA that is a program
 */
#ifndef CMD_ASK_COMMAND_H
#define CMD_ASK_COMMAND_H
#include "cmd/session.h"
#include "order/request.h"

/* Ask for the certificate of an order that is requested there, and install it
 * where an older one is.  On STATUS_OK *path, of 1200 bytes, is where it
 * lies. */
enum status ask_command(struct session *session, struct order *order,
    char *path, struct note *note) MUST_CHECK;
#endif

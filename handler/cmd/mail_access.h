/*
 * mail_access.h - how commands get at mail servers: whom to ask for passwords
 */
#ifndef CMD_MAIL_ACCESS_H
#define CMD_MAIL_ACCESS_H
#include "deliver/mail_server.h"

/* person: somebody may be asked on the terminal for the password of an account
 * without a command. */
struct mail_access mail_access_of(const struct config *config, bool person);
#endif

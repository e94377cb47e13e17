/*
 * service.h - the actions of mailcert service, each with its own options
 *
 * service.c finds the action; service_ACTION.c has it.  argv[0] is the action.
 */
#ifndef CMD_SERVICE_H
#define CMD_SERVICE_H
#include "cmd/cmd.h"

cmd_function service_check, service_order, service_install, service_publish;
#endif

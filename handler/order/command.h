/*
 * command.h - get a certificate from a CA that is a program (ca.NAME.command)
 *
 * A commercial CA's script, or the client of a private CA.  It reads the
 * signing request (PKCS #10 in PEM) on standard input and prints the chain in
 * PEM; or it exits with 75 while the certificate is not there yet, and is asked
 * again with the same request.  Any other exit status is a no.
 */
#ifndef ORDER_COMMAND_H
#define ORDER_COMMAND_H
#include "config/config.h"
#include "order/request.h"

/* Find or make the request for it: as request_place().  STATUS_CONFIG: the CA
 * has no command. */
enum status command_place(const struct home *home, const struct config_ca *ca,
    struct order_request *request, struct order *out, bool *found,
    struct note *note) MUST_CHECK;
/*
 * Run it for *order, which is read again under its lock.  STATUS_OK: the
 * certificate is stored.  STATUS_AGAIN: it is not there yet, or another process
 * asks for it.  STATUS_CA: the program says no; STATUS_BAD_CA: what it printed
 * is not the certificate that was ordered.  After both the next run asks again.
 * hint: what the user should hear all the same.
 */
enum status command_ask(const struct config *config, const struct home *home,
    struct order *order, int64_t now, struct note *hint,
    struct note *note) MUST_CHECK;
#endif

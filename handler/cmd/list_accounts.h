/* list_accounts.h - list the accounts, for status and account */
#ifndef CMD_LIST_ACCOUNTS_H
#define CMD_LIST_ACCOUNTS_H
#include "base/json_writer.h"
#include "store/account.h"

/* Append the accounts as text. */
void list_accounts(
    const struct account *accounts, size_t count, struct buf *out);
/* Add the accounts as the member "accounts". */
void list_accounts_json(
    const struct account *accounts, size_t count, struct json_writer *json);
#endif

/* list_accounts.h - list the accounts, for status and account */
#ifndef CMD_LIST_ACCOUNTS_H
#define CMD_LIST_ACCOUNTS_H
#include "store/account.h"

/* Append them: as objects with commas between, or as text. */
enum status list_accounts(const struct home *home, bool json, size_t *count,
    struct buf *out, struct note *note) MUST_CHECK;
#endif

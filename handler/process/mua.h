/*
 * mua.h - recognize the mail program that started mailcert
 *
 * Found by walking up our parents: mailcap and pipes leave no other trace of
 * it.  Only mutt and neomutt are known by name.
 */
#ifndef PROCESS_MUA_H
#define PROCESS_MUA_H
#include <sys/types.h>

#include "base/buf.h"

enum { MUA_ARGS_MAX = 16 };

struct mua {
	pid_t pid;                     /* 0: not found */
	char name[16];                 /* "mutt" or "neomutt" */
	char path[512];                /* its executable */
	char text[4096];               /* owned storage of arg */
	const char *arg[MUA_ARGS_MAX]; /* options that choose the account */
	size_t args;
};

void mua_find(struct mua *out);
#endif

/* theirs.c - the door to libopendkim: see theirs.h */
#include "theirs.h"

#include <dlfcn.h>
#include <opendkim/dkim.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define TAKE(name) static __typeof__(name) *their_##name
TAKE(dkim_init);
TAKE(dkim_options);
TAKE(dkim_verify);
TAKE(dkim_chunk);
TAKE(dkim_eom);
TAKE(dkim_free);
TAKE(dkim_getsiglist);
TAKE(dkim_set_key_lookup);
TAKE(dkim_sig_getdomain);
TAKE(dkim_sig_getselector);
TAKE(dkim_sig_getflags);
TAKE(dkim_sig_getbh);
TAKE(dkim_sig_geterror);

static DKIM_LIB *lib;

static DKIM_CBSTAT
look_up(DKIM *dkim, DKIM_SIGINFO *sig, u_char *buf, size_t size)
{
	const char *record;
	char name[512];

	(void)dkim;
	(void)snprintf(name, sizeof(name), "%s._domainkey.%s",
	    (const char *)their_dkim_sig_getselector(sig),
	    (const char *)their_dkim_sig_getdomain(sig));
	if ((record = find_record(name)) == NULL)
		return DKIM_CBSTAT_NOTFOUND;
	(void)snprintf((char *)buf, size, "%s", record);
	return DKIM_CBSTAT_CONTINUE;
}

void
theirs_open(void)
{
	unsigned flags = DKIM_LIBFLAGS_FIXCRLF | DKIM_LIBFLAGS_BADSIGHANDLES;
	uint64_t now = 1795320838;
	unsigned bits = 1024;
	void *so =
	    dlopen("libopendkim.so", RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);

	if (so == NULL)
		abort();
#define FIND(name)                                                \
	if ((*(void **)&their_##name = dlsym(so, #name)) == NULL) \
	abort()
	FIND(dkim_init);
	FIND(dkim_options);
	FIND(dkim_verify);
	FIND(dkim_chunk);
	FIND(dkim_eom);
	FIND(dkim_free);
	FIND(dkim_getsiglist);
	FIND(dkim_set_key_lookup);
	FIND(dkim_sig_getdomain);
	FIND(dkim_sig_getselector);
	FIND(dkim_sig_getflags);
	FIND(dkim_sig_getbh);
	FIND(dkim_sig_geterror);
	if ((lib = their_dkim_init(NULL, NULL)) == NULL)
		abort();
	(void)their_dkim_options(
	    lib, DKIM_OP_SETOPT, DKIM_OPTS_FLAGS, &flags, sizeof(flags));
	(void)their_dkim_options(
	    lib, DKIM_OP_SETOPT, DKIM_OPTS_FIXEDTIME, &now, sizeof(now));
	(void)their_dkim_options(
	    lib, DKIM_OP_SETOPT, DKIM_OPTS_MINKEYBITS, &bits, sizeof(bits));
	(void)their_dkim_set_key_lookup(lib, look_up);
}

bool
theirs(const char *message, size_t len)
{
	DKIM_SIGINFO **sigs = NULL;
	bool good = false;
	DKIM_STAT stat;
	int i, n = 0;
	DKIM *dkim;

	dkim = their_dkim_verify(lib, (const u_char *)"x", NULL, &stat);
	if (dkim == NULL)
		return false;
	if (their_dkim_chunk(dkim, (u_char *)(uintptr_t)message, len) ==
		DKIM_STAT_OK &&
	    their_dkim_chunk(dkim, NULL, 0) == DKIM_STAT_OK) {
		(void)their_dkim_eom(dkim, NULL);
		if (their_dkim_getsiglist(dkim, &sigs, &n) == DKIM_STAT_OK)
			for (i = 0; i < n; i++)
				good = good ||
				    ((their_dkim_sig_getflags(sigs[i]) &
					 DKIM_SIGFLAG_PASSED) != 0 &&
					their_dkim_sig_getbh(sigs[i]) ==
					    DKIM_SIGBH_MATCH &&
					their_dkim_sig_geterror(sigs[i]) ==
					    DKIM_SIGERROR_OK);
	}
	(void)their_dkim_free(dkim);
	return good;
}

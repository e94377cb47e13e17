/* network.c - what our programs with sockets have in common: see network.h */
#include "base/network.h"

#ifdef __GLIBC__
#include <nss.h>
#include <signal.h>
#include <unistd.h>

#include "base/serve.h"

/* glibc crashes if memory runs out while it reads nsswitch.conf:
 * nss_database_reload_1() asserts that getline() succeeds, and the result of
 * allocate_once() is not checked (2.36).  Nothing hostile is read here. */
static void
on_crash(int number)
{
	(void)number;
	_exit(serve_refuse(STATUS_MEMORY));
}

enum status
network_choose_sources(void)
{
	const struct sigaction crash = { .sa_handler = on_crash };
	struct sigaction abort_before, fault_before;
	int error;

	(void)sigaction(SIGABRT, &crash, &abort_before);
	(void)sigaction(SIGSEGV, &crash, &fault_before);
	error = __nss_configure_lookup("hosts", "files dns");
	(void)sigaction(SIGSEGV, &fault_before, NULL);
	(void)sigaction(SIGABRT, &abort_before, NULL);
	return error == 0 ? STATUS_OK : STATUS_MEMORY;
}
#else
enum status
network_choose_sources(void)
{
	return STATUS_OK;
}
#endif

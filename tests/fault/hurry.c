/* hurry.c - a watcher that tries again thirty times as soon (test build only):
 * what a day brings comes in an hour */
#include "watch/watch_p.h"

int64_t __real_pause_about(int64_t ms);
int64_t __wrap_pause_about(int64_t ms);

int64_t
__wrap_pause_about(int64_t ms)
{
	return __real_pause_about(ms) / 30;
}

/* step.c - one step of an order: see step.h */
#include "order/step.h"

enum { POLL_LEAST = 1, POLL_MOST = 3600, POLL_USUAL = 3 };

/* threats C10 */
int64_t
step_pause(int64_t retry_after)
{
	if (retry_after < 0)
		return POLL_USUAL;
	return retry_after < POLL_LEAST ? POLL_LEAST
	    : retry_after > POLL_MOST   ? POLL_MOST
					: retry_after;
}

/* pause.c - how long to wait: see watch_p.h */
#include <sys/random.h>

#include "watch/watch_p.h"

int64_t
pause_about(int64_t ms)
{
	uint32_t random = 0;

	(void)!getrandom(&random, sizeof(random), GRND_NONBLOCK);
	return ms - ms / 4 + (int64_t)(random % (uint32_t)(ms / 2 + 1));
}

/* tidy.c - put the home in order after a change: see tidy.h */
#include "store/tidy.h"

#include "store/expectation.h"
#include "store/order.h"

void
home_tidy(const struct home *home)
{
	if (home_is_changed(home)) {
		expectations_migrate(home);
		orders_migrate(home);
	}
	home_sweep(home);
}

/* refusal.c - orders that the CA refuses: see refusal.h */
#include "order/refusal.h"

#include <stdio.h>

#include "order/problem.h"

void
refusal_keep(struct order *order, const char *what,
    const struct acme_problem *problem, const char *advice)
{
	char said[250] = "";

	if (problem->type[0] != '\0')
		problem_describe(problem, said, sizeof(said));
	(void)snprintf(order->why, sizeof(order->why), "%s%s%s%s%.120s%s", what,
	    said[0] != '\0' ? ": " : "", said, advice[0] != '\0' ? " [" : "",
	    advice, advice[0] != '\0' ? "]" : "");
}

enum status
refusal_end(struct client *client, struct order *order, struct note *note)
{
	enum status status;

	order->state = ORDER_FAILED;
	status = order_save(client->home, order, note);
	return status == STATUS_OK
	    ? note_set(note, STATUS_CA, "%.310s", order->why)
	    : status;
}

enum status
order_fail(struct client *client, struct order *order, const char *what,
    const struct acme_problem *problem, struct note *note)
{
	refusal_keep(order, what, problem, problem_advice(problem->type));
	return refusal_end(client, order, note);
}

/* ask_command.c - ask a CA that is a program: see ask_command.h */
#include "cmd/ask_command.h"

#include <time.h>

#include "cmd/deploying.h"
#include "order/command.h"

enum status
ask_command(
    struct session *session, struct order *order, char *path, struct note *note)
{
	char key[1200];
	struct note hint = { "" };
	enum status status;

	status = command_ask(&session->config, &session->home, order,
	    (int64_t)time(NULL), &hint, note);
	if (hint.text[0] != '\0')
		cmd_say(&hint);
	if (status == STATUS_OK)
		status = order_paths(
		    &session->home, order->id, key, path, sizeof(key), note);
	return status == STATUS_OK
	    ? deploying_new(&session->config, &session->home, order, note)
	    : status;
}

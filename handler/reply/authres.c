/* authres.c - the authentication result: see authres.h */
#include "reply/authres.h"

const char *
authres_method_name(enum authres_method method)
{
	(void)method;
	return "none";
}

enum status
authres_check(const struct challenge *challenge,
    const struct authres_policy *policy, struct authres *out, struct note *note)
{
	(void)challenge;
	if (!policy->none)
		return note_set(note, STATUS_NO_AUTHRES,
		    "nothing proves who sent this message, and this version "
		    "cannot check signatures yet (see authenticate in "
		    "mailcert-config(5))");
	out->method = AUTHRES_NONE;
	return STATUS_OK;
}

/*
 * authres.h - the authentication result: what is proved about the sender
 *
 * RFC 8823 section 3.1, item 6: a challenge is signed by DKIM or S/MIME, or
 * ignored.  Having a struct authres is the permit to match a challenge with
 * an order; it is only made where the user's policy is met.
 *
 * No verifier is built in yet: the only policy that lets a challenge pass is
 * `authenticate = none`, and the result then says that nothing is proved.
 */
#ifndef REPLY_AUTHRES_H
#define REPLY_AUTHRES_H
#include "reply/challenge.h"

enum authres_method { AUTHRES_NONE };

struct authres_policy {
	bool none; /* the user switched the check off */
};

struct authres {
	enum authres_method method;
};

const char *authres_method_name(enum authres_method method);

/* STATUS_NO_AUTHRES with a note where the policy is not met. */
enum status authres_check(const struct challenge *challenge,
    const struct authres_policy *policy, struct authres *out,
    struct note *note) MUST_CHECK;
#endif

/*
 * delivery.h - what is delivered to where, and what became of it
 */
#ifndef DELIVER_DELIVERY_H
#define DELIVER_DELIVERY_H
#include "base/buf.h"
#include "config/destination.h"
#include "deliver/mail_server.h"
#include "process/mua.h"
#include "reply/match.h"
#include "store/home.h"

enum outcome {
	OUTCOME_NOTHING, /* certain: nothing was sent */
	OUTCOME_DRAFTED, /* a draft exists; not known to be sent */
	OUTCOME_SENT,    /* a mail system took it */
	OUTCOME_DOUBT    /* it may have been sent */
};

/* Who sends to whom (RFC 5321). */
struct envelope {
	const char *sender; /* borrowed, as the others */
	const char *recipient[REPLY_TO_MAX];
	size_t recipients;
};

struct delivery {
	const struct destination *destination;
	const struct match *match; /* sender and recipients */
	const struct home *home;
	const struct mua *mua;
	const char *sendmail;
	const struct mail_access *access;    /* to mail servers */
	const struct destination *sent_copy; /* of what was sent; or none */
	bool hold_stdout; /* stdout carries something else (--json) */
};

/* The envelope of a reply: from the ordered address, to where it goes. */
void envelope_of(const struct delivery *delivery, struct envelope *out);
#endif

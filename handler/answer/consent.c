/* consent.c - for whom to answer without a person: see consent.h */
#include "answer/consent.h"

#include "config/allow.h"
#include "mail/address.h"

static const char *const roles[] = {
	/* RFC 2142 */
	"abuse", "ftp", "hostmaster", "info", "marketing", "news", "noc",
	"postmaster", "sales", "security", "support", "trouble", "usenet",
	"uucp", "webmaster", "www",
	/* Baseline Requirements, section 3.2.2.4.4; the last two are older. */
	"admin", "administrator", "root", "ssladmin",
	/* Of systems and companies. */
	"all", "billing", "contact", "daemon", "everyone", "help", "helpdesk",
	"mailer-daemon", "no-reply", "nobody", "noreply", "office", "operator",
	"staff", "team"
};

/* The address of a mailing list's owner (RFC 2142 section 6). */
static bool
is_request(struct span local)
{
	const struct span end = SPAN("-request");

	return local.len > end.len &&
	    span_eq(span_cut(local, local.len - end.len, local.len), end);
}

bool
consent_is_role(struct span address)
{
	const size_t count = sizeof(roles) / sizeof(*roles);
	char room[ADDRESS_SIZE];
	const struct span folded = address_fold(address, room);
	const struct span domain = address_domain(folded);
	struct span local = folded;

	if (domain.len < folded.len)
		local.len = folded.len - domain.len - 1;
	local.len = span_find_byte(local, '+');
	return span_index(local, roles, count) < count || is_request(local);
}

enum status
consent_given(
    const struct config *config, const char *address, struct note *note)
{
	const enum allow allow =
	    allow_find(span_of(config->answer_for), span_of(address));

	if (allow == ALLOW_NAMED)
		return STATUS_OK;
	if (consent_is_role(span_of(address)))
		return note_set(note, STATUS_NO_PERSON,
		    "%.150s stands for an office; name it in answer_for to "
		    "answer without a person",
		    address);
	if (config->answer_for[0] != '\0' && allow == ALLOW_NO)
		return note_set(note, STATUS_NO_PERSON,
		    "answer_for does not have %.150s; a person must answer",
		    address);
	return STATUS_OK;
}

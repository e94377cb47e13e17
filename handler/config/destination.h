/*
 * destination.h - read where a draft goes, from --draft or the configuration
 *
 * Only the words: deliver.h does what they say.
 */
#ifndef CONFIG_DESTINATION_H
#define CONFIG_DESTINATION_H
#include "base/buf.h"

enum destination_kind {
	DESTINATION_MUA,   /* run the mail program on the draft */
	DESTINATION_STAGE, /* private Maildir, for the macro */
	DESTINATION_STDOUT,
	DESTINATION_FILE,    /* file:PATH, which must not exist */
	DESTINATION_MAILDIR, /* maildir:DIR */
	DESTINATION_MBOX,    /* mbox:FILE */
	DESTINATION_SENDMAIL,
	DESTINATION_SMTP, /* the server of the setting "smtp" */
	DESTINATION_IMAP  /* a draft on the server of the setting "imap" */
};

struct destination {
	enum destination_kind kind;
	char path[1024];
};

/* STATUS_USAGE: not a DEST that this version knows. */
enum status destination_parse(
    const char *text, struct destination *out) MUST_CHECK;
/* Write "mua", "file:/tmp/x" ... to out. */
void destination_name(
    const struct destination *destination, char *out, size_t size);
#endif

/*
 * source.h - name a mailbox to watch: "maildir:DIR", "imaps://USER@HOST/FOLDER"
 *
 * Only the words, as server.h.
 */
#ifndef CONFIG_SOURCE_H
#define CONFIG_SOURCE_H
#include "base/status.h"
#include "config/server.h"

enum source_kind {
	SOURCE_MAILDIR, /* maildir:DIR, or all that lie below it */
	SOURCE_MBOX,    /* mbox:FILE */
	SOURCE_IMAP,    /* imap[s]://USER@HOST[:PORT][/FOLDER] */
	SOURCE_JMAP     /* jmap:https://[USER@]HOST[:PORT] */
};

enum { SOURCES_MAX = 16, SOURCE_NAME_SIZE = 1600 };

struct source {
	enum source_kind kind;
	bool tree;            /* of a Maildir: all Maildirs below it, too */
	char path[1024];      /* of a Maildir or mbox */
	struct server server; /* of IMAP, with a folder; or JMAP */
};

/* False: it is not a mailbox that can be watched. */
bool source_parse(struct span text, struct source *out);
/* As it was written, without %-escapes: for messages, and to tell two apart. */
void source_name(const struct source *source, char out[SOURCE_NAME_SIZE]);
/* Read a list, with spaces between them; "\ " is a space in a path.  False: one
 * is not valid, or there are too many. */
bool sources_parse(
    struct span text, struct source *out, size_t most, size_t *count);
#endif

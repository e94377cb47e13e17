/* destination.c - the destination of a draft: see destination.h */
#include "config/destination.h"

#include <stdio.h>

#include "base/path.h"
#include "base/span.h"

enum status
destination_parse(const char *text, struct destination *out)
{
	static const struct {
		const char *word;
		enum destination_kind kind;
		bool path;
	} words[] = {
		{ "mua", DESTINATION_MUA, false },
		{ "stage", DESTINATION_STAGE, false },
		{ "stdout", DESTINATION_STDOUT, false },
		{ "sendmail", DESTINATION_SENDMAIL, false },
		{ "smtp", DESTINATION_SMTP, false },
		{ "imap", DESTINATION_IMAP, false },
		{ "file:", DESTINATION_FILE, true },
		{ "maildir:", DESTINATION_MAILDIR, true },
		{ "mbox:", DESTINATION_MBOX, true },
	};
	struct span all = span_of(text), word;
	size_t i;

	*out = (struct destination){ 0 };
	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		word = span_of(words[i].word);
		if (!(words[i].path ? span_starts(all, word)
				    : span_eq(all, word)))
			continue;
		out->kind = words[i].kind;
		all = span_cut(all, word.len, all.len);
		if (!words[i].path)
			return STATUS_OK;
		return path_expand(all, out->path, sizeof(out->path))
		    ? STATUS_OK
		    : STATUS_USAGE;
	}
	return STATUS_USAGE;
}

void
destination_name(const struct destination *destination, char *out, size_t size)
{
	static const char *const names[] = { "mua", "stage", "stdout",
		"file:", "maildir:", "mbox:", "sendmail", "smtp", "imap" };

	(void)snprintf(
	    out, size, "%s%s", names[destination->kind], destination->path);
}

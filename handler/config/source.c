/* source.c - name a mailbox to watch: see source.h */
#include "config/source.h"

#include <stdio.h>
#include <string.h>

#include "base/path.h"

static bool
take_path(struct span text, struct span prefix, struct source *out)
{
	return path_expand(
	    span_cut(text, prefix.len, text.len), out->path, sizeof(out->path));
}

bool
source_parse(struct span text, struct source *out)
{
	const struct span maildir = SPAN("maildir:"), mbox = SPAN("mbox:"),
			  tree = SPAN("/**");

	*out = (struct source){ .kind = SOURCE_MAILDIR };
	if (span_starts(text, maildir)) {
		out->tree = text.len >= tree.len &&
		    span_eq(
			span_cut(text, text.len - tree.len, text.len), tree);
		if (out->tree)
			text.len -= tree.len;
		return take_path(text, maildir, out);
	}
	if (span_starts(text, mbox)) {
		out->kind = SOURCE_MBOX;
		return take_path(text, mbox, out);
	}
	if (!server_parse(text, &out->server) ||
	    out->server.kind == SERVER_SMTP)
		return false;
	out->kind = out->server.kind == SERVER_IMAP ? SOURCE_IMAP : SOURCE_JMAP;
	if (out->kind == SOURCE_IMAP && out->server.folder[0] == '\0')
		(void)strcpy(out->server.folder, "INBOX");
	return true;
}

void
source_name(const struct source *source, char out[SOURCE_NAME_SIZE])
{
	char server[SERVER_NAME_SIZE];

	switch (source->kind) {
	case SOURCE_MAILDIR:
		(void)snprintf(out, SOURCE_NAME_SIZE, "maildir:%s%s",
		    source->path, source->tree ? "/**" : "");
		break;
	case SOURCE_MBOX:
		(void)snprintf(out, SOURCE_NAME_SIZE, "mbox:%s", source->path);
		break;
	case SOURCE_IMAP:
		server_name(&source->server, server);
		(void)snprintf(out, SOURCE_NAME_SIZE, "%s/%s", server,
		    source->server.folder);
		break;
	case SOURCE_JMAP:
		server_name(&source->server, server);
		(void)snprintf(out, SOURCE_NAME_SIZE, "%s", server);
		break;
	}
}

/* Take the next word, with "\ " as a space; false at the end.  *fits: it has
 * room in out. */
static bool
take_word(struct span *rest, char *out, size_t size, bool *fits)
{
	size_t i = 0, n = 0;

	*rest = span_trim(*rest);
	*fits = true;
	if (rest->len == 0)
		return false;
	for (i = 0; i < rest->len && !ascii_is_blank(rest->at[i]); i++) {
		if (rest->at[i] == '\\' && i + 1 < rest->len &&
		    rest->at[i + 1] == ' ')
			i++;
		*fits = *fits && n + 1 < size;
		if (*fits)
			out[n++] = rest->at[i];
	}
	out[n] = '\0';
	*rest = span_cut(*rest, i, rest->len);
	return true;
}

bool
sources_parse(struct span text, struct source *out, size_t most, size_t *count)
{
	char word[SOURCE_NAME_SIZE];
	bool fits;

	*count = 0;
	while (take_word(&text, word, sizeof(word), &fits)) {
		if (!fits || *count == most ||
		    !source_parse(span_of(word), &out[*count]))
			return false;
		(*count)++;
	}
	return true;
}

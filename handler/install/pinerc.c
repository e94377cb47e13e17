/* pinerc.c - edit lists in a .pinerc: see pinerc.h */
#include "install/pinerc.h"

#include <string.h>

#include "install/textfile.h"

/* What stands between an item that we add and the next one. */
#define BETWEEN ",\n\t"

static bool
continues(struct span line)
{
	return line.len > 0 && (line.at[0] == ' ' || line.at[0] == '\t');
}

static bool
begins(struct span line, const char *name)
{
	const struct span n = span_of(name);

	return line.len > n.len && line.at[n.len] == '=' &&
	    span_eq_nocase(span_cut(line, 0, n.len), n);
}

struct span
pinerc_value(struct span text, const char *name)
{
	struct span line, after;
	const char *at;

	while (text.len > 0) {
		line = line_take(&text);
		if (!begins(line, name))
			continue;
		at = line.at + strlen(name) + 1;
		for (after = text; continues(after);)
			(void)line_take(&after);
		return (struct span){ at, (size_t)(after.at - at) };
	}
	return SPAN("");
}

/* The next item, trimmed; *rest continues after its comma. */
static struct span
take_item(struct span *rest)
{
	bool quoted = false;
	struct span item;
	size_t i;

	for (i = 0; i < rest->len && (quoted || rest->at[i] != ','); i++)
		if (rest->at[i] == '"')
			quoted = !quoted;
	item = span_trim(span_cut(*rest, 0, i));
	*rest = span_cut(*rest, i + 1, rest->len);
	return item;
}

static bool
is_item(struct span item, const char *wanted)
{
	const struct span want = span_of(wanted);

	if (want.len > 0 && want.at[want.len - 1] == ':')
		item = span_cut(item, 0, want.len);
	return span_eq_nocase(item, want);
}

bool
pinerc_has(struct span text, const char *name, const char *item)
{
	struct span rest = pinerc_value(text, name);

	while (rest.len > 0)
		if (is_item(take_item(&rest), item))
			return true;
	return false;
}

/* Is there a line of that name? */
static bool
has_line(struct span text, const char *name)
{
	while (text.len > 0)
		if (begins(line_take(&text), name))
			return true;
	return false;
}

void
pinerc_add(struct span text, const char *name, const char *item,
    struct buf *out, bool *added)
{
	const struct span value = pinerc_value(text, name);

	*added = has_line(text, name);
	if (!*added) {
		buf_add(out, text);
		return;
	}
	buf_add(out, span_cut(text, 0, (size_t)(value.at - text.at)));
	buf_add_text(out, item);
	if (span_trim(value).len > 0)
		buf_add_text(out, BETWEEN);
	buf_add(out, span_cut(text, (size_t)(value.at - text.at), text.len));
}

/* Where it ends that goes with the item: what we wrote behind it, or the comma
 * and white space of somebody else. */
static size_t
end_of_gap(struct span text, size_t at)
{
	if (span_starts(span_cut(text, at, text.len), SPAN(BETWEEN)))
		return at + sizeof(BETWEEN) - 1;
	if (at < text.len && text.at[at] == ',')
		for (at++; at < text.len && ascii_is_space(text.at[at]);)
			at++;
	return at;
}

/* The last of a list: the comma before it goes, too. */
static size_t
start_of_gap(struct span text, size_t from, size_t at)
{
	size_t start = at;

	while (start > from && ascii_is_space(text.at[start - 1]))
		start--;
	return start > from && text.at[start - 1] == ',' ? start - 1 : at;
}

void
pinerc_remove(
    struct span text, const char *name, const char *item, struct buf *out)
{
	const struct span value = pinerc_value(text, name);
	struct span rest = value, found;
	size_t at, end, first;

	while (rest.len > 0) {
		found = take_item(&rest);
		if (!span_eq_nocase(found, span_of(item)))
			continue;
		first = (size_t)(value.at - text.at);
		at = (size_t)(found.at - text.at);
		end = end_of_gap(text, at + found.len);
		if (end == at + found.len)
			at = start_of_gap(text, first, at);
		buf_add(out, span_cut(text, 0, at));
		buf_add(out, span_cut(text, end, text.len));
		return;
	}
	buf_add(out, text);
}

/* installed.c - which programs have which certificate: see installed.h */
#include "overview/installed.h"

void
installed_load(const struct home *home, struct installed *out)
{
	struct span rest, name;
	struct buf names;
	char program[32];
	size_t end;

	*out = (struct installed){ .count = 0 };
	buf_init(&names, 64 * 1024);
	rest = journal_list(home, &names, NULL) == STATUS_OK ? buf_span(&names)
							     : SPAN("");
	for (; rest.len > 0 && out->count < INSTALLED_MAX;
	     rest = span_cut(rest, end + 1, rest.len)) {
		end = span_find_byte(rest, '\n');
		name = span_cut(rest, 0, end);
		if (!span_copy(name, program, sizeof(program)))
			continue;
		if (journal_open(home, program, &out->journal[out->count],
			NULL) == STATUS_OK)
			out->count++;
		else
			journal_close(&out->journal[out->count]);
	}
	buf_clear(&names);
}

void
installed_clear(struct installed *installed)
{
	size_t i;

	for (i = 0; i < installed->count; i++)
		journal_close(&installed->journal[i]);
	installed->count = 0;
}

void
installed_add(const void *context, const char *id, struct buf *out)
{
	const struct installed *installed = context;
	bool first = true;
	size_t i;

	for (i = 0; i < installed->count; i++) {
		if (!journal_has(&installed->journal[i], "certificate", id))
			continue;
		buf_addf(
		    out, "%s%s", first ? "" : ", ", installed->journal[i].name);
		first = false;
	}
}

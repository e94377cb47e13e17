/* index_latest.c - the changes since an index was written: see index_p.h */
#include <stdlib.h>
#include <string.h>

#include "store/index_p.h"

enum { ID_SIZE = RECORD_ID_SIZE - 1 };

/* The last change of one record. */
struct index_latest_change {
	char id[ID_SIZE];    /* as in an entry */
	size_t turn;         /* which change it was */
	struct span entries; /* borrowed from the index */
};

static struct index_entry
entry_at(struct span entries, size_t at)
{
	struct index_entry entry;

	(void)memcpy(&entry, entries.at + at, sizeof(entry));
	return entry;
}

static int
by_turn(const void *left, const void *right)
{
	const struct index_latest_change *a = left, *b = right;
	const int order = memcmp(a->id, b->id, ID_SIZE);

	if (order != 0)
		return order;
	return a->turn < b->turn ? -1 : a->turn > b->turn;
}

static void
keep_last(struct index_latest *latest)
{
	size_t i, kept = 0;

	if (latest->count < 2)
		return;
	qsort(latest->at, latest->count, sizeof(*latest->at), by_turn);
	for (i = 1; i < latest->count; i++) {
		if (memcmp(latest->at[i].id, latest->at[kept].id, ID_SIZE) != 0)
			kept++;
		latest->at[kept] = latest->at[i];
	}
	latest->count = kept + 1;
}

static bool
add(struct index_latest *latest, struct span entries, size_t turn)
{
	const size_t room = latest->room == 0 ? 64 : 2 * latest->room;
	const struct index_entry first = entry_at(entries, 0);
	struct index_latest_change *more;

	if (latest->count == latest->room) {
		more = reallocarray(latest->at, room, sizeof(*more));
		if (more == NULL)
			return false;
		latest->at = more;
		latest->room = room;
	}
	more = &latest->at[latest->count++];
	*more =
	    (struct index_latest_change){ .turn = turn, .entries = entries };
	(void)memcpy(more->id, first.id, ID_SIZE);
	return true;
}

bool
index_latest_read(const struct index *index, struct index_latest *out)
{
	struct span rest = buf_span(&index->changes), entries;
	struct index_change_head head;
	size_t turn = 0;

	while (rest.len > 0)
		/* One without entries was of another file. */
		if (!index_next_change(
			&rest, &head, &entries, index->header.sum) ||
		    (entries.len > 0 && !add(out, entries, turn++)))
			return false;
	keep_last(out);
	return true;
}

static int
by_id(const void *id, const void *change)
{
	return memcmp(
	    id, ((const struct index_latest_change *)change)->id, ID_SIZE);
}

bool
index_latest_has(const struct index_latest *latest, const char *id)
{
	return latest->count > 0 &&
	    bsearch(id, latest->at, latest->count, sizeof(*latest->at),
		by_id) != NULL;
}

static int
by_value(const void *left, const void *right)
{
	const struct index_entry *a = left, *b = right;

	return a->value > b->value ? -1 : a->value < b->value;
}

bool
index_latest_look(const struct index_latest *latest,
    const struct index_range *range, struct index_ids *out)
{
	struct index_entries found = { .count = 0 };
	struct index_entry entry;
	bool good = true;
	size_t i, j;

	for (i = 0; i < latest->count; i++) {
		found.id = latest->at[i].id;
		for (j = 0; j < latest->at[i].entries.len; j += sizeof(entry)) {
			entry = entry_at(latest->at[i].entries, j);
			if (index_is_in(&entry, range))
				index_add(&found, entry.key, entry.value);
		}
	}
	if (found.count > 1)
		qsort(found.at, found.count, sizeof(*found.at), by_value);
	for (i = 0;
	     good && i < found.count && (range->most == 0 || i < range->most);
	     i++)
		good = index_take(&found.at[i], out);
	good = good && !found.failed;
	index_entries_clear(&found);
	return good;
}

void
index_latest_clear(struct index_latest *latest)
{
	free(latest->at);
	*latest = (struct index_latest){ .count = 0 };
}

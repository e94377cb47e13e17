/* nearest.c - the known word at the least edit distance: see nearest.h */
#include "base/nearest.h"

/* One mistake, or one for every three bytes. */
static size_t
most_mistakes(struct span typed)
{
	return typed.len < 6 ? 1 : typed.len / 3;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Insertions, deletions, replacements, and neighbours exchanged.  Both are at
 * most NEAREST_MAX long. */
static size_t
distance(struct span a, struct span b)
{
	size_t rows[3][NEAREST_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2], *spare;
	size_t i, j;

	for (j = 0; j <= b.len; j++)
		row[j] = j;
	for (i = 1; i <= a.len; i++) {
		spare = before;
		before = above;
		above = row;
		row = spare;
		row[0] = i;
		for (j = 1; j <= b.len; j++) {
			row[j] = least(least(above[j], row[j - 1]) + 1,
			    above[j - 1] + (a.at[i - 1] != b.at[j - 1]));
			if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] &&
			    a.at[i - 2] == b.at[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
	}
	return row[b.len];
}

struct nearest
nearest_to(struct span typed)
{
	return (struct nearest){ typed, NULL, most_mistakes(typed) + 1 };
}

void
nearest_consider(struct nearest *nearest, const char *name)
{
	const struct span known = span_of(name);
	size_t found;

	if (nearest->typed.len > NEAREST_MAX || known.len > NEAREST_MAX)
		return;
	found = distance(nearest->typed, known);
	if (found < nearest->distance && found < known.len) {
		nearest->name = name;
		nearest->distance = found;
	}
}

const char *
nearest_of(struct span typed, const char *const names[], size_t count)
{
	struct nearest nearest = nearest_to(typed);
	size_t i;

	for (i = 0; i < count; i++)
		nearest_consider(&nearest, names[i]);
	return nearest.name;
}

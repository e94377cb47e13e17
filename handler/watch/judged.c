/* judged.c - the messages that were handed over: see judged.h */
#include "watch/judged.h"

#include <stdlib.h>

/* A table of keys, at most half of which is used.  It begins small and is
 * doubled: most mailboxes get few messages while a challenge is awaited. */
enum { SLOTS_FIRST = 256, SLOTS_MAX = 64 * 1024 };

static uint64_t
mix(uint64_t sum, uint64_t value)
{
	sum ^= value + UINT64_C(0x9e3779b97f4a7c15) + (sum << 6) + (sum >> 2);
	sum *= UINT64_C(0xff51afd7ed558ccd);
	return sum ^ sum >> 33;
}

uint64_t
judged_key_of_file(const struct stat *st)
{
	uint64_t sum = mix((uint64_t)st->st_dev, (uint64_t)st->st_ino);

	sum = mix(sum, (uint64_t)st->st_size);
	sum = mix(sum, (uint64_t)st->st_mtim.tv_sec);
	return mix(sum, (uint64_t)st->st_mtim.tv_nsec);
}

uint64_t
judged_key_of(struct span text)
{
	uint64_t sum = text.len;
	size_t i;

	for (i = 0; i < text.len; i++)
		sum = mix(sum, (unsigned char)text.at[i]);
	return sum;
}

/* Where the key is, or would be. */
static size_t
slot_of(const struct judged *judged, uint64_t key)
{
	size_t slot = key % judged->slots;

	while (judged->at[slot] != 0 && judged->at[slot] != key)
		slot = (slot + 1) % judged->slots;
	return slot;
}

bool
judged_has(const struct judged *judged, uint64_t key)
{
	return judged->at != NULL && judged->at[slot_of(judged, key | 1)] != 0;
}

/* Take a larger table, unless there is no larger one or no memory. */
static void
grow(struct judged *judged)
{
	struct judged more = { NULL, 0, judged->count };
	size_t i;

	if (judged->slots == SLOTS_MAX)
		return;
	more.slots = judged->slots == 0 ? SLOTS_FIRST : judged->slots * 2;
	more.at = calloc(more.slots, sizeof(*more.at));
	if (more.at == NULL)
		return;
	for (i = 0; i < judged->slots; i++)
		if (judged->at[i] != 0)
			more.at[slot_of(&more, judged->at[i])] = judged->at[i];
	free(judged->at);
	*judged = more;
}

void
judged_add(struct judged *judged, uint64_t key)
{
	size_t slot;

	if (judged->count >= judged->slots / 2)
		grow(judged);
	if (judged->count >= judged->slots / 2)
		return;
	slot = slot_of(judged, key | 1);
	judged->count += judged->at[slot] == 0;
	judged->at[slot] = key | 1;
}

void
judged_clear(struct judged *judged)
{
	free(judged->at);
	*judged = (struct judged){ NULL, 0, 0 };
}

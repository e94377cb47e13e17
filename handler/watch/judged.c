/* judged.c - the messages that were handed over: see judged.h */
#include "watch/judged.h"

#include <stdlib.h>

/* A table of keys; half of it is used. */
enum { SLOTS = 64 * 1024 };

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
	size_t slot = key % SLOTS;

	while (judged->at[slot] != 0 && judged->at[slot] != key)
		slot = (slot + 1) % SLOTS;
	return slot;
}

bool
judged_has(const struct judged *judged, uint64_t key)
{
	return judged->at != NULL && judged->at[slot_of(judged, key | 1)] != 0;
}

void
judged_add(struct judged *judged, uint64_t key)
{
	size_t slot;

	if (judged->at == NULL)
		judged->at = calloc(SLOTS, sizeof(*judged->at));
	if (judged->at == NULL || judged->count >= SLOTS / 2)
		return;
	slot = slot_of(judged, key | 1);
	judged->count += judged->at[slot] == 0;
	judged->at[slot] = key | 1;
}

void
judged_clear(struct judged *judged)
{
	free(judged->at);
	*judged = (struct judged){ NULL, 0 };
}

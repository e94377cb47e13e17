/* verified.c - cached S/MIME statuses: see verified.h */
#include "store/verified.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/frame.h"

enum {
	FILES = 16,
	FILE_MAX = 64 * 1024 * 1024,
	ENTRIES_MAX = VERIFIED_ENTRIES_MAX / FILES,
	ENTRY_MAX = 16 * 1024,
	DIGEST_LEN = 64
};

/* Where the entry of a message begins in its file; the last one counts. */
struct slot {
	uint64_t key; /* of its digest; 0: empty */
	size_t at;
};

/* The entries whose digests begin with one hexadecimal digit. */
struct file {
	bool loaded, changed;
	struct buf entries; /* owned: frames "entry" */
	struct slot *slots; /* owned: an open hash table */
	size_t room;        /* a power of two, or 0 */
	size_t count;
};

struct verified_cache {
	const struct home *home; /* borrowed */
	int64_t now;
	char trust[DIGEST_LEN + 1];
	struct file file[FILES];
};

struct verified_cache *
verified_open(const struct home *home, const char *trust, int64_t now)
{
	struct verified_cache *cache = calloc(1, sizeof(*cache));
	size_t i;

	if (cache == NULL)
		return NULL;
	cache->home = home;
	cache->now = now;
	if (!span_copy(span_of(trust), cache->trust, sizeof(cache->trust)))
		cache->trust[0] = '\0';
	for (i = 0; i < FILES; i++)
		buf_init(&cache->file[i].entries, FILE_MAX);
	return cache;
}

/* The digest's first 15 digits, never 0; false: it is not a digest. */
static bool
key_of(struct span digest, uint64_t *key, size_t *file)
{
	uint64_t value = 0;
	size_t i;
	char c;

	if (digest.len != DIGEST_LEN)
		return false;
	for (i = 0; i < 15; i++) {
		c = digest.at[i];
		if (!ascii_is_digit(c) && (c < 'a' || c > 'f'))
			return false;
		value = value << 4 |
		    (uint64_t)(ascii_is_digit(c) ? c - '0' : c - 'a' + 10);
	}
	*file = (size_t)(value >> 56);
	*key = value | UINT64_C(1) << 63;
	return true;
}

static struct slot *
slot_of(const struct file *file, uint64_t key)
{
	size_t i = (size_t)key & (file->room - 1);

	while (file->slots[i].key != 0 && file->slots[i].key != key)
		i = (i + 1) & (file->room - 1);
	return &file->slots[i];
}

static bool
grow(struct file *file)
{
	const struct file old = *file;
	struct slot *slots;
	size_t i;

	slots = calloc(old.room == 0 ? 64 : old.room * 2, sizeof(*slots));
	if (slots == NULL)
		return false;
	file->slots = slots;
	file->room = old.room == 0 ? 64 : old.room * 2;
	for (i = 0; i < old.room; i++)
		if (old.slots[i].key != 0)
			*slot_of(file, old.slots[i].key) = old.slots[i];
	free(old.slots);
	return true;
}

static bool
remember(struct file *file, uint64_t key, size_t at)
{
	struct slot *slot;

	if (file->count * 2 >= file->room && !grow(file))
		return false;
	slot = slot_of(file, key);
	file->count += slot->key == 0;
	*slot = (struct slot){ key, at };
	return true;
}

static void
file_name(size_t file, char out[2])
{
	out[0] = "0123456789abcdef"[file];
	out[1] = '\0';
}

/* Take the next entry of a file; what follows a damaged one is lost. */
static bool
take_entry(struct span *rest, struct span *entry, uint64_t *key)
{
	struct frame frame;
	size_t file;

	if (frame_take(rest, &frame) != STATUS_OK ||
	    !span_eq(frame.name, SPAN("entry")) ||
	    !key_of(frame_get(frame.value, "digest"), key, &file))
		return false;
	*entry = frame.value;
	return true;
}

static void
load(struct verified_cache *cache, size_t number)
{
	struct file *file = &cache->file[number];
	struct span rest, entry;
	uint64_t key;
	char name[2];
	int dir = -1;
	size_t at = 0;

	if (file->loaded)
		return;
	file->loaded = true;
	file_name(number, name);
	if (home_subdir(cache->home, "verified", false, &dir, NULL) !=
		STATUS_OK ||
	    dir < 0)
		return;
	if (file_read(dir, name, &file->entries) != STATUS_OK)
		buf_clear(&file->entries);
	(void)close(dir);
	rest = buf_span(&file->entries);
	while (take_entry(&rest, &entry, &key) && remember(file, key, at))
		at = file->entries.len - rest.len;
	buf_cut(&file->entries, at);
}

/* Is it whole, and what may an entry say? */
static bool
read_entry(
    const struct verified_cache *cache, struct span entry, struct verified *out)
{
	*out = (struct verified){ .current = false };
	if (!frame_number(frame_get(entry, "at"), &out->at) ||
	    !smime_report_read(frame_get(entry, "report"), &out->report) ||
	    !smime_report_ok(&out->report))
		return false;
	out->current =
	    span_eq(frame_get(entry, "trust"), span_of(cache->trust)) &&
	    out->at <= cache->now && cache->now - out->at < VERIFIED_SECONDS;
	return true;
}

bool
verified_find(
    struct verified_cache *cache, const char *digest, struct verified *out)
{
	const struct slot *slot;
	struct span rest, entry;
	struct file *file;
	uint64_t key, found;
	size_t number;

	if (!key_of(span_of(digest), &key, &number))
		return false;
	load(cache, number);
	file = &cache->file[number];
	if (file->room == 0 || (slot = slot_of(file, key))->key == 0)
		return false;
	rest = span_cut(buf_span(&file->entries), slot->at, file->entries.len);
	return take_entry(&rest, &entry, &found) &&
	    span_eq(frame_get(entry, "digest"), span_of(digest)) &&
	    read_entry(cache, entry, out);
}

void
verified_keep(struct verified_cache *cache, const char *digest,
    const struct verified *verified)
{
	struct buf entry, report;
	struct file *file;
	uint64_t key;
	size_t number, at;

	if (cache->home->dir < 0 || !key_of(span_of(digest), &key, &number))
		return;
	load(cache, number);
	file = &cache->file[number];
	at = file->entries.len;
	buf_init(&entry, ENTRY_MAX);
	buf_init(&report, ENTRY_MAX);
	smime_report_write(&verified->report, &report);
	frame_add(&entry, "digest", span_of(digest));
	frame_add_number(&entry, "at", verified->at);
	frame_add(&entry, "trust", span_of(cache->trust));
	frame_add(&entry, "report", buf_span(&report));
	if (buf_status(&report) == STATUS_OK && buf_status(&entry) == STATUS_OK)
		frame_add(&file->entries, "entry", buf_span(&entry));
	if (file->entries.len > at && buf_status(&file->entries) == STATUS_OK &&
	    remember(file, key, at))
		file->changed = true;
	buf_clear(&report);
	buf_clear(&entry);
}

/* The entries that count, without the oldest ones where they are too many. */
static void
write_entries(const struct file *file, struct buf *out)
{
	size_t spare =
	    file->count > ENTRIES_MAX ? file->count - ENTRIES_MAX : 0;
	struct span rest = buf_span(&file->entries), entry;
	uint64_t key;
	size_t at = 0;

	for (; take_entry(&rest, &entry, &key);
	     at = file->entries.len - rest.len) {
		if (slot_of(file, key)->at != at)
			continue;
		if (spare > 0)
			spare--;
		else
			frame_add(out, "entry", entry);
	}
}

static void
save(const struct verified_cache *cache)
{
	struct buf all;
	int dir = -1;
	char name[2];
	size_t i;

	if (home_subdir(cache->home, "verified", true, &dir, NULL) !=
		STATUS_OK ||
	    dir < 0)
		return;
	/* Earlier versions kept a file for each message. */
	dir_keep_few(dir, 2 * FILES);
	for (i = 0; i < FILES; i++) {
		if (!cache->file[i].changed)
			continue;
		buf_init(&all, FILE_MAX);
		write_entries(&cache->file[i], &all);
		file_name(i, name);
		if (buf_status(&all) == STATUS_OK)
			(void)!file_replace(dir, name, buf_span(&all), NULL);
		buf_clear(&all);
	}
	(void)close(dir);
}

void
verified_close(struct verified_cache *cache)
{
	bool changed = false;
	size_t i;

	if (cache == NULL)
		return;
	for (i = 0; i < FILES; i++)
		changed = changed || cache->file[i].changed;
	if (changed)
		save(cache);
	for (i = 0; i < FILES; i++) {
		buf_clear(&cache->file[i].entries);
		free(cache->file[i].slots);
	}
	free(cache);
}

/* imap_uids.c - the lowest of many message numbers: see imap_uids.h */
#include "helpers/mail/imap_uids.h"

#include <stdlib.h>

/* RFC 2683 section 3.2.1.5: a command should not be longer than 1000 octets. */
enum { SET_SIZE = 800 };

static void
swap(uint32_t *a, uint32_t *b)
{
	const uint32_t kept = *a;

	*a = *b;
	*b = kept;
}

/* The last one came new. */
static void
rise(struct imap_uids *uids)
{
	size_t i = uids->count - 1, parent;

	while (i > 0) {
		parent = (i - 1) / 2;
		if (uids->uid[i] <= uids->uid[parent])
			return;
		swap(&uids->uid[i], &uids->uid[parent]);
		i = parent;
	}
}

static void
sink(struct imap_uids *uids)
{
	size_t i = 0, child;

	while ((child = 2 * i + 1) < uids->count) {
		if (child + 1 < uids->count &&
		    uids->uid[child + 1] > uids->uid[child])
			child++;
		if (uids->uid[i] >= uids->uid[child])
			return;
		swap(&uids->uid[i], &uids->uid[child]);
		i = child;
	}
}

void
imap_uids_add(struct imap_uids *uids, uint32_t uid)
{
	uids->seen++;
	if (uid > uids->greatest)
		uids->greatest = uid;
	if (uids->count < IMAP_UIDS_MAX) {
		uids->uid[uids->count++] = uid;
		rise(uids);
	} else if (uid < uids->uid[0]) {
		uids->uid[0] = uid;
		sink(uids);
	}
}

static int
compare(const void *a, const void *b)
{
	const uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;

	return (one > other) - (one < other);
}

void
imap_uids_sort(struct imap_uids *uids)
{
	size_t i, n = 0;

	qsort(uids->uid, uids->count, sizeof(*uids->uid), compare);
	for (i = 0; i < uids->count; i++)
		if (n == 0 || uids->uid[n - 1] != uids->uid[i])
			uids->uid[n++] = uids->uid[i];
	uids->count = n;
}

size_t
imap_uids_write(
    const uint32_t *uids, size_t count, size_t most, struct buf *out)
{
	const size_t begin = out->len;
	size_t i = 0, first;

	while (i < count && i < most && out->len - begin < SET_SIZE) {
		first = i++;
		while (i < count && i < most && uids[i] == uids[i - 1] + 1)
			i++;
		buf_addf(out, "%s%lu", out->len > begin ? "," : "",
		    (unsigned long)uids[first]);
		if (i - first > 1)
			buf_addf(out, ":%lu", (unsigned long)uids[i - 1]);
	}
	return i;
}

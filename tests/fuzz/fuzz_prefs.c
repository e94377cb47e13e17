/* fuzz_prefs.c - install/prefs: preferences of Mozilla programs */
#include <string.h>

#include "fuzz.h"
#include "install/prefs.h"

/* Written again, it is the same string, and the same text. */
static void
check_value(struct span value)
{
	struct buf once, twice, string;

	buf_init(&once, PREFS_MAX);
	buf_init(&twice, PREFS_MAX);
	buf_init(&string, PREFS_MAX);
	pref_canonical(value, &once);
	pref_canonical(buf_span(&once), &twice);
	assert(once.len > 0);
	assert(span_eq(buf_span(&once), buf_span(&twice)));
	assert(!span_has_byte(buf_span(&once), '\n'));
	assert(pref_string(value, &string) ==
	    (value.at[0] == '"' || value.at[0] == '\''));
	buf_clear(&string);
	buf_clear(&twice);
	buf_clear(&once);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span text = { (const char *)data, size };
	struct span id, rest;
	struct pref pref, last;
	enum status status;
	size_t at = 0, before = 0;

	while ((status = prefs_next(text, &at, &pref)) == STATUS_OK) {
		assert(at > before && at <= size);
		before = at;
		assert(within(pref.whole, text));
		assert(within(pref.value, pref.whole) && pref.value.len > 0);
		assert(pref.whole.at[pref.whole.len - 1] == ';');
		check_value(pref.value);
		if (pref_identity(pref.name, &id, &rest))
			assert(id.len > 2 && span_starts(id, SPAN("id")) &&
			    within(rest, span_of(pref.name)));
		last = pref;
	}
	assert(status == STATUS_END || status == STATUS_CONFIG);
	assert(at <= size && prefs_line(text, at) <= size + 1);
	if (status == STATUS_END && before > 0 && last.name[0] != '\0') {
		assert(prefs_find(text, last.name, &pref) == STATUS_OK);
		assert(pref.whole.at == last.whole.at);
	}
	return 0;
}

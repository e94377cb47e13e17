/* fuzz_word.c - mail/word and base/text: what comes out is text */
#include "base/text.h"
#include "fuzz.h"
#include "mail/word.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span text = { (const char *)data, size };
	struct words words;
	struct buf out, shown;

	buf_init(&out, 4 * size + 16);
	buf_init(&shown, 64 * size + 64);
	if (words_decode(&out, text, &words) != STATUS_OK)
		abort(); /* never longer than four times the input */
	if (!words.other_charset && !words.bad_text)
		assert(utf8_is_text(buf_span(&out)));
	text_show(&shown, buf_span(&out), TEXT_NO_LIMIT, true);
	assert(buf_status(&shown) == STATUS_OK);
	assert(!text_has_hidden(buf_span(&shown)));
	buf_clear(&shown);
	text_show(&shown, buf_span(&out), 20, false);
	assert(span_is_ascii(buf_span(&shown)) && shown.len <= 20);
	buf_clear(&shown);
	text_json(&shown, buf_span(&out));
	assert(utf8_is_text(buf_span(&shown)));
	buf_clear(&shown);
	buf_clear(&out);
	return 0;
}

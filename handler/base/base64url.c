/* base64url.c - strict base64url: see base64url.h.  Input: hostile. */
#include "base/base64url.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-')
		return 62;
	return c == '_' ? 63 : -1;
}

struct span
base64url_trim_pad(struct span text)
{
	int i;

	for (i = 0; i < 2 && text.len > 0 && text.at[text.len - 1] == '='; i++)
		text.len--;
	return text;
}

bool
base64url_is_text(struct span text)
{
	struct span bare = base64url_trim_pad(text);
	size_t i, rest = bare.len % 4;
	int last;

	if (bare.len != text.len && text.len % 4 != 0)
		return false;
	for (i = 0; i < bare.len; i++)
		if (value_of(bare.at[i]) < 0)
			return false;
	if (rest == 0)
		return true;
	last = value_of(bare.at[bare.len - 1]);
	return (rest == 2 && (last & 0x0f) == 0) ||
	    (rest == 3 && (last & 0x03) == 0);
}

size_t
base64url_octets(struct span text)
{
	return base64url_trim_pad(text).len * 3 / 4;
}

enum status
base64url_decode(struct buf *out, struct span text)
{
	struct span bare = base64url_trim_pad(text);
	unsigned long bits = 0;
	int count = 0;
	size_t i;

	if (!base64url_is_text(text))
		return STATUS_BAD_TOKEN;
	for (i = 0; i < bare.len; i++) {
		bits = (bits << 6 | (unsigned long)value_of(bare.at[i])) &
		    0xffffff;
		count += 6;
		if (count >= 8) {
			count -= 8;
			buf_add_byte(out, (char)(bits >> count & 0xff));
		}
	}
	return buf_status(out);
}

void
base64url_encode(struct buf *out, struct span bytes)
{
	unsigned long bits = 0;
	int count = 0;
	size_t i;

	for (i = 0; i < bytes.len; i++) {
		bits = (bits << 8 | (unsigned char)bytes.at[i]) & 0xffff;
		for (count += 8; count >= 6; count -= 6)
			buf_add_byte(out, alphabet[bits >> (count - 6) & 63]);
	}
	if (count > 0)
		buf_add_byte(out, alphabet[bits << (6 - count) & 63]);
}

/* imap_name.c - names of folders on the wire: see imap_name.h */
#include "helpers/mail/imap_name.h"

#include "base/text.h"

/* RFC 3501 section 5.1.3: "," instead of "/", and no "=". */
static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/* Bits that are not written yet, or not yet read to a whole unit. */
struct bits {
	uint32_t value;
	unsigned count;
};

static void
add_unit(struct bits *bits, uint32_t unit, struct buf *out)
{
	bits->value = bits->value << 16 | unit;
	bits->count += 16;
	while (bits->count >= 6) {
		bits->count -= 6;
		buf_add_byte(out, alphabet[bits->value >> bits->count & 63]);
	}
}

static void
end_units(struct bits *bits, struct buf *out)
{
	if (bits->count > 0)
		buf_add_byte(
		    out, alphabet[bits->value << (6 - bits->count) & 63]);
	buf_add_byte(out, '-');
	*bits = (struct bits){ 0 };
}

static bool
is_direct(uint32_t c)
{
	return c >= 0x20 && c <= 0x7e;
}

bool
imap_name_encode(struct span name, struct buf *out)
{
	struct bits bits = { 0 };
	bool shifted = false;
	uint32_t c;

	while (name.len > 0) {
		if (!utf8_take(&name, &c))
			return false;
		if (is_direct(c)) {
			if (shifted)
				end_units(&bits, out);
			shifted = false;
			buf_add_byte(out, (char)c);
			if (c == '&')
				buf_add_byte(out, '-');
			continue;
		}
		if (!shifted)
			buf_add_byte(out, '&');
		shifted = true;
		if (c > 0xffff)
			add_unit(&bits, 0xd800 + ((c - 0x10000) >> 10), out);
		add_unit(&bits,
		    c > 0xffff ? 0xdc00 + ((c - 0x10000) & 0x3ff) : c, out);
	}
	if (shifted)
		end_units(&bits, out);
	return true;
}

/* A unit of UTF-16; half of a pair waits in *high. */
static bool
take_unit(uint32_t unit, uint32_t *high, struct buf *out)
{
	const bool is_low = unit >= 0xdc00 && unit <= 0xdfff;

	if (is_low != (*high != 0))
		return false;
	if (unit >= 0xd800 && unit <= 0xdbff) {
		*high = unit;
		return true;
	}
	if (is_low)
		unit = 0x10000 + ((*high - 0xd800) << 10) + (unit - 0xdc00);
	*high = 0;
	/* What needs no base64 must not have it. */
	if (is_direct(unit))
		return false;
	utf8_add(out, unit);
	return true;
}

/* What stands between "&" and "-". */
static bool
decode_units(struct span units, struct buf *out)
{
	const struct span letters = SPAN(alphabet);
	struct bits bits = { 0 };
	uint32_t high = 0;
	size_t i, digit;

	for (i = 0; i < units.len; i++) {
		digit = span_find_byte(letters, units.at[i]);
		if (digit == letters.len)
			return false;
		bits.value = bits.value << 6 | (uint32_t)digit;
		bits.count += 6;
		if (bits.count < 16)
			continue;
		bits.count -= 16;
		if (!take_unit(bits.value >> bits.count & 0xffff, &high, out))
			return false;
	}
	return high == 0 && bits.count < 6 &&
	    (bits.value & ((1U << bits.count) - 1)) == 0;
}

static bool
decode(struct span name, struct buf *out)
{
	size_t i, end;

	for (i = 0; i < name.len; i = end + 1) {
		end = i;
		if (!is_direct((unsigned char)name.at[i]))
			return false;
		if (name.at[i] != '&') {
			buf_add_byte(out, name.at[i]);
			continue;
		}
		end = i + span_find_byte(span_cut(name, i, name.len), '-');
		if (end == name.len)
			return false;
		if (end == i + 1)
			buf_add_byte(out, '&');
		else if (!decode_units(span_cut(name, i + 1, end), out))
			return false;
	}
	return true;
}

void
imap_name_decode(struct span name, struct buf *out)
{
	const size_t begin = out->len;

	if (decode(name, out))
		return;
	buf_cut(out, begin);
	buf_add(out, name);
}

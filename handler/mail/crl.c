/* crl.c - revocation lists: see crl.h.  Input: hostile. */
#include "mail/crl.h"

#include <string.h>

/* id-ce (2.5.29) and below it. */
enum extension {
	EXT_REASON = 21,
	EXT_NUMBER = 20,
	EXT_INVALIDITY = 24,
	EXT_DELTA = 27,
	EXT_POINT = 28,
	EXT_KEY_ID = 35,
	EXT_OTHER = 0
};

/* Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue } */
static bool
take_extension(
    struct span *s, enum extension *id, bool *critical, struct span *value)
{
	struct span one, oid, flag;

	*critical = false;
	if (!der_take(s, DER_SEQUENCE, &one) || !der_take(&one, DER_OID, &oid))
		return false;
	if (der_tag(one) == DER_BOOLEAN) {
		if (!der_take(&one, DER_BOOLEAN, &flag) || flag.len != 1)
			return false;
		*critical = flag.at[0] != 0;
	}
	*id = oid.len == 3 && memcmp(oid.at, "\x55\x1d", 2) == 0
	    ? (enum extension)(unsigned char)oid.at[2]
	    : EXT_OTHER;
	return der_take(&one, DER_OCTETS, value) && one.len == 0;
}

/* A number that is not negative. */
static bool
take_number(struct span s, struct span *out)
{
	return der_take(&s, DER_INTEGER, out) && s.len == 0 && out->len > 0 &&
	    (out->at[0] & 0x80) == 0;
}

static bool
take_flag(struct span *s, unsigned char tag, bool *out)
{
	struct span value;

	if (der_tag(*s) != tag)
		return true;
	if (!der_take(s, tag, &value) || value.len != 1)
		return false;
	*out = value.at[0] != 0;
	return true;
}

/* ReasonFlags: bit 0 is the highest of the first octet. */
static bool
take_reasons(struct span *s, unsigned char tag, unsigned *out)
{
	struct span bits;
	size_t i;

	if (der_tag(*s) != tag)
		return true;
	if (!der_take(s, tag, &bits) || bits.len < 1 || bits.len > 3)
		return false;
	for (*out = 0, i = 0; i < 8 * (bits.len - 1); i++)
		if ((bits.at[1 + i / 8] & 0x80 >> i % 8) != 0)
			*out |= 1U << i;
	*out &= CRL_REASONS_ALL;
	return true;
}

/* Section 5.2.5: IssuingDistributionPoint. */
static bool
take_point(struct span value, struct crl *out)
{
	struct span s;

	return der_take(&value, DER_SEQUENCE, &s) && value.len == 0 &&
	    (der_tag(s) != DER_CONTEXT(0) ||
		der_take(&s, DER_CONTEXT(0), &out->point)) &&
	    take_flag(&s, DER_PRIMITIVE(1), &out->only_users) &&
	    take_flag(&s, DER_PRIMITIVE(2), &out->only_cas) &&
	    take_reasons(&s, DER_PRIMITIVE(3), &out->reasons) &&
	    take_flag(&s, DER_PRIMITIVE(4), &out->indirect) &&
	    take_flag(&s, DER_PRIMITIVE(5), &out->only_attributes) &&
	    s.len == 0;
}

/* AuthorityKeyIdentifier: [0] is the identifier; the rest does not matter. */
static bool
take_key_id(struct span value, struct span *out)
{
	struct span s;

	return der_take(&value, DER_SEQUENCE, &s) &&
	    (der_tag(s) != DER_PRIMITIVE(0) ||
		der_take(&s, DER_PRIMITIVE(0), out));
}

/* crlExtensions [0] EXPLICIT */
static bool
take_extensions(struct span *s, struct crl *out)
{
	struct span all, list, value;
	enum extension id;
	bool critical, good = true;

	if (s->len == 0)
		return true;
	if (!der_take(s, DER_CONTEXT(0), &all) ||
	    !der_take(&all, DER_SEQUENCE, &list) || all.len > 0)
		return false;
	while (good && list.len > 0) {
		if (!take_extension(&list, &id, &critical, &value))
			return false;
		switch ((int)id) {
		case EXT_NUMBER:
			good = take_number(value, &out->number);
			break;
		case EXT_DELTA:
			out->delta = true;
			good = take_number(value, &out->base);
			break;
		case EXT_POINT:
			good = take_point(value, out);
			break;
		case EXT_KEY_ID:
			good = take_key_id(value, &out->key_id);
			break;
		default:
			out->critical = out->critical || critical;
		}
	}
	return good;
}

/* TBSCertList (section 5.1.2) */
static bool
take_tbs(struct span s, struct span algorithm, struct crl *out)
{
	struct span version, again;

	if (der_tag(s) == DER_INTEGER && !der_take(&s, DER_INTEGER, &version))
		return false;
	/* Section 5.1.1.2: the same algorithm stands inside. */
	if (!der_take_whole(&s, &again) || !span_eq(again, algorithm) ||
	    der_tag(s) != DER_SEQUENCE || !der_take_whole(&s, &out->issuer) ||
	    !der_take_time(&s, &out->starts))
		return false;
	if ((der_tag(s) == DER_UTC_TIME || der_tag(s) == DER_TIME) &&
	    !der_take_time(&s, &out->ends))
		return false;
	if (der_tag(s) == DER_SEQUENCE &&
	    !der_take(&s, DER_SEQUENCE, &out->entries))
		return false;
	return take_extensions(&s, out) && s.len == 0;
}

enum status
crl_parse(struct span der, struct crl *out)
{
	struct crl crl = { .reasons = CRL_REASONS_ALL };
	struct span list, tbs, bits;

	if (!der_take(&der, DER_SEQUENCE, &list) || der.len > 0 ||
	    !der_take_whole(&list, &crl.tbs) || der_tag(list) != DER_SEQUENCE ||
	    !der_take_whole(&list, &crl.algorithm) ||
	    !der_take(&list, DER_BITS, &bits) || list.len > 0 || bits.len < 2 ||
	    bits.at[0] != 0)
		return STATUS_BAD_SYNTAX;
	crl.signature = span_cut(bits, 1, bits.len);
	list = crl.tbs;
	if (!der_take(&list, DER_SEQUENCE, &tbs) ||
	    !take_tbs(tbs, crl.algorithm, &crl))
		return STATUS_BAD_SYNTAX;
	*out = crl;
	return STATUS_OK;
}

/* The shortest form of an INTEGER that is not negative. */
static struct span
shortest(struct span number)
{
	while (
	    number.len > 1 && number.at[0] == 0 && (number.at[1] & 0x80) == 0)
		number = span_cut(number, 1, number.len);
	return number;
}

int
crl_number_compare(struct span a, struct span b)
{
	a = shortest(a);
	b = shortest(b);
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return a.len > 0 ? memcmp(a.at, b.at, a.len) : 0;
}

/* crlEntryExtensions (section 5.3); all that is known may be critical. */
static bool
take_entry_extensions(struct span s, struct crl_entry *out)
{
	struct span list, value, reason;
	enum extension id;
	bool critical;

	if (!der_take(&s, DER_SEQUENCE, &list) || s.len > 0)
		return false;
	while (list.len > 0) {
		if (!take_extension(&list, &id, &critical, &value))
			return false;
		if (id == EXT_REASON) {
			if (!der_take(&value, DER_ENUMERATED, &reason) ||
			    reason.len != 1)
				return false;
			out->reason = (unsigned char)reason.at[0];
		} else if (id == EXT_INVALIDITY) {
			if (!der_take_time(&value, &out->invalid))
				return false;
		} else if (critical) {
			return false;
		}
	}
	return true;
}

enum status
crl_find(const struct crl *crl, struct span serial, struct crl_entry *out)
{
	struct span list = crl->entries, one, number, when;
	struct crl_entry entry;
	bool found = false, same;

	serial = shortest(serial);
	while (list.len > 0) {
		if (!der_take(&list, DER_SEQUENCE, &one) ||
		    !der_take(&one, DER_INTEGER, &number) ||
		    !der_take_whole(&one, &when))
			return STATUS_BAD_SYNTAX;
		same = span_eq(shortest(number), serial);
		if (!same && one.len == 0)
			continue; /* millions go this way */
		entry = (struct crl_entry){ .reason = 0 };
		if (!der_take_time(&when, &entry.revoked))
			return STATUS_BAD_SYNTAX;
		entry.invalid = entry.revoked;
		if (one.len > 0 && !take_entry_extensions(one, &entry))
			return STATUS_BAD_SYNTAX;
		if (same)
			*out = entry;
		found = found || same;
	}
	return found ? STATUS_OK : STATUS_MISSING;
}

/* DistributionPointName: is a name of one also a name of the other? */
static bool
names_meet(struct span a, struct span b)
{
	struct span a_names, b_names, rest, one, other;
	const unsigned char tag = der_tag(a);

	/* nameRelativeToCRLIssuer [1], fullName [0] */
	if (tag == DER_CONTEXT(1) || der_tag(b) != tag)
		return span_eq(a, b);
	if (!der_take(&a, DER_CONTEXT(0), &a_names) ||
	    !der_take(&b, DER_CONTEXT(0), &b_names))
		return false;
	while (der_take_whole(&a_names, &one))
		for (rest = b_names; der_take_whole(&rest, &other);)
			if (span_eq(one, other))
				return true;
	return false;
}

bool
crl_has_point(const struct crl *crl, struct span points)
{
	struct span list, one, name;

	if (crl->point.len == 0)
		return true;
	if (!der_take(&points, DER_SEQUENCE, &list))
		return false;
	while (der_take(&list, DER_SEQUENCE, &one))
		if (der_take(&one, DER_CONTEXT(0), &name) &&
		    names_meet(crl->point, name))
			return true;
	return false;
}

bool
crl_same_scope(const struct crl *a, const struct crl *b)
{
	return span_eq(a->point, b->point) && a->only_users == b->only_users &&
	    a->only_cas == b->only_cas && a->reasons == b->reasons &&
	    a->only_attributes == b->only_attributes &&
	    a->indirect == b->indirect;
}

/* address.c - address lists: see address.h.  Input: hostile. */
#include "mail/address.h"

#include <stdlib.h>
#include <string.h>

#include "base/idn.h"
#include "base/text.h"

/* RFC 5322 section 3.2.3, and RFC 6532 section 3.2: any UTF-8 beside ASCII. */
static bool
is_atext(char c)
{
	return ascii_is_alnum(c) || (unsigned char)c >= 0x80 ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* The longest run of atext, with dots where allowed, taken off *s. */
static struct span
take_atoms(struct span *s, bool dots)
{
	struct span all = *s;
	size_t n = 0;

	while (
	    n < all.len && (is_atext(all.at[n]) || (dots && all.at[n] == '.')))
		n++;
	*s = span_cut(all, n, all.len);
	return span_cut(all, 0, n);
}

/* RFC 5322 section 3.2.3: atoms with single dots between them. */
static bool
is_dot_atom(struct span s)
{
	size_t i;

	if (s.len == 0 || s.at[0] == '.' || s.at[s.len - 1] == '.')
		return false;
	for (i = 1; i < s.len; i++)
		if (s.at[i] == '.' && s.at[i - 1] == '.')
			return false;
	return true;
}

enum status
cfws_skip(struct span *s)
{
	struct span rest = *s;
	size_t depth = 0;
	char c;

	for (; rest.len > 0; rest = span_cut(rest, 1, rest.len)) {
		c = rest.at[0];
		if (c == '(') {
			if (++depth > COMMENT_DEPTH_MAX)
				return STATUS_BAD_SIZE;
		} else if (depth == 0) {
			if (!ascii_is_space(c))
				break;
		} else if (c == ')') {
			depth--;
		} else if (c == '\\' && rest.len > 1) {
			rest = span_cut(rest, 1, rest.len);
		}
	}
	if (depth > 0)
		return STATUS_BAD_SYNTAX;
	*s = rest;
	return STATUS_OK;
}

/* RFC 5322 section 3.2.4; *s begins with the quote. */
static enum status
take_quoted(struct span *s, struct span *out)
{
	size_t i;

	for (i = 1; i < s->len && s->at[i] != '"'; i++)
		if (s->at[i] == '\\')
			i++;
	if (i >= s->len)
		return STATUS_BAD_SYNTAX;
	*out = span_cut(*s, 0, i + 1);
	*s = span_cut(*s, i + 1, s->len);
	return STATUS_OK;
}

/* RFC 5322 section 3.4.1: domain = dot-atom / domain-literal. */
static enum status
take_domain(struct span *s, struct span *out)
{
	size_t end;

	if (s->len > 0 && s->at[0] == '[') {
		end = span_find_byte(*s, ']');
		*out = span_cut(*s, 0, end + 1);
		*s = span_cut(*s, end + 1, s->len);
		return end < s->len + out->len &&
			!span_has_byte(span_cut(*out, 1, out->len), '[')
		    ? STATUS_OK
		    : STATUS_BAD_SYNTAX;
	}
	*out = take_atoms(s, true);
	return is_dot_atom(*out) ? STATUS_OK : STATUS_BAD_SYNTAX;
}

/* addr-spec = local-part "@" domain, with CFWS around each. */
static enum status
take_addr_spec(struct span *s, struct mailbox *out)
{
	enum status status;

	if ((status = cfws_skip(s)) != STATUS_OK)
		return status;
	if (s->len > 0 && s->at[0] == '"') {
		if ((status = take_quoted(s, &out->local)) != STATUS_OK)
			return status;
	} else {
		out->local = take_atoms(s, true);
		if (!is_dot_atom(out->local))
			return STATUS_BAD_SYNTAX;
	}
	if ((status = cfws_skip(s)) != STATUS_OK)
		return status;
	if (s->len == 0 || s->at[0] != '@')
		return STATUS_BAD_SYNTAX;
	*s = span_cut(*s, 1, s->len);
	if ((status = cfws_skip(s)) != STATUS_OK)
		return status;
	if ((status = take_domain(s, &out->domain)) != STATUS_OK)
		return status;
	return cfws_skip(s);
}

/* display-name: words, and the dots that RFC 5322 section 4.1 tolerates. */
static enum status
take_phrase(struct span *s, struct span *out)
{
	const char *start;
	const char *end;
	struct span quoted;
	enum status status;

	if ((status = cfws_skip(s)) != STATUS_OK)
		return status;
	start = end = s->at;
	while (s->len > 0) {
		if (s->at[0] == '"') {
			if ((status = take_quoted(s, &quoted)) != STATUS_OK)
				return status;
		} else if (take_atoms(s, true).len == 0) {
			break;
		}
		end = s->at;
		if ((status = cfws_skip(s)) != STATUS_OK)
			return status;
	}
	*out = (struct span){ start, (size_t)(end - start) };
	return STATUS_OK;
}

/* mailbox = name-addr / addr-spec; *s stands at its first octet. */
static enum status
take_mailbox(struct span *s, struct mailbox *out)
{
	struct span start = *s;
	enum status status;

	*out = (struct mailbox){ 0 };
	if ((status = take_phrase(s, &out->name)) != STATUS_OK)
		return status;
	if (s->len == 0 || s->at[0] != '<') {
		*s = start;
		out->name = span_cut(out->name, 0, 0);
		return take_addr_spec(s, out);
	}
	*s = span_cut(*s, 1, s->len);
	/* A route (section 4.4) begins with "@" and so fails here. */
	if ((status = take_addr_spec(s, out)) != STATUS_OK)
		return status;
	if (s->len == 0 || s->at[0] != '>')
		return STATUS_BAD_SYNTAX;
	*s = span_cut(*s, 1, s->len);
	return cfws_skip(s);
}

/* Does a group (phrase ":") begin here?  Then step behind the colon. */
static bool
take_group_start(struct span *s)
{
	struct span rest = *s, phrase;

	if (take_phrase(&rest, &phrase) != STATUS_OK || phrase.len == 0 ||
	    rest.len == 0 || rest.at[0] != ':')
		return false;
	*s = span_cut(rest, 1, rest.len);
	return true;
}

enum status
address_list_parse(struct span body, struct address_list *out)
{
	bool in_group = false, need_comma = false;
	enum status status;

	out->count = 0;
	out->group = false;
	for (;;) {
		if ((status = cfws_skip(&body)) != STATUS_OK)
			return status;
		if (body.len == 0)
			return in_group ? STATUS_BAD_SYNTAX : STATUS_OK;
		if (body.at[0] == ',' && need_comma) {
			body = span_cut(body, 1, body.len);
			need_comma = false;
			continue;
		}
		if (body.at[0] == ';' && in_group) {
			body = span_cut(body, 1, body.len);
			in_group = false;
			need_comma = true;
			continue;
		}
		if (need_comma)
			return STATUS_BAD_SYNTAX;
		if (!in_group && take_group_start(&body)) {
			out->group = in_group = true;
			continue;
		}
		if (out->count == ADDRESS_LIST_MAX)
			return STATUS_BAD_SIZE;
		status = take_mailbox(&body, &out->mailbox[out->count]);
		if (status != STATUS_OK)
			return status;
		out->mailbox[out->count++].in_group = in_group;
		need_comma = true;
	}
}

enum status
address_parse(struct span text, struct mailbox *out)
{
	struct span rest = text;
	size_t i;
	enum status status;

	for (i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] <= 0x20 || text.at[i] == 0x7f)
			return STATUS_BAD_SYNTAX;
	*out = (struct mailbox){ 0 };
	if ((status = take_addr_spec(&rest, out)) != STATUS_OK)
		return status;
	/* Nothing around it: no comment was skipped either. */
	if (rest.len > 0 || out->local.len + 1 + out->domain.len != text.len ||
	    !utf8_is_text(text))
		return STATUS_BAD_SYNTAX;
	return STATUS_OK;
}

/* RFC 1034 section 3.5, in lower case. */
static bool
is_host_name(struct span s)
{
	struct span label;
	size_t i, dot;

	if (s.len == 0 || s.len > DOMAIN_MAX)
		return false;
	for (;; s = span_cut(s, dot + 1, s.len)) {
		dot = span_find_byte(s, '.');
		label = span_cut(s, 0, dot);
		if (label.len == 0 || label.len > 63 || label.at[0] == '-' ||
		    label.at[label.len - 1] == '-')
			return false;
		for (i = 0; i < label.len; i++)
			if (!ascii_is_alnum(label.at[i]) && label.at[i] != '-')
				return false;
		if (dot == s.len)
			return true;
	}
}

enum status
address_normal(const struct mailbox *mailbox, char out[ADDRESS_SIZE])
{
	char domain[DOMAIN_MAX + 1];
	struct span local = mailbox->local;
	size_t i;

	if (local.len == 0 || local.len > LOCAL_PART_MAX ||
	    !utf8_is_text(local) ||
	    idn_to_ascii(mailbox->domain, domain, sizeof(domain)) !=
		STATUS_OK ||
	    !is_host_name(span_of(domain)))
		return STATUS_BAD_SYNTAX;
	for (i = 0; i < local.len; i++)
		if ((unsigned char)local.at[i] < 0x20 || local.at[i] == 0x7f)
			return STATUS_BAD_SYNTAX;
	memcpy(out, local.at, local.len);
	out[local.len] = '@';
	return span_copy(span_of(domain), out + local.len + 1,
		   ADDRESS_SIZE - local.len - 1)
	    ? STATUS_OK
	    : STATUS_BAD_SYNTAX;
}

struct span
address_domain(struct span address)
{
	size_t i = address.len;

	while (i > 0 && address.at[i - 1] != '@')
		i--;
	return span_cut(address, i, address.len);
}

/* The local part without quotes and backslashes. */
static struct span
unquote(struct span local, char *out)
{
	size_t i, len = 0;

	if (local.len < 2 || local.at[0] != '"')
		return local;
	for (i = 1; i + 1 < local.len; i++) {
		if (local.at[i] == '\\' && i + 2 < local.len)
			i++;
		out[len++] = local.at[i];
	}
	return (struct span){ out, len };
}

enum status
address_sole(struct span body, char out[ADDRESS_SIZE])
{
	struct address_list *list = malloc(sizeof(*list));
	enum status status = STATUS_MEMORY;

	if (list != NULL) {
		status = address_list_parse(body, list);
		if (status == STATUS_OK && (list->count != 1 || list->group))
			status = STATUS_BAD_SYNTAX;
		if (status == STATUS_OK)
			status = address_normal(&list->mailbox[0], out);
	}
	free(list);
	if (status != STATUS_OK)
		out[0] = '\0';
	return status;
}

enum address_match
address_compare(struct span a, struct span b)
{
	char a_text[ADDRESS_SIZE], b_text[ADDRESS_SIZE];
	struct span a_domain = address_domain(a), b_domain = address_domain(b);
	struct span a_local, b_local;

	if (span_eq(a, b))
		return ADDRESS_SAME;
	if (a.len >= ADDRESS_SIZE || b.len >= ADDRESS_SIZE ||
	    !span_eq_nocase(a_domain, b_domain))
		return ADDRESS_OTHER;
	a_local = span_cut(a, 0, a.len - a_domain.len - 1);
	b_local = span_cut(b, 0, b.len - b_domain.len - 1);
	if (span_eq(a_local, b_local))
		return ADDRESS_SAME;
	return span_eq_nocase(
		   unquote(a_local, a_text), unquote(b_local, b_text))
	    ? ADDRESS_SPELLING
	    : ADDRESS_OTHER;
}

struct span
address_fold(struct span normal, char out[ADDRESS_SIZE])
{
	const struct span domain = address_domain(normal);
	struct span local;
	char text[ADDRESS_SIZE];
	size_t i, len = 0;

	if (normal.len >= ADDRESS_SIZE)
		return normal;
	local = unquote(span_cut(normal, 0, normal.len - domain.len - 1), text);
	for (i = 0; i < local.len; i++)
		out[len++] = ascii_lower(local.at[i]);
	if (domain.len < normal.len)
		out[len++] = '@';
	for (i = 0; domain.len < normal.len && i < domain.len; i++)
		out[len++] = ascii_lower(domain.at[i]);
	return (struct span){ out, len };
}

bool
address_is_same(struct span a, struct span b)
{
	char a_text[ADDRESS_SIZE], b_text[ADDRESS_SIZE];
	const struct span a_domain = address_domain(a);
	const struct span b_domain = address_domain(b);

	return a.len < ADDRESS_SIZE && b.len < ADDRESS_SIZE &&
	    a_domain.len < a.len && b_domain.len < b.len &&
	    span_eq(a_domain, b_domain) &&
	    span_eq(unquote(span_cut(a, 0, a.len - a_domain.len - 1), a_text),
		unquote(span_cut(b, 0, b.len - b_domain.len - 1), b_text));
}

bool
address_is_plain(struct span normal)
{
	size_t i, local;

	local = normal.len - address_domain(normal).len;
	if (local < 2 || normal.at[0] == '-')
		return false;
	for (i = 0; i + 1 < local; i++)
		if (!ascii_is_alnum(normal.at[i]) &&
		    (unsigned char)normal.at[i] < 0x80 &&
		    !span_has_byte(SPAN("._+=~#-"), normal.at[i]))
			return false;
	return !text_has_hidden(normal);
}

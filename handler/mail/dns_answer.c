/* dns_answer.c - answers from the DNS: see dns_answer.h.  Input: hostile. */
#include "mail/dns_answer.h"

#include <stdlib.h>

#include "base/base64url.h"
#include "base/frame.h"
#include "base/text.h"

static const char *const states[] = { "secure", "unvalidated", "bogus",
	"trouble" };
enum { STATES = sizeof(states) / sizeof(*states) };

const char *
dns_state_name(enum dns_state state)
{
	return states[state];
}

bool
dns_state_parse(struct span text, enum dns_state *out)
{
	const size_t i = span_index(text, states, STATES);

	if (i < STATES)
		*out = (enum dns_state)i;
	return i < STATES;
}

bool
dns_name_ok(struct span name)
{
	size_t i, label = 0;

	if (name.len == 0 || name.len >= DNS_NAME_SIZE)
		return false;
	for (i = 0; i < name.len; i++) {
		if (name.at[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
			continue;
		}
		if ((!ascii_is_alnum(name.at[i]) &&
			!span_has_byte(SPAN("-_"), name.at[i])) ||
		    ++label > 63)
			return false;
	}
	return label > 0;
}

void
dns_answer_init(struct dns_answer *answer)
{
	*answer = (struct dns_answer){ .state = DNS_TROUBLE };
}

void
dns_answer_clear(struct dns_answer *answer)
{
	size_t i;

	for (i = 0; i < answer->count; i++)
		buf_clear(&answer->record[i]);
	free(answer->record);
	answer->record = NULL;
	answer->count = 0;
}

enum status
dns_answer_add(struct dns_answer *answer, struct span data)
{
	const size_t count = answer->count;
	struct buf *record, *more;

	if (count == DNS_RECORDS_MAX)
		return STATUS_BAD_SIZE;
	/* Room for as many again whenever a power of two is full. */
	if ((count & (count - 1)) == 0) {
		more = realloc(answer->record,
		    (count == 0 ? 1 : 2 * count) * sizeof(*more));
		if (more == NULL)
			return STATUS_MEMORY;
		answer->record = more;
	}
	record = &answer->record[count];
	buf_init(record, DNS_RECORD_MAX);
	buf_add(record, data);
	if (data.len == 0)
		(void)buf_reserve(record, 1);
	answer->count++;
	return buf_status(record);
}

void
dns_answer_write(const struct dns_answer *answer, struct buf *out)
{
	size_t i;

	buf_addf(out, "%s %s %lld", answer->name, states[answer->state],
	    (long long)answer->ttl);
	if (answer->reason[0] != '\0') {
		buf_add_text(out, " ?");
		base64url_encode(out, span_of(answer->reason));
	}
	for (i = 0; i < answer->count; i++) {
		buf_add_byte(out, ' ');
		base64url_encode(out, buf_span(&answer->record[i]));
	}
	buf_add_byte(out, '\n');
}

static struct span
take_word(struct span *line)
{
	size_t end = span_find_byte(*line, ' ');
	struct span word = span_cut(*line, 0, end);

	*line = span_cut(*line, end + 1, line->len);
	return word;
}

static enum status
take_reason(struct span word, struct dns_answer *out)
{
	struct buf text;
	enum status status;

	buf_init(&text, DNS_REASON_SIZE);
	status = base64url_decode(&text, span_cut(word, 1, word.len));
	if (status == STATUS_OK)
		text_show_in(
		    out->reason, sizeof(out->reason), buf_span(&text), true);
	buf_clear(&text);
	return status == STATUS_OK ? status : STATUS_USAGE;
}

static enum status
take_record(struct span word, struct dns_answer *out)
{
	struct buf data;
	enum status status;

	buf_init(&data, DNS_RECORD_MAX);
	status = base64url_decode(&data, word);
	if (status == STATUS_OK)
		status = dns_answer_add(out, buf_span(&data));
	buf_clear(&data);
	return status == STATUS_OK ? status : STATUS_USAGE;
}

enum status
dns_answer_parse(struct span line, struct dns_answer *out)
{
	struct span name = take_word(&line), state = take_word(&line);
	struct span ttl = take_word(&line), word;
	enum status status = STATUS_OK;

	if (!dns_name_ok(name) ||
	    !span_copy(name, out->name, sizeof(out->name)) ||
	    !dns_state_parse(state, &out->state) ||
	    !frame_number(ttl, &out->ttl) || out->ttl < 0 ||
	    out->ttl > DNS_TTL_MAX)
		return STATUS_USAGE;
	while (line.len > 0 && status == STATUS_OK) {
		word = take_word(&line);
		status = span_starts(word, SPAN("?")) ? take_reason(word, out)
						      : take_record(word, out);
	}
	return status;
}

/* A zone file may hold a long record on several lines, and what they were
 * folded with. */
static bool
is_text_byte(char c)
{
	return (c >= 0x20 && c <= 0x7e) || ascii_is_space(c);
}

enum status
dns_txt_join(struct span data, struct buf *out)
{
	struct span piece;
	size_t i, len;

	while (data.len > 0) {
		len = (unsigned char)data.at[0];
		if (len + 1 > data.len)
			return STATUS_BAD_SYNTAX;
		piece = span_cut(data, 1, 1 + len);
		data = span_cut(data, 1 + len, data.len);
		for (i = 0; i < piece.len; i++)
			if (!is_text_byte(piece.at[i]))
				return STATUS_BAD_SYNTAX;
		buf_add(out, piece);
	}
	return buf_status(out);
}

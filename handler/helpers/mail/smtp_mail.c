/* smtp_mail.c - what may be sent by SMTP, and how it is written: see smtp.h */
#include "base/text.h"
#include "helpers/mail/smtp_p.h"

enum { LINE_OCTETS_MAX = 998 };

static bool
address_ok(struct span address)
{
	bool quoted = false;
	size_t i;
	unsigned char c;

	if (address.len == 0 || address.len > SMTP_ADDRESS_MAX ||
	    !utf8_is_text(address) || !span_has_byte(address, '@'))
		return false;
	for (i = 0; i < address.len; i++) {
		c = (unsigned char)address.at[i];
		if (c == '"')
			quoted = !quoted;
		if (c < 0x20 || c == 0x7f ||
		    (!quoted && (c == ' ' || c == '<' || c == '>')))
			return false;
		/* A quoted pair: what follows is only a character. */
		if (quoted && c == '\\')
			if (++i == address.len ||
			    (unsigned char)address.at[i] < 0x20 ||
			    address.at[i] == 0x7f)
				return false;
	}
	return !quoted;
}

/* A bare CR, or LF in another's eyes, could end the message early for one
 * server and not for the next ("SMTP smuggling"). */
static bool
message_ok(struct span message)
{
	size_t i, line = 0;
	char c;

	for (i = 0; i < message.len; i++) {
		c = message.at[i];
		if (c == '\0' ||
		    (c == '\r' &&
			(i + 1 == message.len || message.at[i + 1] != '\n')))
			return false;
		line = c == '\n' ? 0 : line + (c != '\r');
		if (line > LINE_OCTETS_MAX)
			return false;
	}
	return message.len > 0;
}

bool
smtp_mail_ok(const struct smtp_mail *mail)
{
	size_t i;

	if (mail->recipient_count == 0 ||
	    mail->recipient_count > SMTP_RECIPIENTS_MAX ||
	    !address_ok(mail->sender) || !message_ok(mail->message))
		return false;
	for (i = 0; i < mail->recipient_count; i++)
		if (!address_ok(mail->recipients[i]))
			return false;
	return true;
}

/* The header ends at the first empty line. */
static struct span
header_of(struct span message)
{
	const size_t lf = span_find(message, SPAN("\n\n"));
	const size_t crlf = span_find(message, SPAN("\n\r\n"));

	return span_cut(message, 0, lf < crlf ? lf : crlf);
}

bool
smtp_needs_utf8(const struct smtp_mail *mail)
{
	bool ascii = span_is_ascii(mail->sender) &&
	    span_is_ascii(header_of(mail->message));
	size_t i;

	for (i = 0; i < mail->recipient_count; i++)
		ascii = ascii && span_is_ascii(mail->recipients[i]);
	return !ascii;
}

enum status
smtp_make_data(struct span message, struct buf *out)
{
	struct span line;
	size_t end;

	while (message.len > 0) {
		end = span_find_byte(message, '\n');
		line = span_cut(message, 0, end);
		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		if (line.len > 0 && line.at[0] == '.')
			buf_add_byte(out, '.');
		buf_add(out, line);
		buf_add_text(out, "\r\n");
		message = span_cut(message, end + 1, message.len);
	}
	buf_add_text(out, ".\r\n");
	return buf_status(out);
}

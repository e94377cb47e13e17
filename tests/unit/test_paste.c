/* test_paste.c - tokens as people paste them */
#include "tap.h"

#include <string.h>

#include "cmd/paste.h"

#define PART1 "LgYemJLy3F1LDkiJrdIGbEzyFJyOyf6vBdyZ1TG3sME="
#define PART2 "DGyRejmCefe7v4NfDGDKfA"

static void
taken(const char *text, const char *want)
{
	char out[TOKEN_TEXT_SIZE] = "";
	struct note note = { "" };
	enum status status;

	status = paste_clean(span_of(text), "token", out, sizeof(out), &note);
	OK(status == STATUS_OK);
	TEXT(span_of(status == STATUS_OK ? out : note.text), want);
}

static void
refused(const char *text, const char *says)
{
	char out[TOKEN_TEXT_SIZE] = "";
	struct note note = { "" };
	enum status status;

	status = paste_clean(span_of(text), "token", out, sizeof(out), &note);
	OK(status != STATUS_OK && out[0] == '\0');
	OK(strstr(note_text(&note, status), says) != NULL);
}

static void
test_subjects(void)
{
	taken(PART1, PART1);
	taken("ACME: " PART1, PART1);
	taken("Subject: ACME: " PART1 "\r\n", PART1);
	taken("Subject: ACME:\r\n LgYemJLy3F1LDkiJrdIG\r\n\t"
	      "bEzyFJyOyf6vBdyZ1TG3sME=",
	    PART1);
	taken("Subject: Re: ACME: " PART1, PART1);
	/* RFC 2047, as Python, Perl and Java write it. */
	taken("=?utf-8?q?ACME=3A_LgYemJLy3F1LDkiJrdIGbEzyFJyOyf6vBdyZ1TG3sME"
	      "=3D?=",
	    PART1);
	taken("Subject: =?UTF-8?B?QUNNRTogTGdZZW1KTHkzRjFMRGtpSnJkSUdiRXp5?= "
	      "=?UTF-8?B?Rkp5T3lmNnZCZHlaMVRHM3NNRT0=?=",
	    PART1);
	taken("Subject: ACME: =?us-ascii?Q?LgYemJLy3F1LDkiJrdIG?=\r\n"
	      " =?us-ascii?Q?bEzyFJyOyf6vBdyZ1TG3sME=3D?=",
	    PART1);
	refused("=?utf-16?B?AEEAQwBNAEU=?=", "character set");
	refused("=?utf-8?Q?ACME:_=ff?=", "malformed");
}

static void
test_json(void)
{
	taken("\"" PART2 "\"", PART2);
	taken("'" PART2 "',", PART2);
	taken("\"token\": \"" PART2 "\",", PART2);
	taken("{\"type\":\"email-reply-00\",\"token\":\"" PART2
	      "\",\"from\":\"acme@ca.example\"}",
	    PART2);
	taken("{ \"token\" : \"" PART2 "\",\n  \"token\": \"" PART2 "\" }",
	    PART2);
	taken("token: " PART2, PART2);
	taken("token=" PART2, PART2);
	taken("DGyRejmCefe7v4NfDtoken=", "DGyRejmCefe7v4NfDtoken=");
	refused("{\"token\":\"" PART2 "\"}, {\"token\":\"AAAA\"}", "twice");
	refused("{\"type\":\"email-reply-00\"}", "\":\" (U+003A)");
}

static void
test_characters(void)
{
	/* No-break spaces, a byte order mark, zero-width characters. */
	taken("\u00a0" PART2 "\u00a0", PART2);
	taken("\ufeff" PART2, PART2);
	taken("DGyRejmC\u200befe7v4N\u00a0fDGDK\u2060fA", PART2);
	taken("\u202a" PART2 "\u202c\u00ad", PART2);
	taken("\u201c" PART2 "\u201d", PART2);
	taken("\u00ab\u202f" PART2 "\u202f\u00bb", PART2);
	taken("<" PART2 ">", PART2);
	taken("`" PART2 "`", PART2);
	/* What could have been meant is not guessed. */
	refused("DGyRejmC\u2010efe7v4NfDGDKfA", "U+2010");
	refused("DGyRejmCefe7v4NfDGDKf\u0410", "U+0410");
	refused("DGyRejmC+efe7v4NfDGDKfA", "\"+\" (U+002B)");
	refused("DGyRejmC/efe7v4NfDGDKfA", "\"/\" (U+002F)");
	refused("DGyRejmC\xff"
		"efe7v4",
	    "0xff");
	refused("DGyRejmC\033[31m", "U+001B");
	refused("\"DGyRejmC\" \"efe7v4\"", "\"e\"");
	refused("", "no character");
	refused("\" \"", "no character");
}

static void
test_length(void)
{
	char text[PASTE_MAX] = "", out[TOKEN_TEXT_SIZE];
	struct note note = { "" };

	memset(text, ' ', sizeof(text));
	memcpy(text + sizeof(text) - 22, PART2, 22);
	OK(paste_take((struct span){ text, sizeof(text) }, "token", out,
	       sizeof(out), &note) == STATUS_OK);
	TEXT(span_of(out), PART2);
	memset(text, 'A', sizeof(text));
	OK(paste_take((struct span){ text, sizeof(text) }, "token", out,
	       sizeof(out), &note) == STATUS_BAD_TOKEN);
	OK(strstr(note.text, "more than 512") != NULL);
}

int
main(void)
{
	test_subjects();
	test_json();
	test_characters();
	test_length();
	return tap_done();
}

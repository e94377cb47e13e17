/*
 * options.h - a command's options and arguments, from one table
 *
 * The table reads the command line and writes the usage line, the text of
 * --help and the complaints; mailcert(1) is checked against it.
 */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H
#include <stddef.h>

#include "base/buf.h"

enum { OPTIONS_MAX = 16 };

/* Read a value into a field.  False: the value is not valid. */
typedef bool option_reader(const char *value, void *field);

struct cmd_option {
	const char *name;     /* "json" for --json */
	const char *word;     /* for its value in the usage; NULL: a switch */
	size_t offset;        /* of its field in the command's options */
	option_reader *read;  /* NULL: the field is a bool, or a const char * */
	const char *expected; /* what a valid value looks like */
	size_t given;         /* offset of a bool: it was given; or 0 */
	bool many;            /* may be given more than once */
	const char *help;     /* with '\n' between its lines */
};

struct cmd_line {
	const char *name;                 /* of the command */
	const char *operands;             /* "[FILE]", or "" */
	int least, most;                  /* operands; NO_LIMIT */
	const struct cmd_option *options; /* no name at the end */
	/* NULL: one form with every option.  Otherwise one form on each line,
	 * in which the name of an option stands for the option and its word. */
	const char *forms;
	const char *about; /* the first paragraph of --help */
};
enum { NO_LIMIT = 1 << 16 };

/*
 * Read the options into *options, which holds the defaults; the operands are
 * argv[optind] and so on, up to NULL.  False: it has printed the help, or the
 * error; *code is the exit status.
 */
bool cmd_parse(const struct cmd_line *line, int argc, char *argv[],
    void *options, int *code) MUST_CHECK;
/* Print what is wrong and, unless it tells what to do after "; ", where the
 * usage is; return 64. */
int cmd_misuse(const struct cmd_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Append the usage, without a newline at its end. */
void cmd_add_usage(const struct cmd_line *line, struct buf *out);

/* The options of a command with --json only. */
struct cmd_json {
	bool json;
};
extern const struct cmd_option cmd_json_only[];

option_reader option_join, option_key_kind, option_fingerprint;
#define OPTION_JOIN "string or octets"
#define OPTION_FINGERPRINT "64 hexadecimal digits"
#define OPTION_KEY_KIND \
	"rsa:2048, rsa:3072, rsa:4096, ec:p256, ec:p384 or ed25519"
#endif

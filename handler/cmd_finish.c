/* cmd_finish.c - mailcert finish: go on with what was ordered */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "follow.h"

#define SYNOPSIS "mailcert finish [--sent] [--no-wait] [ORDER]"

static const char help[] =
    "usage: " SYNOPSIS "\n\n"
    "After the reply was sent: tell the CA, wait for it, fetch the certificate,\n"
    "check it and store it.  Goes on wherever an order stopped, after a crash\n"
    "or a reboot too.  Without ORDER: with everything that is not finished.\n\n"
    "  --sent     the reply that was drafted has been sent\n"
    "  --no-wait  do what can be done now, and no more\n";

/* One of them; what it came to is told at once. */
static enum status
finish_one(struct issuer *issuer, const char *id,
    const struct follow_options *how, struct buf *out, struct note *note)
{
	struct issuance *issuance = calloc(1, sizeof(*issuance));
	char path[1200];
	enum status status;

	if (issuance == NULL)
		return STATUS_MEMORY;
	status = issuance_load(issuer->home, id, issuance, note);
	if (status == STATUS_NO)
		(void)note_set(
		    note, status, "there is no certificate order %.20s", id);
	if (status == STATUS_OK)
		status = issuer_reopen(issuer, issuance, note);
	if (status == STATUS_OK)
		status =
		    follow(issuer, issuance, how, path, sizeof(path), note);
	if (status == STATUS_OK)
		buf_addf(out, "%s\n", path);
	free(issuance);
	return status;
}

static bool
is_open(const struct home *home, const char *id)
{
	struct issuance *issuance = calloc(1, sizeof(*issuance));
	bool open = issuance != NULL &&
	    issuance_load(home, id, issuance, NULL) == STATUS_OK &&
	    (issuance->state == ISSUANCE_ORDERED ||
		issuance->state == ISSUANCE_FINALIZING);

	free(issuance);
	return open;
}

static enum status
finish_all(struct issuer *issuer, const struct follow_options *how,
    struct buf *out, struct note *note)
{
	char(*ids)[JSONFILE_ID_SIZE] = calloc(ISSUANCES_MAX, sizeof(*ids));
	enum status status = STATUS_MEMORY, worst = STATUS_OK;
	struct note why;
	size_t count = 0, i;

	if (ids != NULL)
		status = jsonfile_list(issuer->home, "issuances", ids,
		    ISSUANCES_MAX, &count, note);
	for (i = 0; status == STATUS_OK && i < count; i++) {
		if (!is_open(issuer->home, ids[i]))
			continue;
		why.text[0] = '\0';
		worst = finish_one(issuer, ids[i], how, out, &why);
		if (worst != STATUS_OK) {
			(void)note_set(note, worst, "%s: %.250s", ids[i],
			    note_text(&why, worst));
			status = worst;
		}
	}
	free(ids);
	return status;
}

int
cmd_finish(const struct invocation *invocation, int argc, char *argv[])
{
	static const struct option longs[] = { { "sent", no_argument, NULL,
						   's' },
		{ "no-wait", no_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' }, { 0 } };
	struct follow_options how = { .once = false };
	struct issuer *issuer = NULL;
	struct home home = { .dir = -1 };
	struct note note = { "" };
	struct config config;
	enum status status;
	struct buf out;
	int c, code = 0;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 's')
			how.sent = true;
		else if (c == 'n')
			how.once = true;
		else
			return c == 'h' ? cmd_help(help) : cmd_usage(SYNOPSIS);
	}
	if (optind + 1 < argc)
		return cmd_usage(SYNOPSIS);
	if (!cmd_config(invocation, &config, &code))
		return code;
	if ((issuer = calloc(1, sizeof(*issuer))) == NULL)
		return cmd_fail(STATUS_MEMORY, &note);
	issuer->config = &config;
	issuer->home = &home;
	buf_init(&out, 64 * 1024);
	status = home_open(config.home, false, &home, &note);
	if (status == STATUS_OK && home.dir >= 0)
		status = optind < argc
		    ? finish_one(issuer, argv[optind], &how, &out, &note)
		    : finish_all(issuer, &how, &out, &note);
	code = cmd_print(buf_span(&out));
	if (status != STATUS_OK)
		code = cmd_fail(status, &note);
	buf_clear(&out);
	home_close(&home);
	free(issuer);
	return code;
}

/* installing.c - what the installing commands share: see installing.h */
#include "cmd/installing.h"

#include "answer/anchors.h"
#include "base/frame.h"
#include "cmd/passphrase.h"
#include "cmd/session.h"
#include "service/announce.h"
#include "service/deploy.h"

enum { OUT_MAX = 64 * 1024 };

static enum status
ask_passphrase(
    void *arg, const struct order *order, struct buf *out, struct note *note)
{
	(void)order;
	return passphrase_get(arg, false, out, note);
}

static void
tell(const char *line)
{
	struct note note;

	note_say(&note, "%s", line);
	cmd_say(&note);
}

void
installing_wishes(const struct config *config, struct install_wishes *wishes)
{
	wishes->ask = session_ask;
	wishes->tell = wishes->again ? NULL : tell;
	wishes->passphrase = ask_passphrase;
	wishes->arg = (void *)(uintptr_t)config;
}

enum status
installing_tidy(const struct home *home, struct note *note)
{
	enum status status;
	struct buf out;

	buf_init(&out, OUT_MAX);
	status = announce_tidy(home, &out, note);
	cmd_say_lines(buf_span(&out));
	buf_clear(&out);
	return status;
}

void
installing_tidy_late(const struct home *home)
{
	struct note why = { "" };

	if (home->dir >= 0 && installing_tidy(home, &why) != STATUS_OK)
		cmd_say(&why);
}

/* A server's goes into servers. */
static enum status
deploy(const struct config *config, const struct home *home,
    const struct order *order, struct note *note)
{
	enum status status, tidied;
	struct note why = { "" };
	struct buf out;

	tidied = installing_tidy(home, &why);
	buf_init(&out, OUT_MAX);
	status = deploy_again(config, home, order, &out, note);
	cmd_say_lines(buf_span(&out));
	buf_clear(&out);
	return status == STATUS_OK && tidied != STATUS_OK
	    ? note_set(note, tidied, "%s", note_text(&why, tidied))
	    : status;
}

enum status
installing_again(const struct config *config, const struct home *home,
    const struct order *order, struct note *note)
{
	struct install_wishes wishes = { .again = true };
	struct buf anchors, out;
	enum status status;
	bool wanted;

	if (order_is_server(order))
		return deploy(config, home, order, note);
	status = install_is_wanted(home, order, &wanted, note);
	if (status != STATUS_OK || !wanted)
		return status;
	installing_wishes(config, &wishes);
	buf_init(&anchors, FRAME_TRUST_MAX);
	buf_init(&out, OUT_MAX);
	status = anchors_add_roots(
	    config->authenticate.smime_anchors, &anchors, note);
	if (status == STATUS_OK)
		status = install_again(
		    home, order, buf_span(&anchors), &wishes, &out, note);
	cmd_say_lines(buf_span(&out));
	buf_clear(&out);
	buf_clear(&anchors);
	return status;
}

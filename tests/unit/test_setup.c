/* test_setup.c - the steps of setup, and its screen */
#include "screens.h"

#include "setup_facts.h"

static struct page page;

/* What the command is, word by word. */
static bool
runs(const char *words)
{
	struct buf text;
	bool same;
	size_t i;

	buf_init(&text, 4096);
	for (i = 0; i < SETUP_WORDS && question.word[i] != NULL; i++)
		buf_addf(&text, "%s%s", i > 0 ? " " : "", question.word[i]);
	same = question.kind == SETUP_RUNS &&
	    span_eq(buf_span(&text), span_of(words));
	if (!same)
		printf("# it runs %s\n", text.at);
	buf_clear(&text);
	return same;
}

static void
test_ca(void)
{
	begin();
	OK(asks(SETUP_PROGRAM, SETUP_CHOOSES));
	OK(!answer("pine"));
	OK(answer("neomutt"));
	OK(asks(SETUP_ADDRESS, SETUP_TYPES));
	OK(answer("alice@example.org"));
	OK(asks(SETUP_SOURCE, SETUP_CHOOSES) && question.usual == 1);
	facts.ca[0] = "castle-staging";
	OK(asks(SETUP_SOURCE, SETUP_CHOOSES) &&
	    strstr(question.choice[0].about, "nobody trusts") != NULL);
	facts.ca[0] = "castle";
	OK(asks(SETUP_SOURCE, SETUP_CHOOSES));
	OK(answer("ca:castle"));
	OK(strcmp(setup_ca(&setup), "castle") == 0);
	OK(asks(SETUP_SEND, SETUP_CHOOSES));
	OK(answer("sendmail"));
	OK(asks(SETUP_WRITE, SETUP_CHOOSES));
	/* The safe answer is the default. */
	OK(strcmp(question.choice[question.usual].value, "no") == 0);
	OK(answer("yes"));
	OK(asks(SETUP_WRITE, SETUP_RUNS) && question.write);
	setup_ran(&setup, &question, 0);
	facts.lines = "";
	OK(asks(SETUP_GET, SETUP_RUNS));
	OK(runs("order --no-wait --ca castle -- alice@example.org"));
	setup_ran(&setup, &question, 0);
	facts.has_order = true;
	OK(asks(SETUP_ANSWER, SETUP_CHOOSES));
	OK(answer("open"));
	OK(asks(SETUP_ANSWER, SETUP_RUNS) && question.open_mail);
	setup_ran(&setup, &question, 0);
	OK(asks(SETUP_ANSWER, SETUP_CHOOSES) && answer("look"));
	OK(asks(SETUP_ANSWER, SETUP_RUNS) &&
	    runs("finish -- alice@example.org"));
	setup_ran(&setup, &question, 75);
	OK(asks(SETUP_ANSWER, SETUP_CHOOSES));
	facts.has_order = false;
	facts.has_certificate = true;
	OK(asks(SETUP_INSTALL, SETUP_CHOOSES));
	OK(answer("yes"));
	OK(asks(SETUP_INSTALL, SETUP_RUNS) &&
	    runs("install neomutt -- alice@example.org"));
	setup_ran(&setup, &question, 1);
	OK(asks(SETUP_INSTALL, SETUP_CHOOSES)); /* it failed: once more */
	OK(answer("yes") && asks(SETUP_INSTALL, SETUP_RUNS));
	setup_ran(&setup, &question, 0);
	facts.installed = true;
	OK(asks(SETUP_TIMER, SETUP_CHOOSES));
	OK(answer("systemd"));
	OK(asks(SETUP_TIMER, SETUP_RUNS) && question.timer);
	setup_ran(&setup, &question, 0);
	facts.timer = "mailcert-renew.timer";
	OK(asks(SETUP_TEST, SETUP_CHOOSES));
	OK(answer("yes"));
	OK(asks(SETUP_TEST, SETUP_RUNS) &&
	    strcmp(question.mail, "alice@example.org") == 0);
	setup_ran(&setup, &question, 0);
	OK(asks(SETUP_LOOK, SETUP_CHOOSES) && question.choices == 3);
	OK(answer("look"));
	OK(asks(SETUP_LOOK, SETUP_RUNS) && question.look && question.show);
	setup_ran(&setup, &question, -1); /* not yet */
	OK(asks(SETUP_LOOK, SETUP_CHOOSES) && answer("file"));
	OK(asks(SETUP_MESSAGE, SETUP_TYPES) && answer("/home/alice/eml"));
	OK(asks(SETUP_LOOK, SETUP_RUNS) && question.look);
	setup_ran(&setup, &question, 0);
	OK(asks(SETUP_END, SETUP_ENDS));
}

/* Several, chosen or typed. */
static void
test_addresses(void)
{
	struct buf text;

	begin();
	addresses_add(&addresses, SPAN("alice@work.example"),
	    "alternates in your muttrc");
	(void)(asks(SETUP_PROGRAM, SETUP_CHOOSES) && answer("mutt"));
	OK(asks(SETUP_ADDRESS, SETUP_CHOOSES) && question.choices == 4);
	OK(answer("alice@example.org alice@work.example"));
	(void)(asks(SETUP_SOURCE, SETUP_CHOOSES) && answer("page"));
	OK(asks(SETUP_GET, SETUP_RUNS) &&
	    runs("csr -- alice@example.org alice@work.example"));
	setup_back(&setup);
	setup_back(&setup);
	OK(asks(SETUP_ADDRESS, SETUP_CHOOSES) && answer("type"));
	OK(setup_addresses(&setup)[0] == '\0');
	OK(asks(SETUP_ADDRESS, SETUP_TYPES));
	OK(!answer("a@x.org b"));
	OK(!answer(" , "));
	OK(!answer("a@x.org b@x.org c@x.org d@x.org e@x.org"));
	OK(answer(" a@x.org,b@x.org, c@x.org  "));
	OK(strcmp(setup_addresses(&setup), "a@x.org b@x.org c@x.org") == 0);
	(void)(asks(SETUP_SOURCE, SETUP_CHOOSES) && answer("ca:local"));
	(void)(asks(SETUP_SEND, SETUP_CHOOSES) && answer("sendmail"));
	facts.lines = "";
	OK(asks(SETUP_GET, SETUP_RUNS) &&
	    runs("order --no-wait --ca local -- a@x.org b@x.org c@x.org"));
	facts.has_order = true;
	(void)(asks(SETUP_ANSWER, SETUP_CHOOSES) && answer("look"));
	OK(asks(SETUP_ANSWER, SETUP_RUNS) && runs("finish -- a@x.org"));
	facts.certificate = "/home/alice/certificates/x.pem";
	facts.key = "/home/alice/keys/x.pem";
	buf_init(&text, 8192);
	setup_add_summary(&setup, &facts, &text);
	OK(span_starts(buf_span(&text),
	    SPAN("There is a certificate for a@x.org, b@x.org, c@x.org.\n")));
	OK(strstr(text.at,
	       "- certificate /home/alice/certificates/x.pem\n"
	       "- key /home/alice/keys/x.pem\n") != NULL);
	buf_clear(&text);
}

/* "a@x.org (whence), b@x.org (whence)" */
static bool
found(const char *wanted)
{
	struct buf text;
	bool same;
	size_t i;

	buf_init(&text, 8192);
	for (i = 0; i < addresses.count; i++)
		buf_addf(&text, "%s%s (%s)", i > 0 ? ", " : "",
		    addresses.found[i].address, addresses.found[i].whence);
	same = span_eq(buf_span(&text), span_of(wanted));
	if (!same)
		printf("# found %s\n", text.at != NULL ? text.at : "none");
	buf_clear(&text);
	addresses.count = 0;
	return same;
}

static void
test_found(void)
{
	addresses.count = 0;
	addresses_of_muttrc(&addresses,
	    SPAN("# set from=no@x.org\n"
		 "set realname=\"A B\" from=\"A B <a@x.org>\"\n"
		 "alternates -group me '^b@y\\.org$' .*@z.org c@(x|y).org\n"
		 "  folder-hook . 'set from=d@x.org'\n"
		 "send-hook ~A set from = e@x.org\n"
		 "my_hdr From: F <f@X.org>\n"
		 "my_hdr Reply-To: g@x.org\n"
		 "alternates a@x.org\n"
		 "set from=`pass from`\nset from=\"$my_from\"\n"
		 "set from=\nset from='"),
	    "your muttrc");
	OK(found("a@x.org (from in your muttrc), "
		 "b@y.org (alternates in your muttrc), "
		 "d@x.org (from in your muttrc), "
		 "e@x.org (from in your muttrc), "
		 "f@x.org (From in your muttrc)"));
	addresses_of_pinerc(&addresses,
	    SPAN("user-id=alice\nuser-domain=x.org\n"
		 "customized-hdrs=From: B <b@x.org>,\n\tX-A: b\n"
		 "alt-addresses=c@x.org,\n\td@x.org\n"));
	OK(found("alice@x.org (user-id in your .pinerc), "
		 "b@x.org (From in your .pinerc), "
		 "c@x.org (alt-addresses in your .pinerc), "
		 "d@x.org (alt-addresses in your .pinerc)"));
	addresses_of_prefs(&addresses,
	    SPAN("user_pref(\"mail.identity.id1.useremail\", \"a@x.org\");\n"
		 "user_pref(\"mail.identity.id1.fullName\", \"n@x.org\");\n"
		 "user_pref(\"mail.identity.id2.useremail\", \"b@x.org\");\n"
		 "user_pref(\"mail.identity.id3.useremail\", 3);\n"));
	OK(found("a@x.org (an identity of Thunderbird), "
		 "b@x.org (an identity of Thunderbird)"));
	for (size_t i = 0; i < 2 * ADDRESSES_MAX; i++) {
		const char name[] = { (char)('a' + i), '@', 'x', '.', 'o', 'r',
			'g', '\0' };

		addresses_add(&addresses, span_of(name), "");
	}
	OK(addresses.count == ADDRESSES_MAX);
}

static void
test_others(void)
{
	begin();
	(void)(asks(SETUP_PROGRAM, SETUP_CHOOSES) && answer("other"));
	(void)(asks(SETUP_ADDRESS, SETUP_TYPES) && answer("a@x.org"));
	(void)(asks(SETUP_SOURCE, SETUP_CHOOSES) && answer("file"));
	OK(asks(SETUP_FILE, SETUP_TYPES));
	OK(answer("/home/alice/a.p12"));
	OK(asks(SETUP_FILE, SETUP_RUNS) && runs("import -- /home/alice/a.p12"));
	/* A wrong passphrase: which file? */
	setup_ran(&setup, &question, 1);
	OK(asks(SETUP_FILE, SETUP_TYPES));
	facts.has_certificate = true;
	/* Nothing that mailcert could install into, renew or start. */
	OK(asks(SETUP_END, SETUP_ENDS));
	begin();
	(void)(asks(SETUP_PROGRAM, SETUP_CHOOSES) && answer("mutt"));
	(void)(asks(SETUP_ADDRESS, SETUP_TYPES) && answer("a@x.org"));
	(void)(asks(SETUP_SOURCE, SETUP_CHOOSES) && answer("page"));
	OK(asks(SETUP_GET, SETUP_RUNS) && runs("csr -- a@x.org"));
	facts.has_request = true;
	OK(asks(SETUP_FILE, SETUP_TYPES));
	begin();
	(void)(asks(SETUP_PROGRAM, SETUP_CHOOSES) && answer("mutt"));
	(void)(asks(SETUP_ADDRESS, SETUP_TYPES) && answer("a@x.org"));
	(void)(asks(SETUP_SOURCE, SETUP_CHOOSES) && answer("url"));
	OK(asks(SETUP_URL, SETUP_TYPES));
	OK(!answer("http://ca.example/d"));
	OK(answer("https://ca.example/d"));
	OK(asks(SETUP_SEND, SETUP_CHOOSES) && answer("smtp"));
	OK(asks(SETUP_SERVER, SETUP_TYPES));
	OK(!answer("submissions://a@x.org\nset sendmail = evil"));
}

static void
test_back(void)
{
	begin();
	(void)(asks(SETUP_PROGRAM, SETUP_CHOOSES) && answer("mutt"));
	(void)(asks(SETUP_ADDRESS, SETUP_TYPES) && answer("a@x.org"));
	setup_back(&setup);
	OK(asks(SETUP_ADDRESS, SETUP_TYPES));
	setup_back(&setup);
	OK(asks(SETUP_PROGRAM, SETUP_CHOOSES));
	setup_back(&setup);
	OK(asks(SETUP_PROGRAM, SETUP_CHOOSES));
	/* What was done stays done. */
	(void)snprintf(setup.answer[SETUP_MAILCAP], SETUP_ANSWER_SIZE, "done");
	setup_back(&setup);
	OK(strcmp(setup.answer[SETUP_MAILCAP], "done") == 0);
}

static enum screen_next
press(char byte)
{
	const struct stroke stroke = { STROKE_TYPED, (unsigned char)byte,
		false };

	return form_press(&form, &stroke, 0);
}

static void
test_form(void)
{
	struct stroke stroke = { STROKE_PASTED, 'x', false };

	begin();
	(void)asks(SETUP_PROGRAM, SETUP_CHOOSES);
	form_begin(&form, &setup, &question, "");
	(void)press('j');
	OK(press('\r') == SCREEN_END && form.result == FORM_ANSWER);
	OK(strcmp(form_answer(&form), "mutt") == 0);
	form_begin(&form, &setup, &question, "");
	OK(press('9') == SCREEN_STAY);
	OK(press('3') == SCREEN_END);
	OK(strcmp(form_answer(&form), "thunderbird") == 0);
	form_begin(&form, &setup, &question, "");
	OK(press('b') == SCREEN_END && form.result == FORM_BACK);
	form_begin(&form, &setup, &question, "");
	OK(press('q') == SCREEN_END && form.result == FORM_LEAVE);
	(void)answer("mutt");
	(void)asks(SETUP_ADDRESS, SETUP_TYPES);
	form_begin(&form, &setup, &question, "");
	(void)press(21);
	OK(press('\r') == SCREEN_STAY); /* empty */
	(void)press('a');
	(void)form_press(&form, &stroke, 0);
	(void)press('b');
	(void)press(0x7f);
	OK(press('\r') == SCREEN_END);
	OK(strcmp(form_answer(&form), "ax") == 0);
}

/* Hostile text, and any size. */
static void
test_sizes(void)
{
	size_t width, height;

	begin();
	(void)strcpy(
	    addresses.found[0].address, "a\x1b]0;x\x07@b\xe2\x80\xae.example");
	(void)strcpy(addresses.found[0].whence, "from \x9b a \x1b[2J file");
	facts.has[0] = "mu\x1b[tt";
	for (width = 30; width < 100; width += 7)
		for (height = 6; height < 30; height += 3) {
			setup.answer[SETUP_PROGRAM][0] = '\0';
			(void)asks(SETUP_PROGRAM, SETUP_CHOOSES);
			form_begin(&form, &setup, &question, "\x1b wrong");
			(void)page_begin(&page, width, height, true);
			form_draw(&form, &page);
			check_page(&page, width, height);
			(void)answer("mutt");
			(void)asks(SETUP_ADDRESS, SETUP_TYPES);
			form_begin(&form, &setup, &question, "");
			(void)page_begin(&page, width, height, true);
			form_draw(&form, &page);
			check_page(&page, width, height);
		}
}

int
main(void)
{
	test_ca();
	test_addresses();
	test_others();
	test_found();
	test_back();
	test_form();
	test_sizes();
	return tap_done();
}

/* test_install.c - settings that programs print, and text between markers */
#include "tap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "install/journal.h"
#include "install/prefs.h"
#include "install/settings.h"
#include "install/textfile.h"

/* What mutt or neomutt prints, and the value in it; NULL: none. */
static void
setting(const char *text, const char *name, const char *want)
{
	char value[64] = "?";
	const bool found =
	    settings_find(span_of(text), name, value, sizeof(value));

	OK(found == (want != NULL));
	TEXT(span_of(value), want != NULL ? want : "");
}

static void
test_settings(void)
{
	setting("from=\"a@b\"\n", "from", "a@b");
	setting("set from = \"a@b\"\n", "from", "a@b");
	setting("crypt_use_gpgme is set\n", "crypt_use_gpgme", "yes");
	setting("crypt_use_gpgme is unset\n", "crypt_use_gpgme", "no");
	setting("set crypt_use_gpgme = yes\n", "crypt_use_gpgme", "yes");
	setting("set crypt_use_gpgme = no", "crypt_use_gpgme", "no");
	setting("a=\"1\"\nfrom=\"\"\nb=\"2\"\n", "from", "");
	setting("a=\"1\"\nfrom=\"\"\nb=\"2\"\n", "b", "2");
	setting("from=\"a \\\"b\\\" <c>\"\n", "from", "a \"b\" <c>");
	setting("from=\"back\\\\slash\"\n", "from", "back\\slash");
	setting("  set from = \"a@b\"  \r\n", "from", "a@b");
	/* Another name, no value, a quotation mark that is not closed. */
	setting("fromx=\"a\"\n", "from", NULL);
	setting("from\n", "from", NULL);
	setting("from=\"a\n", "from", NULL);
	setting("from=a\"b\n", "from", NULL);
	setting("", "from", NULL);
	setting("x: unknown variable\n", "x", NULL);
	/* Longer than there is room for. */
	setting("from=\"0123456789012345678901234567890123456789012345678901234"
		"567890123456789\"\n",
	    "from", NULL);
}

static void
strip(const char *name, const char *text, const char *want)
{
	struct note note = { "" };
	enum status status;
	struct buf out;

	buf_init(&out, 4096);
	status = block_strip(name, span_of(text), "/f", &out, &note);
	OK(status == (want != NULL ? STATUS_OK : STATUS_CONFIG));
	if (want != NULL)
		TEXT(buf_span(&out), want);
	else
		OK(strstr(note.text, "/f") != NULL);
	buf_clear(&out);
}

static void
test_blocks(void)
{
	struct buf out;

	buf_init(&out, 4096);
	buf_add_text(&out, "mine\n");
	block_add("mutt", SPAN("x\n"), &out);
	block_add("neomutt", SPAN("y\n"), &out);
	block_add("mailcap", SPAN("z\n"), &out);
	TEXT(buf_span(&out),
	    "mine\n"
	    "# BEGIN mailcert mutt (mailcert install --remove mutt takes this "
	    "out)\nx\n# END mailcert\n"
	    "# BEGIN mailcert neomutt (mailcert install --remove neomutt takes "
	    "this out)\ny\n# END mailcert\n"
	    "# BEGIN mailcert (mailcert install --remove mailcap takes this "
	    "out)\nz\n# END mailcert\n");
	buf_clear(&out);
	strip("mutt", "a\n# BEGIN mailcert mutt (x\nb\n# END mailcert\nc\n",
	    "a\nc\n");
	strip("mutt", "a\n# BEGIN mailcert neomutt (x\nb\n# END mailcert\nc",
	    "a\n# BEGIN mailcert neomutt (x\nb\n# END mailcert\nc");
	strip("mailcap", "# BEGIN mailcert (x\nb\n# END mailcert\nc", "c");
	strip("mailcap", "# BEGIN mailcert mutt (x\n# END mailcert\n",
	    "# BEGIN mailcert mutt (x\n# END mailcert\n");
	strip("mutt", "# END mailcert\n", "# END mailcert\n");
	strip("mutt", "", "");
	strip("mutt", "a\n# BEGIN mailcert mutt (x\nb\n", NULL);
}

static void
next(struct span *rest, bool (*take)(struct span *, struct journal_entry *),
    const char *verb, const char *path, const char *text)
{
	struct journal_entry entry;

	OK(take(rest, &entry));
	TEXT(entry.verb, verb);
	TEXT(entry.path, path);
	TEXT(entry.text, text);
}

/* Forwards, backwards, the last of a fact; what is cut short is dropped. */
static void
test_journal(void)
{
	char dir[] = "/tmp/mailcert-test.XXXXXX", command[128];
	struct journal journal, again;
	struct note note = { "" };
	struct journal_entry entry;
	struct home home;
	struct span rest;
	bool shared;

	OK(mkdtemp(dir) != NULL);
	OK(home_open(dir, true, &home, &note) == STATUS_OK);
	OK(journal_open(&home, "mutt", &journal, &note) == STATUS_OK);
	rest = journal_rest(&journal);
	OK(!journal_next(&rest, &entry) && !journal_last(&rest, &entry));
	OK(journal_add(&journal, "file", "/a", SPAN(""), &note) == STATUS_OK);
	OK(journal_add(&journal, "line", "/b", SPAN("x\ty z"), &note) ==
	    STATUS_OK);
	OK(journal_add(&journal, "file", "/a", SPAN(""), &note) == STATUS_OK);
	OK(journal_set(&journal, "keys", "a@b", SPAN("1 1"), &note) ==
	    STATUS_OK);
	OK(journal_set(&journal, "keys", "a@b", SPAN("2 2"), &note) ==
	    STATUS_OK);
	OK(journal_set(&journal, "keys", "a@b", SPAN("1 1"), &note) ==
	    STATUS_OK);
	OK(journal_add(&journal, "file", "/a\nfile\t/c", SPAN(""), &note) ==
	    STATUS_CONFIG);
	OK(journal_add(&journal, "line", "/a", SPAN("x\ny"), &note) ==
	    STATUS_CONFIG);
	/* As it is on the disk. */
	OK(journal_open(&home, "mutt", &again, &note) == STATUS_OK);
	OK(span_eq(buf_span(&again.text), buf_span(&journal.text)));
	rest = journal_rest(&again);
	next(&rest, journal_next, "file", "/a", "");
	next(&rest, journal_next, "line", "/b", "x\ty z");
	next(&rest, journal_next, "keys", "a@b", "1 1");
	next(&rest, journal_next, "keys", "a@b", "2 2");
	next(&rest, journal_next, "keys", "a@b", "1 1");
	OK(!journal_next(&rest, &entry));
	rest = journal_rest(&again);
	next(&rest, journal_last, "keys", "a@b", "1 1");
	next(&rest, journal_last, "keys", "a@b", "2 2");
	TEXT(journal_get(&again, "keys", "a@b"), "1 1");
	TEXT(journal_get(&again, "keys", "c@d"), "");
	OK(journal_has(&again, "file", "/a"));
	OK(!journal_has(&again, "file", "/b"));
	journal_close(&again);
	/* Shared with another program, or not. */
	entry = (struct journal_entry){ SPAN("file"), SPAN("/a"), SPAN("") };
	OK(journal_shares(&journal, &entry, &shared, &note) == STATUS_OK);
	OK(!shared);
	OK(journal_open(&home, "gpgsm", &again, &note) == STATUS_OK);
	OK(journal_add(&again, "file", "/a", SPAN(""), &note) == STATUS_OK);
	OK(journal_shares(&journal, &entry, &shared, &note) == STATUS_OK);
	OK(shared);
	OK(journal_forget(&again, &note) == STATUS_OK);
	OK(journal_shares(&journal, &entry, &shared, &note) == STATUS_OK);
	OK(!shared);
	journal_close(&again);
	journal_close(&journal);
	home_close(&home);
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	OK(strncmp(dir, "/tmp/mailcert-test.", 19) == 0 &&
	    system(command) == 0);
}

/* Every statement as NAME=VALUE, the value in its canonical form; "?" and the
 * line where the text is not understood. */
static void
prefs(const char *text, const char *want)
{
	const struct span all = span_of(text);
	enum status status;
	struct pref pref;
	struct buf out;
	size_t at = 0;

	buf_init(&out, 4096);
	while ((status = prefs_next(all, &at, &pref)) == STATUS_OK) {
		buf_addf(&out, "%s=", pref.name);
		pref_canonical(pref.value, &out);
		buf_add_byte(&out, ' ');
	}
	if (status != STATUS_END)
		buf_addf(&out, "?%zu", prefs_line(all, at));
	TEXT(buf_span(&out), want);
	buf_clear(&out);
}

static void
test_prefs(void)
{
	struct span id, rest;
	struct pref pref;
	char name[PREF_NAME_SIZE];

	prefs("", "");
	prefs("// a\n\n#b\n/* c */", "");
	prefs("user_pref(\"a.b\", \"x\");\n", "a.b=\"x\" ");
	prefs("user_pref(\"a\", true);user_pref('b',false) ; pref(\"c\",\n-7);",
	    "a=true b=false c=-7 ");
	prefs("sticky_pref /**/ ( # x\n 'a' // y\n , +12 ) ;", "a=12 ");
	prefs("user_pref(\"a\", 'it\\'s \\x22\\u00e9\\uD83D\\uDE00\\\\\\n');",
	    "a=\"it's \\\"\303\251\360\237\230\200\\\\\\n\" ");
	prefs("user_pref(\"a\", \"x\ny\");", "a=\"x\\ny\" ");
	/* What is not in the grammar, and where. */
	prefs("user_pref(\"a\", 1);\nx", "a=1 ?2");
	prefs("user_pref(\"a\", alert(1));", "?1");
	prefs("user_pref(\"a\", \"b\" + \"c\");", "?1");
	prefs("user_pref(\"a\", 1)", "?1");
	prefs("user_pref(\"a\", 1.5);", "?1");
	prefs("user_pref(\"a\", -);", "?1");
	prefs("user_pref(\"a\", 123456789012);", "?1");
	prefs("user_pref(\"a\", \"x", "?1");
	prefs("user_pref(\"a\", 'x\");", "?1");
	prefs("user_pref(\"a\", \"\\q\");", "?1");
	prefs("user_pref(\"a\", \"\\x00\");", "?1");
	prefs("user_pref(\"a\", \"\\u12\");", "?1");
	prefs("user_pref(\"a\", \"\\uDC00\");", "?1");
	prefs("user_pref(\"a\", \"\\uD83Dx\");", "?1");
	prefs("user_pref(\"a\");", "?1");
	prefs("user_pref", "?1");
	prefs("\n\n/* x", "?3");
	/* The last one counts; a long name is not cut. */
	OK(prefs_find(SPAN("pref('a',1);pref('b',2);pref('a',3);"), "a",
	       &pref) == STATUS_OK);
	TEXT(pref.value, "3");
	OK(prefs_find(SPAN("pref('a',1);"), "b", &pref) == STATUS_END);
	OK(prefs_find(SPAN("pref('a',1);x"), "a", &pref) == STATUS_CONFIG);
	(void)snprintf(name, sizeof(name), "%0127d", 0);
	OK(prefs_find(SPAN("pref('0000000000000000000000000000000000000000"
			   "00000000000000000000000000000000000000000000"
			   "00000000000000000000000000000000000000000000"
			   "',1);"),
	       name, &pref) == STATUS_END);
	OK(pref_identity("mail.identity.id12.useremail", &id, &rest));
	TEXT(id, "id12");
	TEXT(rest, "useremail");
	OK(!pref_identity("mail.identity.id.useremail", &id, &rest));
	OK(!pref_identity("mail.identity.id1", &id, &rest));
	OK(!pref_identity("mail.identity.id1x.a", &id, &rest));
	OK(!pref_identity("mail.identity.default.a", &id, &rest));
}

int
main(void)
{
	test_settings();
	test_blocks();
	test_prefs();
	test_journal();
	return tap_done();
}

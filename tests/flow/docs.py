#!/usr/bin/python3
# Runs in: check check-quick
"""The documents tell the truth: examples run, names and options exist."""
import json
import os
import re
import shlex
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
from lib import (ADDRESS, MAILCERT, QUESTION, ROOT, THUMBPRINT, Place,
                 Terminal, challenge, check_reply, run_tests, tap,
                 tests_of)
from town import Town


def read(name):
    with open(os.path.join(ROOT, name)) as f:
        return f.read()


def test_man_examples():
    text = read("docs/mailcert.1").split(".Sh EXAMPLES")[1].split(".Sh")[0]
    by_hand = re.search(r"\.Bd.*?\n(.*?)\.Ed", text, re.S).group(1)
    with Place() as place:
        got = place.run("-c", by_hand.replace("\\e", "\\"), program="sh")
        tap.ok(b"ZEzZgc9aJoD_n58jPgRZT72bYhm3xgODx3XMbYEeaBo" in got.stdout,
               "mailcert(1): the answer by hand", got)
        place.expect()
        place.write("challenge.eml", challenge())
        got = place.run("-c", re.search(r"\.Dl (mailcert handle.*)",
                                        text).group(1), program="sh",
                        cwd=place.dir)
        tap.equal(check_reply(open(place.path("reply.eml"), "rb").read()), [],
                  "mailcert(1): a reply as a file")
    config = re.search(r"\.Sh EXAMPLES\n\.Bd.*?\n(.*?)\.Ed",
                       read("docs/mailcert-config.5"), re.S).group(1)
    with Place(config=config) as place:
        tap.equal(place.run("status").returncode, 0,
                  "mailcert-config(5): the example is taken")


def test_readme():
    text = read("README.md")
    expect = re.search(r"```sh\n\s*(mailcert expect.*?)```", text,
                       re.S).group(1)
    with Place() as place:
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-out",
                        place.path("user/account.pem")], check=True,
                       capture_output=True)
        os.makedirs(place.path("user/.acme"))
        os.rename(place.path("user/account.pem"),
                  place.path("user/.acme/account.pem"))
        os.chmod(place.path("user/.acme/account.pem"), 0o600)
        got = place.run("-c", expect, program="sh")
        tap.ok(got.returncode == 0, "README: mailcert expect", got)
    settings = re.search(r"```\n(set watch = .*?)```", text, re.S).group(1)
    with Place(config=settings) as place:
        got = place.run("watch", "--once")
        tap.ok(got.returncode == 0 and not got.stderr,
               "README: the lines for work without a person", got)
    for link in re.findall(r"\]\(([\w./-]+)\)", text + read(
            "mailcap/recipes.md").replace("](", "](mailcap/")):
        tap.ok(os.path.exists(os.path.join(ROOT, link)), "README: " + link)
    with Place() as place:
        listed = re.findall(r"^  ([a-z-]+) ", place.run("--help")
                            .stdout.decode(), re.M)
    told = set(re.findall(r"^\| `mailcert ([a-z-]+)", text, re.M))
    tap.equal(told, set(listed), "README lists every command")


def masked(text):
    """What two runs have in common: no ids, tokens, times, or line ends."""
    for pattern, name in ((r"acme-challenge\+[0-9a-f]+", "CA"),
                          (r"\d{4}-\d\d-\d\d \d\d:\d\d", "TIME"),
                          (r"\d\d:\d\d (today|on \d{4}-\d\d-\d\d)", "TODAY"),
                          (r" \d+:\d\d(:\d\d)?$", "CLOCK"),
                          (r"in \d+ (day|hour)s", "LATER"),
                          (r"\d+ days left", "LEFT"),
                          (r"\d{4}-\d\d-\d\d(?=, by itself)", "DAY"),
                          (r"^ *\d\d:\d\d  answered.*", "ANSWERED"),
                          (r"([oO]rder |status |^)[a-z0-9]{8}"
                           r"(?=,|$| for |  ok  certificate)", r"\1ID")):
        text = re.sub(pattern, name, text, flags=re.M)
    return re.sub(r"\s+", "", text)


def shown_blocks(path, begin, end):
    """What a document shows, without its indentation."""
    return [re.sub(r"^ +", "", block, flags=re.M) for block in re.findall(
        begin + r"\n(.*?)^ *" + end, read(path), re.M | re.S)]


README = shown_blocks("README.md", r"^ *```\w*", "```")
MANUAL = shown_blocks("docs/mailcert.1", r"^\.Bd -literal", r"\.Ed")


def check_shown(what, blocks, begins, screen):
    block = [one for one in blocks if one.startswith(begins)]
    tap.equal(len(block), 1, what + " has one block: " + begins)
    tap.ok(masked("".join(block)) == masked(screen),
           what + " shows what mailcert shows: " + begins,
           "".join(block), screen)


def capture(place, arguments, wait, begins, env=None):
    """What README shows, and in ASCII, as wide as a page of the manual, what
    the manual shows."""
    for what, blocks, lang, columns in (("README", README, "C.UTF-8", 80),
                                        ("the manual", MANUAL, "C", 72)):
        with Terminal(place, MAILCERT + " " + arguments, columns=columns,
                      env=dict(env or {}, LANG=lang)) as terminal:
            terminal.wait(wait)
            screen = terminal.screen()
            check_shown(what, blocks, begins,
                        screen[max(0, screen.find(begins)):])


def test_captures():
    """What README and the manual show of mailcert is what mailcert shows.
    Where this fails after a change of words, put there what it got."""
    with Town() as town:
        place = town.place
        capture(place, "order " + ADDRESS, "goes on.", "Order ")
        (path,) = town.ca.challenges()
        capture(place, "handle --draft sendmail " + path, "No ]",
                "Answer this challenge?")
        town.answer()
        town.run("finish", ADDRESS)
        got = town.run("status", "--json").stdout
        order = json.loads(got)["certificates"][0]["id"]
        check_shown("README", README, "$ mailcert status",
                    "$ mailcert status %s\n%s" % (
                        order, town.run("status", order).stdout.decode()))
        # Of a user with a timer.
        place.write("bin/crontab", "#!/bin/sh\necho 17 6 \\* \\* \\* "
                    "mailcert renew\n", 0o755)
        capture(place, "", "by itself", "mailcert  ",
                {"PATH": place.path("bin") + ":" + place.env["PATH"]})


def test_names():
    table = read("handler/base/status.h")
    names = set(re.findall(r'X\(\w+,\s*\\?\s*"([a-z-]+)", 65', table)) | {"dns-trouble"}
    man = read("docs/mailcert.1").split(".Sh DIAGNOSTICS")[1]
    told = set(re.findall(r"[a-z][a-z-]+", " ".join(
        re.findall(r"\.(?:It )?Li (.*)", man))))
    warnings = set(re.findall(r'^\t\{ "([a-z-]+)",', read(
        "handler/reply/challenge.c"), re.M))
    tap.equal(sorted(told), sorted(names | warnings),
              "mailcert(1) names every refusal and warning")
    codes = set(re.findall(r", (\d\d),", table))
    told = set(re.findall(r"^\.It (\d+)$", read("docs/mailcert.1"), re.M))
    tap.equal(sorted(told - {"0", "1"}), sorted(codes),
              "mailcert(1) tells every exit status")


def test_options():
    sections = {name: text for name, text in re.findall(
        r"^\.Ss ([a-z-]+(?: [a-z-]+(?=[ \n]))?)(.*?)(?=^\.S[hs] )",
        read("docs/mailcert.1"), re.M | re.S)}
    with Place() as place:
        def listing(*verb):
            return re.findall(r"^  ([a-z-]+) ", place.run(
                *verb, "--help").stdout.decode().split("\nEvery")[0], re.M)
        listed = listing()
        listed += [verb + " " + act for verb in ("service", "smimea")
                   for act in listing(verb)]
        tap.equal(sorted(sections), sorted(listed),
                  "mailcert(1) tells every command")
        for verb, section in sorted(sections.items()):
            # Not those of another command that the section mentions.
            own = "\n".join(line for line in section.split("\n")
                            if not re.match(r"\.(Cm|Ic|Li) ", line))
            have = re.findall(r"^  --([a-z0-9-]+)", place.run(
                *verb.split(), "--help").stdout.decode(), re.M)
            tap.equal(sorted(set(re.findall(r"Fl -([a-z][a-z0-9-]+)", own))),
                      sorted(have), "mailcert(1) tells the options of " + verb)


def config_table():
    """Every name with its default, or None, from the program's own table."""
    all_names, of_ca = read("handler/config/table.c").split(
        "static const struct setting all[]")[1].split(
            "static const struct setting of_ca[]")
    of_ca = of_ca.split("static const struct setting of_zone[]")[0]
    row = re.compile(r'^\t\{ "(\w+)", (?:"([^"]+)"|NULL),', re.M)
    table = {name: value or None for name, value in row.findall(all_names)}
    table.update(("ca.NAME." + name, value or None)
                 for name, value in row.findall(of_ca))
    return table


def test_config():
    text = read("docs/mailcert-config.5").replace(
        "ca. Ns Ar name Ns Cm .", "ca.NAME.").split("\n.Sh NAMES")[1].split(
            "\n.Sh ")[0]
    told, firsts = {}, []
    for names, entry in re.findall(
            r"((?:^\.It Cm [\w.]+\n)+)((?:(?!\.It Cm).*\n)*)", text, re.M):
        said = re.findall(r"^\.(?:It )?(?:Cm|Li|Pa) (.+)\n\(the default\)|"
                          r"^The default is\n\.Li (.+?) ?\.$", entry, re.M)
        firsts.append(re.search(r"Cm (\S+)", names)[1])
        for name in re.findall(r"Cm (\S+)", names):
            told[name] = [first or second for first, second in said]
    table = config_table()
    tap.ok(len(table) > 30, "the table of names is found", table)
    tap.equal(sorted(told), sorted(table),
              "mailcert-config(5) tells every name")
    tap.equal(firsts, sorted(firsts), "mailcert-config(5) is sorted")
    for name in sorted(set(told) & set(table)):
        tap.equal(told[name], [] if table[name] is None else [table[name]],
                  "mailcert-config(5) tells the default of " + name)


def test_references():
    """A document names only files and functions that are there."""
    present = {"README.md"}
    for top in ("docs", "handler", "mailcap", "tests", "tui"):
        for where, _, names in os.walk(os.path.join(ROOT, top)):
            present |= {os.path.relpath(os.path.join(where, name), ROOT)
                        for name in names}
    bases = {os.path.basename(name) for name in present}
    code = "".join(read(name) for name in present if re.match(
        r"(handler|tui)/.*\.[ch]$|tests/.*\.(py|c)$", name))
    words = set(re.findall(r"\w+", code))
    for name in sorted(present):
        if not re.match(r"(README|docs/.*|mailcap/.*)\.md$", name):
            continue
        text = read(name)
        files = re.findall(r"(?<![\w./-])((?:[\w.-]+/)*[\w-]+\.(?:c|h|py))\b",
                           text)
        tap.equal([file for file in sorted(set(files)) if
                   (os.path.basename(file) == file and file not in bases) or
                   ("/" in file and not {file, "handler/" + file} & present)],
                  [], name + " names files that are there")
        names = re.findall(r"`([a-z]\w*_\w+)(?:\(\))?`", text)
        tap.equal(sorted(set(names) - words), [],
                  name + " names functions that are there")


def test_install():
    with Place() as place:
        got = subprocess.run(["make", "-C", ROOT, "install", "BUILD=" +
                              os.environ.get("BUILD", "build"), "DESTDIR=" +
                              place.path("root"), "PREFIX=/usr"],
                             capture_output=True)
        tap.equal(got.returncode, 0, "make install DESTDIR= PREFIX=")
        program = place.path("root/usr/bin/mailcert")
        got = place.run("respond", "--token-part1", "A" * 32, "--token-part2",
                        "AAAA", "--thumbprint", THUMBPRINT, program=program)
        tap.ok(got.returncode == 0, "it finds its helpers there", got)
        for name, line in (("mutt.rc", "source /usr/share/mailcert/mutt.rc"),
                           ("procmailrc", "| /usr/bin/mailcert handle"),
                           ("mailfilter", "| /usr/bin/mailcert handle"),
                           ("sieve", "exec /usr/bin/mailcert handle")):
            with open(place.path("root/usr/share/mailcert", name)) as f:
                tap.ok(line in f.read(), "%s names its own paths" % name)


def test_install_home():
    """Below ~/.local, share/mailcert is the user's private home."""
    def install(place, prefix, **env):
        got = subprocess.run(["make", "-C", ROOT, "install", "BUILD=" +
                              os.environ.get("BUILD", "build"), "PREFIX=" +
                              prefix], env=dict(place.env, **env),
                             capture_output=True, text=True)
        tap.equal(got.returncode, 0, "make install PREFIX=" + prefix[-12:])
        return got.stdout

    with Place() as place:
        home = place.path("user/.local/share/mailcert")
        os.makedirs(home, 0o700)
        os.symlink(place.user, place.path("link"))
        for prefix in (place.user + "/.local", place.user + "/.local/",
                       place.path("link/.local"),
                       place.user + "/Mail/../.local"):
            out = install(place, prefix)
            tap.ok(os.listdir(home) == [] and
                   os.stat(home).st_mode & 0o777 == 0o700,
                   "install: the home stays as it was", os.listdir(home))
            line = "source %s/lib/mailcert/mutt.rc" % prefix
            tap.ok(line in out and os.path.exists(line.split()[1]) and
                   line in read(line.split()[1]),
                   "install: the line for the muttrc", out)
        install(place, place.path("data"), XDG_DATA_HOME=place.path(
            "data/share"))
        tap.ok(os.path.exists(place.path("data/lib/mailcert/mutt.rc")) and
               not os.path.exists(place.path("data/share/mailcert")),
               "install: XDG_DATA_HOME counts")
        out = install(place, place.path("other"))
        tap.ok("source %s\n" % place.path("other/share/mailcert/mutt.rc") in out
               and os.path.exists(place.path("other/share/mailcert/mutt.rc")),
               "install: elsewhere share/mailcert", out)
        man = read(place.path("other/share/man/man1/mailcert.1"))
        cron = [line.split()[-2] for line in man.splitlines()
                if "* * * " in line]
        tap.ok(len(cron) == 1 and os.access(cron[0], os.X_OK),
               "the manual's crontab line names a program that is there",
               cron)


run_tests(tests_of(globals()))
tap.done()

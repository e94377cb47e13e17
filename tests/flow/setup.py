#!/usr/bin/python3
# Runs in: check check-slow
"""setup: from an empty home to a message that openssl verifies, by keys alone,
on a screen and in lines; with a CA, with a file, with a CA's web page; left,
killed and begun again."""
import functools
import os
import re
import signal
import subprocess
import sys
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca"), os.path.join(TESTS, "flow")]
import csr
from cms import cert_pem
from install import ALICE, User, push
from lib import MAILCERT, SLOW, Terminal, run_tests, sent, tap, tests_of
from overview import pid_of

SIZES = {"plain": (80, 24), "screen": (80, 24), "small": (40, 10),
         "tight": (40, 10)}
CRONTAB = """#!/bin/sh
if [ "$1" = -l ]; then exec cat %(file)s; fi
exec cat >%(file)s
"""


class Talk:
    """Somebody who answers the questions of setup, whatever it looks like: on
    a screen (screen, small) or in lines (plain, tight).  deadly: setup is
    killed wherever it has asked something, and begun again."""

    def __init__(self, user, way, *args, deadly=False):
        self.user, self.way, self.deadly = user, way, deadly
        self.plain = way in ("plain", "tight")
        self.command = " ".join([MAILCERT, "-o key=rsa:2048", "setup", *args,
                                 *(["--plain"] if self.plain else [])])
        self.kills = 0
        self.start()

    def start(self):
        self.terminal = Terminal(
            self.user.place, self.command, *SIZES[self.way],
            env={"PATH": self.user.place.path("bin") + ":" +
                 self.user.place.env["PATH"]})

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.terminal.__exit__()

    def screen(self):
        """All that was said since the last question, where it is in lines."""
        if not self.plain:
            return self.terminal.screen()
        text = self.terminal._tmux("capture-pane", "-p", "-J", "-S", "-300")
        return text.stdout.decode().rsplit("Setup, step", 1)[-1]

    def waits(self, text):
        return self.terminal._until(lambda: text in self.screen(), 60)

    def die(self):
        os.kill(pid_of(self.terminal), signal.SIGKILL)
        self.terminal.wait("[exit 137]", 5)
        self.terminal.__exit__()
        self.kills += 1
        self.start()

    def says(self, text):
        tap.ok(self.waits(text), "%s: it says %s" % (self.way, text),
               self.screen())

    def shows(self, heading):
        """Is that question asked, also of whoever begins again?"""
        good = self.waits(heading)
        if self.deadly:
            self.die()
            good = good and self.waits(heading)
        tap.ok(good, "%s: %s" % (self.way, heading), self.screen())

    def reaches(self, text, way):
        """What way() leads to; who begins again is there at once."""
        way()
        self.says(text)
        if self.deadly:
            self.die()
            self.says(text)

    def choose(self, heading, label):
        self.shows(heading)
        found = []
        for _ in range(12):
            text = self.screen()
            found = re.findall(r"^>? +(\d+) +%s" % re.escape(label), text,
                               re.M)
            if found or self.plain:
                break
            self.terminal.keys("j")  # it is below
            time.sleep(0.1)
        tap.ok(found, "%s: %s is offered" % (self.way, label), text)
        self.terminal.keys(found[-1] if found else "q")
        if self.plain:
            self.terminal.keys("Enter")

    def type(self, heading, line=None):
        self.shows(heading)
        if line is not None:
            self.terminal.keys("C-u")
            self.terminal._tmux("send-keys", "-l", line)
        self.terminal.keys("Enter")

    def times_closed(self):
        """How often the screen was given back since record()."""
        with open(self.tape, "rb") as f:
            return f.read().count(b"\x1b[?1049l")

    def record(self):
        self.tape = self.user.place.path("tape")
        self.terminal._tmux("pipe-pane", "cat >%s" % self.tape)

    def go_on(self):
        """What a command said stays until it is read."""
        if not self.plain:
            self.says("Press Enter to go on.")
            self.terminal.keys("Enter")

    def begin(self):
        self.choose("Which mail program do you use?", "mutt")
        self.type("For which address is the certificate?")

    def install(self):
        self.reaches("Trust it? [y/N]",
                     lambda: self.choose("Install the certificate?", "yes"))
        self.terminal.keys("y", "Enter")
        self.says("Write it? [y/N]")
        if self.deadly:
            self.die()  # that it is trusted was said
            self.says("Write it? [y/N]")
        self.terminal.keys("y", "Enter")
        self.go_on()

    def send_test(self, name):
        """mutt opens; its message is signed, arrives, and is examined."""
        user = self.user
        self.reaches("To:", lambda: self.choose("Send a signed test message",
                                                "yes"))
        push(self.terminal, "Enter", lambda: "y:Send" in
             self.terminal.screen())
        push(self.terminal, "y", lambda: sent(user.box))
        (raw,) = sent(user.box)
        tap.ok("BEGIN CERTIFICATE" in user.verify(raw),
               name + ": openssl verifies the message", user.verify(raw))
        self.choose("Has the test message arrived?", "look for it")
        self.says("there yet")
        user.place.write("in/new/1.test", raw)
        self.choose("Has the test message arrived?", "look for it")
        self.says("warning dmarc" if self.way == "small" else
                  "signed/verified")
        if self.way != "small":  # there it is above what is seen
            self.says("no DKIM signature")
            self.says("signed; to see whether")
        self.go_on()

    def timer(self):
        self.choose("Renew it automatically?", "cron")


def user(key="rsa:2048"):
    one = User(key)
    with open(one.rc, "a") as f:
        f.write('set from="%s"\n' % ALICE)
    one.cron = one.place.path("crontab")
    one.place.write("bin/crontab", CRONTAB % {"file": one.cron}, 0o755)
    return one


def config(one):
    with open(one.place.path("user/.config/mailcert/config")) as f:
        return f.read()


def crontab(one):
    with open(one.cron) as f:
        return f.read()


def answer(one):
    one.town.wait_for_mail()
    for got in one.town.answer():
        assert got.returncode == 0, got


def story(way, deadly=False):
    """From nothing to a signed message, with the CA."""
    name = way + (", killed" if deadly else "")
    with user() as one:
        before, configured = one.state(), config(one)
        with Talk(one, way, deadly=deadly) as talk:
            talk.shows("Which mail program do you use?")
            talk.record()
            talk.begin()
            talk.choose("Where does the certificate come from?", "local")
            talk.choose("How are answers to the CA sent?", "sendmail")
            talk.shows("Write this?")
            if not deadly:
                tap.equal(talk.times_closed(), 0,
                          name + ": the screen stays up between questions")
            tap.ok("set draft = sendmail" not in config(one),
                   name + ": not written before it is shown", config(one))
            talk.choose("Write this?", "yes")
            talk.shows("How do you answer the challenge?")
            tap.ok(config(one).endswith(
                "# from mailcert setup\nset draft = sendmail\n"),
                name + ": written", config(one))
            if not talk.plain and not deadly:
                tap.equal(talk.times_closed(), 1,
                          name + ": it was given to order alone")
            answer(one)
            talk.choose("How do you answer the challenge?", "go on")
            talk.install()
            talk.timer()
            talk.send_test(name)
            talk.says("Next: nothing; it is renewed by itself.")
            talk.says("[exit 0]")
            summary = talk.terminal._tmux(
                "capture-pane", "-p", "-J", "-S", "-60").stdout.decode()
            tap.ok(not deadly or talk.kills > 12,
                   name + ": it was killed %d times" % talk.kills)
        tap.ok(not os.path.exists(one.place.home + "/setup") and
               not os.path.exists(one.place.home + "/message"),
               name + ": nothing is left to resume")
        got = one.run("status", ALICE)
        tap.ok(b"  ok  certificate" in got.stdout and b"mutt" in got.stdout,
               name + ": the certificate is there, and installed", got)
        tap.equal(len(one.town.ca.orders), 1, name + ": one order only")
        tap.equal((config(one).count("set draft = sendmail"),
                   crontab(one).count("renew")), (1, 1),
                  name + ": each line is written once")
        undo(one, name, summary, before, configured)


def undo(one, name, summary, before, configured):
    """Do what the summary says."""
    lines = " ".join(summary.split())
    tap.ok("undo: mailcert install mutt --remove" in lines and
           "undo: crontab -e, remove the line" in lines and
           'after "# from mailcert setup"; undo: remove them' in lines,
           name + ": it says how to undo each", summary)
    got = one.run("install", "mutt", "--remove")
    tap.equal((got.returncode, one.state()), (0, before),
              name + ": install --remove")
    tap.equal(config(one).split("# from mailcert setup\n")[0], configured,
              name + ": the configuration is as it was above our lines")


def with_file(way, deadly=False):
    """With a .p12 of another address than the one that was guessed."""
    name = way + ", a file" + (", killed" if deadly else "")
    with user() as one:
        id = one.certificate()
        subprocess.run(
            ["openssl", "pkcs12", "-export", "-inkey", os.path.join(
                one.place.home, "keys", id + ".pem"), "-in", one.pem(id),
             "-out", one.place.path("user/a.p12"), "-passout",
             "pass:sesame"], check=True)
        subprocess.run(["rm", "-rf", one.place.home])
        with Talk(one, way, "bob@example.org", deadly=deadly) as talk:
            talk.begin()
            talk.choose("Where does the certificate come from?",
                        "I have a file")
            talk.reaches("Passphrase of", lambda: talk.type(
                "Which file has certificate", "~/a.p12"))
            talk.terminal.keys("w", "r", "o", "n", "g", "Enter")
            talk.says("the passphrase is wrong")
            talk.terminal._tmux("send-keys", "-l", "sesame")
            talk.terminal.keys("Enter")
            talk.install()
            talk.send_test(name)
            talk.says("cannot renew it")


def with_page(way, deadly=False):
    """With a request for a CA's web page; left in between."""
    name = way + ", a request" + (", killed" if deadly else "")
    with user() as one:
        with Talk(one, way, deadly=deadly) as talk:
            talk.begin()
            talk.choose("Where does the certificate come from?",
                        "a CA's web page")
            talk.go_on()
            talk.shows("Which file has the CA's certificate?")
            talk.terminal.keys(*(["q", "Enter"] if talk.plain else ["C-c"]))
            talk.says("left; mailcert setup")
        got = one.run("csr", "--key", "rsa:2048", ALICE)
        root = cert_pem(csr.CA.cert)
        one.place.write("user/cert.pem", csr.sign(got.stdout) + root)
        one.root = one.place.write("root.pem", root)
        with Talk(one, way, deadly=deadly) as talk:
            talk.type("Which file has the CA's certificate?", "~/cert.pem")
            talk.install()
            talk.send_test(name)
            talk.says("cannot renew it")


def test_back():
    with user() as one:
        with open(one.rc, "a") as f:
            f.write("alternates ^alice@work\\\\.example$ .*@x\\\\.org\n")
        with Talk(one, "plain", deadly=True) as talk:
            talk.choose("Which mail program do you use?", "mutt")
            talk.choose("For which address", "another one")
            talk.deadly = False
            talk.shows("For which address")
            talk.terminal.keys("x", "Enter")
            talk.says("is not an address")
            talk.terminal.keys("b", "Enter")
            talk.shows("For which address")
            talk.terminal.keys("b", "Enter")
            tap.ok(talk.terminal._until(
                lambda: talk.terminal.screen().count("Which mail program")
                > 0 and talk.terminal.screen().rstrip().endswith("]:"), 20),
                "b goes back", talk.terminal.screen())
            talk.terminal.keys("q", "Enter")
            talk.says("left; mailcert setup")
        with Talk(one, "screen") as talk:
            talk.choose("Which mail program do you use?", "mutt")
            talk.choose("For which address", "alice@work.example")
            talk.choose("Where does the certificate come from?", "local")
            talk.choose("How are answers to the CA sent?", "my provider")
            before = config(one)
            talk.type("Its address", "nonsense")
            talk.says("-o: ")
            talk.terminal.keys("C-c")
            talk.says("left; mailcert setup")
            tap.equal(config(one), before, "nonsense is not written")
        got = one.run("setup")
        tap.ok(got.returncode == 64 and b"terminal" in got.stderr,
               "without a terminal it says so", got)


tests = {}
STORIES = {story: ("screen", "plain", "small", "tight"),
           with_file: ("screen", "tight"), with_page: ("plain", "small")}
for one_story, ways in STORIES.items():
    for one_way in SIZES:
        if (one_way in ways) if SLOW else \
                (one_way, one_story) == ("screen", story):
            tests["%s_%s" % (one_story.__name__, one_way)] = \
                functools.partial(one_story, one_way)
        # Where it is not told through, it is told with kills.
        if SLOW and (one_story == story or one_way not in ways):
            tests["killed_%s_%s" % (one_story.__name__, one_way)] = \
                functools.partial(one_story, one_way, True)
if __name__ == "__main__":
    run_tests({**tests, **tests_of(globals())}, 3)
    tap.done()

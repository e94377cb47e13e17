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

SIZES = {"plain": (80, 24), "screen": (80, 24), "small": (40, 10)}


class Talk:
    """Somebody who answers the questions of setup, whatever it looks like."""

    def __init__(self, user, way, *args):
        self.user, self.way = user, way
        self.terminal = Terminal(user.place, " ".join(
            [MAILCERT, "-o key=rsa:2048", "setup", *args,
             *(["--plain"] if way == "plain" else [])]), *SIZES[way])

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.terminal.__exit__()

    def shows(self, heading):
        """Is that question asked?  At 40 columns it may be cut."""
        start = heading[:30] if self.way == "small" else heading
        return tap.ok(self.terminal.wait(start),
                      "%s: %s" % (self.way, heading), self.terminal.screen())

    def choose(self, heading, label):
        self.shows(heading)
        for _ in range(12):
            text = self.terminal.screen()
            found = re.findall(r"^>? +(\d+) +%s" % re.escape(label), text,
                               re.M)
            if found or self.way == "plain":
                break
            self.terminal.keys("j")  # it is below
            time.sleep(0.1)
        tap.ok(found, "%s: %s is offered" % (self.way, label), text)
        self.terminal.keys(found[-1] if found else "q")
        if self.way == "plain":
            self.terminal.keys("Enter")

    def type(self, heading, line=None):
        self.shows(heading)
        if line is not None:
            self.terminal.keys("C-u")
            self.terminal._tmux("send-keys", "-l", line)
        self.terminal.keys("Enter")

    def says(self, text):
        tap.ok(self.terminal.wait(text), "%s: it says %s" % (self.way, text),
               self.terminal.screen())

    def times_closed(self):
        """How often the screen was given back since record()."""
        with open(self.tape, "rb") as f:
            return f.read().count(b"\x1b[?1049l")

    def record(self):
        self.tape = self.user.place.path("tape")
        self.terminal._tmux("pipe-pane", "cat >%s" % self.tape)

    def go_on(self):
        """What a command said stays until it is read."""
        if self.way != "plain":
            self.says("Press Enter to go on.")
            self.terminal.keys("Enter")

    def begin(self):
        self.choose("Which mail program do you use?", "mutt")
        self.type("For which address is the certificate?")

    def install(self):
        self.choose("Install the certificate?", "yes")
        self.says("Trust it? [y/N]")
        self.terminal.keys("y", "Enter")
        self.says("Write it? [y/N]")
        self.terminal.keys("y", "Enter")
        self.go_on()

    def send_test(self, name):
        """mutt opens; its message is signed."""
        user = self.user
        self.choose("Send a signed test message", "yes")
        self.terminal.wait("To:")
        push(self.terminal, "Enter", lambda: "y:Send" in
             self.terminal.screen())
        push(self.terminal, "y", lambda: sent(user.box))
        (raw,) = sent(user.box)
        tap.ok("BEGIN CERTIFICATE" in user.verify(raw),
               name + ": openssl verifies the message", user.verify(raw))

    def timer(self):
        """Where the machine has something that could renew."""
        if self.terminal._until(lambda: "Renew it by itself" in
                                self.terminal.screen() or "Send a signed" in
                                self.terminal.screen(), 60) and \
                "Renew it by itself" in self.terminal.screen():
            self.choose("Renew it by itself?", "no")


def user(key="rsa:2048"):
    one = User(key)
    with open(one.rc, "a") as f:
        f.write('set from="%s"\n' % ALICE)
    return one


def config(one):
    with open(one.place.path("user/.config/mailcert/config")) as f:
        return f.read()


def answer(one):
    one.town.wait_for_mail()
    for got in one.town.answer():
        assert got.returncode == 0, got


def story(way):
    """From nothing to a signed message, with the CA."""
    with user() as one:
        with Talk(one, way) as talk:
            talk.shows("Which mail program do you use?")
            talk.record()
            talk.begin()
            talk.choose("Where does the certificate come from?", "local")
            talk.choose("How are answers to the CA sent?", "sendmail")
            talk.shows("Write this?")
            tap.equal(talk.times_closed(), 0,
                      way + ": the screen stays from question to question")
            tap.ok("set draft = sendmail" not in config(one),
                   way + ": not written before it is shown", config(one))
            talk.choose("Write this?", "yes")
            talk.shows("How do you answer the challenge?")
            tap.ok(config(one).endswith(
                "# from mailcert setup\nset draft = sendmail\n"),
                way + ": written", config(one))
            if way != "plain":
                tap.equal(talk.times_closed(), 1,
                          way + ": it was given to order alone")
            answer(one)
            talk.choose("How do you answer the challenge?", "go on")
            talk.install()
            talk.timer()
            talk.send_test(way)
            talk.says("Next: mailcert renew")
            talk.says("[exit 0]")
        tap.ok(not os.path.exists(one.place.home + "/setup"),
               way + ": nothing is left to resume")
        got = one.run("status", ALICE)
        tap.ok(b"  ok  certificate" in got.stdout and b"mutt" in got.stdout,
               way + ": the certificate is there, and installed", got)


def with_file(way):
    """With a .p12 of another address than the one that was guessed."""
    with user() as one:
        id = one.certificate()
        subprocess.run(
            ["openssl", "pkcs12", "-export", "-inkey", os.path.join(
                one.place.home, "keys", id + ".pem"), "-in", one.pem(id),
             "-out", one.place.path("user/a.p12"), "-passout",
             "pass:sesame"], check=True)
        subprocess.run(["rm", "-rf", one.place.home])
        with Talk(one, way, "bob@example.org") as talk:
            talk.begin()
            talk.choose("Where does the certificate come from?",
                        "I have a file")
            talk.type("Which file has certificate", "~/a.p12")
            talk.says("Passphrase of")
            talk.terminal.keys("w", "r", "o", "n", "g", "Enter")
            talk.says("the passphrase is wrong")
            talk.terminal._tmux("send-keys", "-l", "sesame")
            talk.terminal.keys("Enter")
            talk.install()
            talk.send_test(way + ", a file")
            talk.says("cannot renew it")


def with_page(way):
    """With a request for a CA's web page; left in between."""
    with user() as one:
        with Talk(one, way) as talk:
            talk.begin()
            talk.choose("Where does the certificate come from?",
                        "a CA's web page")
            talk.go_on()
            talk.shows("Which file has the CA's certificate?")
            talk.terminal.keys(*(["q", "Enter"] if way == "plain" else
                                 ["C-c"]))
            talk.says("left; mailcert setup")
        got = one.run("csr", "--key", "rsa:2048", ALICE)
        root = cert_pem(csr.CA.cert)
        one.place.write("user/cert.pem", csr.sign(got.stdout) + root)
        one.root = one.place.write("other.pem", root)
        with Talk(one, way) as talk:
            talk.type("Which file has the CA's certificate?", "~/cert.pem")
            talk.install()
            talk.send_test(way + ", a request")


def killed(way):
    """Killed at each question, and begun again: nothing is asked twice, and
    no second order is placed."""
    steps = [("Which mail program do you use?", "mutt"),
             ("For which address is the certificate?", None),
             ("Where does the certificate come from?", "local"),
             ("How are answers to the CA sent?", "sendmail"),
             ("Write this?", "yes"),
             ("How do you answer the challenge?", "go on"),
             ("Install the certificate?", "no")]
    with user("ec:p256") as one:
        for heading, label in steps:
            for last in (False, True):
                with Talk(one, way) as talk:
                    talk.shows(heading)
                    if "the challenge" in heading and last:
                        answer(one)
                    if not last:
                        os.kill(pid_of(talk.terminal), signal.SIGKILL)
                        talk.says("[exit 137]")
                    elif label is None:
                        talk.type(heading)
                        talk.shows("Where does")
                    else:
                        talk.choose(heading, label)
                        talk.terminal.gone(heading[:30], 5)
                        time.sleep(0.2)
        tap.equal(len(one.town.ca.orders), 1, way + ": one order only")
        tap.equal(config(one).count("set draft = sendmail"), 1,
                  way + ": written once")


def test_back():
    with user() as one:
        with Talk(one, "plain") as talk:
            talk.choose("Which mail program do you use?", "mutt")
            talk.shows("For which address")
            talk.terminal.keys("x", "Enter")
            talk.says("is not an address")
            talk.terminal.keys("b", "Enter")
            tap.ok(talk.terminal._until(
                lambda: talk.terminal.screen().count("Which mail program")
                > 0 and talk.terminal.screen().rstrip().endswith("]:"), 20),
                "b goes back", talk.terminal.screen())
            talk.terminal.keys("q", "Enter")
            talk.says("left; mailcert setup")
        with Talk(one, "screen") as talk:
            talk.begin()
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
for one_way in ("plain", "screen", "small"):
    if SLOW or one_way == "screen":
        tests["story_" + one_way] = functools.partial(story, one_way)
    if SLOW:
        tests["file_" + one_way] = functools.partial(with_file, one_way)
        tests["page_" + one_way] = functools.partial(with_page, one_way)
if SLOW:
    tests["killed"] = functools.partial(killed, "plain")
if __name__ == "__main__":
    run_tests({**tests, **tests_of(globals())}, 3)
    tap.done()

#!/usr/bin/python3
# Runs in: check check-slow
"""One home for many addresses: order --from-file orders a list, is interrupted
and resumed, and keeps to the CA's pace."""
import json
import os
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "ca"))
from lib import MAILCERT, make_maildir, run_tests, tap, tests_of
from town import Town


def people(count):
    return ["user%d@example.org" % n for n in range(count)]


def listed(town, text):
    return town.place.write("list", text if isinstance(text, str)
                            else "\n".join(text) + "\n")


def certificates(town):
    return json.loads(town.run("status", "--json").stdout)["certificates"]


def states(town):
    """How many orders each address has, by state."""
    out = {}
    for one in certificates(town):
        out.setdefault(" ".join(one["addresses"]), []).append(one["state"])
    return out


def new_orders(town):
    return [path for method, path in town.ca.seen if path == "/order"]


def start(town, *args):
    return subprocess.Popen([MAILCERT, *args], env=town.place.env,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, start_new_session=True)


class Answering:
    """Delivers each challenge to an unattended handle."""

    def __init__(self, town):
        self.town, self.over = town, False
        self.thread = threading.Thread(target=self.work)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *unused):
        self.over = True
        self.thread.join()

    def work(self):
        self.town.started = True
        while not self.over:
            # What is not expected yet, order is about to record.
            if self.town.ca.challenges() and self.town.expected():
                self.town.answer()
            time.sleep(0.05)


def test_list():
    with Town(refuses=["bad@example.org"]) as town:
        path = listed(town, "\ufeff# the staff\n\n"
                      "alice@example.org   # the boss\r\n"
                      "bad@example.org\n"
                      "\tbob@example.org a#b@example.org\n"
                      "#carol@example.org\n"
                      "dave@example.org")
        got = town.run("order", "--from-file", path, "--dry-run")
        tap.ok(got.returncode == 0 and new_orders(town) == [] and
               b"dave@example.org: is to be ordered" in got.stdout and
               b"carol" not in got.stdout, "--dry-run orders nothing", got)
        with Answering(town):
            got = town.run("order", "--from-file", path)
        lines = got.stdout.decode().splitlines()
        tap.ok(got.returncode == 1 and b"1 of 4 failed: bad@example.org" in
               got.stderr, "one that fails: exit 1, and its name", got)
        tap.ok(len(lines) == 4 and
               lines[0].startswith("alice@example.org: certificate in /") and
               lines[1].startswith("bad@example.org: failed: ") and
               "not for that one" in lines[1] and
               lines[2].startswith(
                   "bob@example.org a#b@example.org: certificate in /") and
               os.path.exists(lines[3].split(" in ")[1]),
               "a line for each, in the list's sequence", lines)
        tap.equal(states(town), {
            "alice@example.org": ["issued"], "bad@example.org": ["failed"],
            "bob@example.org a#b@example.org": ["issued"],
            "dave@example.org": ["issued"]}, "the others are issued")
        bad = [one for one in certificates(town) if one["state"] == "failed"]
        tap.ok(len(bad) == 1 and "not for that one" in bad[0]["why"],
               "status --json says why", bad)
        town.run("order", "--no-wait", "--from-file", path)
        tap.equal(states(town)["bad@example.org"], ["failed"],
                  "refused again: no second record")
        got = town.run("doctor")
        tap.ok(bad[0]["id"].encode() + b".pem" not in got.stdout,
               "doctor misses no key for it", got)
        town.ca.how["refuses"] = []
        before = len(town.ca.orders)
        got = town.run("order", "--from-file", path, "--dry-run")
        tap.ok(b"bad@example.org: is to be ordered" in got.stdout and
               b"alice@example.org: has a certificate, /" in got.stdout,
               "--dry-run says what is there", got)
        with Answering(town):
            got = town.run("order", "--from-file", path)
        tap.ok(got.returncode == 0 and len(town.ca.orders) == before + 1 and
               got.stdout.count(b": has a certificate, /") == 3 and
               states(town)["bad@example.org"] == ["issued"],
               "again: only what failed is ordered", got)
        got = town.run("order", "--no-wait", "--new", "--from-file", path)
        tap.ok(got.returncode == 0 and len(town.ca.orders) == before + 5,
               "--new orders all again", got)


def test_interrupted():
    """Killed at a dozen places, resumed each time: one order each."""
    with Town("set orders_per_minute = 1000\n") as town:
        names = people(12)
        path = listed(town, names)
        for n in range(1, 12):
            command = start(town, "order", "--no-wait", "--from-file", path)
            while len(new_orders(town)) < n and command.poll() is None:
                time.sleep(0.005)
            time.sleep(n % 4 * 0.01)
            os.killpg(command.pid, signal.SIGKILL)
            command.communicate()
        got = town.run("order", "--no-wait", "--from-file", path)
        tap.ok(got.returncode == 0 and got.stdout.count(b"\n") == 12 and
               b"is ordered already, " in got.stdout,
               "killed and run again: all are ordered", got)
        tap.equal(states(town), {name: ["ordered"] for name in names},
                  "each once in the home")
        tap.equal(sorted(order["identifiers"][0]["value"]
                         for order in town.ca.orders.values()),
                  sorted(names), "and at the CA")
        with Answering(town):
            got = town.run("order", "--from-file", path)
        tap.ok(got.returncode == 0 and got.stdout.count(b"certificate in") ==
               12 and len(town.ca.orders) == 12 and len(town.ca.certs) == 12,
               "without --no-wait, it waits for the certificates", got)
        tap.equal(len(town.ca.replies()), 12, "each is answered once")


def test_watch():
    """The mailboxes of watch are watched, and nobody is there."""
    with Town() as town:
        box = town.place.path("user/Mail")
        make_maildir(box)
        names = people(6)
        path = listed(town, names)
        command = start(town, "-o", "watch=maildir:" + box, "order",
                        "--from-file", path)
        end = time.monotonic() + 60
        while command.poll() is None and time.monotonic() < end:
            for one in town.ca.challenges():
                os.rename(one, os.path.join(box, "new",
                                            os.path.basename(one)))
            time.sleep(0.05)
        out, err = command.communicate()
        tap.ok(command.returncode == 0 and out.count(b"certificate in") == 6,
               "watch: all are answered and issued", out, err)
        tap.equal(len(town.ca.replies()), 6, "watch: each once")


def test_pace():
    with Town("set orders_per_minute = 3\n") as town:
        path = listed(town, people(8))
        command = start(town, "order", "--no-wait", "--from-file", path)
        end = time.monotonic() + 30
        while len(new_orders(town)) < 3 and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(2)
        tap.ok(len(new_orders(town)) == 3 and command.poll() is None,
               "orders_per_minute: the fourth waits", new_orders(town))
        got = town.run("order", "--no-wait", "--from-file", path)
        tap.ok(got.returncode == 75 and b"is running" in got.stderr,
               "a second run at once: try again later", got)
        os.killpg(command.pid, signal.SIGKILL)
        command.communicate()
    with Town(rate=(3, 2)) as town:
        path = listed(town, people(8))
        got = town.run("order", "--no-wait", "--from-file", path)
        tap.ok(got.returncode == 0 and len(town.ca.orders) == 8 and
               b"too many orders" in got.stderr,
               "429: it waits as long as the CA says, and goes on", got)
    with Town(rate=(3, 7200)) as town:
        path = listed(town, people(5))
        got = town.run("order", "--no-wait", "--from-file", path)
        tap.ok(got.returncode == 75 and len(town.ca.orders) == 3 and
               b"2 of 5 are left" in got.stderr and
               got.stdout.count(b"to be done later: ") == 2 and
               len(new_orders(town)) == 4,
               "429 for hours: exit 75, and the CA is left alone", got)
        town.ca.how["rate"] = None
        got = town.run("order", "--no-wait", "--from-file", path)
        tap.ok(got.returncode == 0 and len(town.ca.orders) == 5,
               "later the same command orders the rest", got)


def test_separate():
    """Two certificates a line, one after the other: their challenges look
    alike."""
    with Town() as town:
        path = listed(town, people(2))
        with Answering(town):
            got = town.run("order", "--usage", "separate", "--from-file", path)
        tap.ok(got.returncode == 0 and got.stdout.count(b"certificate in") == 4
               and sorted((one["addresses"][0], one["usage"])
                          for one in certificates(town)) ==
               sorted((name, usage) for name in people(2)
                      for usage in ("sign", "encrypt")),
               "separate: two certificates for each", got)
        tap.equal(len(town.ca.replies()), 4, "separate: four answers")


COMMAND = """#!/bin/sh
# Issues a certificate, but not at the first time, and never for user1.
set -e
cd "$(dirname "$0")"
cat > request
openssl req -in request -noout -text | grep -q email:user1@ && exit 1
name=$(cksum < request | tr ' ' -)
[ -e "$name" ] || { : > "$name"; exit 75; }
openssl req -in request -noout -text | sed -n 's/^ *email:/email:/p' > names
echo "subjectAltName=$(cat names)
keyUsage=digitalSignature,keyAgreement" > extensions
[ -e ca.key ] || openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key \
    -out ca.pem -subj /CN=Test -days 9 2>/dev/null
openssl x509 -req -in request -CA ca.pem -CAkey ca.key -days 5 \
    -extfile extensions 2>/dev/null
"""


def test_command():
    """A CA that is a program."""
    with Town() as town:
        program = town.place.write("own/issue", COMMAND, 0o755)
        path = listed(town, people(3))
        own = ("-o", "ca.own.command=" + program)
        args = (*own, "order", "--ca", "own", "--from-file", path)
        got = town.run(*args, "--no-wait")
        tap.ok(got.returncode == 0 and got.stdout.count(b": ordered, ") == 3,
               "a program: requests are made", got)
        got = town.run(*args, "--no-wait")
        tap.ok(got.stdout.count(b": is ordered already, ") == 3 and
               len(certificates(town)) == 3,
               "a program: and not again", got)
        town.run(*own, "finish")  # not there yet, it says
        got = town.run(*args)
        tap.ok(got.returncode == 1 and b"1 of 3 failed: user1@" in got.stderr
               and got.stdout.count(b"certificate in") == 2 and
               len(certificates(town)) == 3,
               "a program: two are issued, one is refused", got)


def test_ca_away():
    """The CA is away for a while, and the command lasts."""
    with Town() as town:
        path = listed(town, people(4))
        away = []

        def answer(count):
            # Cut off, while certificates are awaited.
            if len(town.ca.orders) == 4 and len(away) < 3:
                away.append(count)
                raise ConnectionError("away")
        town.ca.on_answer = answer
        with Answering(town):
            got = town.run("order", "--from-file", path)
        tap.ok(got.returncode == 0 and len(away) == 3 and
               len(town.ca.orders) == 4 and len(town.ca.certs) == 4 and
               len(town.ca.replies()) == 4,
               "a CA that is cut off: all are issued, once", got, away)


def test_refused():
    with Town() as town:
        for text, says in (("", b"names no address"),
                           ("# nobody\n\n", b"names no address"),
                           ("a@example.org\n\nb@\n", b":3: b@ is not"),
                           ("a@example.org a@example.org\n", b"named twice"),
                           ("a@exam\0ple.org\n", b"is not a text file")):
            got = town.run("order", "--from-file", listed(town, text))
            tap.ok(got.returncode == 64 and says in got.stderr and
                   town.ca.seen == [] and got.stdout == b"",
                   "%r: refused before the CA is asked" % text, got)
        got = town.run("order", "--from-file", "/nonexistent")
        tap.ok(got.returncode == 74 and b"/nonexistent" in got.stderr,
               "a list that is not there", got)
        for args in ((), ("--from-file", listed(town, "a@example.org\n"),
                          "b@example.org")):
            got = town.run("order", *args)
            tap.ok(got.returncode == 64 and b"usage" in got.stderr,
                   "order %s: usage" % " ".join(args), got)
        got = town.run("order", "--no-wait", "--from-file", "-",
                       stdin=b"webmaster@example.org\na@example.org\n")
        tap.ok(got.returncode == 0 and len(town.ca.orders) == 2 and
               b"a person must answer for webmaster@example.org" in
               got.stderr, "from standard input; an office is warned of", got)


run_tests(tests_of(globals()))
tap.done()

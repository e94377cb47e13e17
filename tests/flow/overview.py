#!/usr/bin/python3
# Runs in: check check-slow
"""The overview: what it shows, live; what its keys run; on homes of 0, 3 and
1 000 certificates, at 80x24 and 40x10."""
import json
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "ca"))
from lib import (ADDRESS, MAILCERT, SLOW, Place, Terminal, run_tests, tap,
                 tests_of)
from town import Town

DAY = 86400
NOW = int(time.time())


def record(place, id, address, **more):
    """A certificate as a home has it."""
    for kind in ("", "certificates"):
        os.makedirs(os.path.join(place.home, kind), 0o700, exist_ok=True)
    with open(os.path.join(place.home, "certificates", id + ".json"),
              "w") as f:
        json.dump({"format": 2, "id": id, "account": "nobody",
                   "url": "https://ca.example/order/" + id,
                   "addresses": address + "\n", "key": "ec:p256",
                   "usage": "both", "csr": "dddd", "public": "eeee",
                   "created": NOW - 9 * DAY, "expires": NOW + 80 * DAY,
                   "starts": NOW - 9 * DAY, "state": "issued", **more}, f)


def pid_of(terminal):
    """The mailcert that the terminal runs."""
    top = int(terminal._tmux("list-panes", "-F", "#{pane_pid}").stdout)
    for _ in range(200):
        for entry in os.listdir("/proc"):
            try:
                with open("/proc/%s/stat" % entry) as f:
                    name, rest = f.read().rsplit(")", 1)
                if name.endswith("(mailcert") and int(rest.split()[1]) == top:
                    return int(entry)
            except (OSError, ValueError):
                pass
        time.sleep(0.05)
    return None


def processor(pid):
    with open("/proc/%d/stat" % pid) as f:
        rest = f.read().rsplit(")", 1)[1].split()
    return int(rest[11]) + int(rest[12])


def test_elsewhere():
    """Without a terminal it is the usage; --plain and a dumb terminal get the
    listing."""
    with Place() as place:
        record(place, "aaaa1111", ADDRESS)
        got = place.run()
        tap.ok(got.returncode == 64 and b"COMMAND is missing" in got.stderr,
               "elsewhere: the usage", got)
        got = place.run("--plain")
        tap.ok(got.returncode == 0 and got.stdout ==
               place.run("status").stdout and ADDRESS.encode() in got.stdout,
               "--plain: the listing of status", got)
        got = place.run("--plain", "status")
        tap.ok(got.returncode == 0 and got.stdout == place.run("status").stdout,
               "--plain with a command", got)
        with Terminal(place, MAILCERT + " -o plain=yes") as terminal:
            tap.ok(terminal.wait("[exit 0]") and
                   "aaaa1111  ok  certificate" in terminal.screen(),
                   "plain = yes: the listing", terminal.screen())
        with Terminal(place, MAILCERT, env={"TERM": "dumb"}) as terminal:
            tap.ok(terminal.wait("[exit 0]") and
                   "aaaa1111  ok  certificate" in terminal.screen(),
                   "TERM=dumb: the listing", terminal.screen())


def test_empty():
    with Place() as place:
        for columns, rows in ((80, 24), (40, 10)):
            with Terminal(place, MAILCERT, columns, rows) as terminal:
                tap.ok(terminal.wait("No certificates yet.") and
                       "get one for my address" in terminal.screen(),
                       "an empty home, %dx%d" % (columns, rows),
                       terminal.screen())
                terminal.keys("?")
                tap.ok(terminal.wait("Show all that"), "? lists the keys",
                       terminal.screen())
                terminal.keys("x", "q")
                tap.ok(terminal.wait("[exit 0]"), "q leaves",
                       terminal.screen())
        tap.ok(not os.path.exists(place.home), "it makes no home")


def test_three():
    with Place() as place:
        record(place, "aaaa1111", ADDRESS)
        record(place, "bbbb2222", "bob@example.org", starts=NOW - 85 * DAY,
               expires=NOW + 5 * DAY)
        record(place, "cccc3333", "carol@example.org", account="", url="",
               state="requested", starts=0, expires=0)
        with open(os.path.join(place.home, "certificates/dddd4444.json"),
                  "w") as f:
            f.write("{")
        with Terminal(place, MAILCERT) as terminal:
            tap.ok(terminal.wait("need you"), "it opens", terminal.screen())
            text = terminal.screen()
            order = [text.find(word) for word in (
                "Needs you", "damaged", "bob@example.org", "On its way",
                "carol@example.org", "Certificates", ADDRESS)]
            tap.ok(-1 not in order and order == sorted(order),
                   "the worst first", text)
            terminal.keys("j", "Enter")
            tap.ok(terminal.wait("to be renewed") and
                   terminal.wait("certificates/bbbb2222.pem"),
                   "Enter shows the details", terminal.screen())
            terminal.keys("q", "G", "i")
            tap.ok(terminal.wait("Thunderbird"), "i asks where to",
                   terminal.screen())
            terminal.keys("q")
            terminal.resize(40, 10)
            tap.ok(terminal.wait(">") and all(
                len(line) <= 40 for line in terminal.screen().split("\n")),
                "40x10: nothing is wider", terminal.screen())
            terminal.keys("d")
            tap.ok(terminal.wait("Press Enter to go back"),
                   "d runs the doctor on the terminal", terminal.screen())
            terminal.keys("Enter")
            tap.ok(terminal.wait("q quit"), "and Enter goes back",
                   terminal.screen())
            pid = pid_of(terminal)
            os.kill(pid, signal.SIGTERM)
            tap.ok(terminal.wait("[exit 143]"), "SIGTERM ends it",
                   terminal.screen())


def test_live():
    """An order in one terminal, an answer by another process: the overview
    follows, and its selection stays on its line."""
    with Town() as town:
        place = town.place
        record(place, "aaaa1111", "zoe@example.org", ca="x")
        with Terminal(place, MAILCERT) as terminal:
            tap.ok(terminal.wait("zoe@example.org"), "live: it opens",
                   terminal.screen())
            process = town.start(ADDRESS)
            tap.ok(terminal.wait("waiting   " + ADDRESS),
                   "live: an order appears", terminal.screen())
            tap.ok(re.search(r"^>  ok +zoe", terminal.screen(), re.M),
                   "live: the selection follows its item", terminal.screen())
            terminal.keys("g")
            terminal.wait(">  waiting")
            terminal.keys("a")
            tap.ok(terminal.wait("by hand"), "a says how to answer",
                   terminal.screen())
            terminal.keys("q")
            town.wait_for_mail()
            town.answer()
            tap.ok(terminal.wait("answered"), "live: the decision appears",
                   terminal.screen())
            process.communicate(timeout=60)
            tap.ok(terminal.wait("ok        " + ADDRESS),
                   "live: the certificate is there", terminal.screen())
            # Nothing happens: it sleeps.
            pid = pid_of(terminal)
            time.sleep(0.3)
            before = processor(pid)
            time.sleep(1)
            tap.equal(processor(pid), before, "live: it sleeps meanwhile")


def test_acts():
    """f and r run the command, with the home and settings of this run."""
    with Town() as town:
        got = town.run("order", "--no-wait", ADDRESS)
        tap.equal(got.returncode, 0, "ordered")
        town.wait_for_mail()
        town.answer()
        with Terminal(town.place, MAILCERT + " -o patience=5s") as terminal:
            tap.ok(terminal.wait("[2/4]"), "f: the order is on its way",
                   terminal.screen())
            terminal.keys("f")
            tap.ok(terminal.wait("Press Enter to go back"), "f: it runs",
                   terminal.screen())
            terminal.keys("Enter")
            tap.ok(terminal.wait("Certificates") and
                   terminal.gone("[2/4]"), "f: and the certificate is there",
                   terminal.screen())
            terminal.keys("r")
            tap.ok(terminal.wait("It is not due yet"), "r asks first",
                   terminal.screen())
            terminal.keys("Enter")
            terminal.wait("Certificates")
            tap.equal(len(town.ca.orders), 1, "r: and leaves it")
            terminal.keys("o")
            tap.ok(terminal.wait("File:"), "o asks for a file",
                   terminal.screen())
            terminal.keys("C-c")
            tap.ok(terminal.wait("q quit"), "^C there goes back",
                   terminal.screen())


def test_appears():
    """A home that is made while it looks on."""
    with Place() as place:
        with Terminal(place, MAILCERT) as terminal:
            terminal.wait("No certificates yet.")
            place.expect()
            tap.ok(terminal.wait("waiting"), "a home appears",
                   terminal.screen())


def test_thousand():
    """What is urgent is there first, by the index; then all of it."""
    with Place() as place:
        count = 1000 if SLOW else 300
        for n in range(count):
            record(place, "o%d" % n, "user%d@example.org" % n)
        record(place, "due", "due@example.org", starts=NOW - 85 * DAY,
               expires=NOW + 5 * DAY)
        time.sleep(0.1)  # a directory that changed just now is not indexed
        place.run("status")
        trace = place.path("trace")
        with Terminal(place, "strace -f -s 100000 -e trace=openat,write -o %s %s" % (
                trace, MAILCERT)) as terminal:
            tap.ok(terminal.wait("%d certificates" % (count + 1)) and
                   terminal.wait(">  due"), "many: all are counted",
                   terminal.screen())
            terminal.keys("G")
            tap.ok(terminal.wait("above"), "many: to the end",
                   terminal.screen())
            terminal.keys("/", "r", "1", "7", "@")
            tap.ok(terminal.wait("user17@example.org"), "many: found",
                   terminal.screen())
            terminal.keys("Enter", "q")
            terminal.wait("[exit 0]")
        with open(trace) as f:
            lines = f.read().split("\n")
        first = next(n for n, line in enumerate(lines)
                     if "write(" in line and "due@" in line)
        opened = sum(".json" in line for line in lines[:first])
        tap.ok(opened < 60, "many: the first frame reads few records",
               opened)


if __name__ == "__main__":
    run_tests(tests_of(globals()), workers=4)
    tap.done()

#!/usr/bin/python3
# Runs in: check check-ages
"""Two certificates for one address: their challenge mails would be told apart
by nobody, so one comes after the other."""
import glob
import json
import os
import subprocess
import sys
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
from lib import MAILCERT, run_tests, tap, tests_of
from town import Town

ALICE, BOB = "alice@example.org", "bob@example.org"


def status(town, *args):
    return json.loads(town.run("status", "--json", *args).stdout)


def states(town, *ids):
    """Of these in that order, or of all: orders of one second have none."""
    state = {c["id"]: c["state"] for c in status(town)["certificates"]}
    return [state[id] for id in ids or state]


def change(town, id, **members):
    path = "%s/certificates/%s.json" % (town.place.home, id)
    with open(path) as f:
        record = json.load(f)
    record.update(members)
    with open(path, "w") as f:
        json.dump(record, f)


def make_older(town, id):
    """The one that waits comes first in every list: no list is a queue."""
    change(town, id, created=int(time.time()) - 60)


def challenges(town):
    return [o["state"] for o in status(town)["expectations"]]


def certificates(town):
    return glob.glob(town.place.home + "/certificates/*.pem")


def answer_all(town, name):
    """Once the mail is there, and who ordered has recorded what to expect."""
    town.wait_for_mail()
    end = time.monotonic() + 90
    while "pending" not in challenges(town) and time.monotonic() < end:
        time.sleep(0.1)
    got = town.answer()
    tap.ok(len(got) == 1 and got[0].returncode == 0 and
           b"two-orders" not in got[0].stderr and
           set(challenges(town)) == {"sent"},
           name + ": answered without a person", got)


def test_separate():
    with Town() as town:
        got = town.run("order", "--usage", "separate", "--no-wait", ALICE)
        first, second = got.stdout.decode().split()
        tap.ok(got.returncode == 0 and len(town.ca.orders) == 1 and
               second.encode() in got.stderr and
               states(town, first, second) == ["ordered", "new"],
               "separate: one after the other", got)
        make_older(town, second)
        got = town.run("finish", "--no-wait")
        tap.ok(got.returncode == 75 and len(town.ca.orders) == 1 and
               b"waiting for order %s" % first.encode() in got.stderr,
               "separate: finish says which comes first", got)
        got = town.run("renew")
        tap.ok(got.returncode == 0 and len(town.ca.orders) == 1 and
               b"waiting for order %s" % first.encode() in got.stdout,
               "separate: so does renew", got)
        answer_all(town, "separate, first")
        got = town.run("finish", first)
        tap.ok(got.returncode == 0 and len(town.ca.orders) == 2 and
               states(town, first, second) == ["issued", "ordered"],
               "separate: the second begins when the first is there", got,
               town.ca.problems)
        answer_all(town, "separate, second")
        got = town.run("finish")
        tap.ok(got.returncode == 0 and states(town) == ["issued", "issued"],
               "separate: both", got, town.ca.problems)


def test_by_itself():
    """finish = auto: the answers are all that is needed."""
    with Town("set finish = auto\n") as town:
        town.run("order", "--usage", "separate", "--no-wait", ALICE)
        for n in (1, 2):
            answer_all(town, "by itself, %d" % n)
            end = time.monotonic() + 90
            while len(certificates(town)) < n and time.monotonic() < end:
                time.sleep(0.1)
            tap.equal(len(certificates(town)), n, "by itself: %d" % n)


def test_renew():
    with Town(days=90) as town:
        process = town.start("--usage", "separate", ALICE)
        for n in (1, 2):
            town.wait_for_mail()
            town.answer()
        out, err = process.communicate(timeout=90)
        tap.equal(process.returncode, 0, "renew: two certificates")
        now = int(time.time())
        for path in out.decode().split():
            change(town, os.path.basename(path)[:-4], starts=now - 80 * 86400,
                   created=now - 80 * 86400, expires=now + 10 * 86400)
        got = town.run("renew")
        tap.ok(got.returncode == 0 and len(town.ca.orders) == 3 and
               b"waiting for your answer" in got.stdout and
               b"waiting for order" in got.stdout, "renew: one at a time", got)
        for one in status(town)["certificates"]:
            if one["state"] == "new":
                make_older(town, one["id"])
        answer_all(town, "renew, first")
        got = town.run("renew")
        tap.ok(got.returncode == 0 and len(town.ca.orders) == 4 and
               b"certificate in " in got.stdout and
               b"waiting for order" not in got.stdout,
               "renew: the first is there, the second begins", got,
               town.ca.problems)
        answer_all(town, "renew, second")
        got = town.run("renew")
        tap.ok(got.returncode == 0 and states(town) == ["issued"] * 4 and
               len(town.ca.orders) == 4, "renew: and is there", got,
               town.ca.problems)
        got = town.run("renew")
        tap.equal((got.returncode, got.stdout, len(town.ca.orders)),
                  (0, b"", 4), "renew: and that is all")


def test_who_waits():
    with Town() as town:
        for addresses, orders in (([ALICE, BOB], 1), (["c@example.org"], 2),
                                  ([BOB], 2), (["Bob@EXAMPLE.org"], 2)):
            got = town.run("order", "--no-wait", *addresses)
            tap.ok(got.returncode == 0 and len(town.ca.orders) == orders,
                   "%s: %d at the CA" % (addresses, orders), got)
    # What is over is not in the way.
    for name in ("forgotten", "failed", "expired"):
        with Town() as town:
            first, second = town.run("order", "--usage", "separate",
                                     "--no-wait", ALICE).stdout.decode() \
                .split()
            if name == "forgotten":
                town.run("finish", "--forget", first)
            elif name == "failed":
                change(town, first, state="failed")
            else:
                one, = status(town)["expectations"]
                town.place.change(one["id"], expires=1600000000)
            got = town.run("finish", "--no-wait", second)
            tap.ok(got.returncode == 75 and len(town.ca.orders) == 2 and
                   b"waiting for your answer" in got.stderr,
                   "the first is %s: the second begins" % name, got)


def test_at_once():
    """Two programs at the same moment."""
    with Town() as town:
        town.run("account", "register")
        both = [subprocess.Popen(
            [MAILCERT, "order", "--no-wait", "--usage", usage, ALICE],
            env=town.place.env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for usage in ("sign", "encrypt", "both")]
        ends = [p.communicate() + (p.returncode,) for p in both]
        tap.ok([e[2] for e in ends] == [0, 0, 0] and
               len(town.ca.orders) == 1 and
               sorted(states(town)) == ["new", "new", "ordered"],
               "three at once: one at the CA", ends, states(town))


def test_waits_for_it():
    """An order that waits goes on with the one that is in its way."""
    with Town() as town:
        town.run("order", "--no-wait", "--usage", "sign", ALICE)
        process = town.start("--usage", "encrypt", ALICE)
        for n in (1, 2):
            tap.ok(town.wait_for_mail(30) != [], "waits: mail %d" % n)
            town.answer()
        out, err = process.communicate(timeout=90)
        tap.ok(process.returncode == 0 and states(town) == ["issued"] * 2 and
               b"waiting for order" in err, "waits: both are there", out, err)


run_tests(tests_of(globals()))
tap.done()

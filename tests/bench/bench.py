#!/usr/bin/python3
"""Ratios against an empty dynamically linked C program, all taken in one run,
interleaved, on one core.  Prints them beside the budgets of docs/design.md.
The first frames of screens have another unit: newterm.c.

Only ratios mean something from one machine to the next.
"""
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from dnsserver import Dns
from frames import Screen, first_frame
from lib import BUILD, MAILCERT, ROOT, Place, challenge

ROUNDS = int(os.environ.get("ROUNDS", "200"))
EMPTY = os.path.join(BUILD, "bench", "empty")
NEWTERM = os.path.join(BUILD, "tests", "newterm")


def spawn(argv, env, path):
    """fork and exec, without what subprocess does beside; wall seconds."""
    start = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, env, file_actions=[
        (os.POSIX_SPAWN_OPEN, 0, path, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
    os.waitpid(pid, 0)
    return time.perf_counter() - start


def record(place, n):
    """A certificate as a home has it."""
    now = int(time.time())
    for kind in ("", "certificates"):
        os.makedirs(os.path.join(place.home, kind), 0o700, exist_ok=True)
    with open(os.path.join(place.home, "certificates/o%d.json" % n),
              "w") as f:
        json.dump({"format": 2, "id": "o%d" % n, "account": "nobody",
                   "url": "https://ca.example/order/%d" % n,
                   "addresses": "user%d@example.org\n" % n,
                   "key": "ec:p256", "usage": "both", "csr": "dddd",
                   "public": "eeee", "created": now - 777600,
                   "expires": now + 6912000, "starts": now - 777600,
                   "state": "issued"}, f)


def frames(line, place, message):
    """Of the question, and of the overview on homes of three sizes: how long
    until the first one, and until a key is answered."""
    base, screens = [], [("the question", place, [
        MAILCERT, "handle", "--draft", "stdout", message], b"No ]", None)]
    homes = [(count, Place()) for count in (0, 3, 1000)]
    for count, home in homes:
        for n in range(count):
            record(home, n)
        time.sleep(0.1)  # a directory that changed just now has no index
        home.run("status")
        screens.append(("the overview, %d certificates" % count, home,
                        [MAILCERT], b"quit", b"closes"))
    times, answers = [[] for _ in screens], [[] for _ in screens]
    for _ in range(max(10, ROUNDS // 10)):
        base.append(first_frame([NEWTERM], place.env, b"a line"))
        for at, (_, home, argv, mark, _) in enumerate(screens):
            times[at].append(first_frame(argv, home.env, mark))
    for at, (_, home, argv, mark, help) in enumerate(screens):
        if help:
            with Screen(argv, home.env, mark) as screen:
                time.sleep(0.5)
                answers[at] = [screen.answer(*what) for _ in range(20)
                               for what in ((b"?", help), (b"x", mark))]
    unit = statistics.median(base)
    print("newterm and a line: %.0f us (the unit of first frames)" %
          (unit * 1e6))
    for at, (name, *_) in enumerate(screens):
        line("first frame of " + name, statistics.median(times[at]) / unit,
             2.5)
    for at, (name, *_) in enumerate(screens):
        if answers[at]:
            print("%-46s %6.1f %7s" % (
                "a key, %s (ms)" % name,
                statistics.median(answers[at]) * 1000, "50.0"))
    for _, home in homes:
        home.__exit__()


def peak_kib(argv, env, path):
    with open(path, "rb") as stdin:
        got = subprocess.run([os.path.join(BUILD, "bench", "peak"), *argv],
                             env=env, stdin=stdin, capture_output=True)
    return int(got.stdout.split()[-1])


def main():
    os.sched_setaffinity(0, {0})
    with Place() as place:
        ordinary = place.write("ordinary", challenge(
            subject="lunch", body="Shall we?\n" * 200))
        expected = place.write("challenge", challenge())
        stranger = place.write("stranger",
                               challenge(sender="eve@evil.example"))
        place.expect()
        wants = [
            ("is-challenge, an ordinary message", 1.3,
             [MAILCERT, "is-challenge"], ordinary),
            ("is-challenge, a challenge", None,
             [MAILCERT, "is-challenge"], expected),
            ("show, a challenge", None, [MAILCERT, "show"], expected),
            ("handle refusing an unexpected challenge", 1.6,
             [MAILCERT, "handle", "--auto-approve"], stranger),
        ]
        base, times = [], {name: [] for name, *_ in wants}
        for _ in range(ROUNDS):
            base.append(spawn([EMPTY], place.env, ordinary))
            for name, _, argv, path in wants:
                times[name].append(spawn(argv, place.env, path))
        unit = statistics.median(base)
        print("an empty program: %.0f us (the unit)" % (unit * 1e6))
        print("%-46s %6s %7s" % ("", "ratio", "budget"))

        def line(name, ratio, budget):
            print("%-46s %6.2f %7s%s" % (
                name, ratio, "%.1f" % budget if budget else "-",
                "  over budget" if budget and ratio > budget else ""))

        for name, budget, _, _ in wants:
            line(name, statistics.median(times[name]) / unit, budget)
        signed = os.path.join(ROOT, "tests/signed/")
        with open(signed + "dns.json") as f:
            dns = Dns(json.load(f))
        for what, budget, path, settings in (
                ("unsigned", None, expected, []),
                ("S/MIME", 6, signed + "s0-detached-9788.eml",
                 ["authenticate=smime", "auto_submitted=relaxed",
                  "smime_anchors=" + signed + "anchors.pem"]),
                ("DKIM", 9, signed + "d0-good.eml",
                 ["authenticate=dkim", "auto_submitted=relaxed",
                  "resolver=" + dns.resolver])):
            answers = []
            for _ in range(max(10, ROUNDS // 10)):
                order = place.expect()
                # The record from the resolver, not from the home.
                shutil.rmtree(place.path("data/dns"), ignore_errors=True)
                answers.append(spawn(
                    [MAILCERT] + [x for s in settings for x in ("-o", s)] +
                    ["handle", "--auto-approve"], place.env, path))
                place.run("expect", "--forget", order)
            line("handle --auto-approve --draft stdout, " + what,
                 statistics.median(answers) / unit, budget)
        place.expect()
        frames(line, place, expected)
        mega = place.write("mega", challenge(body="x" * 76 + "\n") +
                           (b"y" * 76 + b"\n") * 13600)
        kib = peak_kib([MAILCERT, "handle", "--auto-approve"], place.env, mega)
        print("%-46s %6.1f %7s" % ("peak memory, 1 MiB message (MiB)",
                                   kib / 1024, "12.0"))
        huge = place.write("huge", challenge() + b"x" * 50_000_000)
        took = [spawn([MAILCERT, "handle", "--auto-approve"], place.env, huge)
                for _ in range(10)]
        line("a 50 MB message, refused at the ceiling",
             statistics.median(took) / unit, None)


main()

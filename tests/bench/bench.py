#!/usr/bin/python3
"""Ratios against an empty dynamically linked C program, all taken in one run,
interleaved, on one core.  Prints them beside the budgets of docs/design.md.

Only ratios mean something from one machine to the next.
"""
import json
import os
import pty
import select
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from dnsserver import Dns
from lib import BUILD, MAILCERT, ROOT, Place, challenge

ROUNDS = int(os.environ.get("ROUNDS", "200"))
EMPTY = os.path.join(BUILD, "bench", "empty")


def spawn(argv, env, path):
    """fork and exec, without what subprocess does beside; wall seconds."""
    start = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, env, file_actions=[
        (os.POSIX_SPAWN_OPEN, 0, path, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
    os.waitpid(pid, 0)
    return time.perf_counter() - start


def first_frame(place, path):
    """From start until the question is on the (pseudo) terminal."""
    start = time.perf_counter()
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(MAILCERT, ["mailcert", "handle", "--draft", "stdout", path],
                  dict(place.env, TERM="xterm"))
    seen = b""
    while b"No ]" not in seen:
        if not select.select([fd], [], [], 5)[0]:
            break
        seen += os.read(fd, 65536)
    took = time.perf_counter() - start
    # What is typed before the question was seen is thrown away: repeat it.
    try:
        while not os.waitpid(pid, os.WNOHANG)[0]:
            os.write(fd, b"n")
            if select.select([fd], [], [], 0.05)[0]:
                os.read(fd, 65536)
    except OSError:
        os.waitpid(pid, 0)
    os.close(fd)
    return took


def empty_on_pty():
    start = time.perf_counter()
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(EMPTY, [EMPTY], {})
    os.waitpid(pid, 0)
    took = time.perf_counter() - start
    os.close(fd)
    return took


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
        frames, bases = [], []
        for _ in range(max(10, ROUNDS // 10)):
            bases.append(empty_on_pty())
            frames.append(first_frame(place, expected))
        line("first frame of the screen (unit: on a pty)",
             statistics.median(frames) / statistics.median(bases), 2.5)
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

#!/usr/bin/python3
# Runs in: check check-slow
"""A home with thousands of records, in check-slow with 100 000 of a kind: a
command reads few of them."""
import os
import sys

sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                os.path.dirname(os.path.abspath(__file__))]
from index import (ANSWER, answered, build, expectation, fill, index, mail,
                   replace, state)
from lib import MAILCERT, PART1, SLOW, Place, run_tests, tap, tests_of

MANY = 100000 if SLOW else 2000


def reads(place, *args, stdin=b""):
    """How many records the command opens, and what it came to."""
    trace = place.path("trace")
    got = place.run("-f", "--seccomp-bpf", "-e", "trace=openat", "-o", trace,
                    MAILCERT, *args, program="strace", stdin=stdin)
    with open(trace) as f:
        lines = [line for line in f if '.json", O_RDONLY' in line]
    return len(lines), got


def test_costs():
    """Counted, not timed: what is opened.  The 16 that live longest are read
    each time, and there may be two look-ups."""
    with Place() as place:
        fill(place, MANY, expectation, MANY)
        got = build(place)
        tap.ok(got.returncode == 0 and os.path.isfile(index(place)) and
               os.path.isfile(index(place, "certificates")),
               "status writes the indexes", got.stderr)
        for what, want, args, stdin in (
                ("refusing", 65, ANSWER, mail(to="x@example.net",
                                              sender="x@example.com")),
                ("refusing what is near", 65, ANSWER,
                 mail(to="x@example.net")),
                ("answering", 0, ANSWER, mail(MANY // 2)),
                ("refusing it again", 65, ANSWER, mail(MANY // 2)),
                ("status ID", 0, ("status", "o%d" % (MANY // 3)), b""),
                ("status ADDRESS", 0, ("status", "user7@example.org"), b""),
                ("renew", 0, ("renew",), b""),
                ("respond", 0, ("respond", "e%d" % (MANY // 5), "--token-part1",
                                PART1, "--print"), b"")):
            count, got = reads(place, *args, stdin=stdin)
            tap.ok(got.returncode == want or what == "respond",
                   "%s among many" % what, got)
            tap.ok(count <= 120, "%s reads few of many records" % what, count)
        tap.equal(state(place, "e%d" % (MANY // 2)), "drafted",
                  "the answer is recorded")
        count, got = reads(place, "status", "no-such-order")
        tap.ok(got.returncode == 1 and count >= 2 * MANY,
               "what is not found is looked for everywhere", count)


def test_one_address():
    """All for one address, long ago: what a person has."""
    to = "alice@example.org"
    with Place() as place:
        fill(place, MANY, lambda n: answered(n, to))
        build(place)
        count, got = reads(place, *ANSWER, stdin=mail(to=to))
        tap.ok(got.returncode == 65 and b"expired" in got.stderr,
               "a challenge without an order is refused", got)
        tap.ok(count <= 200, "reads few of many records", count)
        # The oldest of them once more.
        got = place.run(*ANSWER, stdin=mail(
            to=to, subject="ACME: a%047d" % 0))
        tap.ok(got.returncode == 65 and b"was answered" in got.stderr,
               "an answered one is known by its token", got)
        replace(place, "expectations", expectation(MANY, to))
        got = place.run(*ANSWER, stdin=mail(to=to))
        tap.ok(got.returncode == 0 and state(place, "e%d" % MANY) == "drafted",
               "a new one is answered", got)


run_tests(tests_of(globals()), 2)
tap.done()

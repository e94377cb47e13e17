#!/usr/bin/python3
# Runs in: check-slow
"""The move of a home from format 1 to format 2, killed at every step and on a
disk that fails: what is there is read the same, and the next command that
changes something makes the move complete."""
import concurrent.futures
import os
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
for room in ("homes", ""):
    sys.path.insert(0, os.path.join(TESTS, room))
from lib import (CA, MAILCERT, PART2, THUMBPRINT, Place, run_tests,
                 sample_kinds, tap, tests_of)
from recorded import listed, old_left, unpack

STEPS = ("openat", "write", "fsync", "renameat", "unlinkat", "unlink", "rmdir",
         "mkdirat", "flock", "getdents64", "close")
# One changes an old record (and forgets it), one only adds a new one.
FORGET = ("expect", "--forget", "s2b3xcsj")
EXPECT = ("expect", "new@example.org", "--from", CA, "--token-part2", PART2,
          "--thumbprint", THUMBPRINT)


def old_place():
    place = Place()
    unpack(place.home)
    return place


def steps(args):
    """Each call that the command makes below the home, and how often."""
    with old_place() as place:
        trace = place.path("trace")
        got = place.run("-e", "trace=" + ",".join(STEPS), "-o", trace, "-y",
                        MAILCERT, *args, program="strace")
        assert got.returncode == 0 and not old_left(place.home), got
        counts, jobs = {}, []
        with open(trace) as f:
            for line in f:
                call = line.split("(")[0]
                counts[call] = counts.get(call, 0) + 1
                if place.home in line and call in STEPS:
                    jobs.append((call, counts[call]))
        return jobs


def seen(place):
    """What is listed, but the expectation that the command made."""
    have = listed(place)
    have["expectations"] = {
        id: state for id, state in have["expectations"].items()
        if id in BEFORE["expectations"]}
    return have


def one(args, call, nth, how):
    with old_place() as place:
        place.run("-o", "/dev/null", "-e", "trace=" + call, "-e",
                  "inject=%s:%s:when=%d" % (call, how, nth), MAILCERT, *args,
                  program="strace")
        after = seen(place)
        if after not in (BEFORE, FORGOTTEN if args is FORGET else BEFORE):
            return "then: %r" % after
        again = seen(place)
        if again != after:
            return "read again: %r" % again
        got = place.run(EXPECT[0], "next@example.org", *EXPECT[2:])
        if got.returncode != 0 or seen(place) != after:
            return "after the next change: %r, %r" % (seen(place), got)
        left = old_left(place.home) + [f for f in place.files()
                                       if f.endswith(".new")]
        return left and "left: %r" % left


def test_steps():
    for args, verb in ((FORGET, "forget"), (EXPECT, "expect")):
        jobs = [(call, nth, "signal=SIGKILL") for call, nth in steps(args)]
        jobs += [(call, nth, "error=" + error) for call, nth, _ in jobs
                 for error in ("ENOSPC", "EIO")
                 if call in ("write", "fsync", "renameat", "unlinkat",
                             "openat", "mkdirat")]
        jobs = sample_kinds(jobs, lambda job: (job[0], job[2]), 60)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for (call, nth, how), wrong in zip(jobs, pool.map(
                    lambda job: one(args, *job), jobs)):
                tap.ok(not wrong, "%s: %s at %s %d" % (verb, how, call, nth),
                       wrong)


with old_place() as whole:
    BEFORE = listed(whole)
FORGOTTEN = dict(BEFORE, expectations={
    id: state for id, state in BEFORE["expectations"].items()
    if id != FORGET[-1]})
run_tests(tests_of(globals()))
tap.done()

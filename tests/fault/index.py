#!/usr/bin/python3
# Runs in: check check-slow
"""A home with an index of its records: a command misses none of them, whoever
changed them and whatever became of the index.  index_many.py counts what it
reads."""
import concurrent.futures
import json
import os
import re
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import (CA, MAILCERT, PART2, THUMBPRINT, Place, challenge, run_tests,
                 sample_kinds, tap, tests_of)

FEW = 300  # enough for an index
TICK = 0.1  # a directory that changed just now is not indexed
STEPS = ("openat", "write", "fsync", "renameat", "utimensat", "flock", "fstat",
         "newfstatat", "pread64", "read", "close", "mkdirat", "unlinkat")
FAR = 4000000000
NOW = int(time.time())
ANSWER = ("handle", "--auto-approve", "--draft", "stdout")


def write(place, kind, record):
    """As an editor does that writes into the file."""
    path = os.path.join(place.home, kind, record["id"] + ".json")
    with open(path, "w") as f:
        f.write(json.dumps(record))


def replace(place, kind, record):
    """As an editor, or a mailcert that knows no index, does it."""
    path = os.path.join(place.home, kind, record["id"] + ".json")
    with open(path + ".tmp", "w") as f:
        json.dump(record, f)
    os.rename(path + ".tmp", path)


def expectation(number, address=None, **more):
    address = address or "user%d@example.org" % number
    return {"format": 2, "id": "e%d" % number, "address": address,
            "address_normal": address, "from": CA, "from_normal": CA,
            "token_part2": PART2, "thumbprint": THUMBPRINT,
            "token_join": "octets", "created": NOW - 86400 * 9 + number % 5000,
            "expires": FAR, "state": "pending", **more}


def answered(number, address, part1=None, **more):
    return expectation(number, address, **{
        "state": "sent", "token_part1": part1 or "a%047d" % number,
        "message_id": "<m%d@ca.example>" % number, "reply_to": CA,
        "draft": "sendmail", "answered": NOW - 86400 * 8,
        "expires": NOW - 86400 * 7, **more})


def order(number, **more):
    return {"format": 2, "id": "o%d" % number, "account": "nobody",
            "url": "https://ca.example/order/%d" % number,
            "addresses": "user%d@example.org\n" % number, "key": "ec:p256",
            "usage": "both", "csr": "dddd", "public": "eeee",
            "created": NOW - 86400 * 9, "expires": FAR,
            "starts": NOW - 86400 * 8, "state": "issued", **more}


def fill(place, count, make, orders=0):
    for kind in ("", "expectations", "certificates"):
        os.makedirs(os.path.join(place.home, kind), 0o700, exist_ok=True)
    for number in range(count):
        write(place, "expectations", make(number))
    for number in range(orders):
        write(place, "certificates", order(number))
    time.sleep(TICK)


def index(place, kind="expectations"):
    return os.path.join(place.home, "index", kind)


def build(place):
    """Have every record read, and the index written."""
    time.sleep(TICK)
    return place.run("status")


def no_index(place):
    """Nothing can be written or read there."""
    for kind in ("expectations", "certificates"):
        if os.path.isfile(index(place, kind)):
            os.unlink(index(place, kind))
        os.makedirs(index(place, kind), 0o700, exist_ok=True)


def state(place, id):
    with open(os.path.join(place.home, "expectations", id + ".json")) as f:
        return json.load(f)["state"]


def mail(number=None, to=None, **more):
    return challenge(to=to or "user%d@example.org" % number, **more)


def commands():
    """What is said about each kind of message, and by the commands that look
    things up."""
    yield ANSWER, mail(to="x@example.net", sender="x@example.com")
    yield ANSWER, mail(to="x@example.net")
    yield ANSWER, mail(17, sender="x@example.com")
    yield ANSWER, mail(to="closed@example.org")
    yield ANSWER, mail(to="closed@example.org", subject="ACME: " + "b" * 48)
    yield ANSWER, mail(to="USER18@example.org")
    yield ("show",), mail(19)
    for name in ("e20", "o21", "user22@example.org", "User23@example.org",
                 "nobody@example.org", "e99999999", "closed@example.org"):
        yield ("status", name), b""
        yield ("status", "--json", name), b""
        yield ("renew", "--dry-run", name), b""
        yield ("finish", "--sent", name), b""
    yield ("renew",), b""
    yield ("renew", "--dry-run"), b""
    yield ("finish",), b""


def test_same_words():
    """With the index and without it; but which of many is named as near is
    chance."""
    outcomes = []
    for indexed in (True, False):
        with Place() as place:
            fill(place, FEW, expectation, FEW)
            write(place, "expectations", answered(
                FEW, "closed@example.org", "b" * 48, expires=FAR))
            write(place, "certificates", order(
                FEW, addresses="due@example.org\n", expires=NOW - 5))
            write(place, "certificates", order(
                FEW + 1, addresses="open@example.org\n", state="ordered"))
            time.sleep(TICK)
            if not indexed:
                no_index(place)
            build(place)
            tap.equal(os.path.isfile(index(place)), indexed, "indexed")
            outcomes.append([
                (args, got.returncode, got.stdout.count(b"\n"),
                 re.sub(rb"(challenge e|user)[0-9]+", rb"\1N", got.stderr
                        .replace(place.home.encode(), b"")))
                for args, stdin in commands()
                for got in [place.run(*args, stdin=stdin)]])
    for one, other in zip(*outcomes):
        tap.equal(one, other, "%s: the same with an index" % " ".join(one[0]))


def test_hand():
    """What is added, removed, replaced and edited, beside mailcert."""
    def check(place, number, want, name):
        got = place.run(*ANSWER, stdin=mail(number))
        tap.ok(got.returncode == want, name, got)

    with Place() as place:
        fill(place, FEW, lambda n: answered(n, "user%d@example.org" % n))
        build(place)
        check(place, FEW, 65, "nothing is expected yet")
        replace(place, "expectations", expectation(FEW))
        check(place, FEW, 0, "one that was added is seen at once")
        build(place)
        write(place, "expectations", expectation(FEW + 1))
        check(place, FEW + 1, 0, "one that was written in place, too")
        build(place)
        os.unlink(os.path.join(place.home, "expectations/e%d.json" % FEW))
        got = place.run("status", "e%d" % FEW)
        tap.ok(got.returncode == 1, "one that was removed is gone", got)
        replace(place, "expectations", expectation(5))
        check(place, 5, 0, "one that was replaced is seen at once")
        # In place: the directory does not tell.
        build(place)
        write(place, "expectations", expectation(6))
        check(place, 6, 0, "a closed one that is opened in place is seen")
        replace(place, "expectations", expectation(7))
        build(place)
        write(place, "expectations", expectation(7, "moved@example.org"))
        got = place.run(*ANSWER, stdin=mail(to="moved@example.org"))
        tap.ok(got.returncode == 0,
               "an open one that gets another address in place is seen", got)
        build(place)
        write(place, "expectations", expectation(8, "other@example.org"))
        build(place)
        got = place.run(*ANSWER, stdin=mail(to="other@example.org"))
        tap.ok(got.returncode == 0,
               "status notices whatever was edited in place", got)
        # Damaged in place: it may be the one.
        with open(os.path.join(place.home, "expectations/e9.json"), "w") as f:
            f.write("{")
        build(place)
        got = place.run(*ANSWER, stdin=mail(9))
        tap.ok(got.returncode == 78, "a damaged one leaves a doubt", got)
        write(place, "expectations", expectation(9))
        check(place, 9, 0, "and is seen at once when it is mended")


def test_old_program():
    """A mailcert that knows no index, and one that wrote format 1."""
    with Place() as place:
        fill(place, FEW, expectation)
        build(place)
        id = "old%d" % FEW
        replace(place, "expectations", dict(
            expectation(FEW), id=id, state="pending"))
        path = os.path.join(place.home, "orders")
        os.mkdir(path, 0o700)
        old = expectation(FEW + 1)
        del old["format"]
        with open(os.path.join(path, old["id"] + ".json"), "w") as f:
            json.dump(old, f)
        for number in (FEW, FEW + 1):
            got = place.run(*ANSWER, stdin=mail(number))
            tap.ok(got.returncode == 0, "what another version adds is seen",
                   got)
        tap.ok(not os.path.exists(path), "format 1 is moved")
        build(place)
        got = place.run(*ANSWER, stdin=mail(FEW + 1))
        tap.ok(got.returncode == 65, "and is answered once", got)


def test_copied():
    """A home that was copied, with times or without, and put back."""
    with Place() as place:
        fill(place, FEW, expectation)
        build(place)
        backup = place.path("backup")
        shutil.copytree(place.home, backup)
        got = place.run(*ANSWER, stdin=mail(3))
        tap.ok(got.returncode == 0, "answered", got)
        place.run("expect", "later@example.org", "--from", CA,
                  "--token-part2", PART2, "--thumbprint", THUMBPRINT)
        # The index is the newer one, the records are the older ones.
        shutil.rmtree(os.path.join(place.home, "expectations"))
        shutil.copytree(os.path.join(backup, "expectations"),
                        os.path.join(place.home, "expectations"))
        got = place.run("status", "e3")
        tap.ok(got.returncode == 0 and b"waits for the challenge" in
               got.stdout, "what was put back counts", got)
        got = place.run("status", "later@example.org")
        tap.ok(got.returncode == 1, "what it lacks is gone", got)


def test_many_at_once():
    """Every change of every process is in the index, or it is in doubt."""
    with Place() as place:
        fill(place, FEW, expectation)
        build(place)

        def add(number):
            return place.run("expect", "new%d@example.org" % number, "--from",
                             CA, "--token-part2", PART2, "--thumbprint",
                             THUMBPRINT)
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            added = list(pool.map(add, range(24)))
            answers = list(pool.map(
                lambda n: place.run(*ANSWER, stdin=mail(
                    to="new%d@example.org" % (n % 24))), range(48)))
        tap.ok(all(got.returncode == 0 for got in added), "all were added",
               [got.stderr for got in added if got.returncode])
        codes = sorted(got.returncode for got in answers)
        tap.equal(codes, [0] * 24 + [65] * 24,
                  "each was answered once, and none was missed")


def one_step(call, nth, how):
    """Stop at one step, then look again."""
    with Place() as place:
        fill(place, FEW, expectation)
        build(place)
        place.run("-o", "/dev/null", "-e", "trace=" + call, "-e",
                  "inject=%s:%s:when=%d" % (call, how, nth), MAILCERT, *ANSWER,
                  program="strace", stdin=mail(7))
        before = state(place, "e7")
        again = place.run(*ANSWER, stdin=mail(7))
        if (again.returncode == 0) != (before == "pending"):
            return "%s, then %r" % (before, again)
        now = state(place, "e7")
        if place.run(*ANSWER, stdin=mail(7)).returncode == 0:
            return "answered twice"
        if place.run(*ANSWER, stdin=mail(8)).returncode != 0:
            return "missed another"
        build(place)
        if place.run(*ANSWER, stdin=mail(7)).returncode == 0 or \
                state(place, "e7") != now:
            return "answered again with a new index"
        return ""


def test_steps():
    """Killed, or failed, at each call that it makes below the home."""
    with Place() as place:
        fill(place, FEW, expectation)
        build(place)
        trace = place.path("trace")
        got = place.run("-y", "-e", "trace=" + ",".join(STEPS), "-o", trace,
                        MAILCERT, *ANSWER, program="strace", stdin=mail(7))
        assert got.returncode == 0, got
        counts, jobs = {}, []
        with open(trace) as f:
            for line in f:
                call = line.split("(")[0]
                counts[call] = counts.get(call, 0) + 1
                if place.home in line and call in STEPS:
                    jobs.append((call, counts[call], "signal=SIGKILL"))
    tap.ok(any(call == "utimensat" for call, _, _ in jobs),
           "the directory is marked")
    jobs += [(call, nth, "error=" + error) for call, nth, _ in jobs
             for error in ("ENOSPC", "EIO")
             if call in ("openat", "write", "fsync", "renameat", "utimensat",
                         "flock", "pread64")]
    jobs = sample_kinds(jobs, lambda job: job[0], 8)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for job, wrong in zip(jobs, pool.map(lambda job: one_step(*job),
                                             jobs)):
            tap.ok(not wrong, "%s %d: %s" % job, wrong)


if __name__ == "__main__":
    run_tests(tests_of(globals()), 2)
    tap.done()

#!/usr/bin/python3
# Runs in: check-slow
"""Killed at every step, run many at once, disk full: never two answers, never
a lost order.

strace kills the program itself, as it was built for users, at the N-th call
of each system call that writes, renames, starts or ends something; then it
is run again.
"""
import concurrent.futures
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import (MAILCERT, QUESTION, Place, Terminal, challenge, check_reply,
                 fake_sendmail, make_maildir, read_then_yes, run_tests, sample,
                 sent, tap, tests_of)

CALLS = ("openat", "write", "fsync", "rename", "renameat", "renameat2",
         "close", "unlinkat", "mkdirat", "fchmod", "flock", "read", "getdents64",
         "clone", "clone3", "vfork", "fork", "wait4", "mmap", "pipe2")


def answer_args(send):
    return ["-o", "sendmail=" + send, "handle", "--auto-approve", "--draft",
            "sendmail"]


def calls_made(place, send):
    """How often the main process makes each call in a run to the end."""
    trace = place.path("trace")
    got = place.run("-e", "trace=" + ",".join(CALLS), "-o", trace, MAILCERT,
                    *answer_args(send), program="strace", stdin=challenge())
    assert got.returncode == 0, got.stderr
    counts = {}
    with open(trace) as f:
        for line in f:
            name = line.split("(")[0]
            if name in CALLS:
                counts[name] = counts.get(name, 0) + 1
    return counts


def one_kill(call, nth):
    """Kill at the nth call, then run twice more; tell what went wrong."""
    wrong = []
    with Place() as place:
        send, box = fake_sendmail(place)
        order = place.expect()
        place.run("-o", "/dev/null", "-e", "trace=" + call, "-e",
                  "inject=%s:signal=SIGKILL:when=%d" % (call, nth), MAILCERT,
                  *answer_args(send), program="strace", stdin=challenge())
        time.sleep(0.02)  # a sendmail that was started may still write
        for _ in range(2):
            place.run(*answer_args(send), stdin=challenge())
        deadline = time.monotonic() + 5
        while any(n.endswith(".tmp") for n in os.listdir(box)) and \
                time.monotonic() < deadline:
            time.sleep(0.02)
        mails = sent(box)
        if len(mails) > 1:
            wrong.append("%d answers" % len(mails))
        got = place.run("status", "--json")
        orders = json.loads(got.stdout or b'{"expectations": []}')["expectations"]
        if [o["id"] for o in orders] != [order]:
            wrong.append("the order is lost: %r" % got)
            return wrong, ""
        state = orders[0]["state"]
        # Not out, and yet not to be answered: only where it may be out.
        if not mails and state not in ("answering",):
            wrong.append("no answer, state " + state)
        if mails and state == "pending":
            wrong.append("an answer, but the order is pending")
        left = [f for f in place.files()
                if "/drafts/" in f or f.endswith(".new")]
        if left:
            wrong.append("left behind: %r" % left)
        return wrong, state


def test_kill_everywhere():
    with Place() as place:
        send, _ = fake_sendmail(place)
        place.expect()
        counts = calls_made(place, send)
    jobs = [(call, n) for call, count in sorted(counts.items())
            for n in range(1, count + 1)]
    # mmap, read and close while the program is being loaded are all alike.
    jobs = [(c, n) for c, n in jobs if c != "mmap" or n % 5 == 0]
    jobs = sample(jobs, 40)
    states = {}
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for (call, nth), (wrong, state) in zip(
                jobs, pool.map(lambda j: one_kill(*j), jobs)):
            states[state] = states.get(state, 0) + 1
            tap.ok(not wrong, "killed at %s %d" % (call, nth), wrong)
    tap.ok(states.get("sent", 0) > 3 and states.get("answering", 0) > 0,
           "kills fell on both sides of the answer", states)


def test_in_doubt():
    """After a kill between intent and answer a person can still answer."""
    with Place() as place:
        send, box = fake_sendmail(place)
        order = place.expect()
        killer = place.write("killer", "#!/bin/sh\nkill -9 $PPID\n", 0o755)
        place.run(*answer_args(killer), stdin=challenge())
        tap.equal(place.order(order)["state"], "answering",
                  "killed while sending: in doubt")
        got = place.run(*answer_args(send), stdin=challenge())
        tap.ok(got.returncode == 65 and b"already-answered" in got.stderr and
               sent(box) == [], "unattended: never again", got)
        path = place.write("c.eml", challenge())
        with Terminal(place, "mailcert -o sendmail=%s handle --draft sendmail "
                      "%s" % (send, path)) as terminal:
            tap.ok(terminal.wait("may already have been sent"),
                   "a person is warned", terminal.screen())
            read_then_yes(terminal)
            terminal.wait("Answer anyway?")
            read_then_yes(terminal)
            tap.ok(terminal.wait("[exit 0]"), "and may answer",
                   terminal.screen())
        tap.equal(check_reply(sent(box)[0]), [], "the answer is right")
        tap.equal(place.order(order)["state"], "sent", "and recorded")


def test_at_once():
    for round_ in range(3):
        with Place() as place:
            send, box = fake_sendmail(place)
            order = place.expect()
            start = [subprocess.Popen(
                [MAILCERT, *answer_args(send)], env=place.env,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, start_new_session=True)
                for _ in range(32)]
            with concurrent.futures.ThreadPoolExecutor(32) as pool:
                done = list(pool.map(lambda p: p.communicate(challenge()),
                                     start))
            codes = sorted(p.returncode for p in start)
            tap.equal(codes, [0] + [65] * 31,
                      "32 at once: one answers (round %d)" % round_)
            tap.equal(sum(b"already-answered" in err for out, err in done),
                      31, "the others say why")
            tap.equal(len(sent(box)), 1, "one mail")
            tap.equal(place.order(order)["state"], "sent", "recorded")


def test_screen_and_headless():
    """A confirmation stands open while another run answers."""
    with Place() as place:
        send, box = fake_sendmail(place)
        place.expect()
        path = place.write("c.eml", challenge())
        with Terminal(place, "mailcert -o sendmail=%s handle --draft sendmail "
                      "%s" % (send, path)) as terminal:
            terminal.wait(QUESTION)
            got = place.run(*answer_args(send), stdin=challenge())
            tap.equal(got.returncode, 0, "headless answers")
            read_then_yes(terminal)
            terminal.wait("[ Close ]")
            tap.ok(terminal.press("q", "refused: already-answered") and
                   terminal.wait("[exit 65]"),
                   "the open question answers no more", terminal.screen())
        tap.equal(len(sent(box)), 1, "one mail")


def test_lock_holder_stopped():
    with Place() as place:
        send, box = fake_sendmail(place)
        place.expect()
        with open(os.path.join(place.home, "lock")) as lock:
            import fcntl
            fcntl.flock(lock, fcntl.LOCK_EX)
            start = time.monotonic()
            got = place.run(*answer_args(send), stdin=challenge())
            took = time.monotonic() - start
        tap.ok(got.returncode == 75 and took > 9 and sent(box) == [],
               "a lock that is held: 75 after ten seconds", took, got)


def test_failing_calls():
    """The disk is full, or fails, at every call that writes."""
    for error in sample(("ENOSPC", "EIO", "EDQUOT", "EROFS"), 2):
        for call in ("openat", "write", "fsync", "renameat", "fchmod"):
            for nth in range(1, 9):
                with Place() as place:
                    send, box = fake_sendmail(place)
                    order = place.expect()
                    # Only calls below the home: loading is not at stake.
                    got = place.run(
                        "-o", "/dev/null", "-e", "trace=" + call, "-P",
                        os.path.join(place.home, "expectations"), "-e",
                        "inject=%s:error=%s:when=%d" % (call, error, nth),
                        MAILCERT, *answer_args(send), program="strace",
                        stdin=challenge())
                    state = place.order(order)["state"]
                    mails = len(sent(box))
                    good = (mails, state) in ((0, "pending"), (1, "sent"),
                                              (1, "answering")) and (
                        got.returncode in (0, 73, 74, 75)) and (
                        mails == 1 or got.returncode != 0)
                    left = [f for f in place.files() if f.endswith(".new")]
                    tap.ok(good and not left, "%s at %s %d: %s, exit %d" % (
                        error, call, nth, state, got.returncode), got, left)
                    if got.returncode == 0:
                        break


def test_read_only_home():
    with Place() as place:
        send, box = fake_sendmail(place)
        place.expect()
        before = place.orders_bytes()
        limited = ("ulimit -f 0; exec " + MAILCERT + " " +
                   " ".join(answer_args(send)))
        got = place.run("-c", limited, program="sh", stdin=challenge())
        tap.ok(got.returncode not in (0, 65) and sent(box) == [] and
               place.orders_bytes() == before,
               "no file may grow: nothing is answered", got)


def test_descriptors():
    with Place() as place:
        path = place.write("c.eml", challenge())
        for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
            order = place.expect()
            before = place.orders_bytes()
            got = place.run("-c", "umask 0; exec %s handle --auto-approve "
                            "--draft file:%s %s %s" % (
                                MAILCERT, place.path("out"), path, closed),
                            program="sh")
            good = got.returncode == 0 and check_reply(
                open(place.path("out"), "rb").read()) == []
            tap.ok(good and os.stat(place.path("out")).st_mode & 0o777 ==
                   0o600, "descriptors %s, umask 0" % closed, got)
            os.unlink(place.path("out"))
            place.run("expect", "--forget", order)


def send_signal(command, number):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid) as f:
                if f.read().rstrip("\0") == command:
                    os.kill(int(pid), number)
        except OSError:
            pass  # it ended in this moment


def test_declined_by_signal():
    with Place() as place:
        place.expect()
        before = place.orders_bytes()
        path = place.write("c.eml", challenge())
        for name in ("TERM", "INT", "HUP"):
            with Terminal(place, "mailcert handle --draft stdout %s" %
                          path) as terminal:
                terminal.wait(QUESTION)
                send_signal("mailcert\0handle\0--draft\0stdout\0" + path,
                            getattr(signal, "SIG" + name))
                tap.ok(terminal.wait("[exit 1]"), "SIG%s is a No" % name,
                       terminal.screen())
            tap.ok(place.orders_bytes() == before, "and changes nothing")


run_tests(tests_of(globals()))
tap.done()

#!/usr/bin/python3
# Runs in: check-slow
"""A watcher under faults for a minute (SOAK=600: for ten): every challenge is
answered once, no memory or descriptor leaks.  With SAN=1 the sanitizers look
on.  This watcher comes back to what failed thirty times as soon as others:
after two seconds, then after twice as long each time."""
import contextlib
import glob
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import BUILD, Place, challenge, run_tests, sent, tap, tests_of
from race import state
from watch import deliver, in_mbox, maildir

HURRIED = os.path.join(BUILD, "hurried", "mailcert")
SECONDS = int(os.environ.get("SOAK", "60"))
BACKLOG = 40     # challenges that may wait at once
PATIENCE = 1200  # seconds in which another one must be answered, or all done
SANITIZED = os.path.basename(BUILD) == "san"

# Fails now and then in each way a sendmail can: later, for good (the message
# is not accepted), in doubt, killed.
SENDMAIL = """#!/bin/sh
d=%s
case $(od -An -N1 -tu1 /dev/urandom | tr -d ' ') in
1?) exit 75;;
2?) exit 69;;
30) exit 70;;
31) kill -9 $$;;
esac
cat > "$d/$$.tmp" && mv "$d/$$.tmp" "$d/$(date +%%s%%N).$$.eml"
"""


def ticks(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return sum(int(field) for field in fields[11:15])


def at_rest(process):
    """Wait until it and its children have nothing to do; KiB that are its own,
    and its descriptors."""
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        before = ticks(process.pid)
        time.sleep(1)
        if ticks(process.pid) == before and not children(process.pid):
            break
    with open("/proc/%d/smaps_rollup" % process.pid) as f:
        own = sum(int(line.split()[1]) for line in f
                  if line.startswith("Private"))
    return own, len(os.listdir("/proc/%d/fd" % process.pid))


def children(pid):
    out = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True)
    return [int(word) for word in out.stdout.split()]


class Soak:
    def __init__(self, place):
        self.place = place
        self.box = maildir(place.path("user/Maildir"))
        self.mbox = place.path("user/mbox")
        self.out = place.path("out")
        os.makedirs(self.out)
        self.sendmail = place.write("sendmail", SENDMAIL % self.out, 0o755)
        self.ordered = []
        self.open = []  # those that are pending, as far as is known

    def pending(self):
        """How many wait for their answer."""
        self.open = [id for id in self.open if state(self.place, id) ==
                     "pending"]
        return len(self.open)

    def start(self):
        self.log = open(self.place.path("watch.log"), "wb")
        return subprocess.Popen(
            [HURRIED, "-o", "sendmail=" + self.sendmail, "watch",
             "maildir:%s/**" % self.box, "mbox:" + self.mbox],
            env=self.place.env, stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log, start_new_session=True)

    def order(self, n):
        """One challenge that is awaited, and mail round it."""
        ca = "acme-challenge+%d@ca.example" % n
        self.ordered.append((self.place.expect("--expires", "24h", ca=ca),
                             "<%d@x>" % n))
        self.open.append(self.ordered[-1][0])
        raw = challenge(sender=ca, msgid="<%d@x>" % n)
        for k in range(random.randrange(20)):
            deliver(self.box, challenge(
                sender="eve%d@evil.example" % k, msgid="<%d.%d@e>" % (n, k)),
                "%d.%d.x" % (n, k))
        if random.random() < 0.5:
            with open(self.mbox, "ab") as f:
                f.write(in_mbox(challenge(subject="x", auto=None)) +
                        in_mbox(raw))
        else:
            deliver(self.box, raw, "%d.x" % n)

    def run(self, process, n, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and process.poll() is None:
            self.order(n)
            n += 1
            self.disturb(process.pid)
            time.sleep(random.choice((0, 0.05, 0.3)))
            # No faster than it answers, on whatever machine.
            while self.pending() > BACKLOG and time.monotonic() < end:
                time.sleep(0.2)
                self.disturb(process.pid)
        return n

    def disturb(self, pid):
        kind = random.randrange(6)
        if kind == 0:
            for child in children(pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
        elif kind == 1:
            os.rename(self.box, self.box + ".away")
            time.sleep(0.3)
            os.rename(self.box + ".away", self.box)
        elif kind == 2:
            for path in glob.glob(self.box + "/new/*"):
                os.rename(path, self.box + "/cur/" +
                          os.path.basename(path) + ":2,S")
        elif kind == 3:
            with open(self.mbox, "ab"):
                os.utime(self.mbox)
        elif kind == 4:
            for path in glob.glob(self.place.home + "/watched/*"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
        else:
            maildir("%s/.Folder%d" % (self.box, time.monotonic_ns()))


def test_soak():
    settings = "set authenticate = none\nset answers_per_day = 1000000\n" \
        "set answers_per_day_in_all = 1000000\n"
    with Place(settings) as place:
        soak = Soak(place)
        process = soak.start()
        n = soak.run(process, 0, SECONDS / 4)
        first = at_rest(process)
        n = soak.run(process, n, SECONDS * 3 / 4)
        tap.ok(process.poll() is None, "the watcher still runs")
        # What met trouble that passes is taken up later.
        before, end = soak.pending(), time.monotonic() + PATIENCE
        while soak.pending() > 0 and time.monotonic() < end:
            if soak.pending() < before:
                before, end = soak.pending(), time.monotonic() + PATIENCE
            time.sleep(1)
        last = at_rest(process)
        # At rest it ends by itself, and the sanitizers look for leaks.
        process.terminate()
        code = process.wait()
        ids = [line.split()[1].decode() for raw in sent(soak.out)
               for line in raw.splitlines()
               if line.startswith(b"In-Reply-To:")]
        states = {}
        for id, msgid in soak.ordered:
            states[msgid] = state(place, id)
        tap.ok(len(ids) == len(set(ids)), "no challenge is answered twice")
        tap.ok(not soak.pending() and
               {m for m, s in states.items() if s == "sent"} <= set(ids),
               "none is lost: each is sent, or in doubt where sendmail was",
               [m for m, s in states.items() if s == "pending"][:9])
        tap.ok(code == 0, "it ends well", code)
        with open(place.path("watch.log"), "rb") as f:
            log = f.read()
        tap.ok(b"ERROR" not in log and b"runtime error" not in log,
               "the sanitizers are content", log[-3000:])
        # Two sets of at most 512 KiB, for each of two mailboxes, fill up.
        tap.ok(SANITIZED or last[0] - first[0] < 2 * 1024,
               "memory does not grow: %d to %d KiB" % (first[0], last[0]))
        tap.ok(last[1] == first[1],
               "nor do descriptors: %d to %d" % (first[1], last[1]))
        print("# %d challenges, %d answers sent in %d s" % (
            n, len(ids), SECONDS), flush=True)
        soak.log.close()


run_tests(tests_of(globals()))
tap.done()

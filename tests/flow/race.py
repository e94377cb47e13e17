#!/usr/bin/python3
# Runs in: check check-slow
"""Two watchers, a delivery agent and a person in neomutt at the same challenge
at the same moment: one answer, each time."""
import contextlib
import functools
import json
import os
import random
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mail_program
from lib import (MAILCERT, QUESTION, SLOW, Place, at_once, challenge,
                 fake_sendmail, read_then_yes, run_tests, sent, tap, tests_of)
from watch import deliver, maildir, until

ROUNDS = 1000 if SLOW else 60
IN_NEOMUTT = 20 if SLOW else 2


@contextlib.contextmanager
def watchers(place, box, send, count=2):
    running = [subprocess.Popen(
        [MAILCERT, "-o", "sendmail=" + send, "watch", "maildir:" + box],
        env=place.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True)
        for _ in range(count)]
    try:
        yield running
    finally:
        for one in running:
            one.terminate()
            one.wait()


def state(place, id):
    with open(os.path.join(place.home, "expectations", id + ".json")) as f:
        return json.load(f)["state"]


def test_processes():
    settings = "set authenticate = none\nset answers_per_day = 100000\n" \
        "set answers_per_day_in_all = 100000\n"
    with Place(settings) as place:
        send, outbox = fake_sendmail(place)
        box = maildir(place.path("user/Maildir"))
        wrong = []
        with watchers(place, box, send) as running:
            for n in range(ROUNDS):
                ca = "acme-challenge+%d@ca.example" % n
                id = place.expect("--expires", "24h", ca=ca)
                raw = challenge(sender=ca, msgid="<%d@x>" % n)
                handles = []

                def handle():
                    handles.append(place.run(
                        "-o", "sendmail=" + send, "handle", "--auto-approve",
                        "--mda", stdin=raw).returncode)
                agents = [threading.Thread(target=handle) for _ in range(2)]
                for agent in agents:
                    agent.start()
                    time.sleep(random.choice((0, 0.002, 0.01)))
                deliver(box, raw, "%d.x" % n)
                for agent in agents:
                    agent.join()
                if not until(lambda: state(place, id) == "sent"):
                    wrong.append("%d is not sent" % n)
                if handles != [0, 0]:
                    wrong.append("%d: %s" % (n, handles))
            tap.ok(all(one.poll() is None for one in running),
                   "the watchers still run")
        ids = [line for raw in sent(outbox) for line in raw.splitlines()
               if line.startswith(b"In-Reply-To:")]
        tap.ok(not wrong and len(ids) == len(set(ids)) == ROUNDS,
               "%d challenges, four processes each: one answer each" % ROUNDS,
               wrong[:5], len(ids), len(set(ids)))


def in_neomutt(n, by):
    with Place() as place:
        place.expect("--expires", "24h")
        outbox = mail_program.prepare(place, "maildir", challenge(),
                                      macro=True)
        box, send = place.path("in"), place.path("sendmail")
        with mail_program.start(place, "neomutt") as terminal:
            terminal.press(("Escape", "a"), QUESTION)
            time.sleep(1.1)
            # The watchers look while the question stands, or as it is
            # answered.
            yes = threading.Thread(target=read_then_yes, args=(terminal,))
            yes.start()
            time.sleep(random.uniform(0, 1.2))
            with watchers(place, box, send):
                yes.join()
                end = time.monotonic() + 60
                while time.monotonic() < end:
                    screen = terminal.screen()
                    if "y:Send" in screen:
                        terminal.keys("y")
                    if sent(outbox) and "y:Send" not in screen:
                        break
                    time.sleep(0.1)
                time.sleep(1)
        mails = sent(outbox)
        tap.ok(len(mails) == 1, "neomutt and two watchers, %d: one answer" % n,
               len(mails), terminal.screen())
        by.append(b"auto-replied" in mails[0] if mails else None)


def test_neomutt():
    by = []
    at_once([functools.partial(in_neomutt, n, by) for n in range(IN_NEOMUTT)])
    print("# %d by the watchers, %d by the person" % (
        by.count(True), by.count(False)), flush=True)


if __name__ == "__main__":
    run_tests(tests_of(globals()), 2)
    tap.done()

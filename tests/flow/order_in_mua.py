#!/usr/bin/python3
# Runs in: check
"""mailcert order waits; the challenge is answered in real mail programs in tmux,
through mailcap alone; the certificate is there without another command."""
import functools
import os
import subprocess
import sys
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
import cms
from lib import QUESTION, run_tests, tap
from mail_program import approve_and_send, prepare, start
from town import Town


def send_it(town, terminal, name):
    if not approve_and_send(terminal, name):
        return
    end = time.monotonic() + 90
    pressed = time.monotonic()
    while not town.ca.replies() and time.monotonic() < end:
        time.sleep(0.1)
        if time.monotonic() > pressed + 4 and "y:Send" in terminal.screen():
            terminal.keys("y")
            pressed = time.monotonic()


def check(town, name, path):
    root = town.ca.write("root.pem", cms.cert_pem(town.ca.root.cert))
    got = subprocess.run(["openssl", "verify", "-purpose", "smimesign",
                          "-CAfile", root, "-untrusted", path, path],
                         capture_output=True)
    tap.ok(got.returncode == 0, name + ": the certificate is on disk", got)
    tap.equal(len(town.ca.replies()), 1, name + ": one answer")


def by_mailcap(mua):
    """order waits while the mail program is run on the draft."""
    with Town() as town:
        order = town.start("alice@example.org")
        with open(town.wait_for_mail()[0], "rb") as f:
            raw = f.read()
        prepare(town.place, "maildir", raw, mailcap=True,
                tail='set sendmail="%s"\n' % town.send)
        with start(town.place, mua) as terminal:
            terminal.press("v", "text/plain")
            terminal.press(("*", "m"), QUESTION)
            send_it(town, terminal, mua)
            try:
                out, err = order.communicate(timeout=120)
            except subprocess.TimeoutExpired:
                order.kill()
                out, err = order.communicate()
            tap.ok(order.returncode == 0, mua + ": order ends well", out, err,
                   town.ca.problems, terminal.screen())
        check(town, mua, out.decode().strip())


def by_macro(mua):
    """Nobody waits; the copy in the mail program's own sent folder tells that
    the reply is out, and the rest follows by itself."""
    name = mua + ", macro"
    with Town() as town:
        town.place.write("user/.config/mailcert/config", open(
            town.place.path("user/.config/mailcert/config")).read().replace(
                "finish = manual", "finish = auto") +
            'set sent_folder = "mbox:%s"\n' % town.place.path("fcc"))
        got = town.run("order", "--no-wait", "alice@example.org")
        with open(town.wait_for_mail()[0], "rb") as f:
            raw = f.read()
        prepare(town.place, "maildir", raw, macro=True,
                tail='set sendmail="%s"\n' % town.send)
        with start(town.place, mua) as terminal:
            terminal.press(("Escape", "a"), QUESTION)
            send_it(town, terminal, name)
            path = "%s/certificates/%s.pem" % (
                town.place.home, got.stdout.decode().strip())
            end = time.monotonic() + 120
            while not os.path.exists(path) and time.monotonic() < end:
                time.sleep(0.1)
            tap.ok(os.path.exists(path), name + ": it comes by itself",
                   town.ca.problems, terminal.screen())
        check(town, name, path)


run_tests({"%s %s" % (test.__name__, program): functools.partial(test, program)
           for test in (by_mailcap, by_macro)
           for program in ("neomutt", "mutt")}, 4)
tap.done()

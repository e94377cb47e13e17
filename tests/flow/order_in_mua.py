#!/usr/bin/python3
"""mailcert order waits; the challenge is answered in real mail programs in tmux,
through mailcap alone; the certificate is there without another command."""
import os
import subprocess
import sys
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
import cms
from lib import QUESTION, tap
from mail_program import approve_and_send, prepare, start
from town import Town


def whole(mua):
    with Town() as town:
        order = town.start("alice@example.org")
        with open(town.wait_for_mail()[0], "rb") as f:
            raw = f.read()
        prepare(town.place, "maildir", raw, mailcap=True,
                tail='set sendmail="%s"\n' % town.send)
        with start(town.place, mua) as terminal:
            terminal.press("v", "text/plain")
            terminal.press(("*", "m"), QUESTION)
            if approve_and_send(terminal, mua):
                end = time.monotonic() + 20
                pressed = time.monotonic()
                while not town.ca.replies() and time.monotonic() < end:
                    time.sleep(0.1)
                    if time.monotonic() > pressed + 4 and \
                            "y:Send" in terminal.screen():
                        terminal.keys("y")
                        pressed = time.monotonic()
            try:
                out, err = order.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                order.kill()
                out, err = order.communicate()
            tap.ok(order.returncode == 0, mua + ": order ends well", out, err,
                   town.ca.problems, terminal.screen())
        path = out.decode().strip()
        root = town.ca.write("root.pem", cms.cert_pem(town.ca.root.cert))
        got = subprocess.run(["openssl", "verify", "-purpose", "smimesign",
                              "-CAfile", root, "-untrusted", path, path],
                             capture_output=True)
        tap.ok(got.returncode == 0, mua + ": the certificate is on disk", got)
        tap.equal(len(town.ca.replies()), 1, mua + ": one answer")


for program in ("neomutt", "mutt"):
    whole(program)
tap.done()

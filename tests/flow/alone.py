#!/usr/bin/python3
# Runs in: check-slow
"""Nobody at the keyboard: a certificate is ordered, challenged, answered, sent,
issued, installed and renewed through a real Postfix and a real Dovecot; and ten
challenges are found among a hundred thousand messages."""
import contextlib
import email
import json
import os
import re
import resource
import smtplib
import sys
import threading
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
from lib import (ADDRESS, BUILD, Place, challenge, check_reply, fake_sendmail,
                 run_tests, sent, tap, tests_of)
from servers.dovecot import Dovecot
from servers.postfix import Postfix
from town import Town

# MiB that a process may take; sanitizers need more.
ROOM = 300 if os.path.basename(BUILD) == "san" else 40
USERS = {"alice": "secret"}
MESSAGES, CHALLENGES, RIGHT = 100000, 1000, 10


@contextlib.contextmanager
def postman(ca, postfix):
    """Carries what the CA mails to the mail server of the user, by SMTP."""
    stop = threading.Event()

    def work():
        while not stop.wait(0.05):
            for path in ca.challenges():
                with open(path, "rb") as f:
                    raw = f.read()
                os.unlink(path)
                with smtplib.SMTP("127.0.0.1", postfix.smtp) as smtp:
                    smtp.sendmail("bounces@ca.example", [ADDRESS], raw)
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def certificates(town):
    return json.loads(town.run("status", "--all", "--json").stdout)[
        "certificates"]


def test_alone():
    """The configuration is all that a person writes, and `order` all that he
    runs; a timer runs the rest."""
    why = Postfix.missing()
    if why:
        tap.skip("Postfix and Dovecot", why)
        return
    with Town() as town, Dovecot(USERS) as dovecot, \
            Postfix(dovecot, relay=town.ca.smtp.port) as postfix:
        password = town.place.write("user/password", "secret\n", 0o600)
        with open(town.place.path("user/.config/mailcert/config"), "a") as f:
            f.write("set smtp = submission://alice@localhost:%d\n"
                    "set watch = imaps://alice@localhost:%d/INBOX\n"
                    "set sent_copy = imap\n"
                    "set imap = imaps://alice@localhost:%d\n"
                    "set mail_ca_file = %s\n"
                    "set password.alice@localhost = cat %s\n"
                    "set answered_flag = yes\n"
                    "set sendmail = /nowhere/sendmail\n"
                    "set report = maildir:~/Reports\n"
                    "set deploy_hook = echo deployed >> %s\n" % (
                        postfix.submission, dovecot.imaps, dovecot.imaps,
                        dovecot.ca, password, town.place.path("user/hook")))
        with postman(town.ca, postfix):
            got = town.run("order", "--no-wait", ADDRESS)
            tap.equal(got.returncode, 0, "ordered")
            got = town.run("renew", "--wait", timeout=120)
            tap.ok(got.returncode == 0 and b"certificate in" in got.stdout,
                   "answered, sent, issued", got)
            got = town.run("renew", "--wait", "--force", timeout=120)
            tap.ok(got.returncode == 0 and b"certificate in" in got.stdout,
                   "renewed", got)
            got = town.run("renew", "--wait", timeout=120)
            tap.ok(got.returncode == 0 and not got.stdout,
                   "then there is nothing to do", got)
        tap.equal([c["state"] for c in certificates(town)],
                  ["issued", "issued"], "there are two certificates")
        replies = town.ca.replies()
        tap.ok(len(replies) == 2 and all(b"with ESMTPSA" in raw
                                         for raw in replies),
               "each challenge was answered once, by submission", replies)
        got = [m for m in dovecot.messages() if b"ACME: " in m]
        tap.ok(len(got) == 2 and all("R" in m.flags for m in got),
               "the challenges are where they were, flagged as answered", got)
        tap.equal(len(dovecot.messages("Sent")), 2, "with copies in Sent")
        with open(town.place.path("user/hook")) as f:
            tap.equal(f.read(), "deployed\n" * 2, "and each was deployed")
        tap.ok(not os.path.exists(town.place.path("user/Reports")) or
               not os.listdir(town.place.path("user/Reports/new")),
               "nobody was disturbed")
        log = postfix.log() + dovecot.log()
        tap.ok("secret" not in log, "no log has the password")


def expect_ten(place):
    """Ten that are expected, each from a CA of its own; their challenges."""
    out = []
    for n in range(RIGHT):
        ca, address = "acme@ca%d.example" % n, "a%d@example.org" % n
        place.expect("--expires", "24h", ca=ca, address=address)
        out.append(challenge(sender=ca, to=address, msgid="<%d@x>" % n))
    return out


def fill(dovecot, right):
    """A hundred thousand messages of a few kilobytes; one in a hundred is a
    challenge that nobody awaits, or one of the ten."""
    plain = challenge(subject="hello", auto=None, extra="".join(
        "X-Junk-%d: %s\n" % (i, "x" * 70) for i in range(20)),
        body="hello\n" * 200)
    hostile = [challenge(sender="eve@evil.example"),
               challenge(sender="acme@ca3.example", to="b@example.org")]
    step, top = MESSAGES // CHALLENGES, dovecot.maildir()
    for sub in "cur", "new", "tmp":
        dovecot.folder(os.path.join(top, sub))
    top = dovecot.path(top, "cur")
    for n in range(MESSAGES):
        k = n // step
        raw = plain if n % step else right.pop() \
            if right and k % (CHALLENGES // RIGHT) == 7 else hostile[k % 2]
        with open("%s/%d.M%dP1.test:2,S" % (top, 1700000000 + n, n),
                  "wb") as f:
            f.write(raw)
    dovecot.run("/bin/chown", "-R", str(dovecot.uid), dovecot.path("home"))
    return len(plain) * MESSAGES


def look(place, source, *options):
    """Look once; what was sent, and a line for people."""
    send, box = fake_sendmail(place)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    got = place.run("-o", "sendmail=" + send, *options, "watch", "--once",
                    source, timeout=600)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    print("# %s: %d messages, %.1f s, %.1f s of a processor, %.1f MiB" % (
        source.split(":")[0], MESSAGES, time.monotonic() - start,
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        after.ru_maxrss / 1024))
    replies = sent(box)
    tap.ok(got.returncode == 0 and len(replies) == RIGHT and sorted(
        email.message_from_bytes(raw)["From"] for raw in replies) ==
        ["a%d@example.org" % n for n in range(RIGHT)],
           source.split(":")[0] + ": the ten are answered, and no other", got)
    tap.ok(not any(check_reply(raw, address="a%d@example.org" % n,
                               to="acme@ca%d.example" % n,
                               msgid="<%d@x>" % n)
                   for n in range(RIGHT) for raw in replies
                   if b"From: a%d@" % n in raw), "and rightly")
    tap.ok(after.ru_maxrss / 1024 < ROOM, "without much memory",
           after.ru_maxrss)
    tap.ok(os.path.getsize(os.path.join(place.home, "log")) < 100000,
           "nor a long log")


def test_many():
    config = "set authenticate = none\nset answers_per_day_in_all = 1000\n"
    with Dovecot(USERS) as dovecot, Place(config) as one, \
            Place(config) as two:
        octets = fill(dovecot, expect_ten(one))
        expect_ten(two)
        look(one, "maildir:" + dovecot.path(dovecot.maildir()))
        look(two, "imap://alice@localhost:%d/INBOX" % dovecot.imap,
             "-o", "mail_ca_file=" + dovecot.ca, "-o",
             "password.alice@localhost=echo secret")
        dovecot.wait_for(lambda: " out=" in dovecot.log(), "the last line")
        said = [int(n) for n in re.findall(r" out=(\d+)", dovecot.log())]
        tap.ok(said and sum(said) < octets / 50,
               "of most messages the server sends nothing", said, octets)


if __name__ == "__main__":
    run_tests(tests_of(globals()), workers=1)
    tap.done()

#!/usr/bin/python3
# Runs in: check check-quick
"""Answers without a person: what is over a limit waits, what is odd needs a
person."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import (ADDRESS, MAILCERT, Place, challenge, fake_sendmail,
                 run_tests, sent, tap, tests_of)

DAY = 24 * 3600
OTHER_PART1 = "Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyMDA"


class Desk:
    """A home that expects challenges, and answers them with these settings."""

    def __init__(self, place):
        self.place = place
        self.send, self.box = fake_sendmail(place)

    def expect(self, number, address=ADDRESS, domain="ca.example"):
        sender = "acme-challenge+%d@%s" % (number, domain)
        id = self.place.expect("--expires", "24h", address=address, ca=sender)
        return id, challenge(sender=sender, to=address,
                             msgid="<c%d@%s>" % (number, domain))

    def command(self, *settings):
        return ["-o", "sendmail=" + self.send,
                *[word for one in settings for word in ("-o", one)],
                "handle", "--auto-approve", "--draft", "sendmail"]

    def answer(self, raw, *settings, more=()):
        return self.place.run(*self.command(*settings), *more, stdin=raw)


def test_limits():
    for setting, address, domain in (
            ("answers_per_day", ADDRESS, "c%d.example"),
            ("answers_per_day_in_all", "a%d@example.org", "c%d.example")):
        with Place() as place:
            desk = Desk(place)
            made = [desk.expect(n, address % n if "%" in address else address,
                                domain % n) for n in range(4)]
            for id, raw in made[:2]:
                got = desk.answer(raw, setting + "=2")
                tap.equal(got.returncode, 0, setting + ": below it, answered")
            id, raw = made[2]
            before = place.orders_bytes()
            got = desk.answer(raw, setting + "=2")
            tap.ok(got.returncode == 75 and b"2 answers" in got.stderr and
                   setting.encode() in got.stderr and
                   len(sent(desk.box)) == 2 and
                   place.orders_bytes() == before,
                   setting + ": over it, the challenge waits", got)
            got = desk.answer(raw, setting + "=2", more=["--mda"])
            tap.equal(got.returncode, 75, setting + ": and the mail, too")
            place.change(made[0][0], answered=int(time.time()) - DAY - 60)
            got = desk.answer(raw, setting + "=2")
            tap.ok(got.returncode == 0 and len(sent(desk.box)) == 3,
                   setting + ": a day later it is answered", got)


def test_limit_of_ca():
    with Place("set authenticate = none\n"
               "set ca.one.directory = https://one.example/\n"
               "set ca.one.answers_per_day = 1\n") as place:
        desk = Desk(place)
        made = []
        for n in range(3):
            sender = "x%d@%s" % (n, ("one.example", "one.example",
                                     "two.example")[n])
            place.expect("--expires", "24h", "--ca", "one", ca=sender,
                         address="a%d@example.org" % n)
            made.append(challenge(sender=sender, to="a%d@example.org" % n,
                                  msgid="<%d@x.example>" % n))
        tap.equal(desk.answer(made[0]).returncode, 0,
                  "ca.NAME.answers_per_day: the first is answered")
        got = desk.answer(made[1])
        tap.ok(got.returncode == 75 and
               b"ca.NAME.answers_per_day" in got.stderr,
               "ca.NAME.answers_per_day: the second to that CA waits", got)
        tap.equal(desk.answer(made[2]).returncode, 0,
                  "ca.NAME.answers_per_day: another domain has its own")


def test_answers_per_order():
    with Place() as place:
        desk = Desk(place)
        place.expect("--expires", "24h")
        again = challenge(subject="ACME: " + OTHER_PART1, msgid="<2@x>")
        third = challenge(subject="ACME: " + OTHER_PART1[::-1], msgid="<3@x>")
        tap.equal(desk.answer(challenge()).returncode, 0, "answered once")
        got = desk.answer(again)
        tap.ok(got.returncode == 65 and b"needs-a-person" in got.stderr,
               "another token for the same order needs a person", got)
        got = desk.answer(again, "answers_per_order=2")
        tap.ok(got.returncode == 0 and len(sent(desk.box)) == 2,
               "answers_per_order = 2 allows it", got)
        got = desk.answer(third, "answers_per_order=2")
        tap.ok(got.returncode == 65 and len(sent(desk.box)) == 2,
               "and not a third one", got)
        got = desk.answer(again, "answers_per_order=9")
        tap.ok(got.returncode == 65 and b"already-answered" in got.stderr,
               "the same token is never answered twice", got)
    with Place() as place:
        desk = Desk(place)
        place.expect("--expires", "24h")
        got = desk.answer(challenge(), "answers_per_order=0")
        tap.ok(got.returncode == 65 and b"needs-a-person" in got.stderr and
               sent(desk.box) == [], "answers_per_order = 0 leaves all to you",
               got)


def test_answer_for():
    mixed = "Boss@Example.org"
    for address, allowed, answered in (
            (ADDRESS, "", True),
            (ADDRESS, ADDRESS, True),
            (ADDRESS, "@example.org", True),
            (ADDRESS, "@EXAMPLE.org bob@example.net", True),
            (ADDRESS, "*", True),
            (ADDRESS, "bob@example.org @example.net", False),
            ("alice@sub.example.org", "@example.org", False),
            (mixed, "boss@example.org", True),
            ("postmaster@example.org", "", False),
            ("postmaster@example.org", "@example.org", False),
            ("postmaster@example.org", "*", False),
            ("postmaster@example.org", "* postmaster@example.org", True),
            ("WebMaster@example.org", "@example.org", False),
            ("WebMaster@example.org", "webmaster@example.org", True),
            ("abuse+acme@example.org", "@example.org", False),
            ("abuse+acme@example.org", "abuse@example.org", False),
            ("list-request@example.org", "@example.org", False),
            ("alice+postmaster@example.org", "@example.org", True),
            ("alice@xn--mnchen-3ya.example", "@m\u00fcnchen.example", True)):
        with Place() as place:
            desk = Desk(place)
            id, raw = desk.expect(1, address=address)
            before = place.orders_bytes()
            got = desk.answer(raw, "answer_for=" + allowed)
            name = "answer_for = %s: %s is %s" % (
                allowed or "(empty)", address,
                "answered" if answered else "left to a person")
            if answered:
                tap.ok(got.returncode == 0 and len(sent(desk.box)) == 1,
                       name, got)
                continue
            tap.ok(got.returncode == 65 and b"needs-a-person" in got.stderr
                   and b"answer_for" in got.stderr and
                   sent(desk.box) == [] and place.orders_bytes() == before,
                   name, got)
            got = desk.answer(raw, "answer_for=" + allowed, more=["--mda"])
            tap.ok(got.returncode == 0 and sent(desk.box) == [],
                   name + ", --mda: and delivered", got)
    with Place() as place:
        for bad in ("alice", "@", "alice@", "a b@example.org", "**",
                    "@example.org,@example.net"):
            got = place.run("-o", "answer_for=" + bad, "status")
            tap.ok(got.returncode == 78 and b"@DOMAIN" in got.stderr,
                   "answer_for = %s is refused" % bad, got)


def test_at_once():
    """The limit holds when many processes come at the same moment."""
    with Place() as place:
        desk = Desk(place)
        made = [desk.expect(n, domain="c%d.example" % n)[1]
                for n in range(12)]
        running = []
        for raw in made:
            running.append(subprocess.Popen(
                [MAILCERT, *desk.command("answers_per_day=5")],
                env=place.env, stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                start_new_session=True))
            running[-1].stdin.write(raw)
        for one in running:
            one.stdin.close()
        codes = sorted(one.wait() for one in running)
        tap.ok(len(sent(desk.box)) == 5 and codes == [0] * 5 + [75] * 7,
               "twelve at once: five are answered", codes,
               len(sent(desk.box)))


run_tests(tests_of(globals()))
tap.done()

#!/usr/bin/python3
# Runs in: check check-quick check-ages
"""The message of a part, among files that are open: a pager's copy of it is
not another message, and tells which of several is read.  The real programs
are in mutt.py and neomutt.py."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from dnsserver import Dns
from lib import (MAILCERT, PART1, Place, challenge, check_reply, make_mbox,
                 run_tests, tap, tests_of)
from signer import RSA_RECORD, sign

NAME = "=?utf-8?q?ACME_=C3=A4_CA?= <acme-challenge+1@ca.example>"
OTHER = "ACME: " + PART1[::-1].strip("=")
dns = Dns({"sel._domainkey.ca.example": RSA_RECORD})


def signed(**more):
    return sign(challenge(sender=NAME, **more).replace(
        b"\n", b"\r\n")).replace(b"\r\n", b"\n")


def decoded(raw):
    """As a pager has it: decoded, folded anew, in another order."""
    head, _, body = raw.partition(b"\n\n")
    head = head.replace(b"=?utf-8?q?ACME_=C3=A4_CA?=", "ACME \u00e4 CA".encode())
    first, rest = head.split(b"\n", 1)
    return rest.replace(b"Subject: ACME: ", b"Subject: ACME:\n\t") + b"\n" + \
        first + b"\n\n" + body


def weeded(raw):
    head, _, body = decoded(raw).partition(b"\n\n")
    keep = [x for x in head.split(b"\n") if x.startswith(
        (b"From:", b"To:", b"Subject:", b"Date:", b"\t"))]
    return b"\n".join(keep) + b"\n\n" + body


def run(name, want, linked=(), unlinked=(), swap=False):
    """Files that the mail program holds open; gives what became of it."""
    if not tap.wanted(name):
        return
    with Place(config="set resolver = %s\n" % dns.resolver) as place:
        place.expect("--expires", "24h")
        paths = [place.write("l%d" % i, raw) if isinstance(raw, bytes) else
                 make_mbox(place.path("l%d" % i), *raw)
                 for i, raw in enumerate(linked)]
        gone = [place.write("u%d" % i, raw)
                for i, raw in enumerate(unlinked)]
        order = gone + paths if swap else paths + gone
        fds = [os.open(path, os.O_RDONLY) for path in order]
        for path in gone:
            os.unlink(path)
        part = place.write("part", b"This is an ACME challenge.\n")
        got = subprocess.run([MAILCERT, "handle", "--type", "text/plain",
                              "--auto-approve", "--draft", "stdout", part],
                             env=place.env, capture_output=True, pass_fds=fds)
        for fd in fds:
            os.close(fd)
        if want == "answered":
            tap.ok(got.returncode == 0 and check_reply(got.stdout) == [],
                   name + ": answered", got)
        else:
            tap.ok(want.encode() in got.stdout + got.stderr,
                   "%s: %s" % (name, want), got)


# DKIM is what tells the message from its copies: none of them would verify.
mail = signed()
other = signed(subject=OTHER, msgid="<c2@ca.example>")


def test_copies():
    for how, view in (("the same", mail), ("decoded", decoded(mail)),
                      ("weeded", weeded(mail))):
        for swap in (False, True):
            where = how + (", first" if swap else "")
            run("a copy, " + where, "answered", [mail], [view], swap)
            run("a copy, mbox, " + where, "answered", [(mail,)], [view], swap)
            run("two alike, one read, " + where, "answered", [(other, mail)],
                [view], swap)
        run("both unlinked, " + how, "answered", [], [mail, view])


def test_others():
    run("two alike", "2 messages contain this part", [(other, mail)])
    run("two alike, in files", "2 messages contain this part", [other, mail])
    run("three, two read", "3 messages contain this part",
        [(other, mail, signed(msgid="<c3@ca.example>"))],
        [decoded(mail), decoded(other)])
    run("a file of its own is not a copy", "2 messages contain this part",
        [mail, weeded(mail)])
    run("a copy of something else", "2 messages contain this part", [mail],
        [decoded(other)])
    run("a copy with a field more", "2 messages contain this part", [mail],
        [b"Reply-To: eve@evil.example\n" + weeded(mail)])


run_tests(tests_of(globals()))
tap.done()

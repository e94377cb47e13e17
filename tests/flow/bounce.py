#!/usr/bin/python3
# Runs in: check check-slow
"""Answers that come back: what a bounce says is recorded and told, the CA hears
nothing of an answer that it cannot have, and nothing is answered again without
a person."""
import email
import email.policy
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "ca"))
from lib import (ADDRESS, SLOW, Place, challenge, fake_sendmail, make_maildir,
                 run_tests, sent, tap, tests_of)
from servers.dovecot import Dovecot
from servers.postfix import Postfix
from servers.smtp_faults import Smtp
from town import Town

WORDS = "550 5.7.1 <acme@ca.example>: Sender address rejected: no such user"


def dsn(message_id, action="failed", words=WORDS, more=b"", kind="rfc822"):
    """A report as Postfix writes it."""
    returned = b"" if message_id is None else b"Message-ID: %s\n" % message_id
    return (b"""From: MAILER-DAEMON@mail.example.org (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: alice@example.org
Auto-Submitted: auto-replied
MIME-Version: 1.0
%sContent-Type: multipart/report; report-type=delivery-status;
 boundary="E7F1A.1795000000/mail.example.org"

This is a MIME-encapsulated message.

--E7F1A.1795000000/mail.example.org
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients.

--E7F1A.1795000000/mail.example.org
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.org
X-Postfix-Queue-ID: E7F1A

Final-Recipient: rfc822; acme@ca.example
Action: %s
Status: 5.7.1
Remote-MTA: dns; mx.ca.example
Diagnostic-Code: smtp; %s

--E7F1A.1795000000/mail.example.org
Content-Description: Undelivered Message
Content-Type: message/%s

Return-Path: <alice@example.org>
%sFrom: alice@example.org
Subject: Re: ACME: x

-----BEGIN ACME RESPONSE-----
--E7F1A.1795000000/mail.example.org--
""" % (more, action.encode(), words.encode(), kind.encode(), returned))


def message_id(raw):
    return re.search(rb"(?m)^Message-ID: (<mailcert\.[0-9a-f]{32}@\S+>)$",
                     raw)[1]


def challenges(town):
    return json.loads(town.run("status", "--json").stdout)["expectations"]


class Desk:
    """A user of a CA, whose answers a watch sends; settle keeps the CA from
    being told at once."""

    def __init__(self, town):
        self.town, self.place = town, town.place
        self.box = self.place.path("user/Maildir")
        make_maildir(self.box)
        self.count = 0
        self.send, self.out = fake_sendmail(self.place)

    def deliver(self, raw):
        self.count += 1
        name = "%d.x" % self.count
        self.place.write("user/Maildir/tmp/" + name, raw)
        os.rename(self.box + "/tmp/" + name, self.box + "/new/" + name)

    def watch(self, *args):
        return self.town.run("-o", "sendmail=" + self.send, "watch", "--once",
                             *args)

    def answer(self):
        """Order; answer the challenge; give the challenge and the answer."""
        self.town.run("order", "--no-wait", ADDRESS)
        (path,) = self.town.wait_for_mail()
        with open(path, "rb") as f:
            raw = f.read()
        os.unlink(path)
        self.deliver(raw)
        got = self.watch()
        tap.ok(got.returncode == 0 and len(self.sent()) == 1, "answered", got)
        return raw, self.sent()[0]

    def sent(self):
        return sent(self.out)

    def challenge(self):
        return challenges(self.town)[0]

    def log(self):
        with open(os.path.join(self.place.home, "log")) as f:
            return f.read()


SETTINGS = ("set watch = maildir:~/Maildir\nset ca.local.settle = 3600\n"
            "set report = maildir:~/Reports\n")


def test_returned():
    """The whole story: sent, returned, told, sent in another way, issued."""
    with Town(SETTINGS) as town:
        one = Desk(town)
        make_maildir(one.place.path("user/Reports"))
        asked, answered = one.answer()
        # The watcher looks for it, though no challenge is awaited.
        one.deliver(dsn(message_id(answered)))
        got = one.watch()
        tap.ok(got.returncode == 0 and not got.stdout and
               got.stderr.count(b"\n") == 1 and
               b"was not delivered: " + WORDS.encode() in got.stderr,
               "it is told, with the server's words", got)
        tap.ok(WORDS in one.log(), "and logged", one.log())
        state = one.challenge()
        tap.ok(state["state"] == "bounced" and state["bounce"] == WORDS and
               "handle the challenge again" in state["next"],
               "status --json says it", state)
        got = one.town.run("status")
        tap.ok(b"not delivered" in got.stdout and b"5.7.1" in got.stdout,
               "status says it", got)
        reports = os.listdir(one.place.path("user/Reports/new"))
        tap.equal(len(reports), 1, "a person gets one report")
        one.watch("--again")
        one.deliver(dsn(message_id(answered), words="552 another"))
        one.watch()
        tap.ok(one.challenge()["bounce"] == WORDS and
               len(os.listdir(one.place.path("user/Reports/new"))) == 1,
               "once: a second report changes nothing")

        got = town.run("-o", "ca.local.settle=0", "renew")
        tap.ok(got.returncode == 1 and b"not delivered" in
               got.stdout + got.stderr and
               [authz["cstatus"] for authz in town.ca.authz.values()] ==
               ["pending"],
               "the CA is not told of an answer that it cannot have", got)

        # Nothing is answered again without a person.
        one.deliver(asked.replace(b"Date:", b"X-Copy: 1\nDate:", 1))
        got = one.watch("--again")
        tap.equal(len(one.sent()), 1, "the challenge is not answered again")
        got = town.run("handle", "--auto-approve", "--draft", "stdout",
                       stdin=asked)
        tap.ok(got.returncode == 65 and b"already-answered" in got.stderr,
               "nor by --auto-approve", got)

        # A person sends it in another way.
        subprocess.run([town.send, "-t", "-i", "-f", ADDRESS],
                       input=answered, check=True)
        got = town.run("-o", "ca.local.settle=0", "finish", "--sent",
                       state["id"])
        tap.ok(got.returncode == 0 and b"certificate" in got.stdout,
               "finish --sent: the order goes on to its certificate", got)


def test_before_it_counts():
    """Reports that are not about our answer, or not about its end."""
    with Town(SETTINGS) as town:
        one = Desk(town)
        _, answered = one.answer()
        right = message_id(answered)
        before = one.place.orders_bytes()
        lines = one.log().count("\n")
        for what, raw in (
                ("another message", dsn(b"<mailcert.0@example.org>")),
                ("no Message-ID", dsn(None)),
                ("delayed", dsn(right, action="delayed")),
                ("delivered", dsn(right, action="delivered")),
                ("not a report", dsn(right).replace(b"/report", b"/mixed")),
                ("another kind of report", dsn(right).replace(
                    b"report-type=delivery-status", b"report-type=x")),
                ("in the text only", dsn(None).replace(
                    b"--E7F1A.1795000000/mail.example.org--",
                    b"Message-ID: %s\n--E7F1A.1795000000/mail.example.org--"
                    % right)),
                ("a digest", dsn(right, kind="external-body"))):
            one.deliver(raw)
            got = one.watch()
            tap.ok(got.returncode == 0 and not got.stderr and
                   one.place.orders_bytes() == before,
                   what + ": changes nothing", got)
            got = town.run("handle", "--mda", "--auto-approve", stdin=raw)
            tap.ok(got.returncode == 0 and
                   one.place.orders_bytes() == before,
                   what + ": nor by handle", got)
        tap.ok(one.log().count("\n") - lines == 8,
               "watch does not log what is not about us", one.log())


def test_handle():
    """Where a delivery agent or a person hands the report over."""
    for args, code in ((("--mda", "--auto-approve"), 0), (("--plain",), 65),
                       (("--json",), 65)):
        with Town(SETTINGS) as town:
            one = Desk(town)
            _, answered = one.answer()
            got = town.run("handle", *args,
                           stdin=dsn(message_id(answered), kind="global"))
            tap.ok(got.returncode == code and b"was not delivered" in
                   got.stdout + got.stderr and
                   one.challenge()["state"] == "bounced",
                   "handle %s: recorded" % " ".join(args), got)


def test_hostile_words():
    with Town(SETTINGS) as town:
        one = Desk(town)
        _, answered = one.answer()
        one.deliver(dsn(message_id(answered), words="550 \x1b]0;x\x07\r\u202e"
                        "%n%s\n Bcc: x\n\ty" + "z" * 3000))
        got = one.watch()
        text = got.stderr + town.run("status").stdout + \
            one.log().encode() + json.dumps(one.challenge()).encode()
        tap.ok(one.challenge()["state"] == "bounced" and
               not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80\xae", text),
               "no control byte comes through", text)


def test_other_client():
    """An order of another client: nothing is watched for, but a report that is
    handed over counts."""
    with Place("set authenticate = none\n") as place:
        send, box = fake_sendmail(place)
        place.expect("--expires", "24h")
        place.run("-o", "sendmail=" + send, "handle", "--auto-approve",
                  "--mda", stdin=challenge())
        raw = dsn(message_id(sent(box)[0]))
        mail = make_maildir(place.path("user/Maildir"), raw)
        got = place.run("watch", "--once",
                        "maildir:" + place.path("user/Maildir"),
                        "imaps://alice@127.0.0.1:1")
        tap.ok(got.returncode == 0 and not got.stderr,
               "nothing is opened or connected", got, mail)
        place.run("handle", "--mda", stdin=raw)
        got = place.run("status")
        tap.ok(b"not delivered" in got.stdout and b"handle the challenge again"
               in got.stdout, "status says what to do", got)


def test_postfix():
    """What Postfix really sends: through its submission port to a server that
    refuses the recipient, and back by LMTP to Dovecot."""
    if not SLOW:
        return
    why = Postfix.missing()
    if why:
        tap.skip("Postfix", why)
        return
    with Dovecot({"alice": "secret"}) as dovecot, \
            Smtp({"RCPT": WORDS}) as far, \
            Postfix(dovecot, relay=far.port) as postfix, \
            Town("set smtp = submission://alice@localhost:%d\n"
                 "set mail_ca_file = %s\n"
                 "set password.alice@localhost = echo secret\n"
                 "set watch = imap://alice@localhost:%d/INBOX\n"
                 "set ca.local.settle = 3600\n" % (
                     postfix.submission, dovecot.ca, dovecot.imap)) as town:
        town.run("order", "--no-wait", ADDRESS)
        (path,) = town.wait_for_mail()
        with open(path, "rb") as f:
            dovecot.deliver(f.read())
        got = town.run("watch", "--once")
        tap.ok(got.returncode == 0, "answered by submission", got)
        postfix.wait_for(lambda: len(dovecot.messages()) == 2, "the bounce")
        raw = dovecot.messages()[1]
        parsed = email.message_from_bytes(raw, policy=email.policy.default)
        tap.equal(parsed.get_content_type(), "multipart/report",
                  "Postfix sends a report")
        got = town.run("watch", "--once")
        (state,) = challenges(town)
        tap.ok(got.returncode == 0 and state["state"] == "bounced" and
               "Sender address rejected" in state["bounce"],
               "it is found by IMAP, and understood", got, state, raw)


if __name__ == "__main__":
    run_tests(tests_of(globals()), workers=4)
    tap.done()

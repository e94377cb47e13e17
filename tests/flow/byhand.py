#!/usr/bin/python3
# Runs in: check check-slow check-ages
"""Ordered here, answered elsewhere: respond with an order, and finish --sent in
every state that a challenge can be in."""
import email
import glob
import json
import os
import subprocess
import sys
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
from lib import (PART1, PART2, THUMBPRINT, Terminal, challenge, digest,
                 run_tests, sample, tap, tests_of)
from town import Town

ALICE, BOB = "alice@example.org", "bob@example.org"
BLOCK = "-----BEGIN ACME RESPONSE-----\n%s\n-----END ACME RESPONSE-----\n"


def mail_for(town, address):
    """The challenge that was mailed to that address: token-part1, message."""
    for path in town.wait_for_mail():
        with open(path, "rb") as f:
            message = email.message_from_bytes(f.read())
        if message["To"] == address:
            return message["Subject"].split()[-1], message
    raise AssertionError("no mail for " + address)


def send_by_hand(town, message, block, address=ALICE):
    """What another mail program would make of the block."""
    reply = ("From: %s\nTo: %s\nSubject: Re: %s\nIn-Reply-To: %s\n"
             "Message-ID: <by.hand@example.org>\nDate: %s\n"
             "MIME-Version: 1.0\nContent-Type: text/plain\n\n%s" % (
                 address, message["From"], message["Subject"],
                 message["Message-ID"], message["Date"], block))
    subprocess.run([town.send, "-oi", "-f", address, "--", message["From"]],
                   input=reply.encode(), check=True)


def told(town):
    """How often the CA was told that a reply is out."""
    return len([p for _, p in town.ca.seen if p.startswith("/chall/")])


def challenges(town, *args):
    return json.loads(town.run("status", "--json", *args).stdout)["expectations"]


def order(town, *addresses):
    got = town.run("order", "--no-wait", *addresses)
    assert got.returncode == 0, got.stderr
    return got.stdout.decode().strip()


def test_respond_order():
    """Every way to name it gives the block that the CA wants."""
    for name in sample(("the order's id", "the challenge's id", "the address",
                        "the address in another case"), 2):
        with Town() as town:
            whole = order(town, ALICE)
            part1, message = mail_for(town, ALICE)
            one, = challenges(town)
            text = {"the order's id": whole, "the challenge's id": one["id"],
                    "the address": ALICE}.get(name, "Alice@EXAMPLE.org")
            got = town.run("respond", "--token-part1", part1, text)
            tap.equal((got.returncode, got.stdout.decode(), got.stderr),
                      (0, BLOCK % digest(part1, one["token_part2"],
                                         one["thumbprint"]), b""),
                      "respond: " + name)
            again, = challenges(town)
            tap.equal((again["state"], again["token_part1"], again["draft"]),
                      ("drafted", part1, "respond"), name + ": recorded")
            # From there on nobody answers it unasked.
            before = town.place.orders_bytes()
            refused = town.run("handle", "--auto-approve",
                               stdin=message.as_bytes())
            tap.ok(refused.returncode == 65 and town.ca.replies() == [] and
                   town.place.orders_bytes() == before,
                   name + ": not answered twice", refused)
            tap.equal(town.run("respond", "--token-part1", part1,
                               text).stdout, got.stdout,
                      name + ": asked again, the same")
            waits = town.run("finish", "--no-wait")
            tap.ok(waits.returncode == 75 and told(town) == 0 and
                   b"finish --sent " + one["id"].encode() in waits.stderr,
                   name + ": finish says what it waits for", waits)
            send_by_hand(town, message, got.stdout.decode())
            got = town.run("finish", "--sent", text)
            tap.ok(got.returncode == 0 and got.stdout.endswith(b".pem\n") and
                   told(town) == 1, name + ": and finishes", got,
                   town.ca.problems)
    with Town("set ca.local.token_join = octets\n", join="octets",
              lengths=(16, 16)) as town:
        order(town, ALICE)
        part1, message = mail_for(town, ALICE)
        got = town.run("respond", "--token-part1", part1, ALICE)
        send_by_hand(town, message, got.stdout.decode())
        got = town.run("finish", "--sent")
        tap.ok(got.returncode == 0, "token_join is the CA's", got,
               town.ca.problems)


def test_respond_which():
    with Town() as town:
        got = town.run("respond", "--token-part1", PART1, "nosuch")
        tap.ok(got.returncode == 1 and got.stdout == b"" and
               b"no order or challenge fits nosuch" in got.stderr, "respond: no such order", got)
        order(town, ALICE)
        first, = challenges(town)
        town.run("order", "--no-wait", "--new", ALICE)
        before = town.place.orders_bytes()
        got = town.run("respond", "--token-part1", PART1, ALICE)
        tap.ok(got.returncode == 64 and got.stdout == b"" and
               b"2 orders or challenges fit" in got.stderr and
               town.place.orders_bytes() == before,
               "respond: which of two", got)
        got = town.run("respond", "--token-part1", "short", first["id"])
        tap.ok(got.returncode == 65 and town.place.orders_bytes() == before,
               "a bad token leaves no trace", got)
        for extra in (("--token-part2", PART2), ("--token-join", "octets"),
                      ("--thumbprint", THUMBPRINT), ("--account-key", "x")):
            got = town.run("respond", "--token-part1", PART1, *extra,
                           first["id"])
            tap.equal(got.returncode, 64, "not an order and %s" % extra[0])
        # An order that was answered says so, and a person decides.
        town.run("finish", "--sent", "--no-wait", first["id"])
        got = town.run("respond", "--token-part1", PART1, first["id"])
        tap.ok(got.returncode == 0 and b"warning" in got.stderr and
               b"was answered" in got.stderr, "answered before: said", got)


def test_sent_elsewhere():
    """With respond alone nothing is recorded; --sent is the word for it."""
    for name, args in (("without an order", ()), ("with its address",
                                                  (ALICE,))):
        with Town() as town:
            order(town, ALICE)
            part1, message = mail_for(town, ALICE)
            one, = challenges(town)
            got = town.run("respond", "--token-part1", part1,
                           "--token-part2", one["token_part2"],
                           "--thumbprint", one["thumbprint"])
            tap.equal(challenges(town), [one], name + ": nothing recorded")
            send_by_hand(town, message, got.stdout.decode())
            got = town.run("finish", "--no-wait")
            tap.ok(got.returncode == 75 and told(town) == 0 and
                   b"answered elsewhere? mailcert finish --sent " +
                   one["id"].encode() in got.stderr,
                   name + ": finish waits, and says how to go on", got)
            got = town.run("finish", "--sent", *args)
            tap.ok(got.returncode == 0 and told(town) == 1,
                   name + ": finish --sent", got, town.ca.problems)
            got = town.run("finish", "--sent", *args)
            tap.ok(told(town) == 1 and got.returncode == (1 if args else 0),
                   name + ": again, there is nothing to do", got)


def test_sent_settles():
    """It counts from when it is known: the reply needs time to arrive."""
    for state in ("pending", "answering", "drafted"):
        with Town() as town:
            order(town, ALICE)
            mail_for(town, ALICE)
            one, = challenges(town)
            town.place.change(one["id"], state=state, token_part1=PART1,
                              draft="x", answered=1600000000)
            got = town.run("-o", "ca.local.settle=3600", "finish", "--sent",
                           "--no-wait", one["id"])
            tap.ok(got.returncode == 75 and b"a moment to arrive" in
                   got.stderr and told(town) == 0 and
                   challenges(town)[0]["state"] == "sent",
                   state + ": told no sooner than settle says", got)


def test_sent_ahead():
    """Sent while the clock was ahead: it is not waited for until then."""
    with Town() as town:
        order(town, ALICE)
        mail_for(town, ALICE)
        one, = challenges(town)
        town.place.change(one["id"], state="sent", token_part1=PART1,
                          draft="x", answered=4000000000)
        got = town.run("-o", "ca.local.settle=3600", "finish", "--no-wait",
                       one["id"])
        tap.ok(got.returncode == 75 and b"a moment to arrive" in got.stderr
               and told(town) == 0 and
               challenges(town)[0]["answered"] < "2090",
               "sent while the clock was ahead: counted from now", got)
        got = town.run("finish", "--no-wait", one["id"])
        tap.ok(told(town) == 1, "and then the CA is told", got)


def test_sent_which():
    """A CA that is told too early gives the order up: in doubt, nobody is."""
    with Town() as town:
        whole = {a: order(town, a) for a in (ALICE, BOB)}
        mails = {a: mail_for(town, a) for a in (ALICE, BOB)}
        before = town.place.orders_bytes()
        got = town.run("finish", "--sent", "--no-wait")
        tap.ok(got.returncode == 64 and b"2 challenges wait" in got.stderr and
               told(town) == 0 and town.place.orders_bytes() == before,
               "two orders and no draft: which one?", got)
        part1, message = mails[BOB]
        got = town.run("respond", "--token-part1", part1, BOB)
        send_by_hand(town, message, got.stdout.decode(), BOB)
        # Now one of them has a draft, so that one is meant.
        got = town.run("finish", "--sent", "--no-wait")
        states = {c["address"]: c["state"] for c in challenges(town)}
        tap.ok(states == {ALICE: "pending", BOB: "sent"} and told(town) == 1,
               "the one with a draft", got, states)
        tap.ok(os.path.exists("%s/certificates/%s.pem" % (
            town.place.home, whole[BOB])), "and it is finished",
            town.ca.problems)
    # The same within one order for two addresses.
    with Town() as town:
        whole = order(town, ALICE, BOB)
        part1, message = mail_for(town, BOB)
        got = town.run("respond", "--token-part1", part1, BOB)
        send_by_hand(town, message, got.stdout.decode(), BOB)
        town.run("finish", "--sent", "--no-wait", whole)
        states = {c["address"]: c["state"] for c in challenges(town)}
        tap.equal(states, {ALICE: "pending", BOB: "sent"},
                  "two addresses: the one with a draft")
        part1, message = mail_for(town, ALICE)
        got = town.run("respond", "--token-part1", part1, whole)
        send_by_hand(town, message, got.stdout.decode())
        got = town.run("finish", "--sent", whole)
        tap.ok(got.returncode == 0 and told(town) == 2,
               "two addresses: and then the other", got, town.ca.problems)


def test_ask():
    """On a terminal, what only the user knows is asked."""
    with Town() as town:
        order(town, ALICE)
        part1, message = mail_for(town, ALICE)
        one, = challenges(town)
        with Terminal(town.place, "mailcert finish --no-wait") as terminal:
            tap.ok(terminal.wait("in another program?") and
                   terminal.wait("[y/N]"), "pending: finish asks",
                   terminal.screen())
            terminal.keys("n", "Enter")
            tap.ok(terminal.wait("[exit 75]") and told(town) == 0 and
                   challenges(town) == [one], "pending: no is no",
                   terminal.screen())
        got = town.run("respond", "--token-part1", part1, "--token-part2",
                       one["token_part2"], "--thumbprint", one["thumbprint"])
        send_by_hand(town, message, got.stdout.decode())
        with Terminal(town.place, "mailcert finish") as terminal:
            terminal.wait("[y/N]")
            terminal.keys("y", "Enter")
            tap.ok(terminal.wait("[exit 0]") and told(town) == 1,
                   "pending: yes finishes it", terminal.screen())
    with Town() as town:
        for address in (ALICE, BOB):
            order(town, address)
            mail_for(town, address)
        with Terminal(town.place, "mailcert finish --sent --no-wait") as t:
            tap.ok(t.wait("[y/N]"), "two: asked one by one", t.screen())
            first = ALICE if ALICE in t.screen() else BOB
            t.keys("n", "Enter")
            tap.ok(t.wait(BOB if first == ALICE else ALICE), "the other",
                   t.screen())
            t.keys("y", "Enter")
            t.wait("in another program?")
            tap.ok(t.wait(first) and told(town) <= 1, "no is no", t.screen())
            states = {c["address"]: c["state"] for c in challenges(town)}
            tap.equal(states[first], "pending", "and the first one waits")


def test_sent_copy():
    """The copy in the sent folder is known by what it is, whatever the clock of
    the file server says."""
    day = 86400
    for kind in ("maildir", "mbox"):
        with Town() as town:
            whole = order(town, ALICE)
            path, = town.wait_for_mail()
            draft = town.place.path("draft.eml")
            town.run("handle", "--auto-approve", "--draft", "file:" + draft,
                     path)
            with open(draft, "rb") as f:
                reply = f.read()
            one, = challenges(town)
            box = town.place.path("Sent")
            token = one["token_part1"].encode()
            other = b"Subject: lunch\nTo: bob@example.org\n\nAt noon?\n"

            def fill(messages, age, flags):
                subprocess.run(["rm", "-rf", box], check=True)
                if kind == "mbox":
                    with open(box, "wb") as f:
                        for message in messages:
                            f.write(b"From me Sun Nov 22 10:00:00 2026\n" +
                                    message + b"\n")
                else:
                    for sub in ("cur", "new", "tmp"):
                        os.makedirs(os.path.join(box, sub))
                    for i, message in enumerate(messages):
                        town.place.write("Sent/cur/%d.x:2,%s" % (i, flags),
                                         message)
                for top, dirs, files in os.walk(box):
                    for name in dirs + files:
                        os.utime(os.path.join(top, name),
                                 times=(time.time() - age,) * 2)
                os.utime(box, times=(time.time() - age,) * 2)

            def look(name, messages, found, age=0, flags="S", state="drafted"):
                town.place.change(one["id"], state=state)
                fill(messages, age, flags)
                got = town.run("-o", "sent_folder=%s:%s" % (kind, box), "-o",
                               "ca.local.settle=3600", "finish", "--no-wait",
                               whole)
                tap.ok(got.returncode == 75 and challenges(town)[0]["state"]
                       == ("sent" if found else state) and told(town) == 0,
                       "%s, %s: %s" % (kind, name, "sent" if found else
                                       "not sent"), got)

            for age in sample((61, 0, 3600, day, 400 * day, -day), 3):
                look("%d seconds old" % age, [other, reply, other], True, age)
            look("folded", [reply.replace(b"ACME: ", b"ACME:\n ")], True)
            look("with a name in To", [reply.replace(
                b"\nTo: ", b"\nTo: The CA <").replace(
                b"@ca.example\n", b"@ca.example>\n", 1)], True)
            look("CRLF", [reply.replace(b"\n", b"\r\n")], True)
            look("in doubt", [reply], True, day, state="answering")
            look("among many", [other] * 300 + [reply] + [other] * 300, True,
                 day)
            look("before much", [reply, other + b"x" * 70 * 80000], True, day)
            look("in reply to another", [reply.replace(
                b"In-Reply-To: <", b"In-Reply-To: <x")], False)
            look("to somebody else", [reply.replace(
                b"\nTo: ", b"\nTo: bob@example.org\nX-To: ")], False)
            look("another token", [reply.replace(token, b"A" + token)], False)
            look("forwarded", [reply.replace(b"Re: ACME", b"Fwd: ACME")],
                 False)
            look("quoted", [other + b"> " + reply.replace(b"\n", b"\n> ")],
                 False)
            look("nothing", [], False)
            if kind == "maildir":
                look("a draft that is kept there", [reply], False, 0, "DS")
                look("replied to later", [reply], True, day, "RS")
    # While finish waits: written by a clock that is a day behind, in the
    # moment after a look.
    with Town() as town:
        order(town, ALICE)
        path, = town.wait_for_mail()
        draft = town.place.path("draft.eml")
        for sub in ("cur", "new", "tmp"):
            os.makedirs(town.place.path("Sent", sub))
        folder = "sent_folder=maildir:" + town.place.path("Sent")
        town.run("-o", "finish=auto", "-o", folder, "handle",
                 "--auto-approve", "--draft", "file:" + draft, path)
        time.sleep(1)
        with open(draft, "rb") as f:
            reply = f.read()
        subprocess.run([town.send], input=reply, check=True)
        late = town.place.write("Sent/tmp/1.x:2,S", reply)
        os.utime(late, times=(time.time() - day,) * 2)
        os.rename(late, town.place.path("Sent/cur/1.x:2,S"))
        os.utime(town.place.path("Sent/cur"), times=(time.time() - day,) * 2)
        end = time.monotonic() + 90
        done = town.place.home + "/certificates/*.pem"
        while not glob.glob(done) and time.monotonic() < end:
            time.sleep(0.1)
        tap.ok(glob.glob(done), "a copy that comes while finish waits",
               town.ca.problems)


def test_other_client():
    """Of a challenge that another client ordered, only the state changes."""
    with Town() as town:
        one = town.place.expect()
        got = town.run("finish", one)
        tap.ok(got.returncode == 1 and b"another ACME client" in got.stderr,
               "nothing to finish", got)
        got = town.run("finish", "--sent", one)
        tap.ok(got.returncode == 0 and challenges(town)[0]["state"] == "sent"
               and town.ca.seen == [], "its reply is out", got)
        got = town.run("handle", "--auto-approve", stdin=challenge())
        tap.equal((got.returncode, got.stdout), (65, b""), "and stays so")
        got = town.run("expect", "--forget", one)
        tap.equal(got.returncode, 0, "forgotten")
        town.place.expect()
        got = town.run("-o", "authenticate=none", "respond", "--token-part1",
                       PART1, ALICE)
        tap.equal(got.stdout.decode(), BLOCK % digest(),
                  "respond by its address")


def test_status():
    with Town() as town:
        whole = order(town, ALICE)
        one, = challenges(town)
        for args in ((), (whole,), (one["id"],), (ALICE,)):
            text = town.run("status", *args).stdout.decode()
            tap.ok(one["token_part2"] in text and one["thumbprint"] in text
                   and "mailcert respond " + one["id"] in text,
                   "status %s: what respond asks for" % (args,), text)
            got = challenges(town, *args)
            tap.equal(got, [one], "status --json %s: likewise" % (args,))
        other = town.place.expect()
        text = town.run("status").stdout.decode()
        tap.ok(PART2 not in text and other in text,
               "a listing keeps another client's to itself", text)
        text = town.run("status", other).stdout.decode()
        tap.ok(PART2 in text and THUMBPRINT in text, "asked for, it is shown",
               text)


run_tests(tests_of(globals()), 3)
tap.done()

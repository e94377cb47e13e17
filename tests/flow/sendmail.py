#!/usr/bin/python3
# Runs in: check
"""What the exit status of a sendmail means: sent, surely not sent, or nobody
knows; and that everybody who is asked says the same then."""
import json
import os
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
from lib import (ADDRESS, QUESTION, Place, Terminal, challenge, run_tests, tap,
                 tests_of)
from town import Town

# Reads all, counts, and ends as it is told.
SENDMAIL = "#!/bin/sh\ncat > /dev/null\necho x >> %s\n%s\n"

NOT_SENT = (64, 65, 66, 67, 68, 69, 75, 77, 78)
DOUBT = (1, 2, 63, 70, 71, 72, 73, 74, 76, 79, 100, 111, 126, 127, 128, 255)
KILLED = ("kill -9 $$", "kill -TERM $$", "kill -PIPE $$")


def calls(place):
    path = place.path("calls")
    return len(open(path).read().split()) if os.path.exists(path) else 0


def sendmail(place, how):
    return "sendmail=" + place.write("sendmail", SENDMAIL % (
        place.path("calls"), how), 0o755)


def log(place):
    with open(os.path.join(place.home, "log")) as f:
        return f.read()


def test_not_sent():
    with Place() as place:
        one = place.expect()
        before = place.orders_bytes()
        for code in NOT_SENT:
            for args, want in ((("--mda",), 75), (
                    ("--draft", "sendmail"), 75 if code == 75 else 74)):
                got = place.run("-o", sendmail(place, "exit %d" % code),
                                "handle", "--auto-approve", *args,
                                stdin=challenge())
                tap.ok(got.returncode == want and
                       place.orders_bytes() == before and
                       b"status %d; the reply was not sent" % code in
                       got.stderr, "%d %s: the order is as it was" % (
                           code, args[0]), got)
        got = place.run("-o", sendmail(place, "exit 0"), "handle",
                        "--auto-approve", "--mda", stdin=challenge())
        tap.ok(got.returncode == 0 and place.order(one)["state"] == "sent",
               "and it is answered when sendmail takes it", got)
    # One status cannot speak for two recipients.
    for code in (67, 75):
        with Place() as place:
            one = place.expect()
            path = place.write("two.eml", challenge(
                extra="Reply-To: a@ca.example, b@ca.example\n"))
            with Terminal(place, "mailcert -o %s handle --plain --draft "
                          "sendmail %s" % (sendmail(place, "exit %d" % code),
                                           path)) as terminal:
                terminal.wait(QUESTION)
                terminal.keys("y", "Enter")
                terminal.wait("Answer anyway?")
                terminal.keys("y", "Enter")
                tap.ok(terminal.wait("[exit 74]") and calls(place) == 1 and
                       place.order(one)["state"] == "answering",
                       "%d, two recipients: in doubt" % code,
                       terminal.screen())


def doubt(name, how):
    with Place() as place:
        one = place.expect()
        setting = sendmail(place, how)
        got = place.run("-o", setting, "handle", "--auto-approve", "--mda",
                        stdin=challenge())
        advice = "mailcert finish --sent " + one
        tap.ok(got.returncode == 0 and place.order(one)["state"] ==
               "answering" and advice in got.stderr.decode(),
               name + ": in doubt, exit 0, said", got)
        tap.ok(advice in log(place), name + ": the log says it", log(place))
        before = place.orders_bytes()
        got = place.run("-o", setting, "handle", "--auto-approve", "--mda",
                        stdin=challenge())
        tap.ok(got.returncode == 0 and calls(place) == 1 and
               place.orders_bytes() == before, name + ": and never again",
               got)
        return advice, place.run("status"), place.run("status", "--json"), \
            place.run("renew")


def test_doubt():
    for code in DOUBT:
        advice, text, told, renewed = doubt("exit %d" % code,
                                            "exit %d" % code)
        tap.ok(advice in text.stdout.decode() and
               "may have been sent" in text.stdout.decode() and
               advice in json.loads(told.stdout)["expectations"][0]["next"] and
               renewed.returncode == 1 and
               advice in renewed.stdout.decode(),
               "exit %d: status and renew say the same" % code, text, renewed)
    for how in KILLED:
        doubt(how, how)
    with Place() as place:
        one = place.expect()
        got = place.run("-o", sendmail(place, "exit 1"), "handle", "--json",
                        "--auto-approve", "--draft", "sendmail",
                        stdin=challenge())
        told = json.loads(got.stdout)
        tap.ok(got.returncode == 74 and told["verdict"] == "failed" and
               "finish --sent " + one in told["reason"],
               "without --mda: 74, and the same words", got)
        # What another client ordered and is over needs nobody.
        place.change(one, expires=1600000000)
        got = place.run("renew")
        tap.equal((got.returncode, got.stdout), (0, b""),
                  "renew is silent about what is over")


def test_ours():
    """Of an order of ours; and the way out of it."""
    with Town() as town:
        got = town.run("order", "--no-wait", ADDRESS)
        whole = got.stdout.decode().strip()
        path, = town.wait_for_mail()
        with open(path, "rb") as f:
            raw = f.read()
        setting = sendmail(town.place, "exit 1")
        got = town.run("-o", setting, "-o", "finish=auto", "handle",
                       "--auto-approve", "--mda", stdin=raw)
        one, = json.loads(town.run("status", "--json").stdout)["expectations"]
        advice = ("finish --sent " + one["id"]).encode()
        tap.ok(got.returncode == 0 and one["state"] == "answering" and
               advice in got.stderr, "in doubt", got)
        told = [p for _, p in town.ca.seen if p.startswith("/chall/")]
        for args, code in ((("status",), 0), (("renew",), 1), (("renew",), 1),
                           (("finish", "--no-wait"), 75), (("finish",), 75),
                           (("finish", whole), 75)):
            got = town.run(*args)
            tap.ok(got.returncode == code and
                   advice in got.stdout + got.stderr,
                   "%s: the same advice" % " ".join(args), got)
        tap.equal([p for _, p in town.ca.seen if p.startswith("/chall/")],
                  told, "the CA is not told")
        # It was not sent: answered by a person, with respond.
        part1 = one["token_part1"]
        got = town.run("respond", "--token-part1", part1, one["id"])
        tap.ok(got.returncode == 0 and b"or may have been" in got.stderr,
               "respond says that one may be out", got)
        again, = json.loads(town.run("status", "--json").stdout)["expectations"]
        tap.equal(again["state"], "answering", "it stays in doubt")
        # Or it was: then the order goes on.
        got = town.run("finish", "--sent", "--no-wait")
        again, = json.loads(town.run("status", "--json").stdout)["expectations"]
        tap.equal(again["state"], "sent", "finish --sent ends the doubt")
    # A draft waits for a person, too.
    with Town() as town:
        town.run("order", "--no-wait", ADDRESS)
        path, = town.wait_for_mail()
        got = town.run("renew")
        tap.ok(got.returncode == 0 and b"waiting for your answer" in got.stdout,
               "mail that is to come waits for nobody", got)
        got = town.run("handle", "--auto-approve", "--draft", "file:" +
                       town.place.path("draft"), path)
        got = town.run("renew")
        tap.ok(got.returncode == 1 and b"finish --sent" in got.stdout and
               b"1 challenge waits for you" in got.stderr,
               "a draft does", got)


def test_mda_exits():
    """Nothing but 0 and 75, whatever is wrong."""
    for name, config, args in (
            ("a bad configuration", "set nonsense = 1\n", ()),
            ("a bad value", "set draft = nowhere\n", ()),
            ("an unknown option", "", ("--nonsense",)),
            ("a bad option value", "", ("--draft", "nowhere")),
            ("two files", "", ("a", "b")),
            ("a setting that is none", "", None),
            ("a Maildir that is missing", "set authenticate = none\n",
             ("--draft", "maildir:/nonexistent"))):
        with Place(config=config) as place:
            if "none" in config:
                place.expect()
            before = place.files()
            got = place.run(*(("-o", "x=y") if args is None else ()),
                            "handle", "--mda", "--auto-approve",
                            *(args or ()), stdin=challenge())
            tap.ok(got.returncode == 75 and got.stderr != b"" and
                   place.files() == before, "--mda, %s: 75" % name, got)
    with Place() as place:
        place.expect()
        os.chmod(place.home, 0o777)
        got = place.run("handle", "--mda", "--auto-approve",
                        stdin=challenge())
        tap.ok(got.returncode == 75, "--mda, a home that others can write",
               got)
        os.chmod(place.home, 0o700)
        for raw in (challenge(subject="lunch"), challenge(to="x@y.example"),
                    b"", challenge(auto=None)):
            got = place.run("handle", "--mda", "--auto-approve", stdin=raw)
            tap.equal(got.returncode, 0, "--mda, refused: 0")


run_tests(tests_of(globals()))
tap.done()

#!/usr/bin/python3
"""What CAs really answer: members left out, answers lost, requests refused that
were carried out, accounts that are gone.  The account's key is never lost, and
no order is made twice."""
import copy
import glob
import json
import os
import subprocess
import sys
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
from ca import Problem, thumbprint
from lib import tap
from town import Town

ALICE = "alice@example.org"
HTML = {"Content-Type": "text/html"}


def wrap(town, around):
    """Every request goes through around(http, path, plain), where plain()
    gives what the CA would answer."""
    route = town.ca.route
    town.ca.route = lambda http, body: around(
        http, http.path, lambda: route(http, body))


def problem(code, kind, detail="no", **headers):
    return code, dict({"Content-Type": "application/problem+json"},
                      **headers), {
        "type": "urn:ietf:params:acme:error:" + kind, "detail": detail}


def keys(town):
    return sorted(glob.glob(town.place.home + "/accounts/*.pem"))


def accounts(town):
    return json.loads(town.run("account", "--json").stdout)["accounts"]


def state(town):
    return [c["state"] for c in json.loads(
        town.run("status", "--json").stdout)["certificates"]]


# --- accounts ---------------------------------------------------------------
def test_roll_over_refused():
    """Section 7.3.5: whatever the CA answers, the key that it takes stays."""
    for changed in (True, False):
        for name, answer in (
                ("409 with our Location", lambda t: problem(
                    409, "conflict", Location=list(t.ca.accounts)[0])),
                ("400", lambda t: problem(400, "malformed")),
                ("401", lambda t: problem(401, "unauthorized")),
                ("403", lambda t: problem(403, "unauthorized")),
                ("408", lambda t: (408, HTML, b"<html>")),
                ("429", lambda t: (429, HTML, b"<html>")),
                ("404 of a proxy", lambda t: (404, HTML, b"<html>")),
                ("502", lambda t: (502, HTML, b"<html>")),
                ("200 that is not JSON", lambda t: (200, {}, b"<html>"))):
            if not changed and name.startswith("200"):
                continue
            name = "roll-over, %s, %s" % (
                name, "changed" if changed else "not changed")
            if not tap.wanted(name):
                continue
            with Town() as town:
                town.run("account", "register")
                account, = town.ca.accounts.values()

                def around(http, path, plain):
                    if path == "/key":
                        if changed:
                            plain()
                        return answer(town)
                    return plain()
                before = town.ca.route
                wrap(town, around)
                rolled = town.run("account", "roll-over")
                town.ca.route = before
                got = town.run("account", "show")
                told = [a["thumbprint"] for a in accounts(town)]
                tap.ok(got.returncode == 0 and
                       told == [thumbprint(account["jwk"])] and
                       len(town.ca.accounts) == 1, name, rolled, got,
                       keys(town))
                again = town.run("account", "roll-over")
                got = town.run("order", "--no-wait", ALICE)
                tap.ok(again.returncode == got.returncode == 0 and
                       len(keys(town)) == 1,
                       name + ": and once more, and an order", again, got)


def test_roll_over_in_doubt():
    """Nobody can say now which key counts: both stay."""
    with Town() as town:
        town.run("account", "register")
        before = town.ca.route

        def around(http, path, plain):
            if path == "/key":
                plain()
                return problem(400, "malformed")
            if path == "/account":
                return 503, HTML, b"<html>"
            return plain()
        wrap(town, around)
        got = town.run("account", "roll-over")
        tap.ok(got.returncode == 75 and b"both keys are kept" in got.stderr and
               len(keys(town)) == 2, "the CA cannot be asked: both stay", got)
        town.ca.route = before
        got = town.run("account", "show")
        tap.ok(got.returncode == 0 and len(keys(town)) == 1,
               "and then the one that counts", got)


def test_way_out():
    """An account that is gone: register makes another."""
    def close(town):
        for account in town.ca.accounts.values():
            account["status"] = "deactivated"

    def close_with_200(town):
        """As some CAs tell it."""
        def around(http, path, plain):
            code, headers, answer = plain()
            if path.startswith("/acct/") or path == "/account":
                if headers.get("Location", path).endswith("/acct/1"):
                    answer = dict(answer, status=word)
                    code = 200
            return code, headers, answer
        wrap(town, around)

    for name, spoil, end in (
            ("closed elsewhere", close, "closed"),
            ("deactivated, with 200", close_with_200, "closed"),
            ("revoked, with 200", close_with_200, "closed"),
            ("unknown to the CA", lambda t: t.ca.accounts.clear(), "unknown"),
            ("key file lost", lambda t: os.unlink(keys(t)[0]), "key-lost")):
        if not tap.wanted(name):
            continue
        word = name.split(",")[0]
        with Town() as town:
            town.run("account", "register", "--agree")
            left = keys(town)
            numbered = len(town.ca.accounts)
            spoil(town)
            if not town.ca.accounts:  # the next one has another URL
                town.ca.accounts["https://127.0.0.1/other"] = dict(
                    jwk={}, status="valid", url="", contact=[])
            first = town.run("order", "--no-wait", ALICE)
            shown = town.run("account", "show")
            tap.ok(shown.returncode in (69, 74) and
                   b"account register" in shown.stderr,
                   name + ": account show says what to do", first, shown)
            got = town.run("account", "register", "--agree")
            told = {a["end"] for a in accounts(town)}
            tap.ok(got.returncode == 0 and told == {end, None} and
                   len(town.ca.accounts) == numbered + 1 and
                   set(left) - {k for k in left if not os.path.exists(k)} ==
                   (set() if end == "key-lost" else set(left)),
                   name + ": register makes another, the old key stays", got,
                   accounts(town), town.ca.problems)
            got = town.run("order", "--no-wait", ALICE)
            tap.ok(got.returncode == 0, name + ": and it orders", got)
    # What is not gone stays: a CA that is in trouble, or refuses for now.
    for name, answer in (("403", problem(403, "userActionRequired")),
                         ("500", (500, HTML, b"<html>")),
                         ("429", problem(429, "rateLimited"))):
        with Town() as town:
            town.run("account", "register")

            def around(http, path, plain):
                return answer if http.command == "POST" else plain()
            before = town.ca.route
            wrap(town, around)
            got = town.run("account", "register")
            town.ca.route = before
            tap.ok(got.returncode in (69, 75) and
                   [a["end"] for a in accounts(town)] == [None] and
                   len(keys(town)) == 1,
                   "register: %s is not a lost account" % name, got)
    # The CA has moved it.
    with Town() as town:
        town.run("account", "register")
        account, = town.ca.accounts.values()
        town.ca.accounts.clear()
        account["url"] = town.ca.base + "/acct/77"
        town.ca.accounts[account["url"]] = account
        got = town.run("account", "register")
        tap.ok(got.returncode == 0 and b"/acct/77" in got.stdout and
               len(town.ca.accounts) == 1,
               "an account that has another URL now is the same", got)


def test_forget_account():
    with Town() as town:
        got = town.run("account", "forget")
        tap.ok(got.returncode == 1 and b"no such account" in got.stderr,
               "account forget: none", got)
        town.run("account", "register")
        got = town.run("account", "forget")
        tap.ok(got.returncode == 1 and len(keys(town)) == 1,
               "account forget asks", got)
        order = town.run("order", "--no-wait", ALICE).stdout.decode().strip()
        got = town.run("account", "forget", "--yes")
        tap.ok(got.returncode == 75 and order.encode() in got.stderr and
               len(keys(town)) == 1, "account forget: an order is open", got)
        town.wait_for_mail()
        town.answer()
        path = town.run("finish").stdout.decode().strip()
        got = town.run("account", "forget", "--yes")
        told, = accounts(town)
        tap.ok(got.returncode == 0 and told["end"] == "forgotten" and
               len(keys(town)) == 1,
               "account forget: what it ordered can be revoked", got, told)
        got = town.run("revoke", "--yes", ALICE)
        tap.ok(got.returncode == 0 and os.path.exists(path) and
               len(town.ca.revoked) == 1, "and it is", got)
        got = town.run("account", "forget", told["id"])
        tap.ok(got.returncode == 0 and accounts(town) == [] and
               keys(town) == [], "then nothing is left", got)


for name, test in list(globals().items()):
    if name.startswith("test_"):
        test()
tap.done()

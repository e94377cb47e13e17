#!/usr/bin/python3
# Runs in: check check-slow check-ages
"""What CAs really answer: members left out, answers lost, requests refused that
were carried out, accounts that are gone.  The account's key is never lost, and
no order is made twice."""
import base64
import copy
import glob
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from email.utils import formatdate

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
from ca import Problem, thumbprint
from lib import at_once, run_tests, sample, sample_kinds, tap, tests_of
from town import Town

ALICE = "alice@example.org"
HTML = {"Content-Type": "text/html"}


later = []  # what waits for a CA most of the time is tried at once, at the end


def add(case, *args):
    later.append((case.__name__, args[0],
                  lambda: tap.wanted(args[0]) and case(*args)))


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
def roll_over(name, answer, changed):
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
                    len(town.ca.accounts) == 1, name, rolled, got, keys(town))
        again = town.run("account", "roll-over")
        got = town.run("order", "--no-wait", ALICE)
        tap.ok(again.returncode == got.returncode == 0 and
                    len(keys(town)) == 1,
                    name + ": and once more, and an order", again, got)


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
            if tap.wanted(name):
                add(roll_over, name, answer, changed)


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

    for name, spoil, end in sample((
            ("closed elsewhere", close, "closed"),
            ("deactivated, with 200", close_with_200, "closed"),
            ("revoked, with 200", close_with_200, "closed"),
            ("unknown to the CA", lambda t: t.ca.accounts.clear(), "unknown"),
            ("key file lost", lambda t: os.unlink(keys(t)[0]), "key-lost")), 3):
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
        tap.ok(got.returncode == 1 and b"there is no account at " in got.stderr,
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


# --- orders -----------------------------------------------------------------
def finish(town, finishes=3):
    """Order, answer, finish; the last one, and what was said on the way."""
    said = b""
    got = town.run("order", "--no-wait", ALICE)
    said += got.stderr
    town.wait_for_mail(3)
    for _ in range(finishes):
        town.answer()
        got = town.run("finish")
        said += got.stderr
        if got.returncode == 0:
            break
    return got, said


def comes_right(name, around, settings="", finishes=3, **how):
    """Whatever the CA does, one order, one certificate."""
    if tap.wanted(name):
        add(try_it, name, around, settings, finishes, how)


def try_it(name, around, settings, finishes, how):
    with Town("set patience = 20s\n" + settings, **how) as town:
        wrap(town, lambda *a: around(town, *a))
        got, said = finish(town, finishes)
        tap.ok(state(town) == ["issued"] and len(town.ca.orders) == 1, name,
               got, said, state(town), len(town.ca.orders))


def on_order(change, states=None):
    def around(town, http, path, plain):
        code, headers, answer = plain()
        if isinstance(answer, dict) and "finalize" in answer and \
                (states is None or answer["status"] in states):
            answer = dict(answer)
            change(answer)
        return code, headers, answer
    return around


def on_authz(change):
    def around(town, http, path, plain):
        code, headers, answer = plain()
        if isinstance(answer, dict) and "challenges" in answer:
            answer = copy.deepcopy(answer)
            change(answer)
        return code, headers, answer
    return around


def test_members():
    """RFC 8555 sections 7.1.1 to 7.1.4: what may be missing, null or empty."""
    all_but = ("ready", "processing", "valid")
    for name, change, states in (
            ("authorizations null once ready",
             lambda o: o.update(authorizations=None), all_but),
            ("authorizations empty once ready",
             lambda o: o.update(authorizations=[]), all_but),
            ("authorizations missing once valid",
             lambda o: o.pop("authorizations"), ("valid",)),
            ("authorizations twice",
             lambda o: o.update(authorizations=o["authorizations"] * 2), None),
            ("identifiers missing later",
             lambda o: o.pop("identifiers"), all_but),
            ("identifiers twice",
             lambda o: o.update(identifiers=o["identifiers"] * 2), None),
            ("finalize missing once valid",
             lambda o: o.pop("finalize"), ("valid",)),
            ("finalize null while pending",
             lambda o: o.update(finalize=None), ("pending",)),
            ("certificate null", lambda o: o.update(certificate=None),
             ("pending", "ready")),
            ("certificate empty", lambda o: o.update(certificate=""),
             ("pending", "ready")),
            ("error null, expires null", lambda o: o.update(
                error=None, expires=None, notBefore=None), None)):
        comes_right("order: " + name, on_order(change, states), pending=1)
    for name, change in (
            ("no challenges once valid", lambda a: a.update(challenges=[])
             if a["status"] == "valid" else None),
            ("no token once valid", lambda a: [
                c.pop("token") for c in a["challenges"]]
             if a["status"] == "valid" else None),
            ("no from, no url once valid", lambda a: [
                (c.pop("from", 0), c.pop("url")) for c in a["challenges"]]
             if a["status"] == "valid" else None),
            ("expires null", lambda a: a.update(expires=None))):
        comes_right("authorization: " + name, on_authz(change))
    for name in ("renewalInfo", "keyChange", "revokeCert", "meta"):
        for value in (None, "") if name != "meta" else (None,):
            def around(town, http, path, plain):
                code, headers, answer = plain()
                if path == "/directory":
                    answer[name] = value
                return code, headers, answer
            comes_right("directory: %s %r" % (name, value), around)


def test_order_first():
    """Where the order is, is known before its body is judged."""
    for name, change in (
            ("not JSON", lambda a: b"<html>"), ("empty", lambda a: b""),
            ("no status", lambda a: {k: v for k, v in a.items()
                                     if k != "status"}),
            ("a finalize URL that is none",
             lambda a: dict(a, finalize="http://127.0.0.1/")),
            ("nothing but a status", lambda a: {"status": "pending"})):
        def around(town, http, path, plain):
            code, headers, answer = plain()
            if path == "/order":
                answer = change(answer)
            return code, headers, answer
        comes_right("newOrder: " + name, around, finishes=5)
    # No Location: it is said, and not made again and again.
    with Town() as town:
        def around(http, path, plain):
            code, headers, answer = plain()
            if path == "/order":
                headers = {}
            return code, headers, answer
        wrap(town, around)
        got = town.run("order", "--no-wait", ALICE)
        town.run("finish")
        town.run("finish")
        tap.ok(got.returncode == 69 and
               b"malformed URL for the order" in got.stderr and
               len(town.ca.orders) == 1, "newOrder without a Location", got,
               len(town.ca.orders))
    # The answer is lost: the CA's list of orders has it, on whatever page.
    for pages in (1, 3, 60):
        with Town(pages=pages) as town:
            lose = answers_once("/order", (502, HTML, b"x"), True)

            def around(http, path, plain):
                if path == "/order":
                    return lose(town, http, path, plain)
                code, headers, answer = plain()
                if path.startswith("/orders/") and pages == 3:
                    answer["orders"] += ["%s/none/%d" % (town.ca.base, i)
                                         for i in range(40)]
                return code, headers, answer
            wrap(town, around)
            town.run("order", "--no-wait", ALICE)
            got = town.run("finish", "--no-wait")
            tap.ok(len(town.ca.orders) == 1 and state(town) == ["ordered"],
                   "a lost order is found on page %d" % pages, got,
                   len(town.ca.orders), town.ca.problems)
    # The list cannot be read now: nothing is ordered.
    with Town() as town:
        lose = answers_once("/order", (502, HTML, b"x"), True)
        busy = [1]

        def around(http, path, plain):
            if path == "/order":
                return lose(town, http, path, plain)
            if path.startswith("/orders/") and busy[0]:
                return 503, HTML, b"x"
            return plain()
        wrap(town, around)
        town.run("order", "--no-wait", ALICE)
        got = town.run("finish", "--no-wait")
        tap.ok(got.returncode == 75 and len(town.ca.orders) == 1 and
               state(town) == ["new"], "the list of orders is away: not yet",
               got)
        busy[0] = 0
        town.run("finish", "--no-wait")
        tap.ok(len(town.ca.orders) == 1 and state(town) == ["ordered"],
               "and then it is found")


def answers_once(part, answer, process=False, times=1):
    """The first times answers the answer; the request was carried out or not."""
    left = [times]

    def around(town, http, path, plain):
        if part in path and http.command == "POST" and left[0] > 0:
            left[0] -= 1
            if process:
                plain()
            return answer[0], dict(answer[1]), answer[2]
        return plain()
    return around


def test_finalize():
    """Section 7.4: a No is not the end of the order."""
    for name, answer in (
            ("403 orderNotReady", problem(403, "orderNotReady")),
            ("409", problem(409, "conflict")), ("408", (408, HTML, b"<")),
            ("425", (425, HTML, b"<")),
            ("429 in HTML", (429, {"Retry-After": "1", **HTML}, b"<html>")),
            ("403 in HTML", (403, HTML, b"<html>")),
            ("400 badCSR", problem(400, "badCSR")),
            ("403 unauthorized", problem(403, "unauthorized"))):
        for done in (False, True):
            comes_right("finalize: %s%s" % (name, ", and it did" * done),
                        answers_once("/finalize/", answer, done))
    # It stays so: the CA's sentence, and the order is kept for a while.
    for word in ("ready", "processing"):
        with Town("set patience = 3s\n") as town:
            def around(http, path, plain):
                if path.startswith("/finalize/"):
                    return problem(400, "badCSR", "no such thing")
                code, headers, answer = plain()
                if path.startswith("/order/") and answer["status"] == "ready" \
                        and ("POST", "/finalize/1") in town.ca.seen:
                    answer = dict(answer, status=word)
                return code, headers, answer
            wrap(town, around)
            town.run("order", "--no-wait", ALICE)
            town.wait_for_mail()
            town.answer()
            got = town.run("finish", "--no-wait")
            tap.ok(got.returncode in (69, 75) and b"no such thing" in
                   got.stderr and b"ca.NAME.subject" in got.stderr and
                   state(town) == ["finalizing"],
                   "badCSR, then %s: kept" % word, got, state(town))
            deadline = time.monotonic() + 20
            while state(town) != ["failed"] and time.monotonic() < deadline:
                got = town.run("finish")
                time.sleep(0.5)
            told = town.run("status").stdout
            tap.ok(got.returncode == 69 and b"no such thing" in got.stderr and
                   state(town) == ["failed"] and b"no such thing" in told,
                   "badCSR, then %s: it ends when patience does" % word, got,
                   told)
            tap.ok(b"mailcert finish\n" not in told,
                   "and its challenge is not waited for", told)
    # Only "invalid" ends it at once, in the CA's words or in those before.
    with Town() as town:
        def around(http, path, plain):
            if path.startswith("/finalize/"):
                return problem(400, "badCSR", "no such thing")
            code, headers, answer = plain()
            if path.startswith("/order/") and \
                    ("POST", "/finalize/1") in town.ca.seen:
                answer = dict(answer, status="invalid")
            return code, headers, answer
        wrap(town, around)
        got, said = finish(town, 1)
        tap.ok(got.returncode == 69 and b"no such thing" in said and
               state(town) == ["failed"], "badCSR, then invalid: it is over",
               got, state(town))


def test_states():
    """A word that RFC 8555 does not have says nothing."""
    seen = [0]

    def strange(answer):
        seen[0] += 1
        if seen[0] % 2:
            answer["status"] = "pondering"
    comes_right("order: an unknown status", on_order(strange, ("ready",
                                                               "processing")),
                pending=1)
    def odd(answer):
        seen[0] += 1
        if seen[0] in (2, 3):
            answer["status"] = "pondering"
    seen[0] = 0
    comes_right("authorization: an unknown status", on_authz(odd))


def test_told_twice():
    """The answer to the challenge's POST is lost, and a second one refused."""
    told = set()

    def around(town, http, path, plain):
        if path.startswith("/chall/"):
            if path in told:
                return problem(400, "malformed")
            told.add(path)
            plain()
            return 502, HTML, b"<html>"
        return plain()
    comes_right("a challenge that was told, then 400", around)
    comes_right("a challenge that was told, 400 at once", answers_once(
        "/chall/", problem(400, "malformed"), True))


# --- challenges -------------------------------------------------------------
def test_terms():
    """Section 7.3: whatever stands there, nobody agrees to it in silence."""
    for terms in ("http://ca.example/terms.pdf", "/terms", "terms.html",
                  "https://ca.example/" + "x" * 5000,
                  "https://ca.example/bedingungen-f\u00fcr-alle",
                  "data:text/plain,Do%20what%20thou%20wilt",
                  "ask \x1b[31mus\u202e", {"en": "https://ca.example/en"},
                  ["https://ca.example/1"], 7, " "):
        name = "terms: %.40r" % (terms,)
        if tap.wanted(name):
            add(try_terms, name, terms)


def try_terms(name, terms):
    with Town() as town:
        def around(http, path, plain):
            code, headers, answer = plain()
            if path == "/directory":
                answer["meta"]["termsOfService"] = terms
            return code, headers, answer
        wrap(town, around)
        got = town.run("account", "register")
        tap.ok(got.returncode == 65 and b"--agree" in got.stderr and
                    town.ca.accounts == {} and b"\x1b" not in got.stderr and
                    got.stderr.count(b"\n") == 1, name + ": not agreed to",
                    got)
        got = town.run("account", "register", "--agree")
        tap.ok(got.returncode == 0 and len(town.ca.accounts) == 1 and
                    b"Terms " in got.stdout and b"\x1b" not in got.stdout,
                    name + ": agreed to", got)


def test_tokens():
    """Section 8.1: 128 bits of entropy at least."""
    for name, token, good in sample((
            ("21 characters", "A" * 21, False), ("1", "x", False),
            ("none", "", False), ("padded", "x" * 22 + "==", False),
            ("not base64url", "x" * 21 + "+", False), ("22", "A" * 22, True)), 3):
        with Town() as town:
            def around(http, path, plain):
                code, headers, answer = plain()
                if path.startswith("/authz/"):
                    answer["challenges"][1]["token"] = token
                return code, headers, answer
            wrap(town, around)
            got = town.run("order", "--no-wait", ALICE)
            told = json.loads(town.run("status", "--json").stdout)
            tap.ok((got.returncode == 0 and len(told["expectations"]) == 1) if good
                   else (got.returncode == 69 and b"token" in got.stderr and
                         told["expectations"] == []),
                   "token-part2 of %s" % name, got)


def test_identifiers():
    """Section 7.1.4: the reply is from whom the CA names."""
    for typed, change, good in sample((
            ("Ivan.Petrov@Example.ORG", str.lower, True),
            ("ivan.petrov@example.org", str.title, True),
            ("ivan.petrov@example.org", str.upper, True),
            ("ivan.petrov@example.org", lambda a: "x" + a, False),
            ("ivan.petrov@example.org", lambda a: a + ".example", False),
            ("ivan.petrov@example.org",
             lambda a: a.replace("i", "\u0131"), False)), 4):
        name = "the CA names %s, ordered was %s" % (ascii(change(typed)),
                                                   typed)
        if not tap.wanted(name):
            continue
        with Town() as town:
            def around(http, path, plain):
                code, headers, answer = plain()
                if path.startswith("/authz/") and http.command == "POST":
                    authz = town.ca.authz[town.ca.base + path]
                    authz["identifier"] = dict(
                        authz["identifier"],
                        value=change(typed if not good else typed))
                    answer["identifier"] = authz["identifier"]
                return code, headers, answer

            def mail(authz, plain=town.ca.mail):
                authz["identifier"] = dict(authz["identifier"],
                                           value=change(typed))
                plain(authz)
            town.ca.mail = mail
            wrap(town, around)
            got = town.run("order", "--no-wait", typed)
            if not good:
                tap.ok(got.returncode == 69 and b"not ordered" in got.stderr,
                       name, got)
                continue
            town.wait_for_mail()
            answered = town.answer()
            got = town.run("finish")
            tap.ok(got.returncode == 0 and
                   [e[0] for e in town.ca.envelopes] == [change(typed)],
                   name, answered, got, town.ca.envelopes)


def test_told_in_order():
    """In the order of the answers: a CA that looks for one puts the others
    aside, and sees them no more (acme2certifier)."""
    with Town() as town:
        def look(authz, plain=town.ca.look):
            for reply in town.ca.replies():
                if b"ACME: " + authz["part1"].encode() in reply:
                    break
                aside.add(reply)
            town.ca.replies, kept = lambda: [
                r for r in kept() if r not in aside], town.ca.replies
            plain(authz)
            town.ca.replies = kept
        aside = set()
        town.ca.look = look
        addresses = (ALICE, "bob@example.org", "carol@example.org")
        town.run("order", "--no-wait", *addresses)
        town.wait_for_mail()
        for path in reversed(town.ca.challenges()):
            with open(path, "rb") as f:
                got = town.run("handle", "--auto-approve", "--mda",
                               stdin=f.read())
            tap.ok(got.returncode == 0, "answered", got)
            time.sleep(1.1)  # answers are dated to the second
        got = town.run("finish")
        tap.ok(got.returncode == 0 and state(town) == ["issued"],
               "challenges are told in the order of the answers", got,
               town.ca.problems)


def test_expires():
    """A time with any fraction is a time; one far off is not "never"."""
    def at(seconds, fraction="", zone="Z"):
        return time.strftime("%Y-%m-%dT%H:%M:%S",
                             time.gmtime(time.time() + seconds)) + \
            fraction + zone
    day = 86400
    for text, least, most in (
            (at(day, ".1234567890123"), day - 900, day + 900),
            (at(day, "." + "9" * 80), day - 900, day + 900),
            (at(day, ".5", "+00:00"), day - 900, day + 900),
            ("99999-01-01T00:00:00Z", 7000 * 365 * day, None),
            ("+12026-01-01T00:00:00Z", 7000 * 365 * day, None),
            ("9999-12-31T23:59:59.999999999999Z", 7000 * 365 * day, None),
            ("0001-01-01T00:00:00Z", None, 0),
            ("soon", day - 900, day + 900), (7, day - 900, day + 900),
            ("x" * 3000, day - 900, day + 900)):
        name = "expires %.40r" % (text,)
        if tap.wanted(name):
            add(try_expires, name, text, least, most)


def try_expires(name, text, least, most):
    with Town() as town:
        wrap(town, lambda *a: on_authz(
            lambda authz: authz.update(expires=text))(town, *a))
        town.run("order", "--no-wait", ALICE)
        path, = glob.glob(town.place.home + "/expectations/*.json")
        with open(path) as f:
            when = json.load(f)["expires"] - time.time()
        tap.ok(when > (least if least is not None else -10 ** 12) and
                    when < (most if most is not None else 10 ** 12), name,
                    when)


# --- URLs, and who is in between ----------------------------------------------
def test_urls():
    """RFC 3986, 9110, 8288: one place has many spellings."""
    def spelled(change):
        def around(town, http, path, plain):
            code, headers, answer = plain()
            base = town.ca.base
            if isinstance(answer, dict):
                answer = json.loads(json.dumps(answer).replace(
                    base, change(base)))
            if "Location" in headers:
                headers["Location"] = headers["Location"].replace(
                    base, change(base))
            return code, headers, answer
        return around
    # The host in other letters; 443 cannot be listened on here: test_acme.c.
    with Town() as town:
        wrap(town, lambda *a: spelled(lambda base: base)(town, *a))
        got, said = finish(town)
        tap.ok(state(town) == ["issued"], "URLs as ever", got, said)
    for name, prefix in (("path", ""), ("scheme-relative", "//"),
                         ("dots", "/x/..")):
        def around(town, http, path, plain):
            code, headers, answer = plain()
            if "Location" in headers:
                where = headers["Location"]
                headers["Location"] = (
                    where[len("https:"):] if prefix == "//" else
                    prefix + where[len(town.ca.base):])
            return code, headers, answer
        comes_right("a relative Location: " + name, around)
    for name, where in (("another host", "//evil.example/acct/1"),
                        ("http", "http://127.0.0.1/acct/1")):
        with Town() as town:
            def around(http, path, plain):
                code, headers, answer = plain()
                if path == "/account":
                    headers["Location"] = where
                return code, headers, answer
            wrap(town, around)
            got = town.run("account", "register")
            tap.ok(got.returncode == 69 and
                   b"malformed URL for the account" in got.stderr,
                   "a Location at %s" % name, got)


def test_links():
    """RFC 8288 section 3: the other chain is found however it is spelled."""
    import cms
    for link in ('<%s>;rel="alternate"', '<%s>; rel=alternate',
                 '<%s> ; REL = "Alternate"', '<%s>;rel="up alternate"',
                 '<%s>;title="a, b; c";rel="alternate"',
                 '</x>;rel="up", <%s>;rel="alternate"',
                 '<%s>;rel=alternate;type="x"'):
        for relative in (False, True):
            if relative and link != '<%s>; rel=alternate':
                continue
            name = "Link: %s%s" % (link, ", relative" * relative)
            if tap.wanted(name):
                add(try_link, name, link, relative)


def try_link(name, link, relative):
    with Town("set ca.local.chain = Other Root 0\n", alternates=1) as town:
        def around(http, path, plain):
            code, headers, answer = plain()
            if "Link" in headers:
                url = town.ca.base * (not relative) + path + "-0"
                headers["Link"] = link % url
            return code, headers, answer
        wrap(town, around)
        got, said = finish(town)
        path, = glob.glob(town.place.home + "/certificates/*.pem")
        text = subprocess.run(["openssl", "crl2pkcs7", "-nocrl", "-certfile",
                               path], capture_output=True).stdout
        text = subprocess.run(["openssl", "pkcs7", "-print_certs", "-noout"],
                              input=text, capture_output=True).stdout
        tap.ok(b"Other Root 0" in text, name, got, said, text)


class Proxy:
    """What CONNECT (RFC 9110 section 9.3.6) leads to a server of ours."""

    def __init__(self, refuse=False):
        import socket
        self.asked, self.refuse = [], refuse
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,),
                             daemon=True).start()

    def serve(self, peer):
        import socket
        head = b""
        while b"\r\n\r\n" not in head:
            more = peer.recv(4096)
            if not more:
                return
            head += more
        method, where, _ = head.split(b" ", 2)
        self.asked.append((method.decode(), where.decode()))
        if self.refuse:
            peer.sendall(b"HTTP/1.1 403 No\r\nReplay-Nonce: x\r\n\r\n")
            peer.close()
            return
        host, _, port = where.decode().rpartition(":")
        there = socket.create_connection((host, int(port)))
        peer.sendall(b"HTTP/1.1 200 OK\r\nReplay-Nonce: of-the-proxy\r\n\r\n")

        def copy(one, other):
            try:
                while data := one.recv(65536):
                    other.sendall(data)
                other.shutdown(socket.SHUT_WR)
            except OSError:
                pass
        threading.Thread(target=copy, args=(there, peer), daemon=True).start()
        copy(peer, there)


def test_proxy():
    """The CA's own, then that of the configuration, then curl's variables."""
    proxy, other = Proxy(), Proxy()
    with Town() as town:
        where = ("CONNECT", town.ca.base[len("https://"):])

        def register(home, *args, **env):
            del proxy.asked[:], other.asked[:]
            return town.run(*args, "-C", town.place.path(home), "account",
                            "register", env=dict(town.place.env, **env))
        for name, args, env, used in (
                ("ca.NAME.proxy", ("-o", "ca.local.proxy=" + proxy.url), {},
                 proxy),
                ("proxy", ("-o", "proxy=" + proxy.url), {}, proxy),
                ("ca.NAME.proxy before proxy",
                 ("-o", "ca.local.proxy=" + proxy.url, "-o",
                  "proxy=" + other.url), {}, proxy),
                ("ca.NAME.proxy = none", ("-o", "ca.local.proxy=none", "-o",
                                          "proxy=" + other.url), {}, None),
                ("HTTPS_PROXY", (), {"HTTPS_PROXY": proxy.url}, proxy),
                ("https_proxy before HTTPS_PROXY", (),
                 {"https_proxy": proxy.url, "HTTPS_PROXY": other.url}, proxy),
                ("ALL_PROXY", (), {"ALL_PROXY": proxy.url}, proxy),
                ("host:port", (), {"https_proxy": proxy.url[7:]}, proxy),
                ("NO_PROXY", (), {"HTTPS_PROXY": other.url,
                                  "NO_PROXY": "example.org,127.0.0.1"}, None),
                ("proxy = none", ("-o", "proxy=none"),
                 {"HTTPS_PROXY": other.url}, None),
                ("HTTP_PROXY is not for https", (),
                 {"HTTP_PROXY": other.url, "http_proxy": other.url}, None)):
            got = register("home-" + re.sub(r"\W", "-", name), *args, **env)
            asked = {id(p): p.asked for p in (proxy, other)}
            tap.ok(got.returncode == 0 and other.asked == [] and (
                set(proxy.asked) == {where} if used else proxy.asked == []),
                "proxy: " + name, got, asked)
        for name, value, code, word in (
                ("a scheme that is none", "ftp://127.0.0.1:1", 78,
                 b"ca.local.proxy"),
                ("blanks", "http://127.0.0.1 :1", 78, b"ca.local.proxy"),
                ("nobody there", "http://127.0.0.1:1", 75, b"proxy"),
                ("it refuses", Proxy(refuse=True).url, 75, b"proxy")):
            got = town.run("-o", "ca.local.proxy=" + value, "-C",
                           town.place.path("bad"), "account", "register")
            tap.ok(got.returncode == code and word in got.stderr and
                   got.stderr.count(b"\n") == 1, "proxy: " + name, got)


# --- certificates -------------------------------------------------------------
def issues(name, limits=(), refused=None, around=None, words=b"", **wrong):
    if tap.wanted(name):
        add(try_certificate, name, limits, refused, around, wrong)


def try_certificate(name, limits, refused, around, wrong):
    """A certificate that is odd is kept, told about, and can be revoked."""
    import cms
    from cryptography.x509.oid import ExtendedKeyUsageOID as Eku
    with Town() as town:
        ca = town.ca

        class Holder:
            def __init__(self, key):
                self.key = key

            def public_key(self):
                return self.key

        def issue(csr, usage, addresses, _hosts=False):
            names = wrong.get("names", [(0x81, ALICE.encode())])
            more = {k: wrong[k] for k in ("start", "end", "usage", "subject")
                    if k in wrong}
            key = wrong.get("key")
            return cms.make(
                Holder(key.public_key() if key else csr.public_key()), ca.sub,
                "x", ca=wrong.get("ca", False),
                extension=cms.san(*names) if names else None,
                extended=wrong.get("extended", (Eku.EMAIL_PROTECTION,)),
                **more)
        if wrong:
            ca.issue = issue
        if around:
            wrap(town, lambda *a: around(town, *a))
        got, said = finish(town, 1)
        stored = glob.glob(town.place.home + "/certificates/*.pem")
        if refused:
            tap.ok(got.returncode == 69 and refused in got.stderr and
                        stored == [] and state(town) == ["finalizing"] and
                        glob.glob(town.place.home + "/keys/*.pem") != [],
                        "not stored: " + name, got)
            return
        told = town.run("status").stdout
        tap.ok(got.returncode == 0 and state(town) == ["issued"] and
                    all(w in said and w in told for w in limits) and
                    (b"warning" in said) == bool(limits),
                    "kept: " + name, got, said, told)
        if not stored:
            return
        with open(stored[0], "rb") as f:
            chain = f.read()
        tap.ok(chain.count(b"BEGIN") == len(set(
            chain.split(b"-----END CERTIFICATE-----\n")[:-1])) <= 4,
            name + ": each certificate once", chain)
        leaf, = ca.certs[ca.base + "/cert/1"].split(
            b"-----END CERTIFICATE-----")[:1]
        tap.ok(chain.startswith(leaf), name + ": the leaf is first")
        before = ca.on_revoke
        ca.on_revoke = lambda jwk, kid, payload: (
            ca.revoked.update(done=payload["certificate"]), (200, {}, b""))[1]
        got = town.run("revoke", "--yes", ALICE)
        ca.on_revoke = before
        tap.ok(got.returncode == 0 and base64.urlsafe_b64decode(
            ca.revoked["done"] + "==") == subprocess.run(
                ["openssl", "x509", "-outform", "DER"], input=chain,
                capture_output=True).stdout, name + ": and revoked", got)


def of_chain(change):
    def around(town, http, path, plain):
        code, headers, answer = plain()
        if path.startswith("/cert/") and isinstance(answer, bytes):
            answer = change(town.ca, answer)
        return code, headers, answer
    return around


def test_certificates():
    import datetime
    import cms
    from cryptography.x509.oid import ExtendedKeyUsageOID as Eku
    alice = (0x81, ALICE.encode())
    utf8 = cms.smtp_utf8(ALICE)
    upn = (0xa0, cms.oid(1, 3, 6, 1, 4, 1, 311, 20, 2, 3) + cms.der(
        0xa0, cms.der(0x0c, b"alice@corp.example")))
    issues("a UPN beside", names=[alice, upn])
    issues("a directoryName and a host beside", names=[
        alice, (0xa4, cms.name("Alice").public_bytes()),
        (0x82, b"mail.example.org"), (0x86, b"https://example.org/alice")])
    issues("the same address twice", names=[alice, alice])
    issues("the same in other case", names=[alice, (
        0x81, ALICE.upper().encode())])
    issues("as SmtpUTF8Mailbox too", names=[alice, utf8])
    issues("as SmtpUTF8Mailbox alone", names=[utf8])
    issues("no emailProtection", (b"is not for mail",),
           extended=(Eku.CLIENT_AUTH,))
    issues("for servers", (b"is not for mail",), extended=(Eku.SERVER_AUTH,))
    issues("any extended key usage", extended=(Eku.ANY_EXTENDED_KEY_USAGE,))
    issues("no address", (b"does not name the address",), names=None)
    issues("a name of another kind alone", (b"does not name the address",),
           names=[(0x82, b"mail.example.org")])
    issues("of a CA", (b"claims to be a CA certificate",), ca=True)
    issues("expired", (b"has expired", b"clock"),
           end=datetime.datetime(2021, 1, 1))
    issues("not valid yet", (b"not valid yet", b"clock"),
           start=datetime.datetime(2090, 1, 1),
           end=datetime.datetime(2120, 1, 1))
    issues("another key", refused=b"another key", key=cms.new_key())
    for name, names in (
            ("another address", [(0x81, b"eve@evil.example")]),
            ("one address more", [alice, (0x81, b"eve@evil.example")]),
            ("another SmtpUTF8Mailbox", [alice, cms.smtp_utf8(
                "eve@evil.example")])):
        issues(name, refused=b"that was not ordered", names=names)

    def loop(ca, answer):
        other, crossed = cms.cross(ca.root, "Other Root")
        return answer + cms.cert_pem(crossed, cms.make(
            other.key, ca.root, other.common, ca=True, extension=None,
            usage=None))

    def blocks(answer):
        return [b + b"-----END CERTIFICATE-----\n" for b in answer.split(
            b"-----END CERTIFICATE-----\n")[:-1]]
    issues("roots that vouch for each other", around=of_chain(loop))
    issues("the leaf last", around=of_chain(
        lambda ca, a: b"".join(reversed(blocks(a)))))
    issues("the root first, and twice", around=of_chain(
        lambda ca, a: cms.cert_pem(ca.root.cert, ca.root.cert) + a * 2))
    issues("blocks joined", around=of_chain(
        lambda ca, a: a.replace(b"-----\n-----", b"----------")))
    issues("lines of another length", around=of_chain(
        lambda ca, a: a.replace(b"\n", b"")))
    issues("CRLF, blanks and words between", around=of_chain(
        lambda ca, a: b"hello\r\n" + a.replace(b"\n", b" \r\n") + b"\r\n"))
    issues("a block that cannot be read", around=of_chain(
        lambda ca, a: a + b"-----BEGIN CERTIFICATE-----\nAAAA\n"
        b"-----END CERTIFICATE-----\n"))
    issues("EC PARAMETERS between", around=of_chain(
        lambda ca, a: b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
        b"-----END EC PARAMETERS-----\n" + a))


def test_signing_requests():
    """Section 7.4: what the CA takes, and the setting that its No names."""
    long = "a" * 60 + "@example.org"
    for settings, how, address, good in (
            ("", dict(subject=True), ALICE, True),
            ("", dict(subject=False), long, True),
            ("", dict(subject=True, eku=False), "j\u00fcrgen@example.org",
             True),
            ("", dict(subject=False), ALICE, False),
            ("", dict(eku=True), ALICE, False),
            ("set ca.local.subject = empty\n", dict(subject=False), ALICE,
             True),
            ("set ca.local.subject = address\n", dict(subject=True), ALICE,
             True),
            ("set ca.local.csr_eku = yes\n", dict(eku=True), ALICE, True),
            ("set ca.local.csr_eku = yes\n", dict(eku=False), ALICE, False),
            ("set ca.local.csr_eku = no\n", dict(eku=False), ALICE, True)):
        name = "signing request for %.20s, %r, %r" % (ascii(address),
                                                     settings, how)
        if not tap.wanted(name):
            continue
        add(try_request, name, settings, how, address, good)


def try_request(name, settings, how, address, good):
    with Town(settings, **how) as town:
        town.run("order", "--no-wait", address)
        town.wait_for_mail()
        town.answer()
        got = town.run("finish", "--no-wait")
        tap.ok(got.returncode == (0 if good else 69) and (
            good or b"ca.NAME.subject, ca.NAME.csr_eku" in got.stderr), name,
            got, town.ca.problems)


def test_gpgsm():
    """gpgsm 2.2 takes no certificate without a subject."""
    import cms
    for subject, taken in (("address", True), ("empty", False)):
        with Town("set ca.local.subject = %s\n" % subject) as town:
            finish(town)
            path, = glob.glob(town.place.home + "/certificates/*.pem")
            root = town.ca.write("root.pem", cms.cert_pem(town.ca.root.cert))
            home = town.place.path("gnupg")
            os.mkdir(home, 0o700)
            told = [subprocess.run(
                ["gpgsm", "--homedir", home, "--batch", "--no-autostart",
                 "--disable-dirmngr", *args], env=town.place.env,
                capture_output=True) for args in (
                    ("--import", root), ("--import", path),
                    ("--list-keys", ALICE))]
            there = ALICE.encode() in told[2].stdout
            tap.ok(there if taken else not there or b"not imported" not in
                   told[1].stderr, "gpgsm, subject = %s" % subject, told)


# --- words ----------------------------------------------------------------------
def test_problems():
    """Sections 6.6 and 6.7.1: what the CA says is what the user hears."""
    with Town() as town:
        def around(http, path, plain):
            return answer if path == "/order" else plain()
        wrap(town, around)
        parts = [{"type": "urn:ietf:params:acme:error:rejectedIdentifier",
                  "detail": "not \x1b[31mthis\u202e one", "identifier": {
                      "type": "email", "value": "bob@example.org"}},
                 {"type": "urn:ietf:params:acme:error:caa", "identifier": {
                     "type": "email", "value": "eve@example.org"}}]
        answer = problem(403, "compound", "some of them")
        answer[2]["subproblems"] = parts
        got = town.run("order", ALICE)
        tap.ok(got.returncode == 69 and b"some of them" in got.stderr and
               b"bob@example.org: rejectedIdentifier, not \\x1b[31mthis" in
               got.stderr and b"eve@example.org: caa" in got.stderr and
               b"\x1b" not in got.stderr, "subproblems are told", got)
        for value, word in (("120", b"try again in 120 s"),
                            (formatdate(time.time() + 7200), b"try again in 7"),
                            ("soon", b"the CA refused (429 rateLimited): no ["),
                            ("-5", b"the CA refused (429")):
            answer = problem(429, "rateLimited", **{"Retry-After": value})
            got = town.run("order", "--no-wait", ALICE)
            tap.ok(got.returncode == 75 and word in got.stderr,
                   "Retry-After: %s is told" % value, got)
        answer = problem(403, "x" * 60, "y" * 3000)
        answer[2]["subproblems"] = parts * 9
        answer[2]["instance"] = "https://ca.example/" + "z" * 500
        got = town.run("order", "--no-wait", ALICE)
        tap.ok(got.returncode == 69 and got.stderr.count(b"\n") == 1 and
               len(got.stderr) < 400, "long words are cut", got)
        for odd in ({"subproblems": 7}, {"subproblems": [7, None, {}]},
                    {"subproblems": [{"identifier": "x", "detail": 5}]},
                    {"type": 5, "detail": ["x"]}):
            answer = (403, {}, odd)
            got = town.run("order", "--no-wait", ALICE)
            tap.ok(got.returncode == 69 and b"(403 " in got.stderr,
                   "a problem like %r" % (odd,), got)


def test_unreachable():
    """Which CA, where, why, and what to do; waiting helps, or it does not."""
    with Town() as town:
        garbage = town.place.write("garbage.pem", "hello\n")
        for name, args, code, words in (
                ("no such ca_file", ("-o", "ca.local.ca_file=/nowhere/ca.pem"),
                 78, (b"ca.local.ca_file", b"/nowhere/ca.pem")),
                ("a ca_file of garbage", ("-o", "ca.local.ca_file=" + garbage),
                 78, (garbage.encode(), b"certificates")),
                ("a directory for a ca_file",
                 ("-o", "ca.local.ca_file=" + town.place.dir), 78,
                 (town.place.dir.encode(),)),
                ("nobody listens",
                 ("-o", "ca.local.directory=https://127.0.0.1:1/d"), 75,
                 (b"CA local", b"https://127.0.0.1:1/d", b"refused")),
                ("no such name",
                 ("-o", "ca.local.directory=https://ca.invalid/d"), 75,
                 (b"CA local", b"https://ca.invalid/d", b"resolve")),
                ("nobody vouches for it", ("-o", "ca.local.ca_file="), 75,
                 (b"CA local", b"certificate is not trusted", b"ca_file")),
                ("not a directory", ("-o", "ca.local.directory=%s/nothing" %
                                     town.ca.base), 69,
                 (b"/nothing", b"HTTP 405")),
                ("http in the configuration",
                 ("-o", "ca.local.directory=http://127.0.0.1/d"), 78,
                 (b"ca.local.directory", b"https")),
                ("http on the command line", ("-o", "ca=http://127.0.0.1/d"),
                 78, (b"http://127.0.0.1/d is not an https:// URL",))):
            got = town.run(*args, "order", "--no-wait", ALICE)
            tap.ok(got.returncode == code and got.stderr.count(b"\n") == 1 and
                   all(w in got.stderr for w in words) and
                   b"curl" not in got.stderr.lower(), "unreachable: " + name,
                   got)

        def around(http, path, plain):
            code, headers, answer = plain()
            if path == "/directory":
                answer["newOrder"] = "http://127.0.0.1/order"
            return code, headers, answer
        wrap(town, around)
        got = town.run("order", "--no-wait", ALICE)
        tap.ok(got.returncode == 69 and b'"newOrder" in the CA\'s directory is '
               b"not an https:// URL: http://127.0.0.1/order" in got.stderr,
               "http in a directory", got)


def test_advice():
    """What to do helps where it is said."""
    with Town() as town:
        def around(http, path, plain):
            if path == "/account":
                return problem(400, "malformed", "Contact information is "
                               "missing")
            return plain()
        before = town.ca.route
        wrap(town, around)
        got = town.run("account", "register")
        tap.ok(got.returncode == 69 and b"is missing" in got.stderr and
               b"--contact ADDRESS" in got.stderr, "a CA that wants a contact",
               got)
        town.ca.route = before
        finish(town)
        for name, answer, args, word in (
                ("of an account that is gone",
                 problem(400, "accountDoesNotExist"), (),
                 b"--with-certificate-key"),
                ("of an account that is closed", problem(401, "unauthorized"),
                 (), b"--with-certificate-key"),
                ("of another account", problem(403, "unauthorized"), (),
                 b"--with-certificate-key"),
                ("with its own key", problem(403, "unauthorized"),
                 ("--with-certificate-key",), b"try without"),
                ("with a kind of key that is not taken",
                 problem(400, "badSignatureAlgorithm"),
                 ("--with-certificate-key",), b"try without")):
            def refuse(http, path, plain):
                return answer if path == "/revoke" else plain()
            wrap(town, refuse)
            got = town.run("revoke", "--yes", *args, ALICE)
            tap.ok(got.returncode == 69 and word in got.stderr and
                   b"--key" not in got.stderr and
                   b"register" not in got.stderr and
                   state(town) == ["issued"], "revocation " + name, got)
            town.ca.route = before
        # Nothing is left of the account: its own key does it.
        os.unlink(keys(town)[0])
        got = town.run("revoke", "--yes", ALICE)
        tap.ok(got.returncode == 74 and b"--with-certificate-key" in
               got.stderr, "revocation without the account's key", got)
        for path in glob.glob(town.place.home + "/accounts/*"):
            os.unlink(path)
        got = town.run("revoke", "--yes", ALICE)
        tap.ok(got.returncode == 78 and b"--with-certificate-key" in
               got.stderr, "revocation without the account's record", got)
        got = town.run("revoke", "--yes", "--with-certificate-key", ALICE)
        tap.ok(got.returncode == 0 and state(town) == ["revoked"],
               "revocation with its own key, the account lost", got,
               town.ca.problems)


def test_key_files():
    """Account keys of other clients, as openssl and others write them."""
    with Town() as town:
        sec1 = subprocess.run(["openssl", "ecparam", "-name", "prime256v1",
                               "-genkey"], capture_output=True).stdout
        assert b"EC PARAMETERS" in sec1
        pkcs8 = subprocess.run(["openssl", "pkey"], input=sec1,
                               capture_output=True).stdout
        for name, pem in (("EC PARAMETERS first", sec1),
                          ("SEC 1 alone", sec1[sec1.index(b"-----BEGIN EC PRIV"):]),
                          ("PKCS #8", pkcs8),
                          ("CRLF", sec1.replace(b"\n", b"\r\n")),
                          ("words before", b"Bag Attributes\n x: y\n" + sec1)):
            path = town.place.write("key.pem", pem)
            got = town.run("-C", town.place.path(re.sub(r"\W", "", name)),
                           "account", "register", "--key-file", path)
            tap.ok(got.returncode == 0 and len(town.ca.accounts) == 1,
                   "account key: " + name, got, town.ca.problems)


def https_of(process):
    """The mailcert-https that this mailcert has started."""
    out = []
    with open("/proc/%d/task/%d/children" % (process.pid, process.pid)) as f:
        for pid in f.read().split():
            with open("/proc/%s/comm" % pid) as comm:
                if comm.read().strip() == "mailcert-https":
                    out.append(int(pid))
    return out


def test_one_process():
    """All requests of a command to a CA are sent by one process; where that
    is killed, the command says so and the next one resumes."""
    with Town() as town:
        at, started, kill = [], [], 0

        def look(n):
            while not started:
                time.sleep(0.01)
            at.append(https_of(started[0]))
            if n == kill:
                os.kill(at[-1][0], signal.SIGKILL)
        town.ca.on_answer = look
        started.append(town.start("--no-wait", ALICE))
        got = started[0].communicate()
        tap.ok(started[0].returncode == 0 and len(at) > 3 and
               at == [at[0]] * len(at) and len(at[0]) == 1,
               "one process sends %d requests" % len(at), got, at)
        tap.ok(not os.path.exists("/proc/%d" % at[0][0]),
               "and ends with the command", at)
        at.clear()
        started.clear()
        kill = len(town.ca.seen) + 2  # the order is made, and not heard of
        started.append(town.start("--no-wait", "bob@example.org"))
        _, err = started[0].communicate()
        tap.ok(started[0].returncode == 75 and err.count(b"\n") == 1 and
               len(at) == 2, "killed while it waits for an answer", err, at)
        town.ca.on_answer = None
        got = town.run("order", "--no-wait", "bob@example.org")
        tap.ok(got.returncode == 0 and len(town.ca.orders) == 2,
               "and the order is resumed", got, town.ca.problems)
        # A person is waited for without it.
        process = town.start("carol@example.org")
        end = time.monotonic() + 60
        while (len(town.ca.orders) < 3 or not town.expected() or
               https_of(process)) and time.monotonic() < end:
            time.sleep(0.05)
        tap.ok(https_of(process) == [] and process.poll() is None and
               len(town.ca.orders) == 3,
               "it does not wait for the mail", process.poll())
        process.kill()
        process.communicate()


# They wait most of the time; the order of `later` is that of the names.
run_tests(tests_of(globals()), 3)
later.sort(key=lambda one: one[:2])
# The first of each kind, and a few of the others; check-slow tries all.
at_once((case for *_, case in (later if tap.only else sample_kinds(
    later, lambda one: one[0], 14))))
tap.done()

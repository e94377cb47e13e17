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
    if not tap.wanted(name):
        return
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
        tap.ok(got.returncode == 69 and b"no usable URL" in got.stderr and
               len(town.ca.orders) == 1, "newOrder without a Location", got,
               len(town.ca.orders))
    # The answer is lost: the CA's list of orders has it, on whatever page.
    for pages in (1, 3, 60):
        with Town() as town:
            left = [1]

            def around(http, path, plain):
                if path == "/order" and left[0]:
                    left[0] = 0
                    plain()
                    return 502, HTML, b"x"
                if path.startswith("/orders/"):
                    number, _, at = path.partition("?")[0], None, int(
                        path.partition("?p=")[2] or 1)
                    http.path = number
                    code, headers, answer = plain()
                    http.path = path
                    if at < pages:
                        headers = dict(headers, Link='<%s%s?p=%d>;rel="next"' %
                                       (town.ca.base, number, at + 1))
                        answer = {"orders": [
                            "%s/none/%d-%d" % (town.ca.base, at, i)
                            for i in range(40 if at == 1 and pages == 3
                                           else 0)]}
                    return code, headers, answer
                return plain()
            wrap(town, around)
            # The key holder signs the URL of the page, query and all.
            town.run("order", "--no-wait", ALICE)
            got = town.run("finish", "--no-wait")
            tap.ok(len(town.ca.orders) == 1 and state(town) == ["ordered"],
                   "a lost order is found on page %d" % pages, got,
                   len(town.ca.orders), town.ca.problems)


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
        if not tap.wanted(name):
            continue
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
    for name, token, good in (
            ("21 characters", "x" * 21, False), ("1", "x", False),
            ("none", "", False), ("padded", "x" * 22 + "==", False),
            ("not base64url", "x" * 21 + "+", False), ("22", "x" * 22, True)):
        with Town() as town:
            def around(http, path, plain):
                code, headers, answer = plain()
                if path.startswith("/authz/"):
                    answer["challenges"][1]["token"] = token
                return code, headers, answer
            wrap(town, around)
            got = town.run("order", "--no-wait", ALICE)
            told = json.loads(town.run("status", "--json").stdout)
            tap.ok((got.returncode == 0 and len(told["orders"]) == 1) if good
                   else (got.returncode == 69 and b"token" in got.stderr and
                         told["orders"] == []),
                   "token-part2 of %s" % name, got)


def test_identifiers():
    """Section 7.1.4: the reply is from whom the CA names."""
    for typed, change, good in (
            ("Ivan.Petrov@Example.ORG", str.lower, True),
            ("ivan.petrov@example.org", str.title, True),
            ("ivan.petrov@example.org", str.upper, True),
            ("ivan.petrov@example.org", lambda a: "x" + a, False),
            ("ivan.petrov@example.org", lambda a: a + ".example", False),
            ("ivan.petrov@example.org",
             lambda a: a.replace("i", "\u0131"), False)):
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
            (at(day, ".1234567890123"), day - 60, day + 60),
            (at(day, "." + "9" * 80), day - 60, day + 60),
            (at(day, ".5", "+00:00"), day - 60, day + 60),
            ("99999-01-01T00:00:00Z", 7000 * 365 * day, None),
            ("+12026-01-01T00:00:00Z", 7000 * 365 * day, None),
            ("9999-12-31T23:59:59.999999999999Z", 7000 * 365 * day, None),
            ("0001-01-01T00:00:00Z", None, 0),
            ("soon", day - 60, day + 60), (7, day - 60, day + 60),
            ("x" * 3000, day - 60, day + 60)):
        name = "expires %.40r" % (text,)
        if not tap.wanted(name):
            continue
        with Town() as town:
            wrap(town, lambda *a: on_authz(
                lambda authz: authz.update(expires=text))(town, *a))
            town.run("order", "--no-wait", ALICE)
            path, = glob.glob(town.place.home + "/orders/*.json")
            with open(path) as f:
                when = json.load(f)["expires"] - time.time()
            tap.ok(when > (least if least is not None else -10 ** 12) and
                   when < (most if most is not None else 10 ** 12), name, when)


for name, test in list(globals().items()):
    if name.startswith("test_"):
        test()
tap.done()

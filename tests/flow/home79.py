#!/usr/bin/python3
# Runs in: check check-slow check-ages
"""A home that 79d8356 wrote (format 1) is read, goes on, and is moved to
format 2 by the first command that changes something; see tests/homes/."""
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
for room in ("ca", "homes", ""):
    sys.path.insert(0, os.path.join(TESTS, room))
from lib import (CA, PART2, THUMBPRINT, challenge, run_tests, tap,
                 tests_of)
from recorded import contents, listed, old_left, records, tell, unpack
from town import Town

WAITING, SENT, DRAFTED, ISSUED = "z7c36gv2", "prmdzg7v", "97d9kccs", "g4pp2gqk"
ALICE, BOB = "s2b3xcsj", "wdsqbtpm"
LISTED = {
    "expectations": {ISSUED: "sent", SENT: "sent", DRAFTED: "drafted",
                     ALICE: "pending", BOB: "pending", WAITING: "pending"},
    "certificates": {ISSUED: "issued", SENT: "ordered", DRAFTED: "ordered",
                     WAITING: "ordered"},
    "accounts": ["tb75px94"]}


class OldTown(Town):
    """A town whose user and CA come from the record."""

    def __init__(self, settings=""):
        super().__init__(settings, days=36500)
        unpack(self.place.home, self.ca.base)
        tell(self.ca)

    def mail_again(self):
        """The challenge that nobody has answered, from today."""
        authz, = [a for a in self.ca.authz.values()
                  if a["identifier"]["value"] == "pending@example.org"]
        self.ca.mail(authz)
        path, = self.ca.challenges()
        with open(path, "rb") as f:
            raw = f.read()
        os.unlink(path)
        return raw


def but(**states):
    """What is listed where these ids have other states."""
    return {kind: {id: states.get(kind, {}).get(id, state)
                   for id, state in LISTED[kind].items()}
            for kind in ("expectations", "certificates")} | {
                "accounts": LISTED["accounts"]}


def without(listing, *ids):
    return {kind: {id: state for id, state in listing[kind].items()
                   if id not in ids} if kind != "accounts" else listing[kind]
            for kind in listing}


def same_members(town, before):
    """Every record that no command meant is the one that it was."""
    wrong = []
    for old, new, was, now in (
            ("orders", "expectations", "issuance", "order"),
            ("issuances", "certificates", "order", "url")):
        after = records(town.place.home, new)
        for id, record in before[old].items():
            want = dict(record, format=2)
            if was in want:
                want[now] = want.pop(was)
            lost = {k for k in want if want[k] != after.get(id, {}).get(k)}
            if lost:
                wrong.append((new, id, lost))
    return wrong


def before(town):
    return {d: records(town.place.home, d) for d in ("orders", "issuances")}


def test_read_only():
    with OldTown() as town:
        was = contents(town.place.home)
        tap.equal(listed(town.place), LISTED, "status lists all of it")
        for id in (SENT, ISSUED, ALICE, "bob@example.org"):
            got = town.run("status", id)
            tap.ok(got.returncode == 0 and got.stdout, "status " + id, got)
        mail = town.mail_again()
        for verb, stdin in (("show", mail), ("is-challenge", mail),
                            ("show", challenge())):
            got = town.run(verb, stdin=stdin)
            tap.ok(got.returncode == 0 and not got.stderr, verb, got)
        got = town.run("renew", "--dry-run")
        tap.equal(got.returncode, 0, "renew --dry-run")
        tap.equal(contents(town.place.home), was,
                  "who changes nothing leaves the home byte for byte")
        got = town.run("handle", "--auto-approve", "--draft", "stdout",
                       stdin=challenge(to="nobody@example.org"))
        tap.ok(got.returncode == 65 and contents(town.place.home) == was,
               "so does a refusal", got)


def test_handle():
    with OldTown() as town:
        was = before(town)
        was["orders"] = {i: r for i, r in was["orders"].items()
                         if r.get("issuance") != WAITING}
        handle = ("handle", "--auto-approve", "--draft", "sendmail")
        mail = town.mail_again()
        got = town.run(*handle, stdin=mail)
        tap.equal(got.returncode, 0, "handle answers an old expectation")
        tap.equal(old_left(town.place.home), [], "and all is in format 2")
        tap.equal(listed(town.place), but(expectations={WAITING: "sent"}),
                  "where the same is listed")
        tap.equal(same_members(town, was), [], "and nothing was lost")
        got = town.run(*handle, stdin=mail)
        tap.ok(got.returncode == 65 and b"already-answered" in got.stderr,
               "it is answered once", got)
        got = town.run("finish", WAITING)
        tap.ok(got.returncode == 0 and
               listed(town.place)["certificates"][WAITING] == "issued",
               "and its order is finished", got, town.ca.problems)


def test_finish():
    with OldTown() as town:
        got = town.run("finish", SENT)
        tap.ok(got.returncode == 0 and not town.ca.problems,
               "finish resumes an old order", got, town.ca.problems)
        tap.equal(old_left(town.place.home), [], "and all is in format 2")
        tap.equal(listed(town.place), but(certificates={SENT: "issued"}),
                  "where the same is listed")
        got = town.run("finish", "--sent", DRAFTED)
        tap.equal(listed(town.place)["expectations"][DRAFTED], "sent",
                  "finish --sent")
        for args in (("revoke", "--yes", ISSUED), ("account",)):
            got = town.run(*args)
            tap.ok(got.returncode == 0, " ".join(args), got, town.ca.problems)
        tap.equal(listed(town.place)["certificates"][ISSUED], "revoked",
                  "the old certificate is revoked")


def test_revoke_first():
    with OldTown() as town:
        got = town.run("revoke", "--yes", ISSUED)
        tap.ok(got.returncode == 0 and town.ca.revoked,
               "revoke, by a record of format 1", got, town.ca.problems)
        tap.equal(listed(town.place), but(certificates={ISSUED: "revoked"}),
                  "the same is listed")
        tap.equal(old_left(town.place.home), [], "in format 2")


def test_respond():
    with OldTown() as town:
        got = town.run("respond", BOB, "--token-part1", "A" * 32)
        tap.ok(got.returncode == 0, "respond", got)
        tap.equal(listed(town.place), but(expectations={BOB: "drafted"}),
                  "the same is listed")
        tap.equal(old_left(town.place.home), [], "in format 2")


def test_forget():
    with OldTown() as town:
        got = town.run("expect", "--forget", ALICE)
        tap.ok(got.returncode == 0, "forget a challenge of before", got)
        tap.equal(listed(town.place), without(LISTED, ALICE),
                  "it is gone, the others are there")
        tap.equal(old_left(town.place.home), [], "in format 2")
    with OldTown() as town:
        got = town.run("finish", "--forget", WAITING)
        tap.ok(got.returncode == 0, "forget an order of before", got)
        tap.equal(listed(town.place), without(LISTED, WAITING),
                  "it is gone, the others are there")


def test_both():
    """A file of format 1 that came back, by a backup say, beside the one of
    format 2: that one counts, and the old one is removed."""
    with OldTown() as town:
        home = town.place.home
        shutil.copytree(home + "/orders", town.place.path("orders"))
        town.run("handle", "--auto-approve", "--draft", "sendmail",
                 stdin=town.mail_again())
        shutil.copytree(town.place.path("orders"), home + "/orders")
        tap.equal(listed(town.place), but(expectations={WAITING: "sent"}),
                  "an old file beside a new one does not count")
        got = town.run("handle", "--auto-approve", "--draft", "sendmail",
                       stdin=town.mail_again())
        tap.ok(got.returncode == 65 and b"already-answered" in got.stderr,
               "nor is the challenge answered twice", got)
        town.place.expect(address="new@example.org")
        tap.equal(old_left(home), [], "it is removed")
        got = listed(town.place)["expectations"]
        tap.equal({i: got[i] for i in LISTED["expectations"]},
                  but(expectations={WAITING: "sent"})["expectations"],
                  "and the new one is untouched")


def test_damaged():
    """A damaged file of format 1 stays where it is and is named."""
    with OldTown() as town:
        path = os.path.join(town.place.home, "orders", ALICE + ".json")
        with open(path, "w") as f:
            f.write("{")
        new = town.place.expect(address="new@example.org")
        got = town.run("status", "--json")
        have = json.loads(got.stdout)["expectations"]
        tap.ok({e["id"] for e in have} == set(LISTED["expectations"]) -
               {ALICE} | {new} and path.encode() in got.stderr,
               "a damaged old file is skipped and named", got)
        tap.equal(old_left(town.place.home), ["orders"], "and stays")
        path = os.path.join(town.place.home, "orders", "newer000.json")
        with open(path, "w") as f:
            json.dump({"format": 3, "id": "newer000"}, f)
        got = town.run("status")
        tap.ok(b"newer mailcert" in got.stderr, "a newer format is named", got)


def once(args, stdin, town):
    return subprocess.run(
        [os.path.join(town.place.env["PATH"].split(":")[0], "mailcert"),
         *args], env=town.place.env, input=stdin, capture_output=True,
        timeout=180, start_new_session=True)


def test_at_once():
    """Several processes find the old home and change it."""
    for round_ in range(3):
        with OldTown() as town:
            mail = town.mail_again()
            expect = ("--from", CA, "--token-part2", PART2, "--thumbprint",
                      THUMBPRINT)
            handle = ("handle", "--auto-approve", "--draft", "sendmail")
            jobs = [(("expect", "n%d@example.org" % i, *expect), b"")
                    for i in range(4)] + 2 * [(handle, mail)] + [
                        (("expect", "--forget", BOB), b""),
                        (("status", "--json"), b"")]
            with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
                got = list(pool.map(lambda j: once(*j, town), jobs))
            codes = [g.returncode for g in got]
            tap.ok(codes[:4] + sorted(codes[4:6]) + codes[6:] ==
                   [0, 0, 0, 0, 0, 65, 0, 0],
                   "round %d: each does its own" % round_, got)
            seen = {e["id"] for e in
                    json.loads(got[-1].stdout)["expectations"]}
            tap.ok(seen >= set(LISTED["expectations"]) - {BOB},
                   "a listing meanwhile has every record", seen)
            new = [g.stdout.decode().strip() for g in got[:4]]
            want = without(but(expectations={WAITING: "sent"}), BOB)
            want["expectations"].update({id: "pending" for id in new})
            tap.equal(listed(town.place), want, "and all is there, once")
            tap.equal(old_left(town.place.home), [], "in format 2")
            tap.equal(len(town.ca.replies()), 3, "with one answer")


run_tests(tests_of(globals()))
tap.done()

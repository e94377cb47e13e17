#!/usr/bin/python3
# Runs in: check-slow
"""RFC 9219 between a server that has it and mailcert verify: each says what it
thinks, and what we do not know counts as unknown."""
import datetime
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import cms
from lib import Place, run_tests, tap, tests_of
from servers.jmap import CORE, MAIL, Jmap
from servers.smimeverify import NAMES, URI, SmimeVerify

CA = "ca@ca.example"


class Desk:
    def __init__(self, place, **more):
        self.place = place
        self.root, self.other = cms.Authority("Both"), cms.Authority("Else")
        self.signer = self.root.issue(CA)
        self.anchors = place.write("root.pem", cms.cert_pem(self.root.cert))
        self.server = SmimeVerify(anchors=self.anchors, **more)

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *unused):
        self.server.__exit__(*unused)

    def message(self, number=1, sender=CA, signer=None, changed=False,
                opaque=False):
        made = cms.openssl_sign(
            b"Content-Type: text/plain\n\nbody %d\n" % number,
            [signer or self.signer], opaque=opaque)
        if changed:
            made = made.replace(b"body", b"Body")
        return b"From: %s\nMessage-ID: <m%d@x>\n" % (
            sender.encode(), number) + made.replace(b"\r\n", b"\n")

    def fill(self):
        plain = b"From: a@b.example\nMessage-ID: <m9@x>\n\nHi\n"
        pgp = (b"From: a@b.example\nMessage-ID: <m8@x>\n"
               b"Content-Type: multipart/signed; boundary=b; "
               b"protocol=\"application/pgp-signature\"\n\n--b\n\nx\n--b\n"
               b"Content-Type: application/pgp-signature\n\nx\n--b--\n")
        old = self.root.issue(CA, end=datetime.datetime(2021, 1, 1))
        then = datetime.datetime(2020, 6, 1).timestamp()
        return [self.server.deliver(self.message(1)),
                self.server.deliver(self.message(2, changed=True)),
                self.server.deliver(self.message(3, "b@ca.example")),
                self.server.deliver(plain), self.server.deliver(pgp),
                self.server.deliver(self.message(4, opaque=True)),
                self.server.deliver(
                    b"Received: from x by y; Mon, 1 Jun 2020 00:00:00 +0000\n"
                    + self.message(5, signer=old), then)]

    # --- the server itself

    def ask(self, method, **arguments):
        return self.server.call(method, dict(arguments, accountId="A1"))[1]

    def get(self, *ids, names=NAMES):
        return self.ask("Email/get", ids=list(ids), properties=list(names))[
            "list"]

    def query(self, **wanted):
        return set(self.ask("Email/query", filter=wanted, limit=100, sort=[
            {"property": "receivedAt", "isAscending": False}])["ids"])

    # --- mailcert beside it

    def source(self):
        return "jmap:https://alice@127.0.0.1:%d" % self.server.port

    def run(self, *args):
        return self.place.run(
            "-o", "mail_ca_file=" + self.server.ca, "-o",
            'password.alice@127.0.0.1=echo secret', "-o",
            "smime_anchors=" + self.anchors, "verify", *args)

    def objects(self, *ids):
        got = self.run("--json", self.source(), *ids)
        return {o["where"].rsplit(": ", 1)[1]: o for o in map(
            json.loads, got.stdout.decode().splitlines())}, got


def test_server():
    """What RFC 9219 demands of a server; so that the next test means
    something."""
    with Place(config="") as place, Desk(place) as desk:
        ids = desk.fill()
        session = desk.server.session("alice")
        tap.ok(session["capabilities"][URI] == {} and session["accounts"][
            "A1"]["accountCapabilities"][URI] == {},
            "section 3: an empty object, twice", session)
        got = desk.server.request(json.dumps({
            "using": [CORE, MAIL, URI], "methodCalls": []}).encode())
        tap.ok("methodResponses" in got, "section 3: using")
        for name in NAMES:
            got, = desk.get(ids[0], names=[name])
            tap.equal(set(got), {"id", name}, "section 4.1: " + name)
        got, = desk.get(ids[0], names=["size"])
        tap.equal(set(got), {"id", "size"}, "section 4.1: only if asked for")
        status = {i["id"]: i for i in desk.get(*ids)}
        tap.equal([status[i]["smimeStatus"] for i in ids],
                  ["signed/verified", "signed/failed", "signed/failed", None,
                   "unknown", "signed/verified", "signed/failed"],
                  "section 4.1: each status")
        tap.equal(status[ids[6]]["smimeStatusAtDelivery"], "signed/verified",
                  "section 4.1: at delivery")
        tap.ok(all((one["smimeErrors"] is not None) == (
            one["smimeStatus"] == "signed/failed") and
            (one["smimeVerifiedAt"] is None) == (one["smimeStatus"] is None)
            for one in status.values()), "section 4.1: errors, times", status)
        for name, of in (("hasSmime", "smimeStatus"),
                         ("hasVerifiedSmime", "smimeStatus"),
                         ("hasVerifiedSmimeAtDelivery",
                          "smimeStatusAtDelivery")):
            want = {i for i in ids if status[i][of] == "signed/verified" or
                    name == "hasSmime" and status[i][of] is not None}
            tap.equal(desk.query(**{name: True}), want,
                      "section 4.2: %s true" % name)
            tap.equal(desk.query(**{name: False}), set(ids) - want,
                      "section 4.2: %s false" % name)

        def changes(what):
            state = desk.server.state()
            what()
            return desk.ask("Email/changes", sinceState=state,
                            maxChanges=100)["updated"]

        def check():
            for known in desk.server.known.values():
                known["smimeVerifiedAt"] = None
            desk.server.check()

        tap.equal(changes(check), [],
                  "section 4.3: smimeVerifiedAt alone MUST NOT be a change")
        good = cms.cert_pem(desk.root.cert)

        def anchors(data):
            place.write("root.pem", data)
            desk.server.check()

        gone = changes(lambda: anchors(cms.cert_pem(desk.other.cert)))
        tap.ok(ids[0] in gone and ids[5] in gone and ids[3] not in gone,
               "section 4.3: a status that changed MUST be", gone)
        tap.equal(desk.get(ids[0])[0]["smimeStatusAtDelivery"],
                  "signed/verified", "section 4.1: removal of an anchor")
        back = changes(lambda: anchors(good))
        tap.ok(ids[0] in back, "section 4.3: and when it is added", back)
        late = desk.server.deliver(desk.message(
            7, signer=desk.other.issue(CA)))
        tap.equal(desk.get(late)[0]["smimeStatusAtDelivery"],
                  "signed/failed", "section 4.1: at delivery, no anchor")
        changed = changes(lambda: anchors(good + cms.cert_pem(
            desk.other.cert)))
        tap.ok(late in changed and desk.get(late)[0]["smimeStatusAtDelivery"]
               == "signed/verified", "section 4.1: at delivery improves",
               changed)


def test_beside():
    with Place(config="") as place, Desk(place) as desk:
        ids = desk.fill()
        got, run = desk.objects()
        tap.ok(set(got) == set(ids) and run.stderr == b"", "all", run)
        for i in ids:
            said = {n: got[i]["server"][n] for n in NAMES}
            want = {n: desk.server.known[i][n] for n in NAMES}
            tap.equal(said, want, i + ": the server's own words")
            tap.equal(got[i]["smimeStatus"], said["smimeStatus"],
                      i + ": both think the same")
            tap.equal(got[i]["smimeStatusAtDelivery"],
                      said["smimeStatusAtDelivery"], i + ": at delivery")
        lines = [line.split("\t") for line in desk.run(
            desk.source()).stdout.decode().splitlines()]
        tap.ok(len(lines) == len(ids) and all(
            len(line) == 6 and line[5] == line[0] for line in lines),
            "a column beside ours", lines)
        some, searched = [ids[3], ids[0]], desk.server.count("Email/query")
        got, run = desk.objects(*some)
        tap.equal(list(got), some, "messages by their ids, in that order")
        got, run = desk.objects("nothere", ids[0])
        tap.ok(list(got) == [ids[0]] and run.returncode == 1 and
               b"nothere: the account has no such message" in run.stderr,
               "an id that does not exist", run)
        tap.equal(desk.server.count("Email/query"), searched,
                  "with ids nothing is searched")


def test_unknown():
    """Section 4.1: clients MUST treat unrecognized values as unknown or
    signed/failed; and nothing that a server says reaches the terminal raw."""
    with Place(config="") as place, Desk(place) as desk:
        good, bad = desk.fill()[:2]
        for value, want in (
                ("signed/verified", "signed/verified"),
                ("encrypted+signed/verified", "signed/verified"),
                ("signed/failed", "signed/failed"),
                ("encrypted+signed/failed", "signed/failed"),
                ("unknown", "unknown"), ("signed", "unknown"),
                ("signed/verified2", "unknown"), ("SIGNED/VERIFIED",
                                                  "unknown"),
                ("signed/verified ", "unknown"), ("", "unknown"),
                ("\x1b[32msigned/verified", "unknown"),
                ("x" * 5000, "unknown"), (7, "unknown"), ([], "unknown"),
                ("signed/verified\u200b", "unknown"), (None, None)):
            desk.server.says[bad] = {"smimeStatus": value,
                                     "smimeStatusAtDelivery": value}
            got, run = desk.objects(bad)
            one = got[bad]
            tap.ok(one["server"]["countsAs"] == want and
                   one["smimeStatus"] == "signed/failed" and
                   b"\x1b" not in run.stdout and run.returncode == 1,
                   "%r counts as %s, and not against ours" % (
                       str(value)[:30], want), run)
        desk.server.says[good] = {
            "smimeStatus": "signed/failed", "smimeVerifiedAt": "yesterday",
            "smimeErrors": ["\x1b]0;x\x07", 5, {}, "a" * 5000] + ["b"] * 99}
        got, run = desk.objects(good)
        server = got[good]["server"]
        tap.ok(got[good]["smimeStatus"] == "signed/verified" and
               run.returncode == 0 and server["countsAs"] == "signed/failed"
               and server["smimeVerifiedAt"] is None and
               len(server["smimeErrors"]) <= 4 and
               b"\x1b" not in run.stdout + run.stderr,
               "a server that is wrong does not change our mind", run)


def test_without():
    """Plain JMAP is not asked, nor is an account without it."""
    with Place(config="") as place, Desk(place) as desk:
        desk.server.capabilities.pop(URI)
        ids = desk.fill()
        got, run = desk.objects()
        tap.ok(set(got) == set(ids) and not any(
            "server" in one for one in got.values()), "without it", run)
    with Jmap() as plain, Place(config="") as place:
        plain.deliver(b"From: a@b.example\n\nHi\n")
        got = place.run("-o", "mail_ca_file=" + plain.ca, "-o",
                        'password.alice@127.0.0.1=echo secret', "verify",
                        "jmap:https://alice@127.0.0.1:%d" % plain.port)
        tap.ok(got.returncode == 0 and got.stdout.count(b"\t") == 4,
               "another server", got)


run_tests(tests_of(globals()))
tap.done()

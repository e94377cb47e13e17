#!/usr/bin/python3
# Runs in: check check-ages
"""Rules of one CA's own: ca.NAME.dkim_headers, .authenticate, .auto_submitted.

The messages have the h= of real signers: two servers' and three signers' own
defaults.  Which CA's rules count is decided by our record of the order; a
forger can only choose which of the expected challenges he claims to be.
"""
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from dnsserver import Dns
from lib import PART1, Place, challenge, check_reply, run_tests, tap, tests_of
from signer import RSA_RECORD, sign

A, B = "acme@a.example", "acme@b.example"
ZONE = {"sel._domainkey.%s.example" % x: RSA_RECORD for x in "ab"}
CAS = """set resolver = %s
set ca.a.directory = https://a.example/directory
set ca.b.directory = https://b.example/directory
"""

# The lists that these signers write; the first two by their servers' options.
RAPIDMX = (b"from reply-to subject date message-id to mime-version content-type "
           b"content-transfer-encoding auto-submitted").split()
SECSY = (b"date from to subject message-id mime-version content-type "
         b"auto-submitted in-reply-to references").split()
DKIMPY = (b"from to reply-to subject message-id content-transfer-encoding date "
          b"mime-version content-type from").split()
NODEMAILER = (b"from reply-to subject date message-id to cc mime-version "
              b"content-type content-transfer-encoding content-id "
              b"content-description resent-date resent-from resent-sender "
              b"resent-to resent-cc resent-message-id in-reply-to references "
              b"list-id list-help").split()
OPENDKIM = b"date from to subject".split()
DEFAULTS = (("dkimpy", DKIMPY), ("nodemailer", NODEMAILER),
            ("opendkim", OPENDKIM))


def mail(sender, headers, **more):
    raw = challenge(sender=sender, **more).replace(b"\n", b"\r\n")
    return sign(raw, domain=sender.partition("@")[2].encode(),
                headers=headers)


class Town:
    def __init__(self, *settings):
        self.dns = Dns(ZONE)
        self.place = Place(config=CAS % self.dns.resolver + "".join(
            "set %s\n" % s for s in settings))

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.place.__exit__()

    def expect(self, sender, *more, **other):
        return self.place.expect("--expires", "24h", *more, ca=sender, **other)

    def handle(self, raw, *settings):
        out = self.place.path("out")
        if os.path.exists(out):
            os.unlink(out)
        got = self.place.run(*settings, "handle", "--json", "--auto-approve",
                             "--draft", "file:" + out, stdin=raw)
        result = json.loads(got.stdout)
        result["reply"] = open(out, "rb").read() if os.path.exists(out) else b""
        result["code"] = got.returncode
        return result

    def accept(self, name, raw, sender, *settings, order=None):
        result = self.handle(raw, *settings)
        msgid = result["message_id"] or ""
        tap.ok(result["verdict"] == "answered" and result["code"] == 0 and
               check_reply(result["reply"], to=sender, msgid=msgid) == [] and
               order in (None, result["order"]), name + ": answered", result)

    def refuse(self, name, refusal, raw, *settings, says="", code=65):
        before = self.place.orders_bytes()
        result = self.handle(raw, *settings)
        tap.ok(result["refusal"] == refusal and result["code"] == code and
               says in result["reason"], "%s: %s" % (name, refusal), result)
        tap.ok(result["reply"] == b"" and self.place.orders_bytes() == before,
               name + ": nothing is left")
        return result["reason"]


def test_default():
    for name, headers in (("rapidmx", RAPIDMX), ("secsy", SECSY)):
        with Town() as town:
            town.expect(A)
            town.accept(name + " by default", mail(A, headers), A)
        with Town() as town:
            town.expect(A, "--ca", "a")
            reason = town.refuse(
                name + " by the letter", "dkim-coverage", mail(A, headers),
                "-o", "ca.a.dkim_headers=rfc8823",
                says="to accept it: set ca.a.dkim_headers = relaxed")
            town.accept(name + ", as it says", mail(A, headers), A, "-o",
                        "ca.a.dkim_headers=rfc8823", "-o",
                        re.search(r"set (ca\.\S+ = \S+)$", reason)[1])


def test_minimal():
    """The refusal names the line that would accept it; that line does, for
    that CA and for no other."""
    for name, headers in DEFAULTS:
        with Town() as town:
            town.expect(A, "--ca", "a")
            town.expect(B, "--ca", "b")
            reason = town.refuse(
                name, "dkim-coverage", mail(A, headers),
                says="; to accept it: set ca.a.dkim_headers = minimal")
            line = re.search(r"set (ca\.\S+ = \S+)$", reason)[1]
            town.refuse(name + ", another CA", "dkim-coverage",
                        mail(B, headers), "-o", line,
                        says="set ca.b.dkim_headers = minimal")
            town.accept(name + ", as it says", mail(A, headers), A, "-o", line)
        with Town() as town:
            town.expect(A)
            reason = town.refuse(name + ", of no CA", "dkim-coverage",
                                 mail(A, headers),
                                 says="set dkim_headers = minimal, or expect "
                                 "it with --ca NAME and set ca.NAME."
                                 "dkim_headers = minimal")
            town.accept(name + ", of no CA, as it says", mail(A, headers), A,
                        "-o", "dkim_headers=minimal")
    minimal = b"from to subject date reply-to".split()
    with Town("ca.a.dkim_headers = minimal") as town:
        town.expect(A, "--ca", "a")
        for field in minimal[1:-1]:
            town.refuse("minimal without " + field.decode(), "dkim-coverage",
                        mail(A, [h for h in minimal if h != field]),
                        says="does not cover " + field.decode().title())
        added = b"Reply-To: eve@a.example\r\n"
        for name, raw in (("absent", mail(A, minimal[:-1])),
                          ("twice", mail(A, minimal))):
            town.refuse("minimal, Reply-To was added: " + name,
                        "dkim-fail" if name == "twice" else "dkim-coverage",
                        added + raw)
        for field in (b"Message-ID", b"Auto-Submitted"):
            town.refuse("minimal, a second " + field.decode(),
                        "ambiguous-header",
                        field + b": auto-generated\r\n" + mail(A, minimal))
        town.refuse("minimal, but l=", "dkim-coverage", mail(
            A, minimal).replace(b"; d=", b"; l=1; d="))
        town.accept("minimal, others may come and go",
                    b"Cc: x@y.example\r\nSender: x@y.example\r\n" +
                    mail(A, minimal), A)


def test_authenticate():
    plain = challenge(sender=A)
    with Town("ca.a.authenticate = none") as town:
        a = town.expect(A, "--ca", "a")
        town.expect(B, "--ca", "b")
        # Whoever forges, chooses the weakest; what he gets is that one.
        town.refuse("none for one CA, another's", "not-authenticated",
                    challenge(sender=B))
        town.accept("none for one CA", plain, A, order=a)
        tap.equal([town.place.order(o)["state"] for o in (a,)], ["drafted"],
                  "none for one CA: that one alone is answered")
    with Town("authenticate = none", "ca.b.authenticate = dkim") as town:
        town.expect(A, "--ca", "a")
        town.expect(B, "--ca", "b")
        town.refuse("none for all but one", "not-authenticated",
                    challenge(sender=B))
        town.accept("none for all but one, signed", mail(B, RAPIDMX), B)
        town.accept("none for all but one, the others", plain, A)
    # A hostile CA says that its challenge will come from the other's address.
    with Town("ca.a.authenticate = none") as town:
        town.expect(B, "--ca", "a", part2="AAAAAAAAAAAAAAAAAAAAAA")
        strict = town.expect(B, "--ca", "b")
        result = town.handle(challenge(sender=B))
        tap.ok(result["verdict"] == "refused" and
               town.place.order(strict)["state"] == "pending",
               "two CAs, one sender: the strict order stays", result)
        result = town.handle(mail(B, RAPIDMX))
        tap.equal((result["refusal"], result["warnings"]),
                  ("needs-a-person", ["two-orders"]),
                  "two CAs, one sender: a person is asked")
    with Town("ca.a.authenticate = results:mx.example.org") as town:
        town.expect(A, "--ca", "a")
        town.expect(B, "--ca", "b")
        said = b"Authentication-Results: mx.example.org; dkim=pass " \
               b"header.d=%s.example\r\n"
        broken = [mail(s, RAPIDMX) + b"a footer\r\n" for s in (A, B)]
        town.refuse("results for one CA, another's", "dkim-fail",
                    said % b"b" + broken[1])
        town.accept("results for one CA", said % b"a" + broken[0], A)


def test_auto_submitted():
    bare = dict(auto=None, msgid=None)
    with Town("authenticate = none", "ca.a.auto_submitted = relaxed") as town:
        town.expect(A, "--ca", "a")
        town.expect(B, "--ca", "b")
        town.refuse("bare, the other CA's", "not-auto-generated",
                    challenge(sender=B, **bare))
        town.refuse("bare, nobody's", "unexpected",
                    challenge(sender="x@c.example", **bare))
        for sender, want in ((A, True), (B, False)):
            shown = json.loads(town.place.run(
                "show", "--json", stdin=challenge(sender=sender, **bare))
                .stdout)
            tap.equal((shown["challenge"], shown["expected"]), (True, want),
                      "show: bare, of " + sender)
        got = town.place.run("is-challenge",
                             stdin=challenge(sender=A, **bare))
        tap.equal(got.returncode, 0, "is-challenge: bare may be one")
        raw = challenge(sender=A, **bare)
        undated = re.sub(rb"(?m)^Date: .*\n", b"", raw)
        town.refuse("bare, a Date that cannot be read", "needs-a-person",
                    re.sub(rb"(?m)^Date: .*$", b"Date: x", raw))
        town.refuse("no Date, the other CA's", "needs-a-person",
                    re.sub(rb"(?m)^Date: .*\n", b"", challenge(sender=B)),
                    says="does not say when it was written (no-date)")
        town.accept("bare, without a Date", undated, A)
    with Town("auto_submitted = relaxed", "authenticate = none",
              "ca.b.auto_submitted = rfc8823") as town:
        town.expect(A)
        town.expect(B, "--ca", "b")
        town.refuse("strict for one", "not-auto-generated",
                    challenge(sender=B, **bare))
        town.accept("relaxed for the others", challenge(sender=A, **bare), A)


def test_words():
    with Town() as town:
        for setting in ("ca.a.dkim_headers=most", "dkim_headers=most",
                        "ca.a.authenticate=dkim dkim",
                        "ca.a.authenticate=", "ca.a.auto_submitted=yes",
                        "results_received=17", "results_received=-1"):
            got = town.place.run("-o", setting, "status")
            tap.ok(got.returncode == 78 and
                   setting.partition("=")[0].encode() in got.stderr,
                   "not a value: " + setting, got)
        got = town.place.run("expect", "alice@example.org", "--from", A,
                             "--token-part2", "A" * 22, "--thumbprint",
                             "A" * 43, "--ca", "nobody")
        tap.ok(got.returncode == 64 and b"--ca nobody is not" in
               got.stderr,
               "expect --ca: it must be known", got)
    with Town("ca.a.token_join = octets") as town:
        town.expect(A, "--ca", "a")
        town.expect(B, "--ca", "a", "--token-join", "string")
        want = {A: "octets", B: "string"}
        for o in json.loads(town.place.run("status", "--json").stdout)[
                "expectations"]:
            with open(os.path.join(town.place.home, "expectations",
                                   o["id"] + ".json")) as f:
                tap.equal(json.load(f)["token_join"], want[o["from"]],
                          "expect --ca: how tokens are joined, " + o["from"])


run_tests(tests_of(globals()))
tap.done()

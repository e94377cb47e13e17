#!/usr/bin/python3
# Runs in: check check-ages
"""Who may sign: chains, revocation lists, anchors and names, in `verify` and
in `handle`.  Certificates are made as the test runs, so that nothing ages;
the openssl command judges the same messages where it can."""
import datetime
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import cms
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage
from cryptography.x509.oid import ObjectIdentifier
from lib import ADDRESS, CA, PART1, Place, tap

MAIL, ANY, TLS = (Usage.EMAIL_PROTECTION, Usage.ANY_EXTENDED_KEY_USAGE,
                  Usage.SERVER_AUTH)
CODE, CLIENT, TIME, OCSP = (Usage.CODE_SIGNING, Usage.CLIENT_AUTH,
                            Usage.TIME_STAMPING, Usage.OCSP_SIGNING)
UNKNOWN = ObjectIdentifier("1.3.6.1.4.1.55555.1")

FIELDS = ("From: %s\r\nTo: %s\r\nMessage-ID: <c1@ca.example>\r\n"
          "Auto-Submitted: auto-generated; type=acme\r\nSubject: ACME: %s\r\n")


def challenge(signer, certs=(), sender=CA, to=ADDRESS, outside=""):
    """A challenge with a protected header, signed by the openssl command."""
    head = (FIELDS % (sender, to, PART1)).encode()
    made = cms.openssl_sign(
        head + b'Content-Type: text/plain; hp="clear"\r\n\r\nHello\r\n',
        [signer], certs)
    return outside.encode() + (head + made).replace(b"\r\n", b"\n")


class Case:
    """One home with anchors and lists in it."""

    def __init__(self, anchors, lists=None, *settings):
        self.place = Place(config="set authenticate = smime\n")
        self.args = ["-o", "smime_anchors=" + self.place.write(
            "anchors.pem", anchors if isinstance(anchors, bytes)
            else cms.cert_pem(*anchors))]
        if lists is not None:
            self.args += ["-o", "smime_crls=" + lists(self.place)]
        for setting in settings:
            self.args += ["-o", setting]

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.place.__exit__()

    def verify(self, raw):
        got = self.place.run(*self.args, "verify", "--json", stdin=raw)
        return json.loads(got.stdout)

    def handle(self, raw, sender=CA):
        self.place.expect("--expires", "24h", ca=sender)
        before = self.place.orders_bytes()
        out = self.place.path("out")
        got = self.place.run(*self.args, "handle", "--json", "--auto-approve",
                             "--draft", "file:" + out, stdin=raw)
        result = json.loads(got.stdout)
        if result["verdict"] == "answered":
            assert os.path.exists(out), got
            return "answered", ""
        assert not os.path.exists(out), got
        assert self.place.orders_bytes() == before, got
        return result["refusal"], result.get("reason") or ""

    def both(self, name, raw, good, word="", refusal="smime-untrusted"):
        """verify and handle say the same; `word` is in what they say."""
        result = self.verify(raw)
        why = " ".join(result["smimeErrors"] or [])
        tap.ok((result["smimeStatus"] == "signed/verified") == good and
               word in why, name + ": verify", result)
        verdict, reason = self.handle(raw)
        tap.ok(verdict == ("answered" if good else refusal) and word in reason,
               name + ": handle", verdict, reason)


def openssl_accepts(case, raw, *more):
    with open(case.place.path("judged.eml"), "wb") as f:
        f.write(raw)
    return subprocess.run(
        ["openssl", "cms", "-verify", "-in", case.place.path("judged.eml"),
         "-CAfile", case.args[1].partition("=")[2], "-out", "/dev/null",
         "-purpose", "smimesign", *more], capture_output=True,
        env=dict(os.environ, OPENSSL_CONF="/dev/null")).returncode == 0


def test_usage_of_the_chain():
    """RFC 5280 section 4.2.1.12: what a CA in between is limited to."""
    root = cms.Authority("Usage Root")
    limits = (("none", None, True), ("mail", [MAIL], True),
              ("any", [ANY], True), ("mail and TLS", [TLS, MAIL], True),
              ("TLS and any", [TLS, ANY], True), ("TLS", [TLS], False),
              ("code", [CODE], False), ("client", [CLIENT], False),
              ("time stamps", [TIME], False), ("OCSP", [OCSP], False),
              ("unknown", [UNKNOWN], False), ("TLS, client", [TLS, CLIENT],
                                              False))
    for what, limit, good in limits:
        sub = cms.Authority("Sub", parent=root, limit=limit)
        deep = cms.Authority("Deep", parent=sub)
        for kind, extended in (("mail", (MAIL,)), ("any", (ANY,)),
                               ("no", None)):
            if kind == "no" and what not in ("none", "TLS"):
                continue
            raw = challenge(sub.issue(extended=extended), [sub.cert])
            with Case([root.cert]) as case:
                case.both("CA for %s, signer for %s" % (what, kind), raw, good,
                          "" if good else "not for mail")
                # The command does not know anyExtendedKeyUsage.
                if ANY not in (limit or []) and kind != "any":
                    tap.equal(openssl_accepts(case, raw), good,
                              "CA for %s, signer for %s: openssl" % (
                                  what, kind))
        raw = challenge(deep.issue(), [deep.cert, sub.cert])
        with Case([root.cert]) as case:
            case.both("CA for %s, one below it" % what, raw, good,
                      "" if good else "not for mail")
    # An anchor is a name and a key (RFC 5280 section 6.1.1): no usage counts.
    sub = cms.Authority("Sub", parent=root, limit=[TLS])
    raw = challenge(sub.issue(), [sub.cert])
    with Case([sub.cert]) as case:
        case.both("a CA for TLS as the anchor", raw, True)
    # Two certificates of one CA: the one for mail makes the chain.
    both = cms.Authority("Sub", parent=root, key=sub.key)
    for order in ([sub.cert, both.cert], [both.cert, sub.cert]):
        with Case([root.cert]) as case:
            case.both("the same CA for TLS and for mail",
                      challenge(sub.issue(), order), True)
    # The usage of the signer itself.
    for extended, good in (((TLS,), False), ((CODE, CLIENT), False),
                           ((UNKNOWN,), False), ((TLS, MAIL), True)):
        with Case([root.cert]) as case:
            case.both("signer for %s" % [x._name for x in extended],
                      challenge(root.issue(extended=extended)), good,
                      "" if good else "not for mail")


test_usage_of_the_chain()
tap.done()

#!/usr/bin/python3
# Runs in: check check-ages
"""DKIM keys and SMIMEA records under DNSSEC: zones signed by ldns, served by a
real unbound on loopback, validated by us.  No root rights, no network."""
import base64
import email.utils
import hashlib
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import cms
import dkim
from cryptography.hazmat.primitives import serialization
from dnsserver import SERVFAIL, SILENT, Dns
from lib import (QUESTION, Place, Terminal, challenge, check_reply, tap)
from unboundzone import Unbound, txt

CA = "acme-challenge+1@ca.%s"
KEY, RECORD = cms.new_key(2048), ""
THIRTEEN = [b"from", b"sender", b"reply-to", b"to", b"cc", b"subject",
            b"date", b"in-reply-to", b"references", b"message-id",
            b"auto-submitted", b"content-type", b"content-transfer-encoding"]


def public(key):
    return base64.b64encode(key.public_key().public_bytes(
        serialization.Encoding.DER,
        serialization.PublicFormat.SubjectPublicKeyInfo)).decode()


RECORD = "v=DKIM1; k=rsa; p=" + public(KEY)


def signed(zone, selector="sel"):
    raw = challenge(sender=CA % zone).replace(b"\n", b"\r\n")
    return dkim.sign(raw, selector.encode(), b"ca." + zone.encode(),
                     cms.pem(KEY), include_headers=THIRTEEN,
                     canonicalize=(b"relaxed", b"relaxed")) + raw


def label(local):
    return hashlib.sha256(local.encode()).hexdigest()[:56]


def smimea(usage, selector, matching, cert):
    """RFC 8162 section 2, in its presentation form."""
    from cryptography.hazmat.primitives import serialization as s
    data = cms.cert_der(cert) if selector == 0 else \
        cert.public_key().public_bytes(s.Encoding.DER,
                                       s.PublicFormat.SubjectPublicKeyInfo)
    if matching:
        data = hashlib.new("sha256" if matching == 1 else "sha512",
                           data).digest()
    return "SMIMEA %d %d %d %s" % (usage, selector, matching, data.hex())


class Undated:
    """A certificate whose notAfter is no time."""

    def __init__(self, cert):
        self.der = cms.cert_der(cert).replace(b"21200101000000Z",
                                              b"2120010100\xc0000Z")
        assert self.der != cms.cert_der(cert)

    def public_bytes(self, encoding):
        if encoding == serialization.Encoding.DER:
            return self.der
        return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(
            self.der) + b"-----END CERTIFICATE-----\n"


def smime_message(sender, key, cert, certs=()):
    """RFC 9788, signed by the openssl command."""
    some = [("From", sender), ("To", "alice@example.org"),
            ("Message-ID", "<c1@ca.example>"),
            ("Date", email.utils.formatdate()),
            ("Auto-Submitted", "auto-generated; type=acme"),
            ("Subject", "ACME: LgYemJLy3F1LDkiJrdIGbEzyFJyOyf6vBdyZ1TG3sME=")]
    head = "".join("%s: %s\r\n" % f for f in some).encode()
    made = cms.openssl_sign(head + b'Content-Type: text/plain; hp="clear"\r\n'
                            b"\r\nHello\r\n", [(key, cert)], certs)
    return (head + made).replace(b"\r\n", b"\n")


class Run:
    """handle --auto-approve in a place of its own, perhaps several times."""

    def __init__(self, resolver, anchor, sender, *settings):
        self.place = Place(config="set resolver = %s\nset dnssec_anchor = %s\n"
                           % (resolver, anchor))
        self.sender, self.settings = sender, settings
        self.order = self.place.expect("--expires", "24h", ca=sender)
        self.serial = 0

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.place.__exit__()

    def handle(self, raw):
        self.serial += 1
        out = self.place.path("out%d" % self.serial)
        args = [x for s in self.settings for x in ("-o", s)]
        got = self.place.run(*args, "handle", "--json", "--auto-approve",
                             "--draft", "file:" + out, stdin=raw)
        result = json.loads(got.stdout)
        reply = open(out, "rb").read() if os.path.exists(out) else b""
        return got, result, reply, self.place.order(self.order)["state"]


def accept(name, resolver, anchor, sender, raw, dnssec, *settings):
    with Run(resolver, anchor, sender, *settings) as run:
        got, result, reply, _ = run.handle(raw)
        tap.ok(got.returncode == 0 and result["verdict"] == "answered" and
               check_reply(reply, to=sender) == [], name + ": answered", got)
        tap.equal(result["authentication"]["dnssec"], dnssec,
                  name + ": DNSSEC")


def refuse(name, refusal, resolver, anchor, sender, raw, *settings,
           says=""):
    code = 75 if refusal == "dns-trouble" else 65
    with Run(resolver, anchor, sender, *settings) as run:
        got, result, reply, state = run.handle(raw)
        tap.ok(got.returncode == code and result["refusal"] == refusal and
               reply == b"" and state == "pending" and
               says in result["reason"], "%s: %s" % (name, refusal), got)


def test_dkim(u):
    for zone, dnssec in (("example", "secure"), ("insecure", "unvalidated")):
        accept("dkim " + zone, u.resolver, u.anchor, CA % zone, signed(zone),
               dnssec)
    refuse("dkim bogus", "dns-trouble", u.resolver, u.anchor, CA % "bogus",
           signed("bogus"), says="bogus")
    refuse("dkim revoked", "dkim-key", u.resolver, u.anchor, CA % "example",
           signed("example", "revoked"))
    refuse("dkim missing", "dkim-key", u.resolver, u.anchor, CA % "example",
           signed("example", "nowhere"))
    # A resolver that has nothing signed, under the anchor of the real root.
    dns = Dns({"sel._domainkey.ca.example": RECORD,
               "fail._domainkey.ca.example": SERVFAIL,
               "late._domainkey.ca.example": SILENT})
    accept("dkim, a resolver that strips DNSSEC", dns.resolver,
           "/usr/share/dns/root.key", CA % "example", signed("example"),
           "unvalidated")
    accept("dkim, no anchor", dns.resolver, "/nowhere", CA % "example",
           signed("example"), "unvalidated")
    for selector in ("fail", "late"):
        refuse("dkim " + selector, "dns-trouble", dns.resolver, "/nowhere",
               CA % "example", signed("example", selector))


def test_again():
    """Trouble passes; then the same challenge is answered.  A second look
    asks nobody: the answer is in the home."""
    dns = Dns({"sel._domainkey.ca.example": SERVFAIL})
    sender, raw = CA % "example", signed("example")
    with Run(dns.resolver, "/nowhere", sender) as run:
        got, result, _, state = run.handle(raw)
        tap.ok(got.returncode == 75 and state == "pending",
               "again: trouble keeps the order", got)
        dns.records["sel._domainkey.ca.example"] = RECORD
        before = len(dns.asked)
        run.place.run("expect", "alice@example.org", "--from", sender,
                      "--token-part2", "x6I65YvEk6xC4KV0QMvdJw",
                      "--thumbprint", "A" * 43)
        # Two orders fit: it is looked up, and then needs a person.
        got, result, _, _ = run.handle(raw)
        tap.equal(result["refusal"], "needs-a-person", "again: looked up")
        tap.ok(len(dns.asked) > before, "again: the DNS was asked")
        before = len(dns.asked)
        got, result, _, _ = run.handle(raw)
        tap.equal((result["refusal"], len(dns.asked)),
                  ("needs-a-person", before), "again: and not once more")
        kept = run.place.path("data", "dns")
        names = os.listdir(kept)
        tap.equal(names, ["txt.sel._domainkey.ca.example"], "again: one file")
        # Another resolver's answer is none; a broken file is none.
        other = Dns({"sel._domainkey.ca.example": "v=DKIM1; p="})
        run.settings = ("resolver=" + other.resolver,)
        got, result, _, _ = run.handle(raw)
        tap.equal(result["refusal"], "dkim-key", "again: of this resolver only")
        run.settings = ()
        with open(os.path.join(kept, names[0]), "w") as f:
            f.write("until 99999\nx")
        got, result, _, _ = run.handle(raw)
        tap.equal(result["refusal"], "needs-a-person", "again: a broken file "
                  "is no answer")
        tap.ok(len(dns.asked) > before, "again: but a question")


def test_smimea(u, root, ca_cert, key, cert, local):
    anchors = u.write("root.pem", cms.cert_pem(root.cert).decode())
    ask, both = "smime_anchors=smimea", "smime_anchors=smimea " + anchors
    only = "authenticate=smime"

    def message(name, zone="example", certs=()):
        sender = "%s@%s" % (name, "ca." + zone)
        k, c = key[sender], cert[sender]
        return sender, smime_message(sender, k, c, certs)

    for name in local:
        sender, raw = message(name, certs=[root.cert]
                              if name.startswith("ta") else ())
        setting = both if name.startswith(("pkix", "also")) else ask
        accept("smimea " + name, u.resolver, u.anchor, sender, raw, "secure",
               only, setting)
    sender, raw = message("pkix-ee-1")
    refuse("smimea usage 1 without files", "smime-untrusted", u.resolver,
           u.anchor, sender, raw, only, ask)
    sender, raw = message("wrong")
    refuse("smimea names another", "smime-untrusted", u.resolver, u.anchor,
           sender, raw, only, both, says="SMIMEA")
    sender, raw = message("odd")
    accept("smimea that nobody understands counts as none", u.resolver,
           u.anchor, sender, raw, "n/a", only, both)
    sender, raw = message("none")
    refuse("no smimea", "smime-untrusted", u.resolver, u.anchor, sender, raw,
           only, ask)
    accept("no smimea, but an anchor", u.resolver, u.anchor, sender, raw,
           "n/a", only, both)
    sender, raw = message("ee", "insecure")
    refuse("smimea that is not secure", "smime-untrusted", u.resolver,
           u.anchor, sender, raw, only, ask)
    sender, raw = message("ee", "bogus")
    refuse("smimea that is bogus", "dns-trouble", u.resolver, u.anchor, sender,
           raw, only, both, says="bogus")
    sender, raw = message("expired")
    refuse("smimea names what has expired", "smime-untrusted", u.resolver,
           u.anchor, sender, raw, only, ask, says="expired")
    sender, raw = message("undated")
    refuse("smimea names what has no dates", "smime-untrusted", u.resolver,
           u.anchor, sender, raw, only, ask, says="no readable dates")
    # The same for any mail: verify.
    with Place(config="set resolver = %s\nset dnssec_anchor = %s\nset %s\n" % (
            u.resolver, u.anchor, ask.replace("=", " = "))) as place:
        sender, raw = message("ee-full")
        got = place.run("verify", "--json", stdin=raw)
        tap.ok(got.returncode == 0 and json.loads(got.stdout)["smimeStatus"] ==
               "signed/verified", "smimea: verify", got)
        sender, raw = message("none")
        got = place.run("verify", "--json", stdin=raw)
        tap.ok(got.returncode == 1 and json.loads(got.stdout)["smimeStatus"] ==
               "signed/failed", "no smimea: verify", got)


def test_names(u):
    """RFC 8162 section 3, and further names computed with Python."""
    vectors = {
        "hugh@example.com": "c93f1e400f26708f98cb19d936620da35eec8f72e57f9eec"
                            "01c1afd6",
        "chris@example.com": "5d7f15f2fce8ddb2dbef5c38be896c238ba7e0a432e39675"
                             "9030a853",
        '"hugh"@example.com': "c93f1e400f26708f98cb19d936620da35eec8f72e57f9ee"
                              "c01c1afd6",
        '"hu\\gh"@example.com': "c93f1e400f26708f98cb19d936620da35eec8f72e57f9"
                                "eec01c1afd6",
        "Hugh@example.com": label("Hugh"),
        "\u7528\u6237@example.com": "0d0e1a86b3aa787709b00329fcd32b5baf036c870"
                                    "67c8d6c27a46667",
        # Not in normalization form C: e and a combining acute.
        "re\u0301mi@example.com": label("r\u00e9mi"),
    }
    with Place() as place:
        for address, want in vectors.items():
            got = place.run("smimea", u.resolver, u.anchor, address,
                            program=os.path.join(
                                os.path.dirname(place.env["PATH"].split(":")[0]
                                                + "/"), "mailcert-net"))
            tap.equal(got.stdout.decode().split(" ")[0],
                      want + "._smimecert.example.com", "name of " + address)


def test_doctor(u):
    with Place() as place:
        for anchor, text in ((u.anchor, "DNSSEC is validated"),
                             ("/nowhere", "there is no /nowhere")):
            got = place.run("-o", "resolver=" + u.resolver, "-o",
                            "dnssec_anchor=" + anchor, "doctor")
            tap.ok(text in got.stdout.decode(), "doctor: " + text, got)
        got = place.run("-o", "resolver=127.0.0.1@1", "doctor")
        tap.ok("does not answer" in got.stdout.decode(), "doctor: no answer",
               got)


def main():
    root = cms.Authority()
    kinds = {}
    names, key, cert = {}, {}, {}
    for usage, kind in ((3, "ee"), (2, "ta"), (1, "pkix-ee"), (0, "pkix-ta")):
        for selector in (0, 1):
            for matching in (0, 1, 2):
                kinds["%s-%d%d" % (kind, selector, matching)] = (
                    usage, selector, matching)
    kinds["ee-full"], kinds["pkix-ee-1"] = (3, 0, 0), (1, 0, 1)

    def make(name, zone="example", **how):
        sender = "%s@ca.%s" % (name, zone)
        issuer = cms.Authority("Own %s" % name) if name.startswith(
            "ee") else root
        key[sender], cert[sender] = issuer.issue(sender, **how)
        return sender

    import datetime
    for name, (usage, selector, matching) in kinds.items():
        sender = make(name)
        about = root.cert if usage in (0, 2) else cert[sender]
        names[label(name) + "._smimecert.ca"] = smimea(
            usage, selector, matching, about)
    make("also")
    names[label("also") + "._smimecert.ca"] = [
        smimea(3, 0, 1, root.cert), smimea(1, 0, 1, cert["also@ca.example"])]
    make("wrong")
    names[label("wrong") + "._smimecert.ca"] = smimea(3, 0, 1, root.cert)
    make("odd")
    names[label("odd") + "._smimecert.ca"] = [
        "SMIMEA 255 0 1 00aa", "SMIMEA 3 0 1 00aa", "SMIMEA 3 9 0 00aa"]
    make("none")
    make("expired", end=datetime.datetime(2021, 1, 1))
    names[label("expired") + "._smimecert.ca"] = smimea(
        3, 0, 1, cert["expired@ca.example"])
    sender = make("undated")
    cert[sender] = Undated(cert[sender])
    names[label("undated") + "._smimecert.ca"] = smimea(3, 0, 1, cert[sender])
    other = {}
    for zone in ("insecure", "bogus"):
        make("ee", zone)
        other[zone] = {
            "sel._domainkey.ca": txt(RECORD),
            label("ee") + "._smimecert.ca": smimea(
                3, 0, 0, cert["ee@ca." + zone])}
    names["sel._domainkey.ca"] = txt(RECORD)
    names["revoked._domainkey.ca"] = txt("v=DKIM1; p=")
    with Unbound({"example": names, **other}) as u:
        test_dkim(u)
        test_smimea(u, root, None, key, cert,
                    [k for k in kinds if k != "pkix-ee-1"] + ["also"])
        test_names(u)
        test_doctor(u)
        sender, raw = "ee-full@ca.example", smime_message(
            "ee-full@ca.example", key["ee-full@ca.example"],
            cert["ee-full@ca.example"])
        with Place(config="set resolver = %s\nset dnssec_anchor = %s\nset "
                   "smime_anchors = smimea\n" % (u.resolver, u.anchor)) \
                as place:
            place.expect("--expires", "24h", ca=sender)
            path = place.write("c.eml", raw)
            with Terminal(place, "mailcert handle --draft stdout " + path) \
                    as terminal:
                tap.ok(terminal.wait(QUESTION) and "signed by the sender "
                       "(S/MIME)" in terminal.screen() and
                       "secured by DNSSEC" in terminal.screen().replace(
                           "\n           ", " "), "the screen says how",
                       terminal.screen())
                terminal.keys("d")
                tap.ok(terminal.wait("RFC 9788") and "CN=Own ee-full" in
                       terminal.screen(), "the details say it exactly",
                       terminal.screen())
                terminal.keys("q", "n")
    test_again()
    tap.done()


main()

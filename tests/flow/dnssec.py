#!/usr/bin/python3
# Runs in: check check-ages
"""DKIM keys and SMIMEA records under DNSSEC: zones signed by ldns, served by a
real unbound on loopback, validated by us.  No root rights, no network."""
import base64
import email.utils
import functools
import hashlib
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import cms
import dkim
from cryptography.hazmat.primitives import serialization
from dnsserver import SERVFAIL, SILENT, Between, Dns
from lib import (QUESTION, Place, Terminal, ask, challenge, check_reply,
                 run_tests, tap, told)
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
    refuse("dkim dated", "dns-trouble", u.resolver, u.anchor, CA % "dated",
           signed("dated"), says="signature expired")
    refuse("dkim dated, the clock", "dns-trouble", u.resolver, u.anchor,
           CA % "dated", signed("dated"), says="clock")
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


NS, DNSKEY = 2, 48


def test_routers(u):
    """Resolvers that take their time, or drop what they do not know."""
    sender, raw = CA % "example", signed("example")

    def passes(name, takes, dnssec, quickly=True):
        between = Between(u.port, takes)
        with Run(between.resolver, u.anchor, sender) as run:
            got, result, reply, _ = run.handle(raw)
            tap.ok(result["verdict"] == "answered" and
                   check_reply(reply, to=sender) == [], name + ": answered",
                   got)
            tap.equal(result["authentication"]["dnssec"], dnssec,
                      name + ": DNSSEC")
            if dnssec == "secure":
                return
            # What was learnt is kept: another name is asked for plainly, and
            # at once.
            run.place.expect("--expires", "24h", ca=sender,
                             part2="x6I65YvEk6xC4KV0QMvdJw")
            del between.asked[:]
            began = time.monotonic()
            got, result, _, _ = run.handle(signed("example", "revoked"))
            tap.ok(result["refusal"] == "dkim-key" and [
                extended for _, _, extended in between.asked] == [False] and
                time.monotonic() - began < 5,
                name + ": and is remembered", got, between.asked)

    passes("a slow resolver", lambda name, kind, extended: 0.8, "secure")
    passes("the root's DNSKEY is dropped", lambda name, kind, extended:
           None if (name, kind) == ("", DNSKEY) else 0, "unvalidated")
    passes("EDNS is dropped", lambda name, kind, extended:
           None if extended else 0, "unvalidated")
    between = Between(u.port, lambda name, kind, extended: None)
    refuse("a resolver that says nothing", "dns-trouble", between.resolver,
           u.anchor, sender, raw, says="no answer from " + between.resolver)
    # Nothing plain where the answers are there, but wrong.
    between = Between(u.port, lambda name, kind, extended: 0)
    refuse("bogus is no reason to ask plainly", "dns-trouble",
           between.resolver, u.anchor, CA % "bogus", signed("bogus"),
           says="bogus")
    tap.ok(all(extended for _, _, extended in between.asked),
           "bogus: nobody is asked plainly", between.asked)


def test_plain(u):
    """Plain answers: over an alias, over TCP, and ones that are none."""
    long = "v=DKIM1; n=%s; k=rsa; p=%s" % ("x" * 700, public(KEY))
    dns = Dns({"sel._domainkey.ca.example": long})
    place = Place()
    net = os.path.join(place.env["PATH"].split(":")[0], "mailcert-net")

    def look_up(resolver, name):
        got = place.run("txt", program=net, stdin=ask(("name", name), opens=[
            ("resolver", resolver), ("anchor", "none"), ("plain", "")]))
        return dict(told(got.stdout))["dns"].decode().split(" ")

    got = look_up(dns.resolver, "sel._domainkey.ca.example")
    tap.ok(got[1] == "unvalidated" and len(got) == 5 and base64.
           urlsafe_b64decode(got[4] + "==").replace(b"\xff", b"").count(
               b"x") >= 700, "plain: a long record comes over TCP", got)
    got = look_up(dns.resolver, "nowhere.ca.example")
    tap.ok(got[1] == "unvalidated" and len(got) == 4, "plain: no such name",
           got)
    got = look_up(u.resolver, "alias.example")
    tap.ok(got[1] == "unvalidated" and len(got) == 5, "plain: an alias", got)
    got = look_up("127.0.0.1@1 " + u.resolver, "alias.example")
    tap.ok(got[1] == "unvalidated" and len(got) == 5,
           "plain: the second resolver answers", got)
    for name, spoil in (
            ("another id", lambda q, r: bytes([r[0] ^ 1]) + r[1:]),
            ("another question", lambda q, r: r.replace(b"\x03sel", b"\x03SEL",
                                                        1)),
            ("a question, no answer", lambda q, r: r[:2] + b"\x01" + r[3:]),
            ("cut short", lambda q, r: r[:-9]),
            ("an alias of itself", lambda q, r: q[:2] + b"\x81\x80\0\1\0\1\0"
             b"\0\0\0" + q[12:] + b"\xc0\x0c\0\5\0\1\0\0\0\x3c\0\2\xc0"
             b"\x0c"),
            ("nothing but a header", lambda q, r: r[:12]),
            ("an octet", lambda q, r: b"x")):
        bad = Dns({"sel._domainkey.ca.example": RECORD})
        answer = bad.answer
        bad.answer = lambda query, limit, spoil=spoil, answer=answer: spoil(
            query, answer(query, 65535))
        got = look_up(bad.resolver + " " + dns.resolver,
                  "sel._domainkey.ca.example")
        tap.ok(got[1] == "unvalidated" and len(got) == 5,
               "plain: %s is none, another resolver's counts" % name, got)
    place.__exit__()


def test_reserved():
    """RFC 6761: what .test means, the configured resolver knows."""
    for zone in ("test", "home.arpa", "invalid"):
        dns = Dns({"sel._domainkey.ca." + zone: RECORD})
        accept("dkim below ." + zone, dns.resolver, "/nowhere", CA % zone,
               signed(zone), "unvalidated")


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
           u.anchor, sender, raw, only, ask, says="malformed dates")
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
            got = place.run("smimea", stdin=ask(("address", address), opens=[
                ("resolver", u.resolver), ("anchor", u.anchor)]),
                            program=os.path.join(
                                os.path.dirname(place.env["PATH"].split(":")[0]
                                                + "/"), "mailcert-net"))
            tap.equal(dict(told(got.stdout))["dns"].decode().split(" ")[0],
                      want + "._smimecert.example.com", "name of " + address)


def test_doctor(u):
    with Place() as place:
        for anchor, text in ((u.anchor, "DNSSEC is validated"),
                             ("/nowhere", "/nowhere is missing")):
            got = place.run("-o", "resolver=" + u.resolver, "-o",
                            "dnssec_anchor=" + anchor, "doctor")
            tap.ok(text in got.stdout.decode(), "doctor: " + text, got)
        got = place.run("-o", "resolver=127.0.0.1@1", "doctor")
        tap.ok("does not answer" in got.stdout.decode(), "doctor: no answer",
               got)
        got = place.run("-o", "resolver=" + u.resolver, "-o",
                        "dnssec_anchor=none", "doctor")
        tap.ok("dnssec_anchor = none" in got.stdout.decode(),
               "doctor: switched off", got)
        between = Between(u.port, lambda name, kind, extended:
                          None if extended else 0)
        got = place.run("-o", "resolver=" + between.resolver, "-o",
                        "dnssec_anchor=" + u.anchor, "doctor")
        tap.ok("does not pass on DNSSEC" in got.stdout.decode() and
               "not to queries for DNSSEC" in got.stdout.decode() and
               "dnssec_anchor = none" in got.stdout.decode(),
               "doctor: EDNS is dropped", got)
        # Signed for another time than our clock says.
        with Unbound({"example": {"x": txt("x")}}, dated=(".",)) as old:
            got = place.run("-o", "resolver=" + old.resolver, "-o",
                            "dnssec_anchor=" + old.anchor, "doctor")
            line = [x for x in got.stdout.decode().splitlines() if
                    " dns " in x]
            tap.ok(got.returncode == 1 and "expired" in line[0] and "clock" in
                   line[0] and "does not pass on DNSSEC" not in line[0],
                   "doctor: the clock, or the dates", got)


def test_screen(u, key, cert):
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
    make("many")
    names[label("many") + "._smimecert.ca"] = [smimea(
        3, 0, 1, cms.Authority("Other %d" % i).cert) for i in range(12)] + [
            smimea(3, 0, 1, cert["many@ca.example"])]
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
    for zone in ("insecure", "bogus", "dated"):
        make("ee", zone)
        other[zone] = {
            "sel._domainkey.ca": txt(RECORD),
            label("ee") + "._smimecert.ca": smimea(
                3, 0, 0, cert["ee@ca." + zone])}
    names["sel._domainkey.ca"] = txt(RECORD)
    names["alias"] = "CNAME sel._domainkey.ca.example."
    names["revoked._domainkey.ca"] = txt("v=DKIM1; p=")
    with Unbound({"example": names, **other}) as u:
        run_tests({
            **{test.__name__: functools.partial(test, u) for test in (
                test_dkim, test_names, test_routers, test_plain,
                test_doctor)},
            "test_smimea": functools.partial(
                test_smimea, u, root, None, key, cert,
                [k for k in kinds if k != "pkix-ee-1"] + ["also", "many"]),
            "test_screen": functools.partial(test_screen, u, key, cert),
            "test_reserved": test_reserved, "test_again": test_again})
    tap.done()


main()

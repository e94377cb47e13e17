#!/usr/bin/python3
# Runs in: check check-slow
"""Beside `openssl cms -verify`: some two hundred messages that the openssl
command signed, with good and bad certificates, and changed on their way.  Where
the two differ, the reason must be in the table below."""
import collections
import datetime
import itertools
import json
import os
import re
import subprocess
import sys
import warnings

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import cms
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID
from lib import SLOW, Place, make_maildir, run_tests, sample, tap, tests_of

CA = "ca@ca.example"
DAY = datetime.timedelta(days=1)
warnings.simplefilter("ignore")  # SHA-1 is what this is about
NOW = datetime.datetime.utcnow()
# Where openssl is content and we are not: the expected difference for each
# certificate or change, and our reason.
STRICTER = {
    "for another address": "not for the sender",
    "for nobody": "does not name a mail address",
    "From changed": "not for the sender",
    "two From fields": "From field is not a single address",
    "SHA-1": "weaker than SHA-256",
    "RSA 1024": "too weak",
    "signed by SHA-1": "too weak",
    "no EKU but for servers": "not for mail",
    "key for encrypting": "does not allow signatures",
    "text after it": "",
    "a third part": "parts instead of two",
    "no end": "ambiguous|parts instead",
}
# Where openssl's purpose refuses and we follow RFC 8550 section 4.4.4.
MORE = {"any EKU": "anyExtendedKeyUsage"}


def certificates():
    """Name: root to trust, signer, further certificates."""
    root, other = cms.Authority("Agree"), cms.Authority("Unknown")
    middle = cms.Authority("Between", parent=root)
    third = cms.Authority("Third", parent=middle)
    late = cms.Authority("Late", parent=root)
    late.cert = cms.make(late.key, root, "Late", ca=True, extension=None,
                         usage=None, end=NOW - DAY)
    out = {"good": (root.issue(CA), []),
           "RSA 2048": (root.issue(CA, key=cms.new_key(2048)), []),
           "RSA 1024": (root.issue(CA, key=cms.new_key(1024)), []),
           "P-384": (root.issue(CA, key=cms.ec.generate_private_key(
               cms.ec.SECP384R1())), []),
           "expired": (root.issue(CA, end=NOW - DAY), []),
           "not yet": (root.issue(CA, start=NOW + DAY), []),
           "for another address": (root.issue("eve@ca.example"), []),
           "for nobody": (root.issue(None), []),
           "unknown root": (other.issue(CA), []),
           "unknown root, sent along": (other.issue(CA), [other.cert]),
           "a CA between": (middle.issue(CA), [middle.cert]),
           "two between": (third.issue(CA), [third.cert, middle.cert]),
           "a CA missing": (middle.issue(CA), []),
           "one of two missing": (third.issue(CA), [third.cert]),
           "an expired CA": (late.issue(CA), [late.cert]),
           "no EKU": (root.issue(CA, extended=()), []),
           "no EKU but for servers": (root.issue(CA, extended=(
               ExtendedKeyUsageOID.SERVER_AUTH,)), []),
           "any EKU": (root.issue(CA, extended=(
               ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)), []),
           "key for encrypting": (root.issue(CA, usage=(
               "key_encipherment",)), []),
           "non-repudiation": (root.issue(CA, usage=(
               "content_commitment",)), []),
           "signed by SHA-1": (root.issue(CA, digest=hashes.SHA1()), [])}
    leaf = root.issue(CA)
    fake = cms.Authority("Signer")
    fake.key = leaf[0]
    out["a leaf as a CA"] = (fake.issue(CA), [leaf[1]])
    return root, out


FORMS = {"SHA-256": ["-md", "sha256"], "SHA-512": ["-md", "sha512"],
         "SHA-1": ["-md", "sha1"], "no attributes": ["-noattr"],
         "no certificates": ["-nocerts"]}


def changed(raw):
    """Name: the message after something happened to it."""
    head, blank, body = raw.partition(b"\n\n")
    yield "untouched", raw
    yield "CRLF", raw.replace(b"\n", b"\r\n")
    yield "Received added", b"Received: from x by y\n" + raw
    yield "From changed", raw.replace(b"From: ca@", b"From: eve@")
    yield "two From fields", b"From: eve@ca.example\n" + raw
    yield "Subject changed", raw.replace(b"Subject: Hi", b"Subject: Ho")
    yield "text before it", head + blank + b"preamble\n" + body
    yield "text after it", raw + b"epilogue\n"
    if b"multipart/signed" in head:
        yield "content changed", raw.replace(b"Hello", b"Hallo")
        yield "blank added", raw.replace(b"Hello", b"Hello ")
        yield "a field of the part added", raw.replace(
            b"Content-Type: text/plain\n", b"Content-Type: text/plain\nX: y\n",
            1)
        bound = re.search(rb'boundary="([^"]+)"', head)[1]
        yield "a third part", raw.replace(
            b"--%s--" % bound, b"--%s\n\nx\n--%s--" % (bound, bound))
        yield "no end", raw.replace(b"--%s--" % bound, b"")
    lines = raw.split(b"\n")
    at = max(i for i, line in enumerate(lines) if len(line) > 60 and
             re.fullmatch(rb"[A-Za-z0-9+/]+", line))
    for place, name in ((at, "signature damaged"), (at - 3, "certificate or "
                                                    "signature damaged")):
        line = lines[place]
        swap = b"A" if line[10:11] != b"A" else b"B"
        yield name, b"\n".join(lines[:place] + [
            line[:10] + swap + line[11:]] + lines[place + 1:])
    yield "cut", raw[:len(raw) * 2 // 3]


def message(signer, certs, form, opaque, sender=CA):
    made = cms.openssl_sign(b"Content-Type: text/plain\n\nHello\n", [signer],
                            certs, opaque, FORMS[form])
    return b"From: %s\nTo: alice@example.org\nSubject: Hi\n" % (
        sender.encode()) + made.replace(b"\r\n", b"\n")


def messages(made):
    """(what is odd about it, message), made when it is wanted."""
    for name, (opaque, form) in itertools.product(
            made, ((False, "SHA-256"), (True, "SHA-256"), (False, "SHA-512"),
                   (False, "no attributes"))):
        yield [name, form, "opaque" if opaque else "detached"], \
            lambda n=name, o=opaque, f=form: message(*made[n], f, o)
    for form, opaque in itertools.product(FORMS, (False, True)):
        yield [form, "opaque" if opaque else "detached"], \
            lambda f=form, o=opaque: message(*made["good"], f, o)
    for name in ("good", "RSA 2048", "a CA between", "two between"):
        for opaque in (False, True):
            whole = message(*made[name], "SHA-256", opaque)
            for what, raw in changed(whole):
                yield [what, name, "opaque" if opaque else "detached"], \
                    lambda raw=raw: raw


def openssl(path, anchors):
    return subprocess.run(
        ["openssl", "cms", "-verify", "-in", path, "-CAfile", anchors,
         "-purpose", "smimesign", "-out", "/dev/null"], capture_output=True,
        env=dict(os.environ, OPENSSL_CONF="/dev/null")).returncode == 0


def test_agreement():
    count = collections.Counter()
    root, made = certificates()
    with Place(config="") as place:
        anchors = place.write("root.pem", cms.cert_pem(root.cert))
        chosen = [(odd, make()) for odd, make in sample(
            list(messages(made)), 24)]
        box = make_maildir(place.path("m"), *[raw for _, raw in chosen])
        got = place.run("-o", "smime_anchors=" + anchors, "verify", "--json",
                        box)
        ours = {o["where"]: o for o in map(
            json.loads, got.stdout.decode().splitlines())}
        for i, (odd, _) in enumerate(chosen):
            path = "%s/cur/%d.M%d.host:2,S" % (box, i + 1, i)
            one, theirs = ours[path], openssl(path, anchors)
            good = one["smimeStatus"] == "signed/verified"
            why = "; ".join(one["smimeErrors"] or [one["why"] or ""])
            reasons = [STRICTER[name] for name in odd if name in STRICTER]
            if good == theirs:
                agreed = True
            elif good:
                agreed = any(name in MORE for name in odd)
            else:
                agreed = any(re.search(reason, why) for reason in reasons)
            count["same" if good == theirs else "explained"] += 1
            tap.ok(agreed, "%s: %s, openssl says %s" % (
                ", ".join(odd), one["smimeStatus"],
                "good" if theirs else "bad"), one)
        if SLOW:
            tap.ok(len(chosen) >= 200, "two hundred messages", len(chosen))
        tap.ok(count["same"] >= len(chosen) * 2 // 3, "mostly the same",
               dict(count))
    print("# %d messages: %s" % (len(chosen), dict(count)))


run_tests(tests_of(globals()))
tap.done()

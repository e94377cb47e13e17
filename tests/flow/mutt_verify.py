#!/usr/bin/python3
# Runs in: check
"""mailcert mutt-verify: a signature without its message, beside
`openssl cms -verify`."""
import base64
import datetime
import email
import os
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TESTS)
import cms
from lib import Place, run_tests, tap

BOB = "bob@example.net"
ENTITY = b"Content-Type: text/plain\r\n\r\nHello\r\n"
GOOD, BAD = "Verification successful", "Verification failure"
NOBODY = "Not verified, but named as signer: "


def cases(root):
    """Name, signer, opaque, whether it is changed; what is shown, in order."""
    alice = root.issue("alice@example.net")
    stranger = cms.Authority("Somebody Else").issue(BOB)
    old = root.issue(BOB, end=datetime.datetime(2021, 1, 1))
    two = root.issue(None, extension=cms.san(
        (0x81, b"bob@example.net"), (0x81, b"rob@example.net")))
    bob = root.issue(BOB)
    odd = cms.Authority("\x1b[31mRed").issue(BOB)
    return (
        ("good", bob, False, False, GOOD, "Signer: " + BOB),
        ("changed", bob, False, True, BAD, "Because: the signature does not "
         "match the content"),
        ("foreign", alice, False, False, GOOD, "Signer: alice@example.net"),
        ("untrusted", stranger, False, False, BAD, "unable to get local "
         "issuer", NOBODY + BOB),
        ("expired", old, False, False, BAD, "has expired", NOBODY + BOB),
        ("two", two, False, False, GOOD, "Signer: bob@example.net, "
         "rob@example.net"),
        ("opaque", bob, True, False, GOOD, "Signer: " + BOB),
        ("opaque, untrusted", stranger, True, False, BAD, NOBODY + BOB),
        ("odd", odd, False, False, BAD, "Issuer: CN=\\x1b[31mRed"))


def message(subject, signer, opaque, changed):
    raw = cms.openssl_sign(ENTITY, [signer], opaque=opaque)
    if changed:
        raw = raw.replace(b"Hello", b"Hullo")
    return (b"From: Bob <bob@example.net>\nTo: alice@example.org\n"
            b"Subject: %s\nMessage-ID: <%s@example.net>\n" % (
                subject.encode(), subject.replace(", ", ".").encode())
            + raw.replace(b"\r\n", b"\n"))


def parts(raw):
    """The DER, and what is signed, as mutt takes it out."""
    inner = email.message_from_bytes(raw)
    if not inner.is_multipart():
        return inner.get_payload(decode=True), None
    boundary = b"--" + inner.get_boundary().encode()
    content = raw.split(boundary)[1].split(b"\n", 1)[1].rsplit(b"\n", 1)[0]
    return (inner.get_payload()[1].get_payload(decode=True),
            content.rstrip(b"\r").replace(b"\r\n", b"\n").replace(
                b"\n", b"\r\n"))


def by_itself():
    """The words, the exit status, and nothing else on standard output; openssl
    says the same where it can."""
    root = cms.Authority("Test Root")
    with Place(config="") as place:
        anchors = place.write("root.pem", cms.cert_pem(root.cert))
        for name, signer, opaque, changed, *words in cases(root):
            der, content = parts(message("hello", signer, opaque, changed))
            files = [place.write("der", der)]
            if content is not None:
                files.append(place.write("content", content))
            good = words[0] == GOOD
            got = place.run("-o", "smime_anchors=" + anchors, "mutt-verify",
                            "--CAfile", "", *files)
            said = got.stderr.decode()
            tap.ok(got.returncode == (0 if good else 1) and
                   said.splitlines()[0] == words[0] and
                   all(word in said for word in words) and
                   "\x1b" not in said, "alone: " + name, got)
            tap.equal(got.stdout, ENTITY if opaque else b"",
                      "alone: %s: standard output" % name)
            again = place.run("mutt-verify", "--CAfile", anchors, *files)
            tap.equal((again.returncode, again.stderr),
                      (got.returncode, got.stderr),
                      "alone: %s: mutt's own roots count" % name)
            theirs = subprocess.run(
                ["openssl", "cms", "-verify", "-inform", "DER", "-in",
                 files[0], "-CAfile", anchors, "-out", "/dev/null",
                 *(["-content", files[1]] if files[1:] else [])],
                capture_output=True)
            tap.equal(theirs.returncode == 0, good,
                      "alone: %s: openssl agrees" % name)


def refused():
    """What is not a signature, or not one that can be checked."""
    root = cms.Authority("Test Root")
    der, content = parts(message("hello", root.issue(BOB), False, False))
    with Place(config="") as place:
        anchors = place.write("root.pem", cms.cert_pem(root.cert))
        one, text = place.write("der", der), place.write("content", content)
        whole = place.write("whole", cms.openssl_sign(
            ENTITY, [root.issue(BOB)], opaque=True,
            args=["-outform", "DER"]))
        unnamed = place.write("unnamed", parts(message("hello", root.issue(
            None), True, False))[0])
        for name, args, want in (
                ("not CMS", [text], "not a CMS object"),
                ("cut", [place.write("cut", der[:-20]), text], "CMS object"),
                ("no content", [one], "not the signed content"),
                ("content twice", [whole, text], "must not hold content"),
                ("no address", [unnamed], "does not name a mail address"),
                ("a NUL", [one, place.write("nul", content + b"\0")], "NUL")):
            got = place.run("mutt-verify", "--CAfile", anchors, *args)
            said = got.stderr.decode().splitlines()
            tap.ok(got.returncode == 1 and said[0] == BAD and want in said[1],
                   "refused: " + name, got)
        for name, args, code in (
                ("no such file", ["--CAfile", anchors, "nowhere"], 74),
                ("no such roots", ["--CAfile", "nowhere", one, text], 78),
                ("no file", [], 64)):
            got = place.run("mutt-verify", *args)
            tap.ok(got.returncode == code and GOOD.encode() not in got.stderr,
                   "refused: " + name, got)


run_tests({"by_itself": by_itself, "refused": refused}, 2)
tap.done()

#!/usr/bin/python3
# Runs in: check check-quick check-ages
"""mailcert verify: beside `openssl cms -verify`, and in the words of RFC 9219."""
import collections
import datetime
import email.utils
import glob
import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import cms
from lib import ROOT, Place, tap

HERE = os.path.join(ROOT, "tests/signed/")
ANCHORS = HERE + "anchors.pem"
STATUSES = {None, "unknown", "signed/verified", "signed/failed"}

# Where openssl is content and we are not: what it leaves to its caller, and
# what we do not take from anybody.
STRICTER = [
    "is for .*, not for the sender", "names no mail address",
    "weaker than SHA-256", "more than one signer", "key too weak",
    "digest algorithm too weak", "must not hold content",
    "read in several ways", "parts, this one has", "NUL octet",
    "bare carriage return", "not for signatures", "not for mail",
    "From that is signed is another", "not a mail entity",
    "something follows", "second part is not the signature"]
# Where openssl 3.0 cannot and we can.
MORE = {"s0-ed25519": "Ed25519 (RFC 8419)",
        "s0-any-eku": "anyExtendedKeyUsage (RFC 8550 section 4.4.4)",
        "s0-mbox": "an mbox line in front"}


def openssl(path, anchors=ANCHORS, *more):
    got = subprocess.run(
        ["openssl", "cms", "-verify", "-in", path, "-CAfile", anchors,
         "-purpose", "smimesign", "-out", "/dev/null", *more],
        capture_output=True, env=dict(os.environ, OPENSSL_CONF="/dev/null"))
    return got.returncode == 0


def verify(place, *args, anchors=ANCHORS, settings=(), code=None, **more):
    extra = [x for s in settings for x in ("-o", s)]
    got = place.run("-o", "smime_anchors=" + anchors, *extra, "verify",
                    "--json", *args, **more)
    result = json.loads(got.stdout)
    good = result["smimeStatus"] == "signed/verified"
    assert got.returncode == (0 if good else 1), got
    return result


def consistent(result):
    """What RFC 9219 section 4.1 says of the four together."""
    status = result["smimeStatus"]
    signed = status in ("signed/verified", "signed/failed")
    at = result["smimeVerifiedAt"]
    return status in STATUSES and \
        result["smimeStatusAtDelivery"] in STATUSES and \
        (result["smimeErrors"] is not None) == (status == "signed/failed") and \
        (not signed or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", at)) \
        and (signed or at is None) and (status != "signed/verified" or
                                        result["signer"] == result["from"])


def test_agreement():
    count = collections.Counter()
    with Place(config="") as place:
        for path in sorted(glob.glob(HERE + "s*.eml")):
            name = os.path.basename(path)[:-4]
            ours, theirs = verify(place, path), openssl(path)
            status = ours["smimeStatus"]
            tap.ok(consistent(ours), name + ": RFC 9219", ours)
            good = status == "signed/verified"
            why = "; ".join(ours["smimeErrors"] or [])
            if good == theirs:
                agreed = True
            elif good:
                agreed = name in MORE
            elif status is None or status == "unknown":
                # openssl finds a signature in what is no signed message.
                agreed = "only a part" in ours["why"] or \
                    "not with S/MIME" in ours["why"]
            else:
                agreed = any(re.search(s, why) for s in STRICTER)
            count["same" if good == theirs else "explained"] += 1
            count[status] += 1
            tap.ok(agreed, "%s: %s, openssl says %s" % (
                name, status, "good" if theirs else "bad"), ours)
        tap.ok(count["same"] >= 50, "they agree on 50 messages at least",
               dict(count))
        for path, want in (("d0-good", None), ("s11-in-mixed", None),
                           ("s11-pgp", "unknown"), ("s13-encrypted", "unknown"),
                           ("s13-encrypted-untold", "unknown"),
                           ("s9-not-protected", "signed/verified"),
                           ("s10-from", "signed/failed"),
                           ("s10-subject", "signed/verified")):
            tap.equal(verify(place, HERE + path + ".eml")["smimeStatus"], want,
                      "status of " + path)
        # openssl's own messages, with no header protection, by an inner CA.
        tap.equal(openssl(HERE + "s0-intermediate.eml"), True,
                  "the openssl command does verify")
    print("# " + ", ".join("%s: %d" % (k, v) for k, v in count.items()))


def received(date):
    return ("Received: from x by mx.example.org; " +
            email.utils.format_datetime(date) + "\n").encode()


def message(signer, when=None, body=b"Hello\n"):
    made = cms.openssl_sign(b"Content-Type: text/plain\n\n" + body, [signer])
    return (received(when) if when else b"") + \
        b"From: ca@ca.example\nTo: alice@example.org\nSubject: Hi\n" + \
        made.replace(b"\r\n", b"\n")


def at(result):
    return result["smimeStatus"], result["smimeStatusAtDelivery"]


def test_delivery():
    utc = datetime.timezone.utc
    root, other = cms.Authority("Delivery"), cms.Authority("Other")
    old = root.issue("ca@ca.example", end=datetime.datetime(2021, 1, 1))
    then = datetime.datetime(2020, 6, 1, tzinfo=utc)
    with Place(config="") as place:
        anchors = place.write("root.pem", cms.cert_pem(root.cert))
        empty = place.write("other.pem", cms.cert_pem(other.cert))
        os.mkdir(place.home, 0o700)
        path = place.write("m.eml", message(old, then))
        tap.equal(at(verify(place, path, anchors=empty)),
                  ("signed/failed", "signed/failed"), "delivery: untrusted")
        tap.equal(at(verify(place, path, anchors=anchors)),
                  ("signed/failed", "signed/verified"),
                  "delivery: an anchor was added")
        tap.equal(at(verify(place, path, anchors=empty)),
                  ("signed/failed", "signed/verified"),
                  "delivery: removing it changes nothing")
        late = place.write("late.eml", message(
            old, datetime.datetime(2022, 1, 1, tzinfo=utc)))
        tap.equal(at(verify(place, late, anchors=anchors)),
                  ("signed/failed", "signed/failed"),
                  "delivery: after it had expired")
        future = place.write("future.eml", message(
            old, datetime.datetime(2100, 1, 1, tzinfo=utc)))
        tap.equal(at(verify(place, future, anchors=anchors)),
                  ("signed/failed", "signed/failed"),
                  "delivery: in the future is now")
        revoked = root.issue("ca@ca.example")
        crl = place.write("crl.pem", root.crl(
            (revoked[1], datetime.datetime(2022, 1, 1))))
        for year, want in ((2021, "signed/verified"), (2023, "signed/failed")):
            path = place.write("r%d.eml" % year, message(
                revoked, datetime.datetime(year, 1, 1, tzinfo=utc)))
            tap.equal(at(verify(place, path, anchors=anchors,
                                settings=["smime_crls=" + crl])),
                      ("signed/failed", want),
                      "delivery: revoked in 2022, received in %d" % year)
        stale = place.write("stale.pem", root.crl())
        tap.equal(verify(place, path, anchors=anchors, settings=[
            "smime_crls=" + stale])["smimeStatus"], "signed/verified",
            "a list without it")
        # Directories and DER.
        folder = place.path("anchors")
        place.write("anchors/root.der", cms.cert_der(root.cert))
        place.write("anchors/readme", "not a certificate\n")
        tap.equal(verify(place, path, anchors=folder)["smimeStatus"],
                  "signed/verified", "anchors: a directory, DER")
        got = place.run("-o", "smime_anchors=/nowhere", "verify", path)
        tap.ok(got.returncode == 78 and b"/nowhere" in got.stderr,
               "anchors: not there", got)


def test_utf8():
    """RFC 9598: the certificate of an internationalised address."""
    root = cms.Authority("EAI")
    who = "\u533b\u751f@xn--pss25c.example"
    for names, want in (([cms.smtp_utf8(who)], "signed/verified"),
                        ([cms.smtp_utf8("\u533b\u751f@other.example")],
                         "signed/failed"),
                        ([(0x81, b"a@xn--pss25c.example")], "signed/failed")):
        signer = root.issue(extension=cms.san(*names))
        for domain in ("xn--pss25c.example", "\u5927\u5b66.example"):
            raw = message(signer).replace(
                b"From: ca@ca.example",
                ("From: \u533b\u751f@" + domain).encode())
            with Place(config="") as place:
                anchors = place.write("root.pem", cms.cert_pem(root.cert))
                got = verify(place, anchors=anchors, stdin=raw)
                tap.equal(got["smimeStatus"], want, "an address beyond ASCII, "
                          + domain)


def test_cache():
    root = cms.Authority("Cache")
    signer = root.issue("ca@ca.example")
    with Place(config="") as place:
        anchors = place.write("root.pem", cms.cert_pem(root.cert))
        path = place.write("m.eml", message(signer))
        verify(place, path, anchors=anchors)
        tap.ok(not os.path.exists(place.home), "no home is made for it")
        os.mkdir(place.home, 0o700)
        first = verify(place, path, anchors=anchors)
        time.sleep(1.1)
        tap.equal(verify(place, path, anchors=anchors), first,
                  "kept: the same time")
        fresh = verify(place, "--fresh", path, anchors=anchors)
        tap.ok(fresh["smimeVerifiedAt"] > first["smimeVerifiedAt"], "--fresh")
        kept = glob.glob(place.home + "/verified/*")
        tap.equal(len(kept), 1, "one file a message")
        with open(kept[0], "rb") as f:
            data = f.read()
        for what, hours in (("young", 23), ("old", 25), ("future", -5)):
            when = b"%d" % (time.time() - hours * 3600)
            with open(kept[0], "wb") as f:
                f.write(re.sub(rb"^at \d+\n\d+", b"at %d\n%s" % (
                    len(when), when), data))
            again = verify(place, path, anchors=anchors)["smimeVerifiedAt"]
            age = time.time() - datetime.datetime.fromisoformat(
                again.replace("Z", "+00:00")).timestamp()
            tap.ok((age > 3600) == (what == "young"), "kept, %s" % what, again)
        for junk in (b"", b"x" * 100, data[:-200], data.replace(
                b"signed", b"\x1b[31m")):
            with open(kept[0], "wb") as f:
                f.write(junk)
            tap.equal(verify(place, path, anchors=anchors)["smimeStatus"],
                      "signed/verified", "kept, but broken: verified anew")
        changed = place.write("c.eml", message(signer, body=b"x\n").replace(
            b"\nx\n", b"\ny\n"))
        tap.equal(verify(place, changed, anchors=anchors)["smimeStatus"],
                  "signed/failed", "another message is another message")


def test_text():
    with Place(config="") as place:
        got = place.run("-o", "smime_anchors=" + ANCHORS, "verify",
                        HERE + "s0-detached-9788.eml")
        tap.ok(got.returncode == 0 and got.stdout.startswith(
            b"Status       signed/verified\n") and b"RFC 9788" in got.stdout,
            "text", got)
        got = place.run("verify", HERE + "s3-controls.eml")
        tap.ok(got.returncode == 1 and b"\x1b" not in got.stdout and
               b"Because" in got.stdout, "text: failed", got)
        for data in (b"", b"\n", b"no mail at all", b"\0" * 1000,
                     b"From: a@b.example\nContent-Type: multipart/signed\n\n",
                     b"Content-Type: application/pkcs7-mime\n\nAAAA\n"):
            got = place.run("verify", "--json", stdin=data)
            tap.ok(got.returncode == 1 and consistent(json.loads(got.stdout)),
                   "text: nothing to verify", got)
        got = place.run("verify", "/nowhere")
        tap.ok(got.returncode in (66, 74) and got.stdout == b"",
               "no such file", got)


test_agreement()
test_delivery()
test_utf8()
test_cache()
test_text()
tap.done()

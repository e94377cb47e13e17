#!/usr/bin/python3
# Runs in: check check-quick check-ages
"""mailcert verify: beside `openssl cms -verify`, and in the words of RFC 9219."""
import base64
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
from lib import ROOT, Place, run_tests, tap, tests_of

HERE = os.path.join(ROOT, "tests/signed/")
ANCHORS = HERE + "anchors.pem"
STATUSES = {None, "unknown", "signed/verified", "signed/failed"}

# Where openssl is content and we are not: what it leaves to its caller, and
# what we do not take from anybody.
STRICTER = [
    "is for .*, not for the sender", "does not name a mail address",
    "weaker than SHA-256", "more than one signer", "key too weak",
    "digest algorithm too weak", "must not hold content",
    "structure of the signed message is ambiguous", "parts instead of two",
    "NUL byte", "bare carriage return", "does not allow signatures",
    "not for mail", "From outside the signature differs",
    "not a MIME entity", "data follows", "is not the signature"]
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
        tap.equal(len(kept), 1, "one file of few")
        with open(kept[0], "rb") as f:
            data = f.read()
        for what, hours in (("young", 23), ("old", 25), ("future", -5)):
            when = b"%d" % (time.time() - hours * 3600)
            with open(kept[0], "wb") as f:
                f.write(re.sub(rb"(?m)^at \d+\n\d+", b"at %d\n%s" % (
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


def test_show():
    """mailcert show has the status of any signed message, and keeps nothing."""
    root = cms.Authority("Show")
    signer = root.issue("ca@ca.example")
    with Place(config="") as place:
        os.mkdir(place.home, 0o700)
        anchors = place.write("root.pem", cms.cert_pem(root.cert))
        good = message(signer)
        for raw, want in ((good, b"signed/verified"),
                          (good.replace(b"Hello", b"Hallo"), b"signed/failed"),
                          (b"From: a@b.example\n\nHi\n", None)):
            got = place.run("-o", "smime_anchors=" + anchors, "show",
                            stdin=raw)
            tap.ok(got.returncode == 1 and
                   ((want or b"RFC 9219") in got.stdout) == bool(want),
                   "show: %s" % want, got)
        tap.ok(not os.path.exists(place.home + "/verified"),
               "show: nothing is kept")


def build(signer, entity, head="From: ca@ca.example\r\n", info=None,
          certs=None, **how):
    """multipart/signed by hand, for what the openssl command cannot make."""
    key, cert = signer
    blob = cms.signed_data(entity, info or [cms.signer_info(
        key, cert, entity)], certs or [cert])
    return (head + "Subject: Hi\r\n").encode() + cms.detached(
        entity, blob, **how)


def text(body="Hello\r\n", kind="text/plain"):
    return ("Content-Type: %s\r\n\r\n%s" % (kind, body)).encode()


def expect(case, anchors, raw, good, name, **more):
    """Every given member of the answer, beside the status."""
    result = verify(case, anchors=anchors, stdin=raw)
    tap.ok(result["smimeStatus"] == (
        "signed/verified" if good else "signed/failed") and
        all(result[k] == v for k, v in more.items()), name, result)
    return result


def test_octets():
    """RFC 1847 section 2.1: what is inside the signed part is octets."""
    root = cms.Authority("Octets")
    signer = root.issue("ca@ca.example")
    parts = "".join("--in\r\n\r\n%d\r\n" % i for i in range(600))
    deep = "".join("Content-Type: multipart/mixed; boundary=b%d.\r\n\r\n"
                   "--b%d.\r\n" % (i, i) for i in range(40))
    inner = (
        ("a name with blanks", text(kind="text/plain; name=a b.txt")),
        ("a name beyond ASCII", text(kind="text/plain; name=\u00fc.txt")),
        ("an empty charset", text(kind="text/plain; charset=")),
        ("brackets in a name", text(kind="text/plain; name=a[1].txt")),
        ("a quote that is open", text(kind='text/plain; name="a')),
        ("no subtype", text(kind="text")), ("an empty type", text(kind="")),
        ("two types", b"Content-Type: text/html\r\n" + text()),
        ("600 parts", text(parts + "--in--\r\n",
                           "multipart/mixed; boundary=in")),
        ("40 levels", deep.encode()),
        ("a multipart that is open", text("--in\r\n\r\nx\r\n",
                                          "multipart/mixed; boundary=in")),
        ("no boundary", text("--in\r\n\r\nx\r\n", "multipart/mixed")),
        ("two boundaries", text("--in\r\n\r\nx\r\n--in--\r\n",
                                "multipart/mixed; boundary=in; boundary=x")),
        ("an unknown encoding", b"Content-Transfer-Encoding: x-y\r\n" +
         text()),
        ("a broken message", text("From: x@y.example\r\nContent-Type: a b\r"
                                  "\n\r\nHi\r\n", "message/rfc822")))
    with Place(config="") as place:
        anchors = place.write("root.pem", cms.cert_pem(root.cert))
        for what, entity in inner:
            raw = build(signer, entity)
            expect(place, anchors, raw, True, "inside: " + what)
            path = place.write("judged.eml", raw)
            tap.ok(openssl(path, anchors), "inside: %s, openssl" % what)
            expect(place, anchors, raw.replace(b"\r\n--bnd\r\nContent-Type: "
                   b"application", b"x\r\n--bnd\r\nContent-Type: application"),
                   False, "inside: %s, changed" % what)
        # Outside of it readers must agree which octets are signed.
        raw = build(signer, text())
        for what, old, new in (
                ("a third part", b"--bnd--\r\n",
                 b"--bnd\r\n\r\nx\r\n--bnd--\r\n"),
                ("two boundaries", b'boundary="bnd"',
                 b'boundary="bnd"; boundary="x"'),
                ("no close delimiter", b"--bnd--\r\n", b"")):
            assert old in raw
            expect(place, anchors, raw.replace(old, new), False,
                   "outside: " + what)
        expect(place, anchors, build(signer, text("Hi\r\n--bnd2\r\n")), False,
               "outside: a line that only begins like the boundary")


def test_names_of_parts():
    """RFC 8551 section 3.9: a type that says nothing, and a name."""
    root = cms.Authority("Parts")
    signer = root.issue("ca@ca.example")
    entity = text()
    raw = build(signer, entity)
    sign = b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\n"
    octets = b"Content-Type: application/octet-stream"
    place_it = b"\r\nContent-Disposition: attachment; filename="
    blob = cms.signed_data(entity, [cms.signer_info(*signer, entity)],
                           [signer[1]], detached=False)
    encrypted = cms.der(0x30, bytes.fromhex("06092a864886f70d010703"),
                        cms.der(0xa0, b"\x30\0"))

    def opaque(type_line, blob=blob):
        return b"From: ca@ca.example\r\nMIME-Version: 1.0\r\n" + type_line + \
            b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + \
            base64.encodebytes(blob)

    mime = b"Content-Type: application/pkcs7-mime"
    with Place(config="") as place:
        anchors = place.write("root.pem", cms.cert_pem(root.cert))
        for what, new in (
                ("octet-stream, name", octets + b"; name=smime.p7s\r\n"),
                ("octet-stream, filename", octets + place_it +
                 b'"SMIME.P7S"\r\n')):
            expect(place, anchors, raw.replace(sign, new), True,
                   "signature as " + what)
        expect(place, anchors, raw.replace(sign, octets + b"; name=a.txt\r\n"),
               False, "signature as octet-stream of another name")
        multipart = b"Content-Type: multipart/signed"
        cte = b"Content-Transfer-Encoding: "
        expect(place, anchors, raw.replace(
            multipart, cte + b"quoted-printable\r\n" + multipart), True,
            "a transfer encoding on the multipart")
        for comment in (b"base64 (RFC 2045)", b"(RFC 2045) base64",
                        b"base64 ((a) b)"):
            expect(place, anchors, raw.replace(
                cte + b"base64", cte + comment), True,
                "a transfer encoding: %s" % comment)
        expect(place, anchors, raw.replace(cte + b"base64", cte + b"base64 x"),
               False, "a transfer encoding and more")
        for what, line in (
                ("octet-stream, name", octets + b"; name=smime.p7m"),
                ("octet-stream, filename", octets + place_it + b"smime.p7m"),
                ("enveloped-data", mime + b"; smime-type=enveloped-data"),
                ("certs-only", mime + b"; smime-type=certs-only")):
            expect(place, anchors, opaque(line), True,
                   "signed data called " + what)
        for what, raw, want in (
                ("octets of another name", opaque(octets + b"; name=a.zip"),
                 None),
                ("encrypted", opaque(mime + b"; smime-type=enveloped-data",
                                     encrypted), "unknown"),
                ("only certificates", opaque(
                    mime + b"; smime-type=certs-only", cms.signed_data(
                        b"", [], [signer[1]])), "unknown")):
            tap.equal(verify(place, anchors=anchors, stdin=raw)["smimeStatus"],
                      want, "not signed: " + what)


def test_who():
    """RFC 8550 section 3: From or Sender, as the certificate has it."""
    root = cms.Authority("Who")
    boss, helper = "boss@ca.example", "helper@ca.example"
    many = [(0x81, b"role%d@ca.example" % i) for i in range(40)]
    with Place(config="") as place:
        anchors = place.write("root.pem", cms.cert_pem(root.cert))

        def one(name, good, head, *names, entity=text(), **more):
            signer = root.issue(extension=cms.san(*(
                names or [(0x81, helper.encode())])))
            return expect(place, anchors, build(signer, entity, head), good,
                          name, **more)

        one("Sender", True, "From: %s\r\nSender: %s\r\n" % (boss, helper),
            signer=helper, why="signed by Sender, not by From")
        one("Sender of another domain", False,
            "From: boss@bank.example\r\nSender: %s\r\n" % helper,
            signer=helper)
        one("neither", False, "From: %s\r\nSender: x@ca.example\r\n" % boss)
        one("two Senders", False, "From: %s\r\n" % boss + "Sender: %s\r\n" %
            helper * 2)
        protected = ("From: %s\r\n%%sContent-Type: text/plain; hp=clear\r\n"
                     "\r\nHi\r\n" % boss)
        one("Sender is protected", True, "From: %s\r\nSender: %s\r\n" % (
            boss, helper), entity=(protected % (
                "Sender: %s\r\n" % helper)).encode())
        one("Sender stands outside only", False,
            "From: %s\r\nSender: %s\r\n" % (boss, helper),
            entity=(protected % "").encode())
        for i in (0, 15, 16, 39):
            one("address %d of 40" % i, True,
                "From: role%d@ca.example\r\n" % i, *many)
        one("none of 40", False, "From: %s\r\n" % boss, *many)
        one("quotes in From", True, 'From: "helper"@ca.example\r\n')
        one("case in From", False, "From: Helper@ca.example\r\n")
        for odd in ("<<helper@ca.example>>", "Boss, Big <helper@ca.example>",
                    "'helper@ca.example'", "helper@ca.example (", '"a" "',
                    "a@ca.example, b@ca.example"):
            got = one("From: " + odd, False, "From: %s\r\n" % odd)
            tap.ok(all("not for the sender" not in e for e in
                       got["smimeErrors"]) or got["from"],
                   "From: %s: nothing that contradicts itself" % odd, got)
        # A forwarded message is what is signed, not whose message it is.
        forwarded = text("From: x@other.example\r\nSubject: y\r\n\r\nz\r\n",
                         "message/rfc822")
        one("forwarded", True, "From: %s\r\n" % helper, entity=forwarded,
            headerProtection=None)
        one("its own From in it", True, "From: %s\r\n" % helper,
            entity=forwarded.replace(b"x@other.example", helper.encode()),
            headerProtection="RFC 8551")


def test_signers():
    """RFC 5652 section 5.1: several sign; and Ed25519 as RFC 8419 has it."""
    root, other = cms.Authority("Signers"), cms.Authority("Nobody")
    entity = text()
    first, second = (root.issue("ca@ca.example") for _ in range(2))
    friend = root.issue("friend@ca.example")
    stranger = other.issue("ca@ca.example")
    with Place(config="") as place:
        anchors = place.write("root.pem", cms.cert_pem(root.cert))

        def one(name, good, *signers, broken=(), **more):
            infos = [cms.signer_info(*s, entity, wrong_digest=s in broken)
                     for s in signers]
            raw = build(signers[0], entity, info=infos,
                        certs=[s[1] for s in signers])
            expect(place, anchors, raw, good, "signers: " + name, **more)

        one("two of one person", True, first, second)
        one("a friend first", True, friend, first, signer="ca@ca.example")
        one("a friend second", True, first, friend, signer="ca@ca.example")
        one("nobody's first", True, stranger, first)
        one("a friend and nobody's", False, friend, stranger)
        one("a broken one first", True, first, second, broken=[first])
        one("a broken one second", True, first, second, broken=[second])
        one("both broken", False, first, second, broken=[first, second])
        one("ours broken, a friend's good", False, first, friend,
            broken=[first])
        ed = root.issue("ca@ca.example", key=cms.new_key("ed25519"))
        for what, attributes in (("attributes", True), ("no attributes",
                                                        False)):
            info = cms.signer_info(*ed, entity, "sha512",
                                   attributes=attributes)
            raw = build(ed, entity, info=[info])
            expect(place, anchors, raw, True, "Ed25519, " + what)
            expect(place, anchors, raw.replace(b"Hello", b"Hallo"), False,
                   "Ed25519, %s, changed" % what)


run_tests(tests_of(globals()))
tap.done()

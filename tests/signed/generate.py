#!/usr/bin/python3
"""Write the signed messages of this directory: NAME.eml beside NAME.expect.

NAME.expect: as in tests/mail; further lines are settings (-o).  The letters
are the groups of docs/threats.md: d DKIM, s S/MIME, a Authentication-Results,
h header fields under a signature that is good.  dns.json is the zone,
anchors.pem whom the user trusts, crl.pem what was revoked.  Keys are made
anew and thrown away.

dkimpy and the openssl command sign; what they cannot make tests/cms.py makes.
"""
import base64
import datetime
import json
import os
import re
import sys

import dkim
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import cms

TOKEN = "LgYemJLy3F1LDkiJrdIGbEzyFJyOyf6vBdyZ1TG3sME="
CA = "acme-challenge+1@ca.example"
cases, zone = {}, {}
THIRTEEN = ["From", "Sender", "Reply-To", "To", "Cc", "Subject", "Date",
            "In-Reply-To", "References", "Message-ID", "Auto-Submitted",
            "Content-Type", "Content-Transfer-Encoding"]


def case(name, expect, data, *settings):
    assert name not in cases, name
    cases[name] = (data, "\n".join((expect, *settings)) + "\n")


def fields(drop=(), **more):
    base = {"From": CA, "To": "alice@example.org",
            "Message-ID": "<c1@ca.example>",
            "Auto-Submitted": "auto-generated; type=acme",
            "Subject": "ACME: " + TOKEN}
    for key, value in more.items():
        base[key.replace("_", "-")] = value
    return [(k, v) for k, v in base.items() if k not in drop]


def head(some):
    return "".join("%s: %s\r\n" % f for f in some).encode()


# --- DKIM -------------------------------------------------------------------
def public(key):
    from cryptography.hazmat.primitives import serialization as s
    return base64.b64encode(key.public_key().public_bytes(
        s.Encoding.DER, s.PublicFormat.SubjectPublicKeyInfo)).decode()


def raw_private(key):
    from cryptography.hazmat.primitives import serialization as s
    return base64.b64encode(key.private_bytes(
        s.Encoding.Raw, s.PrivateFormat.Raw, s.NoEncryption()))


def raw_public(key):
    from cryptography.hazmat.primitives import serialization as s
    return base64.b64encode(key.public_key().public_bytes(
        s.Encoding.Raw, s.PublicFormat.Raw)).decode()


RSA, WEAK, TINY = (cms.new_key(bits) for bits in (2048, 1024, 768))
ED = cms.new_key("ed25519")
KEY = "v=DKIM1; k=rsa; p=" + public(RSA)


def at(selector, value, domain="ca.example"):
    zone["%s._domainkey.%s" % (selector, domain)] = value
    return selector


for d in ("ca.example", "evil.example", "mail.ca.example", "example",
          "ca.examp1e"):
    at("sel", KEY, d)
at("ed", "v=DKIM1; k=ed25519; p=" + raw_public(ED))
at("weak", "v=DKIM1; k=rsa; p=" + public(WEAK))
at("tiny", "v=DKIM1; k=rsa; p=" + public(TINY))


def plain(body=b"This is an ACME challenge.\r\n", drop=(), **more):
    return head(fields(drop, MIME_Version="1.0", Content_Type="text/plain",
                       **more)) + b"\r\n" + body


def sign(raw, selector="sel", domain="ca.example", key=RSA, headers=THIRTEEN,
         algorithm=b"rsa-sha256", canonical=(b"relaxed", b"relaxed"), **more):
    private = raw_private(key) if key is ED else cms.pem(key)
    if key is ED:
        algorithm = b"ed25519-sha256"
    # dkimpy wants PKCS#1 or PKCS#8; times would age.
    field = dkim.sign(raw, selector.encode(), domain.encode(), private,
                      include_headers=[h.encode() for h in headers],
                      canonicalize=canonical, signature_algorithm=algorithm,
                      **more)
    return field + raw


def craft(raw, selector="sel", domain="ca.example", headers=THIRTEEN, extra="",
          order=None, key=RSA, **tags):
    """A DKIM-Signature by hand, relaxed/relaxed, with any tags one likes."""
    import hashlib
    from cryptography.hazmat.primitives.asymmetric import padding
    top, body = raw.split(b"\r\n\r\n", 1)
    lines = [re.sub(rb"[ \t]+", b" ", x).rstrip() for x in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    canon = b"".join(x + b"\r\n" for x in lines)
    have = {}
    for f in re.split(rb"\r\n(?![ \t])", top):
        n, v = f.split(b":", 1)
        have.setdefault(n.strip().lower(), []).append(re.sub(
            rb"[ \t]+", b" ", v.replace(b"\r\n", b"")).strip())
    all_tags = {"v": "1", "a": "rsa-sha256", "c": "relaxed/relaxed",
                "d": domain, "s": selector, "h": ":".join(headers),
                "bh": base64.b64encode(hashlib.sha256(canon).digest()).decode()}
    all_tags.update(tags)
    text = "; ".join("%s=%s" % (k, all_tags[k]) for k in (
        order or all_tags) if all_tags[k] is not None) + extra + "; b="
    data = b""
    for h in headers:
        left = have.get(h.lower().encode(), [])
        if left:
            data += h.lower().encode() + b":" + left.pop() + b"\r\n"
    data += b"dkim-signature:" + text.encode()
    value = key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    return b"DKIM-Signature: " + text.encode() + base64.b64encode(value) + \
        b"\r\n" + raw


base = plain()
case("d0-good", "done", sign(base))
case("d0-good-ed25519", "done", sign(base, "ed", key=ED))
case("d0-good-lf", "done", sign(base).replace(b"\r\n", b"\n"))
case("d0-good-by-hand", "done", craft(base))
case("d0-good-simple", "done", sign(base, canonical=(b"simple", b"simple")))
case("d0-good-mbox", "done", b"From x Sun Nov 22 04:00:00 2026\n" +
     sign(base).replace(b"\r\n", b"\n"))
case("d1-none", "not-authenticated", base)
case("d1-arc-only", "not-authenticated", sign(base).replace(
    b"DKIM-Signature:", b"ARC-Message-Signature: i=1;", 1))
case("d1-domainkeys", "not-authenticated", sign(base).replace(
    b"DKIM-Signature:", b"DomainKey-Signature:", 1))
case("d1-nested", "not-authenticated", head(fields(
    MIME_Version="1.0", Content_Type="message/rfc822")) + b"\r\n" + sign(base))
case("d1-in-the-body", "not-authenticated", plain(body=sign(base)))
for what, old, new in (
        ("body", b"This is", b"This was"), ("subject", b"ACME: L", b"ACME: M"),
        ("auto", b"; type=acme", b""), ("message-id", b"<c1@", b"<c2@"),
        ("body-added", b"challenge.\r\n", b"challenge.\r\nMore.\r\n")):
    case("d2-" + what, "dkim-fail", sign(base).replace(old, new))
for what in ("Reply-To: eve@ca.example", "Cc: eve@evil.example",
             "In-Reply-To: <x@ca.example>", "Sender: eve@ca.example",
             "Date: Sun, 22 Nov 2026 04:00:00 +0000"):
    case("d2-added-" + what.split(":")[0].lower(), "dkim-fail",
         what.encode() + b"\r\n" + sign(base))
for domain in ("evil.example", "mail.ca.example", "example", "ca.examp1e"):
    case("d3-" + domain.replace(".", "-"), "dkim-domain",
         sign(base, domain=domain))
case("d3-upper-case-is-the-same", "done", craft(base, d="CA.Example"))
for field in THIRTEEN[1:]:
    case("d4-without-" + field.lower(), "dkim-coverage",
         craft(base, headers=[h for h in THIRTEEN if h != field]),
         "dkim_headers=rfc8823")
case("d4-without-from", "dkim-coverage", craft(base, headers=THIRTEEN[1:]),
     "dkim_headers=rfc8823")
case("d4-empty", "dkim-coverage", craft(base, h=""))
case("d4-look-alike", "dkim-coverage", craft(base, headers=[
    "Fr0m" if h == "From" else h for h in THIRTEEN]))
case("d4-relaxed", "done", craft(base, headers=[
    "From", "To", "Subject", "Message-ID", "Auto-Submitted", "Content-Type"]),
    "dkim_headers=relaxed")
case("d4-relaxed-reply-to-uncovered", "dkim-coverage", b"Reply-To: e@ca.example"
     b"\r\n" + craft(base, headers=["From", "To", "Subject", "Message-ID",
                                    "Auto-Submitted", "Content-Type"]),
     "dkim_headers=relaxed")
for n in ("0", "10", "28", "99999", "-1", "1e3"):
    case("d5-l-" + n, "dkim-coverage", craft(base, l=n))
case("d6-expired", "dkim-fail", craft(base, t="1500000000", x="1500000001"))
case("d6-x-before-t", "dkim-fail", craft(base, t="4000000000", x="3999999999"))
case("d6-future", "dkim-fail", craft(base, t="4000000000"))
case("d6-negative", "dkim-fail", craft(base, t="-1"))
case("d6-20-digits", "dkim-fail", craft(base, t="1" * 20))
for tag, value in (("a", "rsa-sha1"), ("a", "none"), ("v", "2"), ("c", "x/y"),
                   ("q", "http"), ("bh", "AAAA"), ("bh", ""), ("i", "@x.example")):
    case("d7-%s-%s" % (tag, re.sub(r"\W", "", value) or "empty"), "dkim-fail",
         craft(base, **{tag: value}))
case("d7-768-bits", "dkim-key", sign(base, "tiny", key=TINY))
case("d8-twice", "dkim-fail", craft(base, extra="; d=ca.example"))
for tag in ("a", "d", "s", "h", "bh"):
    case("d8-without-" + tag, "dkim-fail", craft(base, **{tag: None}))
case("d8-i-below", "done", craft(base, i="x@mail.ca.example"))
case("d8-i-below-t-s", "dkim-key", craft(
    base, at("strict", KEY + "; t=s"), i="x@mail.ca.example"))
case("d8-unknown-tag", "done", craft(base, zz="whatever"))
for what, record, refusal in (
        ("revoked", "v=DKIM1; p=", "dkim-key"),
        ("testing", KEY + "; t=y", "dkim-key"),
        ("sha1", KEY + "; h=sha1", "dkim-key"),
        ("service", KEY + "; s=other", "dkim-key"),
        ("version", KEY.replace("DKIM1", "DKIM2"), "dkim-key"),
        ("two", [KEY, KEY + "; n=x"], "dkim-key"),
        ("p-twice", KEY + "; p=" + public(RSA), "dkim-key"),
        ("bad-base64", "v=DKIM1; p=!!!!", "dkim-key"),
        ("huge", "v=DKIM1; n=" + "x" * 9000 + "; p=" + public(RSA), "dkim-key"),
        ("controls", "v=DKIM1; n=\x1b[31m; p=" + public(RSA), "dkim-key"),
        ("empty", "", "dkim-key"),
        ("another", "v=DKIM1; p=" + public(cms.new_key(2048)), "dkim-fail"),
        ("not-a-key", "v=DKIM1; p=AAAA", "dkim-key"),
        ("ed25519-for-rsa", "v=DKIM1; k=ed25519; p=" + raw_public(ED),
         "dkim-key")):
    case("d9-" + what, refusal, craft(base, at("k-" + what, record)))
case("d9-missing", "dkim-key", craft(base, "nowhere"))
case("d10-servfail", "dns-trouble", craft(base, at("servfail", "!servfail")))
case("d10-silent", "dns-trouble", craft(base, at("silent", "!silent")))


def big_key():
    """65 536 bits with a huge exponent: no arithmetic on that."""
    n, e = (1 << 65535) | 1, (1 << 65000) | 1
    def integer(i):
        return cms.der(2, i.to_bytes(i.bit_length() // 8 + 1, "big"))
    return base64.b64encode(cms.der(0x30, integer(n), integer(e))).decode()


case("d11-65536-bits", "dkim-key", craft(base, at(
    "big", "v=DKIM1; p=" + big_key()[:7000])))
case("d12-300-others", "dkim-domain", b"".join(
    b"DKIM-Signature: v=1; a=rsa-sha256; d=x%d.example; s=s; h=from; "
    b"bh=AA==; b=AA==\r\n" % i for i in range(300)) + base)
case("d12-300-of-the-domain", "dkim-key", b"".join(
    craft(base, "n%d" % i).split(b"\r\n")[0] + b"\r\n"
    for i in range(300)) + base)
for i, selector in enumerate(("../x", "$(id)", "a b", "x" * 64, "y." * 150,
                              "\x1b[31m")):
    case("d13-%d" % i, "malformed" if "\x1b" in selector else "dkim-fail",
         craft(base, selector))
case("d15-broken-beside", "done", b"DKIM-Signature: v=1; a=rsa-sha256; "
     b"d=ca.example; nonsense\r\n" + sign(sign(base), domain="evil.example"))
case("d15-broken-below", "done", craft(base).replace(
    b"\r\nFrom:", b"\r\nDKIM-Signature: v=9\r\nFrom:", 1))
case("d16-1024-bits", "needs-a-person weak-key", sign(base, "weak", key=WEAK))

# --- header fields, under a signature that is good ---------------------------
for what, line in (("subject", "Subject: ACME: " + "A" * 43),
                   ("from", "From: eve@evil.example"),
                   ("to", "To: bob@example.org"),
                   ("auto", "Auto-Submitted: no"),
                   ("message-id", "Message-ID: <x@evil.example>"),
                   ("content-type", "Content-Type: text/html")):
    once = [h for h in THIRTEEN]
    case("h1-above-" + what, "ambiguous-header",
         line.encode() + b"\r\n" + craft(base, headers=once))
    case("h1-below-" + what, "ambiguous-header", craft(base.replace(
        b"\r\n\r\n", b"\r\n" + line.encode() + b"\r\n\r\n", 1)))
case("h2-two-mailboxes", "ambiguous-header",
     craft(plain(From=CA + ", eve@evil.example")))
case("h6-name", "unexpected", sign(plain(
    From='"%s" <eve@evil.example>' % CA), domain="evil.example"))
case("h8-subaddress", "unexpected",
     sign(plain(From="acme-challenge+2@ca.example")))
case("h9-to", "wrong-to", sign(plain(To="bob@example.org")))
case("h11-auto", "not-auto-generated", sign(plain(Auto_Submitted="no")))
case("h13-list", "list-mail", sign(plain(List_Id="<l.example.org>")))
case("h13-threaded", "needs-a-person threaded",
     sign(plain(In_Reply_To="<x@ca.example>")))
case("i5-reply-to", "needs-a-person reply-to-domain",
     sign(plain(Reply_To="a@evil.example")))
case("i4-reply-to-same-domain", "done",
     sign(plain(Reply_To="answers@ca.example")))

# --- Authentication-Results --------------------------------------------------
TRUST = "authenticate=results:mx.example.org"
MX = "Received: from ca.example by mx.example.org; " \
     "Sun, 22 Nov 2026 04:00:00 +0000\r\n"


def results(value, raw=None, below=False):
    field = "Authentication-Results: " + value + "\r\n"
    text = (MX + field if below else field + MX).encode()
    return text + (sign(base) if raw is None else raw)


def header_b(raw, n=8):
    value = re.search(rb";\s+b=(.*?)\r\n(?![ \t])", raw, re.S)[1]
    return re.sub(rb"\s", b"", value)[:n].decode()


GOOD = "mx.example.org; dkim=pass header.d=ca.example"
signed = sign(base)
case("a0-pass", "done", results(GOOD), TRUST)
case("a0-pass-full", "done", results(
    "mx.example.org 1;\r\n spf=pass smtp.mailfrom=ca.example;\r\n dkim=pass "
    '(2048-bit key) reason="good" header.d=ca.example header.i=@ca.example '
    "header.s=sel header.a=rsa-sha256 header.b=%s" % header_b(signed),
    signed), TRUST)
case("a0-pass-quoted", "done", results(
    '"mx.example.org"; dkim=pass header.d="ca.example"'), TRUST)
case("a0-pass-comments", "done", results(
    "(a (nested) comment) mx.example.org (b) ; (c) dkim (d) = (e) pass (f) "
    "header (g) . (h) d (i) = (j) ca.example (k)"), TRUST)
case("a0-upper-case", "done", results(
    "MX.example.org; DKIM=Pass HEADER.D=CA.EXAMPLE"), TRUST)
case("a0-beside-dkim", "done", results(GOOD, craft(base, "servfail")),
     "authenticate=dkim results:mx.example.org")
case("a0-two-signatures", "done", results(
    "mx.example.org; dkim=fail header.d=ca.example header.s=old; dkim=pass "
    "header.d=ca.example header.s=sel"), TRUST)
case("a1-off-by-default", "not-authenticated", results(GOOD, base))
for what, value in (
        ("stranger", "mx.evil.example; dkim=pass header.d=ca.example"),
        ("prefix", "mx.example; dkim=pass header.d=ca.example"),
        ("suffix", "mx.example.org.evil; dkim=pass header.d=ca.example"),
        ("comment", "mx.evil (mx.example.org); dkim=pass header.d=ca.example"),
        ("version", "mx.example.org 2; dkim=pass header.d=ca.example")):
    case("a2-" + what, "results-untrusted", results(value), TRUST)
case("a3-below", "results-untrusted", results(GOOD, below=True), TRUST)
case("a3-conflict", "results-conflict", b"Authentication-Results: "
     b"mx.example.org; dkim=fail header.d=ca.example\r\n" + results(GOOD),
     TRUST)
case("a3-conflict-in-one", "results-conflict", results(
    GOOD + "; dkim=permerror header.d=ca.example"), TRUST)
case("a3-stranger-above", "done", b"Authentication-Results: mx.evil.example; "
     b"dkim=fail header.d=ca.example\r\n" + results(GOOD), TRUST)
for what, value in (
        ("comment", "dkim=fail (dkim=pass) header.d=ca.example"),
        ("comment-2", "spf=pass (dkim=pass header.d=ca.example)"),
        ("reason", 'dkim=fail reason="dkim=pass" header.d=ca.example'),
        ("quoted", 'spf=pass smtp.mailfrom="; dkim=pass header.d=ca.example"'),
        ("unclosed", "dkim=pass (header.d=ca.example"),
        ("other-d", "dkim=pass header.d=evil.example"),
        ("longer-d", "dkim=pass header.d=ca.example.evil"),
        ("no-d", "dkim=pass"), ("d-twice",
         "dkim=pass header.d=evil.example header.d=ca.example"),
        ("junk", "dkim=pass header.d=ca.example !!")):
    case("a4-" + what, "results-untrusted",
         results("mx.example.org; " + value), TRUST)
for what in ("spf=pass smtp.mailfrom=ca.example", "dmarc=pass header.from="
             "ca.example", "arc=pass", "none", "dkim=none", "dkim=neutral "
             "header.d=ca.example", "dkim=policy header.d=ca.example",
             "dkim=permerror header.d=ca.example",
             "dkim=passed header.d=ca.example"):
    case("a5-" + what.split(" ")[0].replace("=", "-"), "results-untrusted",
         results("mx.example.org; " + what), TRUST)
case("a5-temperror", "dns-trouble", results(
    "mx.example.org; dkim=temperror header.d=ca.example"), TRUST)
case("a6-coverage", "dkim-coverage", results(GOOD, craft(
    base, headers=THIRTEEN[:-1])), TRUST, "dkim_headers=rfc8823")
case("a6-length", "dkim-coverage", results(GOOD, craft(base, l="5")), TRUST)
case("a6-other-b", "results-untrusted",
     results(GOOD + " header.b=AAAAAAAA"), TRUST)
case("a6-other-s", "results-untrusted", results(GOOD + " header.s=x"), TRUST)
case("a6-no-signature", "results-untrusted", results(GOOD, base), TRUST)
case("a7-two-subjects", "ambiguous-header", b"Subject: ACME: " + b"A" * 43 +
     b"\r\n" + results(GOOD), TRUST)
case("a7-other-from", "unexpected", results(GOOD, sign(plain(
    From="eve@evil.example"))), TRUST)
for what in ("X-Authentication-Results", "Authentication-Results-Original",
             "ARC-Authentication-Results", "Received-SPF"):
    case("a8-" + what.lower(), "results-untrusted", results(GOOD).replace(
        b"Authentication-Results", what.encode(), 1), TRUST)

# --- S/MIME ------------------------------------------------------------------
ROOT = cms.Authority()
SUB = cms.Authority("Test Sub", parent=ROOT)
FAKE = cms.Authority()          # the same name, another key
KEY_S, CERT = ROOT.issue()
ANCHORS = "smime_anchors=@anchors.pem"
ONLY = "authenticate=smime"
SET = (ONLY, ANCHORS)
TEXT = b"This is an ACME challenge.\r\n"


def inner_8551(some=None, forwarded="; forwarded=no"):
    return b"Content-Type: message/rfc822%s\r\n\r\n" % forwarded.encode() + \
        head(some or fields()) + b"Content-Type: text/plain\r\n\r\n" + TEXT


def inner_9788(some=None, hp='; hp="clear"'):
    return head(some or fields()) + \
        b"Content-Type: text/plain%s\r\n\r\n" % hp.encode() + TEXT


PLAIN = b"Content-Type: text/plain\r\n\r\n" + TEXT


def outside(mime, some=None):
    """Our outer header before a signed MIME entity with its own."""
    if not mime.startswith(b"MIME-Version"):
        mime = b"MIME-Version: 1.0\r\n" + mime
    return head(some or fields()) + mime


def smime(entity, signers=None, certs=(), opaque=False, some=None, args=()):
    """Signed by the openssl command."""
    made = cms.openssl_sign(entity, signers or [(KEY_S, CERT)], certs, opaque,
                            args)
    # The command mixes line ends.
    return outside(made.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
                   some)


def by_hand(entity, key=KEY_S, cert=CERT, extra=(), some=None, info=None,
            certs=None, mime=None, **how):
    infos = info or [cms.signer_info(key, cert, entity, extra=extra)]
    blob = cms.signed_data(entity, infos, [cert] if certs is None else certs,
                           **how)
    return outside((mime or cms.detached)(entity, blob), some)


def opaque_mime(blob, kind="; smime-type=signed-data"):
    return b"MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime%s; " \
        b"name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n" % \
        kind.encode() + base64.encodebytes(blob).replace(b"\n", b"\r\n")


for form, entity in (("8551", inner_8551()),
                     ("8551-plain", inner_8551(forwarded="")),
                     ("9788", inner_9788())):
    case("s0-detached-" + form, "done", smime(entity), *SET)
    case("s0-opaque-" + form, "done", smime(entity, opaque=True), *SET)
    case("s0-lf-" + form, "done", smime(entity).replace(b"\r\n", b"\n"), *SET)
case("s0-7508", "done", by_hand(PLAIN, extra=[cms.secure_headers(
    fields())]), *SET)
case("s0-7508-status", "done", by_hand(PLAIN, extra=[cms.secure_headers(
    fields(), status=0)]), *SET)
case("s0-7508-opaque", "done", outside(opaque_mime(cms.signed_data(
    PLAIN, [cms.signer_info(KEY_S, CERT, PLAIN, extra=[cms.secure_headers(
        fields())])], [CERT], detached=False))), *SET)
case("s0-old-type", "done", outside(cms.detached(
    inner_9788(), cms.signed_data(inner_9788(), [cms.signer_info(
        KEY_S, CERT, inner_9788())], [CERT]), "x-pkcs7-signature")), *SET)
case("s0-default-methods", "done", smime(inner_9788()), ANCHORS)
case("s0-dkim-broken-smime-good", "done",
     b"DKIM-Signature: v=1\r\n" + smime(inner_9788()), ANCHORS)
case("s0-dkim-good-smime-broken", "done", sign(smime(inner_9788()).replace(
    b"This is an ACME", b"This was an ACME")), ANCHORS)
case("s0-mbox", "done", b"From x Sun Nov 22 04:00:00 2026\n" + smime(
    inner_9788()).replace(b"\r\n", b"\n"), *SET)
case("s0-rsa-pss", "done", smime(
    inner_9788(), [ROOT.issue(key=cms.new_key(2048))],
    args=("-keyopt", "rsa_padding_mode:pss")), *SET)
case("s0-rsa", "done", smime(
    inner_9788(), [ROOT.issue(key=cms.new_key(2048))]), *SET)
ED_KEY, ED_CERT = ROOT.issue(key=cms.new_key("ed25519"))
case("s0-ed25519", "done", by_hand(inner_9788(), cert=ED_CERT, info=[
    cms.signer_info(ED_KEY, ED_CERT, inner_9788(), "sha512")],
    digest="sha512"), *SET)
case("s1-ed25519-changed", "smime-fail", by_hand(inner_9788(), cert=ED_CERT,
     info=[cms.signer_info(ED_KEY, ED_CERT, inner_9788() + b"x", "sha512")],
     digest="sha512"), *SET)
case("s0-intermediate", "done", smime(
    inner_9788(), [SUB.issue()], [SUB.cert]), *SET)
case("s0-extra-certificates", "done", smime(
    inner_9788(), certs=[FAKE.issue("eve@evil.example")[1], SUB.cert]), *SET)
case("s0-two-addresses", "done", smime(inner_9788(), [ROOT.issue(
    extension=cms.san((0x81, b"other@ca.example"), (0x81, CA.encode())))]),
    *SET)
case("s0-san-upper-domain", "done", smime(inner_9788(), [ROOT.issue(
    "acme-challenge+1@CA.Example")]), *SET)
case("s0-more-protected", "done", smime(inner_9788(fields(
    Reply_To="answers@ca.example")), some=fields(
        Reply_To="answers@ca.example")), *SET)
case("s0-reply-to-inside-only", "done", smime(inner_9788(fields(
    Reply_To="answers@ca.example"))), *SET)
case("s0-any-eku", "done", smime(inner_9788(), [ROOT.issue(
    extended=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,))]), *SET)
case("s0-no-usage", "done", smime(inner_9788(), [ROOT.issue(
    usage=None, extended=None)]), *SET)
case("s0-non-repudiation", "done", smime(inner_9788(), [ROOT.issue(
    usage=("content_commitment",))]), *SET)
case("s0-crl-current", "done", smime(inner_9788()), *SET, "smime_crls=@crl.pem")

good = smime(inner_9788())
case("s1-body", "smime-fail", good.replace(b"This is an ACME ch",
                                           b"This was an ACME ch"), *SET)
case("s1-inner-subject", "smime-fail", good.replace(b"ACME: L", b"ACME: M"),
     *SET)
case("s1-digest", "smime-fail", by_hand(inner_9788(), info=[cms.signer_info(
    KEY_S, CERT, inner_9788(), wrong_digest=True)]), *SET)
case("s1-other-key", "smime-fail", by_hand(inner_9788(), info=[cms.signer_info(
    cms.new_key(), CERT, inner_9788())]), *SET)
case("s1-no-certificate", "smime-fail", by_hand(inner_9788(), certs=[]), *SET)
OLD = datetime.datetime(2021, 1, 1)
for what, how in (
        ("expired", dict(end=OLD)),
        ("not-yet", dict(start=datetime.datetime(2110, 1, 1))),
        ("server-auth", dict(extended=(ExtendedKeyUsageOID.SERVER_AUTH,))),
        ("encryption-only", dict(usage=("key_encipherment",))),
        ("sha1-certificate", dict(digest=hashes.SHA1()))):
    case("s2-" + what, "smime-untrusted",
         smime(inner_9788(), [ROOT.issue(**how)]), *SET)
case("s2-fake-root", "smime-untrusted", smime(
    inner_9788(), [FAKE.issue()], [FAKE.cert]), *SET)
case("s2-no-anchors", "smime-untrusted", good, ONLY)
case("s2-missing-chain", "smime-untrusted",
     smime(inner_9788(), [SUB.issue()]), *SET)
LEAF = cms.Authority("Leaf", parent=ROOT, ca=False)
case("s2-leaf-as-issuer", "smime-untrusted", smime(
    inner_9788(), [LEAF.issue()], [LEAF.cert]), *SET)
ALONE = cms.Authority("Alone", ca=False)
ALONE.cert = cms.make(ALONE.key, ALONE, "Alone", extension=cms.san(
    (0x81, CA.encode())))
case("s2-self-signed", "smime-untrusted",
     smime(inner_9788(), [(ALONE.key, ALONE.cert)]), *SET)
case("s2-1024-bits", "smime-untrusted", smime(
    inner_9788(), [ROOT.issue(key=cms.new_key(1024))]), *SET)
REVOKED = ROOT.issue()
case("s2-revoked", "smime-untrusted", smime(inner_9788(), [REVOKED]), *SET,
     "smime_crls=@crl.pem")
case("s2-revoked-not-asked", "done", smime(inner_9788(), [REVOKED]), *SET)
case("s2-no-crl-of-the-issuer", "smime-untrusted", smime(
    inner_9788(), [SUB.issue()], [SUB.cert]), *SET, "smime_crls=@crl.pem")
for what, names in (
        ("other", [(0x81, b"eve@evil.example")]),
        ("dns", [(0x82, b"ca.example")]),
        ("uri", [(0x86, b"mailto:" + CA.encode())]),
        ("nul", [(0x81, CA.encode() + b"\0.evil.example")]),
        ("prefix", [(0x81, CA.encode()[:-1])]),
        ("suffix", [(0x81, CA.encode() + ".evil".encode())]),
        ("wildcard", [(0x81, b"*@ca.example")]),
        ("list", [(0x81, CA.encode() + b",eve@evil.example")]),
        ("brackets", [(0x81, b"<" + CA.encode() + b">")]),
        ("case", [(0x81, b"ACME-challenge+1@ca.example")]),
        ("utf8-of-ascii", [cms.smtp_utf8(CA)]),
        ("punycode", [(0x81, b"a@xn--" + b"a" * 600 + b".example")]),
        ("controls", [(0x81, b"\x1b[31m@ca.example")])):
    case("s3-" + what, "smime-identity", smime(inner_9788(), [ROOT.issue(
        extension=cms.san(*names))]), *SET)
case("s3-none", "smime-identity", smime(
    inner_9788(), [ROOT.issue(None, common=CA)]), *SET)
for digest in ("md5", "sha1"):
    case("s5-" + digest, "smime-fail", smime(
        inner_9788(), [ROOT.issue(key=cms.new_key(2048))],
        args=("-md", digest)), *SET)
case("s6-two-signers", "smime-fail", smime(
    inner_9788(), [(KEY_S, CERT), ROOT.issue()]), *SET)
case("s6-nobody", "smime-fail", outside(cms.detached(
    inner_9788(), cms.signed_data(inner_9788(), [], [CERT])))
    .replace(b"info=", b""), *SET)
EVE = ROOT.issue("eve@evil.example")
case("s6-wrong-certificate-first", "done", by_hand(
    inner_9788(), certs=[EVE[1], CERT]), *SET)
case("s7-content-inside", "smime-fail", by_hand(
    inner_9788(), inside=inner_9788()), *SET)
case("s7-other-content-inside", "smime-fail", by_hand(
    inner_9788(), inside=PLAIN), *SET)
blob = cms.signed_data(inner_9788(), [cms.signer_info(
    KEY_S, CERT, inner_9788())], [CERT])
for what, made in (
        ("truncated", blob[:-40]), ("empty", b""), ("trailing", blob + b"\0"),
        ("noise", bytes(range(256))),
        ("4-gib", b"\x30\x84\xff\xff\xff\xff" + blob[4:]),
        ("deep", b"\x30\x80" * 5000),
        ("enveloped", blob.replace(bytes.fromhex("2a864886f70d010702"),
                                   bytes.fromhex("2a864886f70d010703"), 1)),
        ("auth-enveloped", cms.der(0x30, bytes.fromhex(
            "060b2a864886f70d0109100117"), cms.der(0xa0, b"\x30\0"))),
        ("other-content-type", cms.signed_data(
            inner_9788(), [cms.signer_info(KEY_S, CERT, inner_9788())], [CERT],
            kind=bytes.fromhex("060b2a864886f70d0109100104")))):
    case("s8-" + what, "smime-fail", outside(cms.detached(inner_9788(), made)),
         *SET)
case("s8-not-base64", "smime-fail", outside(cms.detached(
    inner_9788(), blob)).replace(b"\r\nMII", b"\r\n!!!", 1), *SET)
case("s9-not-protected", "smime-unprotected", smime(PLAIN), *SET)
case("s9-hp-cipher", "smime-unprotected", smime(inner_9788(
    hp='; hp="cipher"')), *SET)
case("s9-no-hp", "smime-unprotected", smime(inner_9788(hp="")), *SET)
case("s9-forwarded", "smime-unprotected", smime(inner_8551(
    forwarded="; forwarded=yes")), *SET)
for field in ("From", "To", "Subject"):
    case("s9-without-" + field.lower(), "smime-unprotected",
         smime(inner_9788(fields(drop=(field,)))), *SET)
    case("s9-7508-without-" + field.lower(), "smime-unprotected", by_hand(
        PLAIN, extra=[cms.secure_headers(fields(drop=(field,)))]), *SET)
case("s9-7508-modified", "smime-unprotected", by_hand(
    PLAIN, extra=[cms.secure_headers(fields(), status=2)]), *SET)
for field, value in (("Subject", "ACME: " + "A" * 43),
                     ("Message-ID", "<c2@ca.example>"),
                     ("Auto-Submitted", "auto-generated")):
    other = fields(**{field.replace("-", "_"): value})
    case("s10-" + field.lower(), "smime-unprotected",
         smime(inner_9788(), some=other), *SET)
    case("s10-8551-" + field.lower(), "smime-unprotected",
         smime(inner_8551(), some=other), *SET)
    case("s10-7508-" + field.lower(), "smime-unprotected", by_hand(
        PLAIN, extra=[cms.secure_headers(fields())], some=other), *SET)
case("s10-to", "smime-unprotected", smime(inner_9788(fields(
    To="bob@example.org"))), *SET)
case("s10-from", "smime-unprotected", smime(inner_9788(fields(
    From="eve@ca.example"))), *SET)
for field in ("Reply-To", "Cc", "Sender"):
    case("s10-outside-" + field.lower(), "smime-unprotected",
         field.encode() + b": eve@ca.example\r\n" + good, *SET)
case("s10-outside-in-reply-to", "smime-unprotected",
     b"In-Reply-To: <x@ca.example>\r\n" + good, *SET)
entity = good[good.index(b"MIME-Version"):]
entity = entity[entity.index(b"Content-Type"):]


def wrapped(kind, more=b""):
    return head(fields(MIME_Version="1.0", Content_Type="multipart/%s; "
                       "boundary=out" % kind)) + b"\r\n--out\r\n" + entity + \
        b"\r\n" + more + b"--out--\r\n"


for kind in ("mixed", "alternative", "related"):
    case("s11-in-" + kind, "not-authenticated", wrapped(kind), *SET)
case("s11-list-footer", "not-authenticated", wrapped(
    "mixed", b"--out\r\nContent-Type: text/plain\r\n\r\nList footer.\r\n"),
    *SET)
third = good[:good.rindex(b"------")]
boundary = re.search(rb'boundary="([^"]+)"', good)[1]
case("s11-third-part", "smime-fail", third + b"--" + boundary +
     b"\r\nContent-Type: text/plain\r\n\r\nmore\r\n--" + boundary + b"--\r\n",
     *SET)
case("s11-two-boundaries", "smime-fail", good.replace(
    b'boundary="', b'boundary="x"; boundary="', 1), *SET)
case("s11-prefix-boundary", "smime-fail", outside(cms.detached(
    inner_9788(fields()) + b"--bnd2\r\n", cms.signed_data(
        inner_9788() + b"--bnd2\r\n", [cms.signer_info(
            KEY_S, CERT, inner_9788() + b"--bnd2\r\n")], [CERT]))), *SET)
case("s11-unclosed", "smime-fail", good[:good.rindex(b"--" + boundary)], *SET)
case("s11-swapped", "smime-fail", outside(cms.detached(
    inner_9788(), blob, subtype="pkcs7-mime", protocol="pkcs7-signature")),
    *SET)
case("s11-nested", "smime-unprotected", smime(entity), *SET)
case("s11-nested-8551", "smime-unprotected", smime(
    b"Content-Type: message/rfc822\r\n\r\n" + good), *SET)
case("s11-pgp", "not-authenticated", outside(cms.detached(
    inner_9788(), blob, subtype="pgp-signature")), *SET)
case("s12-mallory", "smime-identity", smime(inner_9788(), [EVE]), *SET)
case("s12-mallory-sender", "smime-identity", smime(
    inner_9788(fields(Sender="eve@evil.example")), [EVE],
    some=fields(Sender="eve@evil.example")), *SET)
case("s12-mallory-name", "unexpected", smime(
    inner_9788(fields(From='"%s" <eve@evil.example>' % CA)), [EVE],
    some=fields(From='"%s" <eve@evil.example>' % CA)), *SET)
case("s13-encrypted", "not-authenticated", outside(opaque_mime(
    cms.der(0x30, bytes.fromhex("06092a864886f70d010703"),
            cms.der(0xa0, b"\x30\0")), "; smime-type=enveloped-data")), *SET)
case("s13-encrypted-untold", "not-authenticated", outside(opaque_mime(
    cms.der(0x30, bytes.fromhex("06092a864886f70d010703"),
            cms.der(0xa0, cms.der(0x30, cms.der(2, b"\0"), cms.der(0x31),
                                  cms.der(0x30, cms.DATA, cms.der(0x30,
                                  bytes.fromhex("0609608648016503040102")))))),
    "")), *SET)
case("s13-nul-in-content", "smime-fail", by_hand(
    inner_9788() + b"a\0b"), *SET)
case("s13-bare-cr", "smime-fail", by_hand(inner_9788() + b"a\rb"), *SET)

for old in os.listdir(HERE):
    if old.endswith((".eml", ".expect")):
        os.unlink(os.path.join(HERE, old))
for name, (data, expect) in cases.items():
    with open(os.path.join(HERE, name + ".eml"), "wb") as f:
        f.write(data)
    with open(os.path.join(HERE, name + ".expect"), "w") as f:
        f.write(expect)
with open(os.path.join(HERE, "dns.json"), "w") as f:
    json.dump(zone, f, indent=1, sort_keys=True)
with open(os.path.join(HERE, "anchors.pem"), "wb") as f:
    f.write(cms.cert_pem(ROOT.cert))
with open(os.path.join(HERE, "crl.pem"), "wb") as f:
    f.write(ROOT.crl((REVOKED[1], datetime.datetime(2022, 1, 1))))
print(len(cases))

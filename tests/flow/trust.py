#!/usr/bin/python3
# Runs in: check check-slow check-ages
"""Who may sign: chains, revocation lists, anchors and names, in `verify` and
in `handle`.  Certificates are made as the test runs, so that nothing ages;
the openssl command judges the same messages where it can."""
import base64
import datetime
import email.utils
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import cms
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage
from cryptography.x509.oid import ObjectIdentifier
from lib import ADDRESS, CA, PART1, Place, run_tests, sample, tap, tests_of

MAIL, ANY, TLS = (Usage.EMAIL_PROTECTION, Usage.ANY_EXTENDED_KEY_USAGE,
                  Usage.SERVER_AUTH)
CODE, CLIENT, TIME, OCSP = (Usage.CODE_SIGNING, Usage.CLIENT_AUTH,
                            Usage.TIME_STAMPING, Usage.OCSP_SIGNING)
UNKNOWN = ObjectIdentifier("1.3.6.1.4.1.55555.1")

FIELDS = ("From: %s\r\nTo: %s\r\nMessage-ID: <c1@ca.example>\r\n"
          "Auto-Submitted: auto-generated; type=acme\r\nSubject: ACME: %s\r\n"
          "Date: " + email.utils.formatdate() + "\r\n")


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

    def both(self, name, raw, good, word="", refusal="smime-untrusted",
             verify_only=False):
        """verify and handle say the same; `word` is in what they say."""
        result = self.verify(raw)
        why = " ".join(result["smimeErrors"] or [])
        tap.ok((result["smimeStatus"] == "signed/verified") == good and
               word in why, name + ": verify", result)
        if verify_only:
            return
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
    for what, limit, good in sample(limits, 6):
        sub = cms.Authority("Sub", parent=root, limit=limit)
        deep = cms.Authority("Deep", parent=sub)
        for kind, extended in (("mail", (MAIL,)), ("any", (ANY,)),
                               ("no", None)):
            if kind == "no" and what not in ("none", "TLS"):
                continue
            raw = challenge(sub.issue(extended=extended), [sub.cert])
            with Case([root.cert]) as case:
                case.both("CA for %s, signer for %s" % (what, kind), raw, good,
                          "" if good else "not for mail",
                          verify_only=kind == "mail")
                # The command does not know anyExtendedKeyUsage.
                if ANY not in (limit or []) and kind != "any":
                    tap.equal(openssl_accepts(case, raw), good,
                              "CA for %s, signer for %s: openssl" % (
                                  what, kind))
        raw = challenge(deep.issue(), [deep.cert, sub.cert])
        with Case([root.cert]) as case:
            case.both("CA for %s, one below it" % what, raw, good,
                      "" if good else "not for mail", verify_only=True)
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


# --- revocation lists --------------------------------------------------------
NOW = datetime.datetime.utcnow().replace(microsecond=0)
DAY, HOUR = datetime.timedelta(days=1), datetime.timedelta(hours=1)
PAST, RECENT, FUTURE = NOW - 900 * DAY, NOW - HOUR, NOW + 30 * DAY


def lists(*each, folder=False):
    """The value of smime_crls: each is the content of a file."""
    def write(place):
        paths = [place.write("lists/l%d.crl" % i, one)
                 for i, one in enumerate(each)]
        if folder:
            os.makedirs(place.path("lists"), exist_ok=True)
        return place.path("lists") if folder else " ".join(paths)
    return write


def openssl_agrees(name, case, raw, good, anchors, some):
    """`openssl cms -verify` with the same lists; it asks the anchor too, so
    that a list of the root is always among them."""
    both = case.place.write("both.pem", cms.cert_pem(*anchors) +
                            cms.crl_pem(*some))
    with open(case.place.path("judged.eml"), "wb") as f:
        f.write(raw)
    got = subprocess.run(
        ["openssl", "cms", "-verify", "-in", case.place.path("judged.eml"),
         "-CAfile", both, "-out", "/dev/null", "-purpose", "smimesign",
         "-crl_check", "-use_deltas", "-extended_crl"], capture_output=True,
        env=dict(os.environ, OPENSSL_CONF="/dev/null"))
    tap.equal(got.returncode == 0, good, name + ": openssl")


def test_lists_that_say_nothing():
    """What cannot be read is not good news."""
    root = cms.Authority("Lists Root")
    signer, other = root.issue(), root.issue()
    raw = challenge(signer)
    good = cms.revocation_list(root, [cms.entry(other[1], PAST)])
    bad = cms.revocation_list(root, [cms.entry(signer[1], PAST)])
    pem = cms.crl_pem(bad)
    damaged = {
        "empty": b"", "blank": b"\n\n", "garbage": os.urandom(500),
        "HTML": b"<!DOCTYPE html><html>404 Not Found</html>\n",
        "cut PEM": pem[:-40], "cut in the middle": pem[:200],
        "no base64": pem.replace(b"MI", b"M!", 1), "cut DER": bad[:-10],
        "a certificate": cms.cert_pem(root.cert),
        "a certificate in DER": cms.cert_der(root.cert),
        "octets after DER": bad[:-1] + bytes([bad[-1] ^ 1]) + b"junk",
        "a number too long": bad.replace(b"\x02\x01\x01", b"\x02\x01", 1),
        "other label": pem.replace(b"X509 CRL", b"X509 CRT")}
    for what, data in damaged.items():
        with Case([root.cert], lists(data)) as case:
            case.both("list: " + what, raw, False, "l0.crl")
        with Case([root.cert], lists(data, bad)) as case:
            case.both("list: %s, then one that revokes" % what, raw, False,
                      "revoked", verify_only=what != "garbage")
        with Case([root.cert], lists(data, good)) as case:
            case.both("list: %s, then a good one" % what, raw, True,
                      verify_only=True)
    for what, first in (("cut PEM", pem[:-40]), ("cut base64", pem[:200]),
                        ("no base64", damaged["no base64"])):
        for kind, last, ok in (("revokes", bad, False), ("good", good, True)):
            with Case([root.cert], lists(first + b"\n" + cms.crl_pem(
                    last))) as case:
                case.both("one file: %s, then one that is %s" % (what, kind),
                          raw, ok, "" if ok else "revoked")
    with Case([root.cert], lists(folder=True)) as case:
        case.both("list: an empty directory", raw, False, "/lists")
    # A directory: what is there, but cannot be opened.
    for what, link, ok in (("a dangling link", "nowhere", True),
                           ("a link to itself", "self.crl", False)):
        sub = cms.Authority("Lists Sub", parent=root)
        below = challenge(sub.issue(), [sub.cert])
        with Case([root.cert], lists(cms.revocation_list(sub),
                                     folder=True)) as case:
            os.symlink(link, case.place.path("lists/self.crl"))
            case.both("directory with " + what, below, ok,
                      "" if ok else "self.crl")
    # A CA in between needs no list, but the damaged one may be its.
    sub = cms.Authority("Lists Sub", parent=root)
    below = challenge(sub.issue(), [sub.cert])
    fine = cms.revocation_list(sub)
    revoked = cms.revocation_list(root, [cms.entry(sub.cert, PAST)])
    for what, more, ok, word in (
            ("without a list", [], True, ""), ("listed", [good], True, ""),
            ("revoked", [revoked], False, "revoked"),
            ("in a list that is cut", [revoked[:-9]], False, "l1.crl")):
        with Case([root.cert], lists(fine, *more)) as case:
            case.both("a CA in between, " + what, below, ok, word)
    # Too large to be used: said at once, with its name.
    with Case([root.cert], lists(good)) as case:
        with open(case.place.path("lists/l0.crl"), "ab") as f:
            f.truncate(200 * 1024 * 1024)
        got = case.place.run(*case.args, "verify", stdin=raw)
        tap.ok(got.returncode == 78 and b"l0.crl" in got.stderr and
               b"128 MiB" in got.stderr, "list: too large", got)


def test_scopes():
    """RFC 5280 section 6.3.3: which list tells of whom, and which counts."""
    root = cms.Authority("Scope Root")
    elsewhere = cms.Authority("Scope Root")
    sub = cms.Authority("Scope Sub", parent=root)
    one = root.issue()
    placed = root.issue(more=[cms.points("http://ca.example/p2.crl",
                                         "ldap://ca.example/p2")])
    below = sub.issue()

    def full(revoked=(), ca=root, **how):
        return cms.revocation_list(ca, [cms.entry(c, PAST) for c in revoked],
                                   **how)

    def of(*numbers):
        return cms.scope(["http://ca.example/p%d.crl" % n for n in numbers])

    users, cas = cms.scope(users=True), cms.scope(cas=True)
    some = cms.scope(reasons=b"\x60")     # keyCompromise, cACompromise
    rest = cms.scope(reasons=b"\x1f\x80")
    unknown = cms.extension((1, 3, 6, 1, 4, 1, 55555, 2), b"\5\0", True)
    late = dict(start=RECENT, number=7)
    # The command wants to be told of delta lists by the complete one.
    freshest = cms.extension(46, cms.der(0x30, cms.der(0x30, cms.point(
        "http://ca.example/delta.crl"))))
    whole = dict(number=5, start=PAST, extra=freshest)
    held = cms.revocation_list(root, [cms.entry(one[1], PAST, cms.HOLD)],
                               **whole)
    removed = cms.revocation_list(root, [cms.entry(
        one[1], PAST, cms.REMOVE)], delta=5, **late)
    cases = [
        ("good", one, [full()], True, ""),
        ("revoked", one, [full([one[1]])], False, "revoked"),
        ("out of date", one, [full(end=RECENT, start=PAST)], False,
         "has expired"),
        ("no end", one, [full(end=None)], False, "when it expires"),
        ("no number", one, [full(number=None)], True, ""),
        ("forged", one, [full(key=elsewhere.key)], False, "not signed"),
        ("forged beside a good one", one, [full([one[1]], key=elsewhere.key),
                                           full()], True, ""),
        ("of another issuer", one, [full(ca=sub)], False, "no list for it"),
        ("of another key of that name", one, [full(
            key=elsewhere.key, key_id=b"\1" * 20), full()], True, ""),
        ("SHA-1", one, [full(digest="sha1")], True, ""),
        ("SHA-512", one, [full(digest="sha512")], True, ""),
        ("critical extension", one, [full(extra=unknown)], False, "critical"),
        ("critical entry extension", one, [cms.revocation_list(
            root, [cms.entry(77, PAST, extra=unknown)])], False, "damaged"),
        ("older revokes, newer does not", one, [
            full([one[1]], **whole), full(**late)], True, ""),
        ("newer revokes", one, [full([one[1]], **late), full(**whole)], False,
         "revoked"),
        ("newer by date revokes", one, [
            full([one[1]], number=None, start=RECENT), full(number=None)],
         False, "revoked"),
        # Section 5.2.4
        ("delta says nothing", one, [full([one[1]], **whole), full(
            delta=5, **late)], False, "revoked"),
        ("delta revokes", one, [full(**whole), full(
            [one[1]], delta=5, **late)], False, "revoked"),
        ("delta of a later base revokes", one, [full(**whole), full(
            [one[1]], delta=6, **late)], False, "revoked"),
        ("delta before its base", one, [full([one[1]], delta=5, **late), full(
            **whole)], False, "revoked"),
        ("delta alone", one, [full(delta=5, **late)], False, "delta"),
        ("delta alone revokes", one, [full([one[1]], delta=5, **late)], False,
         "revoked"),
        ("delta and a base that is over", one, [full(
            number=5, start=PAST, end=RECENT), full(delta=5, **late)], False,
         "has expired"),
        ("delta good", one, [full(**whole), full(delta=5, **late)], True, ""),
        ("on hold", one, [held], False, "revoked"),
        ("on hold, removed", one, [held, removed], True, ""),
        ("removed, then held by a newer base", one, [removed, full(
            [one[1]], number=9, start=NOW)], False, "revoked"),
        # Section 5.2.5
        ("partitioned", placed, [full(extra=of(1)), full(extra=of(2))], True,
         ""),
        ("partitioned, revoked", placed, [full(extra=of(1)), full(
            [placed[1]], extra=of(2))], False, "revoked"),
        ("partitioned, the other says revoked", placed, [full(
            [placed[1]], extra=of(1)), full(extra=of(2))], True, ""),
        ("partitioned, ours is missing", placed, [full(extra=of(1))], False,
         "no list for it"),
        ("one of its points", placed, [full(extra=of(7, 2))], True, ""),
        ("a point, none in the certificate", one, [full(extra=of(2))], False,
         "no list for it"),
        ("users only", one, [full(extra=users)], True, ""),
        ("users only, revoked", one, [full([one[1]], extra=users)], False,
         "revoked"),
        ("CAs only", one, [full(extra=cas)], False, "no list for it"),
        ("attributes only", one, [full(extra=cms.scope(attributes=True))],
         False, "no list for it"),
        ("users and CAs apart", below, [full(extra=users), full(
            [sub.cert], extra=cas), full(ca=sub)], False, "revoked"),
        ("the list of users does not tell of CAs", below, [full(
            [sub.cert], extra=users), full(ca=sub)], True, ""),
        ("some reasons", one, [full(extra=some)], False, "no list for it"),
        ("all reasons in two lists", one, [full(extra=some), full(
            extra=rest)], True, ""),
        ("some reasons, revoked", one, [full([one[1]], extra=rest), full(
            extra=some)], False, "revoked"),
        ("indirect", one, [full(extra=cms.scope(indirect=True))], False,
         "indirect"),
    ]
    # Where the command tries one list only, asks of the signer only, or is
    # stricter or laxer than the clause.
    stranger = {"forged beside a good one", "of another key of that name",
                "users and CAs apart", "no end", "critical entry extension", "indirect",
                "delta of a later base revokes", "delta alone revokes",
                "on hold, removed", "no number",
                "removed, then held by a newer base", "some reasons, revoked"}
    for name, signer, each, good, word in cases:
        raw = challenge(signer, [sub.cert] if signer is below else [])
        with Case([root.cert], lists(*each)) as case:
            case.both(name, raw, good, word,
                      verify_only="delta" not in name and
                      "point" not in name)
            if name not in stranger:
                openssl_agrees(name, case, raw, good, [root.cert], each)
    for kind, key in (("Ed25519", cms.new_key("ed25519")),
                      ("RSASSA-PSS", cms.new_key(2048))):
        own = cms.Authority("Scope " + kind, key=key)
        signer = own.issue()
        for name, revoked in (("good", []), ("revoked", [cms.entry(
                signer[1], PAST)])):
            each = cms.revocation_list(own, revoked)
            changed = each.replace(b"Scope", b"Sc0pe") if revoked else \
                each[:-1] + bytes([each[-1] ^ 1])
            with Case([own.cert], lists(each)) as case:
                case.both("%s, %s" % (kind, name), challenge(signer),
                          not revoked, verify_only=True)
            with Case([own.cert], lists(changed)) as case:
                case.both("%s, %s, changed" % (kind, name),
                          challenge(signer), False, verify_only=True)


def test_anchors_and_lists():
    """An anchor needs no list; one that is revoked is none any more."""
    root = cms.Authority("Top")
    sub = cms.Authority("Middle", parent=root)
    raw = challenge(sub.issue())
    of_sub = cms.revocation_list(sub)
    for what, anchors, each, good in (
            ("the root's good list", [root, sub],
             [of_sub, cms.revocation_list(root)], True),
            ("no list of the root", [root, sub], [of_sub], True),
            ("the root's list is over", [root, sub], [
                of_sub, cms.revocation_list(root, start=PAST, end=RECENT)],
             True),
            ("the root revokes it", [root, sub], [
                of_sub, cms.revocation_list(root, [cms.entry(
                    sub.cert, PAST)])], False),
            ("the root is no anchor", [sub], [
                of_sub, cms.revocation_list(root, [cms.entry(
                    sub.cert, PAST)])], True)):
        with Case([a.cert for a in anchors], lists(*each)) as case:
            case.both("a CA is an anchor too, " + what, raw, good,
                      "" if good else "revoked")
    # The file of anchors itself.
    signer = root.issue()
    raw = challenge(signer)
    pem = cms.cert_pem(root.cert)
    stranger = cms.cert_pem(cms.Authority("Stranger").cert)
    for what, data, good in (
            ("empty", b"", False), ("garbage", os.urandom(300), False),
            ("cut PEM", pem[:-30], False), ("no base64", pem.replace(
                b"MI", b"M!", 1), False), ("cut DER", cms.cert_der(
                    root.cert)[:-5], False),
            ("a list", cms.crl_pem(cms.revocation_list(root)), False),
            ("cut, then good", stranger[:-30] + b"\n" + pem, True),
            ("good, then cut", pem + stranger[:-30], True),
            ("no base64, then good", stranger.replace(b"MI", b"M!", 1) + pem,
             True), ("text around it", b"The root:\n" + pem + b"end\n", True),
            ("DER", cms.cert_der(root.cert), True),
            ("old label", pem.replace(b" CERT", b" X509 CERT"), True)):
        with Case(data) as case:
            case.both("anchors: " + what, raw, good,
                      "" if good else "anchors.pem")
    for what, args, good in (("for mail", ["-addtrust", "emailProtection"],
                              True), ("for TLS", ["-addtrust", "serverAuth"],
                                      False),
                             ("not for mail", ["-addreject",
                                               "emailProtection"], False)):
        trusted = subprocess.run(["openssl", "x509", "-trustout", *args],
                                 input=pem, capture_output=True,
                                 check=True).stdout
        with Case(trusted) as case:
            case.both("anchors: trusted certificate " + what, raw, good)


def received(when):
    return "Received: from ca.example by mx.example.org; " + \
        when.strftime("%a, %d %b %Y %H:%M:%S +0000\n")


def test_when_it_was_revoked():
    """RFC 5280 section 5.3.2: what counts is since when it was not valid."""
    root = cms.Authority("Time Root")
    signer = root.issue()
    bad, good = "signed/failed", "signed/verified"
    for what, entry, then in (
            ("before it came", cms.entry(signer[1], NOW - 3 * DAY), bad),
            ("after it came", cms.entry(signer[1], NOW - HOUR), good),
            ("after it came, invalid before", cms.entry(
                signer[1], NOW - HOUR, cms.COMPROMISE, NOW - 3 * DAY), bad),
            ("after it came, invalid since", cms.entry(
                signer[1], NOW - HOUR, cms.COMPROMISE, NOW - 2 * HOUR), good),
            ("before it came, invalid later", cms.entry(
                signer[1], NOW - 3 * DAY, cms.COMPROMISE, NOW - HOUR), bad)):
        raw = challenge(signer, outside=received(NOW - DAY))
        with Case([root.cert], lists(cms.revocation_list(
                root, [entry], start=RECENT))) as case:
            result = case.verify(raw)
            tap.equal((result["smimeStatus"],
                       result["smimeStatusAtDelivery"]), (bad, then),
                      "revoked " + what)
            tap.equal(case.handle(raw)[0], "smime-untrusted" if then == bad
                      else "answered", "revoked %s: handle" % what)


def test_modes():
    """revocation = off, soft, hard: of verify alone."""
    root = cms.Authority("Modes Root")
    signer = root.issue()
    raw = challenge(signer)
    revoked = cms.revocation_list(root, [cms.entry(signer[1], PAST)])
    for mode, of_bad, of_unknown in (("off", True, True),
                                     ("soft", False, True),
                                     ("hard", False, False)):
        for what, data, want in (("revoked", revoked, of_bad),
                                 ("unknown", b"", of_unknown)):
            with Case([root.cert], lists(data),
                      "revocation=" + mode) as case:
                tap.equal(case.verify(raw)["smimeStatus"] ==
                          "signed/verified", want, mode + ": " + what)
                tap.equal(case.handle(raw)[0], "smime-untrusted",
                          "%s: %s, handle" % (mode, what))
    with Case([root.cert], lists(b""), "revocation=strict") as case:
        got = case.place.run(*case.args, "verify", stdin=raw)
        tap.equal(got.returncode, 78, "another word")


def test_large_list():
    """Real lists have 100 MB: nothing is held that does not matter."""
    root = cms.Authority("Large Root")
    signer = root.issue()
    raw = challenge(signer)
    one = [cms.entry((1 << 126) + i, PAST) for i in range(1000)]
    many = b"".join(one) * 400
    for what, more, good in (("not in it", b"", True),
                             ("at its end", cms.entry(signer[1], PAST),
                              False)):
        each = cms.revocation_list(root, many + more)
        assert len(each) > 13 * 1024 * 1024
        with Case([root.cert], lists(each)) as case:
            case.both("13 MB, " + what, raw, good, "" if good else "revoked")
        with Case([root.cert], lists(cms.crl_pem(each))) as case:
            case.both("13 MB in PEM, " + what, raw, good,
                      "" if good else "revoked", verify_only=True)


# --- signed attributes -------------------------------------------------------
PLAIN = b"Content-Type: text/plain\r\n\r\nHello\r\n"


def by_hand(signer, entity=PLAIN, opaque=False, digest="sha256", **how):
    """A challenge whose signer information is made here."""
    key, cert = signer
    blob = cms.signed_data(entity, [cms.signer_info(
        key, cert, entity, digest, **how)], [cert], detached=not opaque,
        digest=digest)
    head = (FIELDS % (CA, ADDRESS, PART1)).encode()
    if opaque:
        return head + b"MIME-Version: 1.0\r\nContent-Type: application/" \
            b"pkcs7-mime; smime-type=signed-data\r\n" \
            b"Content-Transfer-Encoding: base64\r\n\r\n" + \
            base64.encodebytes(blob)
    return head + cms.detached(entity, blob)


def test_content_type():
    """RFC 5652 sections 5.3 and 11.1: the attribute is what is signed."""
    root = cms.Authority("Type Root")
    fields = [cms.secure_headers([("From", CA), ("To", ADDRESS), (
        "Subject", "ACME: " + PART1)])]
    for kind, key in (("ec", cms.new_key()), ("rsa", cms.new_key(2048)),
                      ("ed25519", cms.new_key("ed25519"))):
        signer = root.issue(key=key)
        digest = "sha512" if kind == "ed25519" else "sha256"
        for what, value, good in (
                ("data", cms.DATA, True), ("missing", b"", False),
                ("TSTInfo", cms.oid(1, 2, 840, 113549, 1, 9, 16, 1, 4), False),
                ("signed data", cms.SIGNED, False),
                ("enveloped data", cms.oid(1, 2, 840, 113549, 1, 7, 3), False),
                ("twice", cms.DATA * 2, False)):
            for opaque in (False, True):
                with Case([root.cert]) as case:
                    case.both("content-type %s, %s%s" % (
                        what, kind, ", opaque" if opaque else ""), by_hand(
                            signer, opaque=opaque, digest=digest, kind=value,
                            extra=fields), good, refusal="smime-fail",
                        verify_only=opaque or kind == "rsa")


def test_secure_headers():
    """RFC 7508: a field is one line with one name."""
    root = cms.Authority("Fields Root")
    signer = root.issue()
    base = [("From", CA), ("To", ADDRESS), ("Subject", "ACME: " + PART1)]
    for what, more, good in (
            ("newline in a name", [("X: y\nFrom", CA)], False),
            ("CR in a name", [("X\rFrom", CA)], False),
            ("colon in a name", [("From:", CA)], False),
            ("blank in a name", [("X y", "z")], False),
            ("control in a name", [("X\x01", "z")], False),
            ("no name", [("", "z")], False),
            ("newline in a value", [("X", "y\nTo: eve@evil.example")], False),
            ("CR LF in a value", [("X", "y\r\nTo: e@evil.example")], False),
            ("bare CR in a value", [("X", "y\r z")], False),
            ("NUL in a value", [("X", "y\0z")], False),
            ("a fold in a value", [("X", "y\r\n z"), ("Y", "y\n\tz")], True),
            ("another field", [("X-Other", "z")], True)):
        raw = by_hand(signer, extra=[cms.secure_headers(base + more)])
        with Case([root.cert]) as case:
            verdict, reason = case.handle(raw)
            tap.ok(verdict == ("answered" if good else "smime-unprotected"),
                   "RFC 7508: " + what, verdict, reason)


# --- addresses ---------------------------------------------------------------
def test_names_in_certificates():
    """RFC 9598: octets, and ASCII domains without regard to case."""
    root = cms.Authority("Name Root")
    wide, dot = "acme-challenge+1@ca.\uff45xample", \
        "acme-challenge+1@ca\uff0eexample"
    soft, ideographic = "acme-challenge+1@ca.ex\u00adample", \
        "acme-challenge+1@ca\u3002example"
    local = "acme-challenge+\uff11@ca.example"
    ours = (("exact", CA, True), ("upper case domain", CA.replace(
        "ca.example", "CA.Example"), True),
        ("upper case local part", "ACME-challenge+1@ca.example", False),
        ("quoted", '"acme-challenge+1"@ca.example', True))
    for what, text, good in ours + tuple(
            (what, text, False) for what, text in (
                ("a fullwidth letter", wide), ("a fullwidth dot", dot),
                ("a soft hyphen", soft), ("an ideographic dot", ideographic),
                ("a fullwidth digit", local))):
        for kind, name in (("rfc822Name", (0x81, text.encode())),
                           ("SmtpUTF8Mailbox", cms.smtp_utf8(text))):
            signer = root.issue(extension=cms.san(name))
            with Case([root.cert]) as case:
                case.both("%s in %s" % (what, kind), challenge(signer),
                          good and kind == "rfc822Name",
                          refusal="smime-identity",
                          verify_only=kind == "SmtpUTF8Mailbox")
    # Beyond ASCII, with the domain as a U-label and as an A-label.
    who = "\u533b\u751f@"
    for text, good in ((who + "xn--pss25c.example", True),
                       (who + "XN--PSS25C.Example", True),
                       (who + "\u5927\u5b66.example", False),
                       ("\u533b@xn--pss25c.example", False)):
        signer = root.issue(extension=cms.san(cms.smtp_utf8(text)))
        for domain in ("xn--pss25c.example", "\u5927\u5b66.example"):
            made = cms.openssl_sign(PLAIN, [signer]).replace(b"\r\n", b"\n")
            with Case([root.cert]) as case:
                result = case.verify(("From: %s%s\n" % (who, domain)).encode()
                                     + made)
                tap.equal(result["smimeStatus"] == "signed/verified", good,
                          "%s for %s%s" % (ascii(text), ascii(who), domain))


def test_names_in_fields():
    """From, To and Reply-To are not mapped into what is expected."""
    for field, value, refusal in (
            ("From", CA.replace(".example", "\uff0eexample"), "wrong-from"),
            ("From", CA.replace(".example", "\u3002example"), "wrong-from"),
            ("From", CA.replace("example", "\uff45xample"), "wrong-from"),
            ("From", CA.replace("ca.", "c\u00ada."), "wrong-from"),
            ("To", ADDRESS.replace(".org", "\uff0eorg"), "wrong-to"),
            ("To", ADDRESS.replace(".org", "\u3002org"), "wrong-to"),
            ("To", ADDRESS.replace("org", "o\u00adrg"), "wrong-to"),
            ("To", ADDRESS.replace("org", "\uff4frg"), "wrong-to"),
            ("From", CA.replace("ca.", "CA."), None),
            ("To", ADDRESS.replace("org", "ORG"), None)):
        fields = {"From": CA, "To": ADDRESS,
                  "Date": email.utils.formatdate(),
                  "Subject": "ACME: " + PART1,
                  "Message-ID": "<c1@ca.example>",
                  "Auto-Submitted": "auto-generated; type=acme",
                  "Content-Type": "text/plain; charset=utf-8"}
        fields[field] = value
        raw = "".join("%s: %s\n" % f for f in fields.items()) + "\nHello\n"
        with Case(b"", None, "authenticate=none") as case:
            got, why = case.handle(raw.encode())
            tap.equal(got, refusal or "answered", "%s: %s" % (
                field, ascii(value)))


run_tests(tests_of(globals()), 4)
tap.done()

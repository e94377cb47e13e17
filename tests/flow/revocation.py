#!/usr/bin/python3
# Runs in: check-slow
"""mailcert verify asks CAs about revocation: their lists, and OCSP answered by
`openssl ocsp`; on loopback, by certificates of Python's cryptography."""
import datetime
import glob
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import (AuthorityInformationAccessOID,
                                   ExtendedKeyUsageOID)
from lib import BUILD, Place, ask, make_maildir, run_tests, tap, tests_of

CA = "ca@ca.example"
NOW = datetime.datetime.utcnow()
DAY = datetime.timedelta(days=1)


class Web:
    """What a CA serves: files, and what functions say to a POST."""

    def __init__(self):
        web = self
        self.pages, self.heard = {}, []

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *unused):
                pass

            def do_GET(self):
                self.answer(b"")

            def do_POST(self):
                self.answer(self.rfile.read(
                    int(self.headers["Content-Length"])))

            def answer(self, body):
                web.heard.append((self.command, self.path))
                page = web.pages.get(self.path, 404)
                page = page(body) if callable(page) else page
                if isinstance(page, tuple):
                    self.send_response(page[0])
                    self.send_header("Location", page[1])
                    self.end_headers()
                elif isinstance(page, int):
                    self.send_error(page)
                else:
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(page)))
                    self.end_headers()
                    self.wfile.write(page)

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.http.server_address[1]
        self.thread = threading.Thread(target=self.http.serve_forever,
                                       args=(0.02,), daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.http.shutdown()
        self.http.server_close()

    def asked(self):
        heard, self.heard[:] = list(self.heard), []
        return heard


class Desk:
    def __init__(self, place, web, how="crl ocsp", root=None):
        self.place, self.web = place, web
        self.root = root or cms.Authority("Retrieved")
        more = []
        if "crl" in how:
            more.append(cms.points(web.url + "/ca.crl"))
        if "ocsp" in how:
            more.append(x509.AuthorityInformationAccess([
                x509.AccessDescription(
                    AuthorityInformationAccessOID.OCSP,
                    x509.UniformResourceIdentifier(web.url + "/ocsp"))]))
        self.signer = self.root.issue(CA, more=more)
        self.anchors = place.write("root.pem", cms.cert_pem(self.root.cert))
        made = cms.openssl_sign(b"Content-Type: text/plain\n\nHello\n",
                                [self.signer])
        self.message = b"From: %s\n" % CA.encode() + made.replace(
            b"\r\n", b"\n")
        if not os.path.isdir(place.home):
            os.mkdir(place.home, 0o700)

    def run(self, *args, what="both", how="hard", private="yes", stdin=None,
            **more):
        return self.place.run(
            "-o", "smime_anchors=" + self.anchors,
            "-o", "retrieve_revocation=" + what, "-o", "revocation=" + how,
            "-o", "retrieve_private=" + private, "verify", "--json", *args,
            stdin=self.message if stdin is None else stdin, **more)

    def status(self, *args, **more):
        """The status and the first error, verified again."""
        got = json.loads(self.run("--fresh", *args, **more).stdout)
        return (got["smimeStatus"].partition("/")[2],
                "; ".join(got["smimeErrors"] or []))

    def forget(self):
        for path in glob.glob(self.place.home + "/revocation/*"):
            os.unlink(path)
        self.web.asked()

    def expect(self, name, want, error="", **more):
        self.forget()
        got = self.status(**more)
        tap.ok(got[0] == want and re.search(error, got[1]), name, got)

    # --- the CA

    def crl(self, *revoked, **how):
        entries = [cms.entry(self.signer[1].serial_number, NOW - DAY)
                   for _ in revoked]
        self.web.pages["/ca.crl"] = cms.revocation_list(
            self.root, entries, **how)

    def responder(self, state, signer=None):
        """`openssl ocsp` over an index of `openssl ca`."""
        place = self.place
        key, cert = signer or (self.root.key, self.root.cert)
        place.write("ocsp.pem", cms.cert_pem(cert))
        place.write("ocsp.key", cms.pem(key))
        serial = "%X" % self.signer[1].serial_number
        serial = "0" * (len(serial) % 2) + serial
        line = "%s\t%s\t%s\t%s\tunknown\t/CN=Signer\n" % (
            state, "991231235959Z",
            (NOW - DAY).strftime("%y%m%d%H%M%SZ") if state == "R" else "",
            serial)
        index = place.write("index.txt", line if state in "VR" else "")

        def answer(request):
            place.write("req", request)
            subprocess.run(
                ["openssl", "ocsp", "-index", index, "-CA", self.anchors,
                 "-rsigner", place.path("ocsp.pem"), "-rkey",
                 place.path("ocsp.key"), "-reqin", place.path("req"),
                 "-respout", place.path("resp"), "-nmin", "5"],
                check=True, capture_output=True,
                env=dict(os.environ, OPENSSL_CONF="/dev/null"))
            with open(place.path("resp"), "rb") as f:
                return f.read()
        self.web.pages["/ocsp"] = answer

    def built(self, signer=None, cert=None, start=NOW, end=NOW + DAY,
              status=ocsp.OCSPCertStatus.GOOD):
        key, responder = signer or (self.root.key, self.root.cert)
        revoked = status == ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=cert or self.signer[1], issuer=self.root.cert,
            algorithm=hashes.SHA1(), cert_status=status, this_update=start,
            next_update=end, revocation_time=NOW - DAY if revoked else None,
            revocation_reason=None).responder_id(
                ocsp.OCSPResponderEncoding.HASH, responder)
        if responder is not self.root.cert:
            builder = builder.certificates([responder])
        self.web.pages["/ocsp"] = builder.sign(
            key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def test_lists():
    with Web() as web, Place(config="") as place:
        desk = Desk(place, web, "crl")
        desk.crl()
        desk.expect("a list without it", "verified")
        tap.equal(web.asked(), [("GET", "/ca.crl")], "one request")
        desk.expect("by default no CA is asked", "verified", what="no")
        tap.equal(web.asked(), [], "indeed")
        desk.expect("revocation = off", "verified", how="off")
        tap.equal(web.asked(), [], "off: nobody is asked")
        desk.crl("it")
        desk.expect("revoked", "failed", "was revoked")
        desk.expect("revoked, soft", "failed", "was revoked", how="soft")
        for name, page, error in (
                ("HTTP 404", 404, "cannot retrieve the revocation list from "
                 + re.escape(web.url) + "/ca.crl: HTTP 404"),
                ("HTTP 500", 500, "HTTP 500"),
                ("a redirect", (302, "/other.crl"), "HTTP 302"),
                ("nothing", b"", "empty"),
                ("no list", b"hello", "may be revoked"),
                ("half a list", web.pages["/ca.crl"][:100],
                 "may be revoked")):
            web.pages["/ca.crl"] = page
            desk.expect(name + ", hard", "failed", error)
            desk.expect(name + ", soft", "verified", how="soft")
        desk.crl(end=NOW - DAY)
        desk.expect("an expired list, hard", "failed", "has expired")
        desk.expect("an expired list, soft", "verified", how="soft")
        desk.crl(key=cms.new_key())
        desk.expect("a list by somebody else", "failed",
                    "not signed by the certificate's issuer")
        desk.crl()
        desk.expect("a private address", "failed",
                    "its address is private; set retrieve_private",
                    private="no")
        tap.equal(web.asked(), [], "a private address is not connected to")
        gone = Desk(place, web, "crl", desk.root)
        web.http.shutdown()
        web.http.server_close()
        desk.expect("nobody listens", "failed", "cannot connect")
        tap.ok(gone is not None, "the end")


def test_ocsp():
    with Web() as web, Place(config="") as place:
        desk = Desk(place, web, "ocsp")
        desk.responder("V")
        desk.expect("openssl ocsp: good", "verified")
        tap.equal(web.asked(), [("POST", "/ocsp")], "one POST")
        desk.responder("R")
        desk.expect("openssl ocsp: revoked", "failed", "was revoked")
        desk.expect("openssl ocsp: revoked, soft", "failed", "was revoked",
                    how="soft")
        desk.responder("-")
        desk.expect("openssl ocsp: unknown", "failed", "does not know it")
        desk.expect("openssl ocsp: unknown, soft", "verified", how="soft")

        def helper(**how):
            how.setdefault("extended", (ExtendedKeyUsageOID.OCSP_SIGNING,))
            return desk.root.issue(None, **how)

        desk.responder("V", helper())
        desk.expect("a responder that the CA appointed", "verified")
        desk.responder("R", helper())
        desk.expect("the same: revoked", "failed", "was revoked")
        other = cms.Authority("Stranger")
        for name, signer in (
                ("a certificate for mail", desk.signer),
                ("a stranger", (other.key, other.cert)),
                ("whom a stranger appointed", other.issue(None, extended=(
                    ExtendedKeyUsageOID.OCSP_SIGNING,))),
                ("an expired responder", helper(end=NOW - DAY))):
            desk.built(signer)
            desk.expect("signed by " + name, "failed",
                        "not signed by the certificate's issuer")
        desk.built()
        desk.expect("built: good", "verified")
        desk.built(status=ocsp.OCSPCertStatus.REVOKED)
        desk.expect("built: revoked", "failed", "was revoked")
        desk.built(cert=desk.root.issue(CA)[1])
        desk.expect("about another certificate", "failed",
                    "about another certificate")
        desk.built(start=NOW - 3 * DAY, end=NOW - 2 * DAY)
        desk.expect("expired", "failed", "has expired")
        desk.built(start=NOW + DAY, end=NOW + 2 * DAY)
        desk.expect("of tomorrow", "failed", "has expired")
        desk.built(start=NOW - 2 * DAY, end=None)
        desk.expect("old, and undated", "failed", "has expired")
        desk.built(end=None)
        desk.expect("new, and undated", "verified")
        for code, what in ((ocsp.OCSPResponseStatus.TRY_LATER, "trylater"),
                           (ocsp.OCSPResponseStatus.UNAUTHORIZED,
                            "unauthorized")):
            web.pages["/ocsp"] = ocsp.OCSPResponseBuilder.build_unsuccessful(
                code).public_bytes(serialization.Encoding.DER)
            desk.expect("it answers " + what, "failed", what)
        for name, page in (("HTTP 404", 404), ("junk", b"hello"),
                           ("too much", b"x" * 100000)):
            web.pages["/ocsp"] = page
            desk.expect(name, "failed", "OCSP responder")


def test_both():
    """OCSP first; the list where that settles nothing."""
    with Web() as web, Place(config="") as place:
        desk = Desk(place, web)
        desk.crl("it")
        desk.built()
        desk.expect("both: OCSP counts", "verified")
        tap.equal(web.asked(), [("POST", "/ocsp")], "both: and is enough")
        desk.expect("crl: the list counts", "failed", "was revoked",
                    what="crl")
        tap.equal(web.asked(), [("GET", "/ca.crl")], "crl: nothing else")
        for name, page in (("no answer", 500), ("junk", b"hello")):
            web.pages["/ocsp"] = page
            desk.expect("OCSP gives %s: the list counts" % name, "failed",
                        "was revoked")
            tap.equal(web.asked(), [("POST", "/ocsp"), ("GET", "/ca.crl")],
                      "in that order, " + name)
        desk.built(status=ocsp.OCSPCertStatus.UNKNOWN)
        desk.crl()
        desk.expect("OCSP does not know it, the list does", "verified")
        desk.expect("ocsp: the list is not asked for", "failed",
                    "does not know it", what="ocsp")


def test_chain():
    """A CA in between, and strangers."""
    with Web() as web, Place(config="") as place:
        root = cms.Authority("Top")
        middle = cms.Authority("Middle", parent=root)
        middle.cert = cms.make(
            middle.key, root, "Middle", ca=True, extension=None, usage=None,
            more=[cms.points(web.url + "/top.crl")])
        desk = Desk(place, web, "crl", middle)
        place.write("root.pem", cms.cert_pem(root.cert))
        made = cms.openssl_sign(b"Content-Type: text/plain\n\nHello\n",
                                [desk.signer], certs=[middle.cert])
        desk.message = b"From: %s\n" % CA.encode() + made
        desk.crl()
        web.pages["/top.crl"] = cms.revocation_list(root)
        desk.expect("two lists", "verified")
        tap.equal(sorted(web.asked()), [("GET", "/ca.crl"),
                                        ("GET", "/top.crl")], "two requests")
        web.pages["/top.crl"] = cms.revocation_list(root, [cms.entry(
            middle.cert.serial_number, NOW - DAY)])
        desk.expect("the CA is revoked", "failed", "CA above the signer")
        stranger = Desk(place, web, "crl ocsp")
        place.write("root.pem", cms.cert_pem(root.cert))
        stranger.expect("a stranger's certificate", "failed")
        tap.equal(web.asked(), [], "a stranger's URLs are not asked")
        for url in ("https://127.0.0.1/x", "file:///etc/passwd",
                    "ldap://127.0.0.1/x", "http://a b/", "http://" + "x" * 600,
                    "HTTP://127.0.0.1:1/x\r\nHost: y"):
            odd = Desk(place, web, "", middle)
            odd.signer = middle.issue(CA, more=[cms.points(url)])
            place.write("root.pem", cms.cert_pem(root.cert))
            odd.message = b"From: %s\n" % CA.encode() + cms.openssl_sign(
                b"Content-Type: text/plain\n\nx\n", [odd.signer],
                certs=[middle.cert])
            web.pages["/top.crl"] = cms.revocation_list(root)
            odd.expect("URL %r" % url[:30], "failed", "may be revoked")


def test_cache():
    with Web() as web, Place(config="") as place:
        desk = Desk(place, web, "crl")
        desk.crl()
        desk.forget()
        desk.status()
        desk.status()
        tap.equal(web.asked(), [("GET", "/ca.crl")], "kept: one request")
        kept, = glob.glob(place.home + "/revocation/*")
        tap.equal(os.stat(kept).st_mode & 0o777, 0o600, "kept: private")
        with open(kept, "rb") as f:
            data = f.read()
        for hours, asks in ((23, 0), (25, 1), (-5, 1)):
            when = b"%d" % (time.time() - hours * 3600)
            with open(kept, "wb") as f:
                f.write(re.sub(rb"^at \d+\n\d+", b"at %d\n%s" % (
                    len(when), when), data))
            desk.status()
            tap.equal(len(web.asked()), asks, "kept: %d hours old" % hours)
        with open(kept, "wb") as f:
            f.write(b"\x1bjunk")
        tap.equal(desk.status()[0], "verified", "kept, but broken")
        desk.crl(end=NOW - DAY)
        desk.forget()
        desk.status()
        desk.crl()
        web.asked()
        tap.equal(desk.status()[0], "verified", "kept, but expired")
        tap.equal(len(web.asked()), 1, "then it is asked again")
        # A CA that cannot be asked now is asked the next time.
        desk.forget()
        good, web.pages["/ca.crl"] = web.pages["/ca.crl"], 503
        desk.message = b"X: y\n" + desk.message
        first = json.loads(desk.run().stdout)
        desk.run()
        tap.equal(len(web.asked()), 2, "trouble is not kept")
        web.pages["/ca.crl"] = good
        again = json.loads(desk.run().stdout)
        tap.equal((first["smimeStatus"], again["smimeStatus"]),
                  ("signed/failed", "signed/verified"), "it passes")
        desk.forget()
        got = json.loads(desk.run("--offline").stdout)
        tap.ok(got["smimeStatus"] == "signed/verified" and web.asked() == [],
               "--offline: from the cache", got)
        got = desk.status("--offline")
        tap.ok(got[0] == "failed" and "no network is used" in got[1] and
               web.asked() == [], "--offline, judged again, hard", got)
        got = desk.status("--offline", how="soft")
        tap.equal(got, ("verified", ""), "--offline, judged again, soft")
        desk.status()
        web.asked()
        got = desk.status("--offline")
        tap.ok(got == ("verified", "") and web.asked() == [],
               "--offline: with the list of an earlier run", got)
        # One CA, many messages.
        box = make_maildir(place.path("m"), *[
            b"X: %d\n" % i + desk.message for i in range(20)])
        desk.forget()
        got = desk.run(box)
        tap.ok(got.stdout.count(b"signed/verified") == 40 and
               len(web.asked()) == 1, "many messages, one request", got)


def test_lies():
    """A verifier that a message took over wants all kinds of things."""
    report = ask(*[(name, value) for name, value in (
        ("judged", "0"), ("at-delivery", "0"), ("why", ""), ("from", ""),
        ("signer", ""), ("issuer", ""), ("delivered", "0"), ("passing", "0"),
        ("protection", "0"))], end=False)

    def wants(url, key="a" * 64, request=""):
        return ask(("place", ask(("key", key), ("url", url),
                                 ("request", request), end=False)), end=False)

    with Web() as web, Place(config="") as place:
        desk = Desk(place, web)
        programs = place.path("bin")
        os.mkdir(programs)
        for one in os.listdir(BUILD):
            if one.startswith("mailcert") and os.path.isfile(
                    os.path.join(BUILD, one)) and one != "mailcert-verify":
                shutil.copy(os.path.join(BUILD, one), programs)
        place.write("bin/mailcert-verify", """#!/bin/sh
[ "$1" = statuses ] || exec %s/mailcert-verify "$1"
/bin/sed '/^end 0$/q' >/dev/null
/bin/cat %s
""" % (BUILD, place.path("lie")), 0o755)

        def heard(*all, private="yes"):
            place.write("lie", ask(("status", "done"), ("note", ""), (
                "report", report), *[("want", one) for one in all]))
            desk.forget()
            desk.run("--fresh", private=private,
                     program=programs + "/mailcert")
            return web.asked()

        good = web.url + "/ca.crl"
        tap.equal(heard(wants(good)), [("GET", "/ca.crl")],
                  "lies: what it wants is asked once")
        tap.equal(heard(wants(good), private="no"), [],
                  "lies: at no private address")
        for url in ("file:///etc/passwd", "https" + good[4:], good + "\r\nX: y",
                    good + " x", "ftp" + good[4:], "", "x" * 1000,
                    good.replace("//", "//x@y:z@").replace("http:", "gopher:"),
                    "http://[", "http://"):
            tap.equal(heard(wants(url)), [], "lies: URL %r" % url[:40])
        for key in ("", "a" * 63, "A" * 64, "../" + "a" * 61, "a" * 65):
            tap.equal(heard(wants(good, key)), [], "lies: key %r" % key[:10])
        tap.equal(heard(wants(good, request="x" * 100000)), [],
                  "lies: a large request")
        many = [wants("%s/%d" % (web.url, i), "%064x" % i)
                for i in range(300)]
        got = heard(*many)
        tap.equal(len(got), 256, "lies: there is an end to it")
        names = [os.path.basename(one) for one in
                 glob.glob(place.home + "/revocation/*")]
        tap.ok(all(re.fullmatch("[0-9a-f]{64}", name) for name in names),
               "lies: names of files", names)


run_tests(tests_of(globals()))
tap.done()

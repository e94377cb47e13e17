#!/usr/bin/python3
# Runs in: check check-slow
"""service check: what a CA sees of a mail server, at each address, before and
inside TLS; with real servers and with servers that do it wrong."""
import hashlib
import json
import os
import socket
import ssl
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import SLOW, Place, run_tests, tap, tests_of
from servers import Authority
from servers.dovecot import Dovecot
from servers.faults import CUT, SILENT, Endless, FaultServer
from servers.postfix import Postfix

VALUE = "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789-_AbCdE"
OLD = "ZYXwvuTSRqpoNMLkjiHGFedcBA9876543210_-aBcDE"


class Announcer(FaultServer):
    """Speaks as much of a protocol as a look needs, and announces these values
    before and inside TLS.  say: lines in place of a whole answer, by stage
    (greeting, before, starttls, after)."""

    def __init__(self, protocol, before=(), after=(), say=None, host=None,
                 port=0, **more):
        super().__init__(say, **more)
        self.protocol, self.before, self.after = protocol, before, after
        if host:
            self.listener.close()
            self.listener = socket.create_server((host, port))
            self.host, self.port = self.listener.getsockname()

    def converse(self, session):
        imap, pop3 = self.protocol == "imap", self.protocol == "pop3"
        session.turn("greeting", "* OK hello" if imap else "+OK hello" if pop3
                     else "220 mail.example.org ready")
        while True:
            words = session.line().decode().split(" ")
            verb = words[1 if imap else 0].upper()
            if verb in ("CAPABILITY", "CAPA", "EHLO", "LHLO"):
                session.turn("after" if session.tls else "before",
                             self.listing(session.tls))
            elif verb in ("STARTTLS", "STLS"):
                session.turn("starttls", words[0] + " OK go" if imap else
                             "+OK go" if pop3 else "220 go")
                session.start_tls()
            else:
                return

    def listing(self, tls):
        values = self.after if tls else self.before
        offer = self.tls == "starttls" and not tls
        if self.protocol == "imap":
            words = ["* CAPABILITY IMAP4rev1", *(["STARTTLS"] * offer),
                     *("acme=" + value for value in values)]
            lines = [" ".join(words), "a1 OK done"]
        elif self.protocol == "pop3":
            lines = ["+OK these", "UIDL", *(["STLS"] * offer),
                     *("ACME " + value for value in values), "."]
        else:
            words = ["mail.example.org", "8BITMIME", *(["STARTTLS"] * offer),
                     *("ACME " + value for value in values)]
            lines = ["250-" + word for word in words[:-1]] + \
                ["250 " + words[-1]]
        return ("\r\n".join(lines) + "\r\n").encode()


SERVICES = {"smtp": "smtp", "lmtp": "lmtp", "imap": "imap", "pop3": "pop3",
            "submissions": "smtp", "imaps": "imap", "pop3s": "pop3"}


def check(place, server, service, *more, host="localhost", value=VALUE,
          address="127.0.0.1", port=None, ca=None):
    got = place.run(
        "-o", "mail_ca_file=" + (ca or getattr(server, "ca", "")),
        "service", "check", "--service", service, "--port",
        str(port or server.port), "--json",
        *(["--value", value] if value else []),
        *(["--address", address] if address else []), host, *more)
    said = json.loads(got.stdout) if got.stdout else {}
    return got.returncode, said, got.stderr.decode()


def address_of(said):
    return said["services"][0]["addresses"][0]


def test_services(place):
    for service, protocol in SERVICES.items():
        tls = "implicit" if service.endswith("s") else "starttls"
        with Announcer(protocol, [VALUE], [VALUE], tls=tls) as server:
            code, said, error = check(place, server, service)
            seen = address_of(said)
            tap.ok(code == 0 and said["ok"] and
                   seen["verdict"] == "announced" and not error,
                   service + ": the value is there", said, error)
            tap.equal((seen["before"], seen["after"]),
                      ([] if tls == "implicit" else [VALUE], [VALUE]),
                      service + ": where it is, with its case")
            tap.ok(seen["certificate"]["fits"] and
                   seen["certificate"]["trusted"],
                   service + ": and the certificate", seen)
            tap.equal(server.errors, [], service + ": a good dialogue")


def test_verdicts(place):
    for protocol in ("smtp", "imap", "pop3"):
        for before, after, verdict, reason in (
                ([VALUE], [], "before-only", "before STARTTLS only"),
                ([], [VALUE], "after-only", "after STARTTLS only"),
                ([OLD], [OLD], "other", OLD),
                ([VALUE.lower()], [VALUE.lower()], "other", VALUE.lower()),
                ([VALUE[:-1]], [VALUE[:-1]], "other", "another value"),
                ([], [], "none", "no value"),
                ([OLD, VALUE], [VALUE, OLD], "announced", "before and after"),
                ([VALUE + "="], [VALUE + "="], "announced",
                 "before and after")):
            with Announcer(protocol, before, after, tls="starttls") as server:
                code, said, error = check(place, server, protocol)
            seen = address_of(said)
            name = "%s, %s: " % (protocol, verdict)
            tap.ok(seen["verdict"] == verdict and reason in seen["reason"],
                   name + "the reason", said)
            tap.ok((code == 0) == (verdict == "announced") and
                   said["ok"] == (code == 0) and
                   (code == 0 or "do not announce the value" in error),
                   name + "the exit status", code, error)


def test_without_tls(place):
    with Announcer("smtp", [VALUE]) as server:
        code, said, _ = check(place, server, "smtp")
        seen = address_of(said)
        tap.ok(code == 0 and not seen["starttls"] and
               "no STARTTLS" in seen["reason"] and "certificate" not in seen,
               "a server without STARTTLS", said)


def test_faults(place):
    hostile = ("* OK hello" + "x" * 20000, "* OK late")
    for name, protocol, say, reason in (
            ("another protocol", "imap", {"greeting": "220 smtp"}, "220 smtp"),
            ("a refusal", "smtp", {"greeting": "554 go away"}, "554 go away"),
            ("an end", "pop3", {"before": CUT}, "closed the connection"),
            ("no CAPA", "pop3", {"before": "-ERR what?"}, "-ERR what?"),
            ("no listing", "imap", {"before": "a1 BAD what?"}, "a1 BAD what?"),
            ("PREAUTH", "imap", {"greeting": "* PREAUTH hi"}, "PREAUTH"),
            ("no TLS after consent", "smtp",
             {"starttls": b"220 go\r\n500 oops\r\n"}, "goes on in plain text"),
            ("text instead of TLS", "imap", {"starttls": "a2 NO later"},
             "a2 NO later"),
            ("a long line", "imap", {"greeting": hostile}, "too much"),
            ("lines without end", "smtp",
             {"before": Endless(b"250-X\r\n")}, "too much"),
            ("a list without end", "imap",
             {"before": Endless(b"* CAPABILITY A ACME=x\r\n")}, "too much"),
            ("escape sequences", "smtp",
             {"greeting": b"554 \x1b[31mred\r\n"}, "\\x1b[31mred")):
        with Announcer(protocol, [VALUE], [VALUE], say, tls="starttls") as one:
            code, said, _ = check(place, one, protocol)
            seen = address_of(said)
            tap.ok(code == 1 and seen["verdict"] == "fault" and
                   reason in seen["reason"], name, said)
    with Announcer("smtp", [VALUE]) as gone:
        port = gone.port
    code, said, _ = check(place, None, "smtp", port=port, ca="")
    tap.ok(code == 1 and "cannot connect" in address_of(said)["reason"],
           "a server that is down", said)
    with Announcer("imap", [VALUE], [VALUE], tls="starttls") as server:
        code, said, _ = check(place, server, "imaps")
        tap.ok(code == 1 and "does not begin with TLS" in
               address_of(said)["reason"], "a plain port as TLS", said)
    if SLOW:
        with Announcer("imap", (), [VALUE], tls="implicit") as server:
            code, said, _ = check(place, server, "imap")
            tap.ok(code == 1 and "does this port begin with TLS?" in
                   address_of(said)["reason"], "a TLS port as plain", said)
        with Announcer("imap", say={"before": SILENT}) as server:
            code, said, _ = check(place, server, "imap")
            tap.ok(code == 1 and "does not answer in time" in
                   address_of(said)["reason"], "silence", said)
    code, said, error = check(place, None, "smtp", port=25, ca="",
                              host="no-such-host.invalid", address=None)
    tap.ok(code == 75 and "does not resolve" in error,
           "a host without an address", error, said)


def test_addresses(place):
    """Every address counts, and the one that is wrong is named."""
    authority = Authority(place.dir)
    more = {"tls": "implicit", "authority": authority}
    with Announcer("imap", (), [VALUE], **more) as good:
        second = {"host": "127.0.0.2", "port": good.port, **more}
        with Announcer("imap", (), [VALUE], **second):
            code, said, _ = check(place, good, "imaps", "--address",
                                  "127.0.0.2")
            tap.ok(code == 0 and len(said["services"][0]["addresses"]) == 2,
                   "two addresses", said)
        with Announcer("imap", (), [OLD], **second):
            code, said, error = check(place, good, "imaps", "--address",
                                      "127.0.0.2")
            tap.equal([(one["address"], one["verdict"]) for one in
                       said["services"][0]["addresses"]],
                      [("127.0.0.1", "announced"), ("127.0.0.2", "other")],
                      "one of two is wrong")
            tap.ok(code == 1 and "1 of 2" in error, "and it counts", error)
        code, said, error = check(place, good, "imaps", "--address",
                                  "127.0.0.2")
        tap.ok(code == 1 and said["services"][0]["addresses"][1]["verdict"] ==
               "fault", "one of two is down", said)
        code, said, _ = check(place, good, "imaps", address=None)
        tap.ok("127.0.0.1" in [one["address"] for one in
                               said["services"][0]["addresses"]],
               "the addresses of the host are found", said)


def test_certificate(place):
    authority = Authority(place.dir)
    with Announcer("pop3", (), [], tls="implicit",
                   authority=authority) as server:
        code, said, _ = check(place, server, "pop3s", value=None)
        seen = address_of(said)["certificate"]
        der = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(
            (server.host, server.port)))
        tap.ok(code == 0 and seen["sha256"] == hashlib.sha256(der).hexdigest(),
               "its digest, as Python computes it", said)
        tap.equal(seen["name"], ["localhost", "mail.example.org"],
                  "the hosts that it names")
        code, said, _ = check(place, server, "pop3s", value=None,
                              host="elsewhere.example")
        seen = address_of(said)["certificate"]
        tap.ok(code == 0 and not seen["fits"], "another host", said)
        for kind, ca, days, why in (
                ("unknown", "/etc/ssl/certs/ca-certificates.crt", (-1, 9),
                 "unable to get local issuer"),
                ("expired", server.ca, (-9, -1), "expired")):
            server.certificate(*authority.issue(kind, days=days))
            code, said, _ = check(place, server, "pop3s", value=None, ca=ca)
            seen = address_of(said)["certificate"]
            tap.ok(code == 0 and not seen["trusted"] and
                   why in seen["distrust"], kind + ": shown, not refused",
                   said)


def test_text(place):
    with Announcer("imap", [VALUE], [OLD], tls="starttls") as server:
        def text(*more):
            return place.run(
                "-o", "mail_ca_file=" + server.ca, "service", "check",
                "localhost", "--address", "127.0.0.1", "--service",
                "imap:%d" % server.port, *more).stdout.decode()
        said = text()
        tap.ok("localhost imap, port %d\n" % server.port in said and
               "announces before STARTTLS: %s, in TLS: %s" % (VALUE, OLD) in
               said and "certificate for localhost, mail.example.org, expires"
               in said, "what it announces", said)
        said = text("--value", VALUE)
        tap.ok("before STARTTLS only" in said, "the verdict", said)


def test_usage(place):
    for arguments, why in (
            (("--value", VALUE), "--value wants a --service"),
            (("--service", "lmtp"), "name one"),
            (("--service", "http"), "--service"),
            (("--service", "imap", "--service", "pop3", "--port", "1"),
             "single"),
            (("--service", "imap:0"), "--service"),
            (("--service", "imap", "--port", "65536"), "--port")):
        got = place.run("service", "check", "localhost", *arguments)
        tap.ok(got.returncode == 64 and why in got.stderr.decode(),
               "usage: " + " ".join(arguments), got)
    for host in ("a/b", "-x", "", "a b"):
        got = place.run("service", "check", "--service", "imap", "--", host)
        tap.ok(got.returncode == 64, "usage: host %r" % host, got)


def test_dovecot(place):
    settings = "imap_capability = +ACME=%s\n" % VALUE
    with Dovecot(settings=settings) as dovecot:
        for service, port in (("imap", dovecot.imap), ("imaps", dovecot.imaps)):
            code, said, _ = check(place, dovecot, service, port=port)
            tap.ok(code == 0, "Dovecot, %s: the value" % service, said)
            code, said, _ = check(place, dovecot, service, port=port,
                                  value=OLD)
            tap.ok(code == 1 and address_of(said)["verdict"] == "other",
                   "Dovecot, %s: an old one" % service, said)


def test_postfix(place):
    if Postfix.missing():
        tap.skip("Postfix: no value", Postfix.missing())
        return
    with Dovecot() as dovecot, Postfix(dovecot) as postfix:
        for service in ("smtp", "submission", "submissions"):
            code, said, _ = check(place, postfix, service,
                                  port=getattr(postfix, service))
            tap.ok(code == 1 and address_of(said)["verdict"] == "none",
                   "Postfix, %s: no value" % service, said)


with Place() as shared:
    run_tests(tests_of(globals(), shared), workers=4)
tap.done()

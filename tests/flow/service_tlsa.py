#!/usr/bin/python3
# Runs in: check-slow
"""TLSA records of mail servers (RFC 6698, RFC 7672): service check --tlsa
agrees with openssl about every usage, install waits only where it must, and
--remove takes back what mailcert has added, when nobody needs it."""
import hashlib
import json
import os
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (Encoding,
                                                          PublicFormat)
from lib import Place, run_tests, tap, tests_of
from servers import Authority, program
from servers.dns import Zones
from servers.faults import Scripted
from service_desk import HOST, Desk, dovecot, files, shown

LEAF, CHAIN = 0, 1


def certificate(path, which=0):
    with open(path, "rb") as f:
        pem = f.read().split(b"-----BEGIN CERTIFICATE")[1:]
    return x509.load_pem_x509_certificate(b"-----BEGIN CERTIFICATE" +
                                          pem[which])


def tlsa(cert, usage, selector=1, matching=1, data=None):
    der = cert.public_bytes(Encoding.DER) if selector == 0 else \
        cert.public_key().public_bytes(Encoding.DER,
                                       PublicFormat.SubjectPublicKeyInfo)
    digest = {0: bytes, 1: lambda x: hashlib.sha256(x).digest(),
              2: lambda x: hashlib.sha512(x).digest()}[matching]
    return "%d %d %d %s" % (usage, selector, matching,
                            (data or digest(der)).hex())


def nsupdate(zones, *lines):
    got = subprocess.run(
        [program("nsupdate"), "-v", "-k", zones.key], text=True,
        capture_output=True, input="\n".join((
            "server %s %d" % (zones.primary.address, zones.primary.listens),
            *lines, "send\n")))
    assert got.returncode == 0, got


def update(zones, name, records):
    """These and no others, at every name server."""
    nsupdate(zones, "update delete %s TLSA" % name)
    for one in records:
        nsupdate(zones, "update add %s 3 TLSA %s" % (name, one))
    wanted = {one.replace(" ", "") for one in records}
    zones.secondary.wait_for(lambda: wanted == {
        one.replace(" ", "").lower() for one in zones.ask(
            name, "TLSA", at=zones.secondary)}, "the transfer")


def openssl(port, root, records, starttls=None):
    """Does openssl, with these records alone, accept the server?"""
    got = subprocess.run(
        ["openssl", "s_client", "-connect", "127.0.0.1:%d" % port,
         "-dane_tlsa_domain", HOST, "-dane_ee_no_namechecks", "-CAfile", root,
         "-verify_return_error",
         *(["-starttls", starttls] if starttls else []),
         *[word for one in records for word in ("-dane_tlsa_rrdata", one)]],
        input=b"", capture_output=True, timeout=60)
    return got.returncode == 0


def smtp(session):
    """Greets, offers STARTTLS, and lists."""
    session.send(b"220 mail.example.org ESMTP\r\n")
    while line := session.line():
        if line.upper().startswith(b"STARTTLS"):
            session.send(b"220 go\r\n")
            session.start_tls()
        else:
            session.send(b"250-mail.example.org\r\n250 STARTTLS\r\n")


def judged(desk, service, port, root):
    got = desk.run("-o", "mail_ca_file=" + root, "service", "check", "--tlsa",
                   "--json", "--service", "%s:%d" % (service, port),
                   "--address", "127.0.0.1", HOST)
    seen = json.loads(got.stdout)["services"][0]["addresses"][0]["tlsa"]
    assert (got.returncode == 0) == seen["ok"], got
    return seen


def test_usages(zones):
    """Each kind of record, alone and mixed, against a real Dovecot with a
    chain, and openssl's verdict on the same."""
    with Desk(zones.settings) as desk, dovecot() as server:
        id, leaf = desk.order("--service", "imap:%d" % server.imap)
        got = desk.install(server, "--config", server.path("dovecot.conf"),
                           "--address", "127.0.0.1")
        assert got.returncode == 0, got
        # A process of before may take one more connection.
        server.restart()
        path = desk.place.path("data", "certificates", id + ".pem")
        own, above = certificate(path), certificate(path, CHAIN)
        root = certificate(desk.root)
        other = certificate(server.cert)
        name = "_%d._tcp.%s" % (server.imap, HOST)
        for what, records, fit, unusable in (
                ("nothing", [], 0, 0),
                ("3 1 1", [tlsa(own, 3)], 1, 0),
                ("3 0 0", [tlsa(own, 3, 0, 0)], 1, 0),
                ("3 1 2", [tlsa(own, 3, 1, 2)], 1, 0),
                ("3 1 1 of another", [tlsa(other, 3)], 0, 0),
                ("2 1 1", [tlsa(above, 2)], 1, 0),
                ("2 0 1", [tlsa(above, 2, 0, 1)], 1, 0),
                ("2 0 0 of a root that is not sent", [tlsa(root, 2, 0, 0)],
                 1, 0),
                ("2 1 1 of a root that is not sent", [tlsa(root, 2)], 0, 0),
                ("2 1 1 of the leaf", [tlsa(own, 2)], 0, 0),
                ("1 1 1", [tlsa(own, 1)], 1, 0),
                ("1 1 1 of another", [tlsa(other, 1)], 0, 0),
                ("0 1 1", [tlsa(above, 0)], 1, 0),
                ("old and new", [tlsa(other, 3), tlsa(own, 3)], 1, 0),
                ("mixed usages", [tlsa(other, 3), tlsa(above, 2),
                                  tlsa(other, 1)], 1, 0)):
            update(zones, name, records)
            seen = judged(desk, "imap", server.imap, desk.root)
            tap.equal((seen["records"], seen["fit"], seen["unusable"],
                       seen["secure"]),
                      (len(records), fit, unusable, bool(records)),
                      "imap: " + what)
            if records:
                tap.equal(seen["ok"], openssl(server.imap, desk.root, records,
                                              "imap"),
                          "imap: openssl agrees: " + what)
        # Of another host, the chain counts for nothing; the leaf alone does.
        got = desk.run("service", "check", "--tlsa", "--service",
                       "imap:%d" % server.imap, "--address", "127.0.0.1",
                       "other.example.org")
        tap.ok(got.returncode == 0 and b"no TLSA record\n" in got.stdout,
               "another host", got)


def test_smtp(zones):
    """RFC 7672 section 3.1.3: usages 0 and 1 are not for SMTP."""
    with Place() as place, Desk(zones.settings) as desk:
        authority = Authority(place.dir)
        own = certificate(authority.issue("known")[0])
        check_smtp(zones, desk, authority, own, place)


def check_smtp(zones, desk, authority, own, place):
    with Scripted(smtp, tls="starttls", authority=authority) as server:
        server.certificate(place.path("known.pem"), place.path("known.key"))
        name = "_%d._tcp.%s" % (server.port, HOST)
        for what, records, count, ok, words in (
                ("1 1 1 of this key", [tlsa(own, 1)], (1, 0, 1), True,
                 "not for SMTP"),
                ("0 and 1", [tlsa(own, 0), tlsa(own, 1)], (2, 0, 2), True,
                 "check nothing"),
                ("1 beside a 3 that differs",
                 [tlsa(own, 1), tlsa(own, 3, data=b"x" * 32)], (2, 0, 1),
                 False, "refuse"),
                ("1 beside a 3 that fits", [tlsa(own, 1), tlsa(own, 3)],
                 (2, 1, 1), True, "1 of 2"),
                ("a matching that nobody knows",
                 [tlsa(own, 3, data=b"x" * 32).replace("3 1 1", "3 1 9")],
                 (1, 0, 1), True, "usable")):
            update(zones, name, records)
            seen = judged(desk, "smtp", server.port, server.ca)
            tap.equal((seen["records"], seen["fit"], seen["unusable"]), count,
                      "smtp: " + what)
            tap.ok(seen["ok"] == ok and words in seen["reason"],
                   "smtp: the verdict: " + what, seen)
        got = desk.run("service", "check", "--tlsa", "--service",
                       "submission:%d" % server.port, "--address",
                       "127.0.0.1", HOST)
        tap.ok(b"TLSA" in got.stdout, "a person reads it, too", got)


def test_install(zones):
    """What the records say of the new chain decides whether it must wait."""
    with Desk(zones.settings) as desk, dovecot() as server:
        other = certificate(server.cert)
        name = "_%d._tcp.%s" % (server.imap, HOST)
        where = ["--config", server.path("dovecot.conf"), "--address",
                 "127.0.0.1"]
        before = shown(server.imap, "imap")
        id, leaf = desk.order("--service", "imap:%d" % server.imap)
        above = certificate(desk.place.path("data", "certificates",
                                            id + ".pem"), CHAIN)
        update(zones, name, [tlsa(other, 3), tlsa(other, 2)])
        got = desk.install(server, *where)
        tap.ok(got.returncode == 75 and shown(server.imap, "imap") == before,
               "a chain record that does not fit: the key waits", got)
        update(zones, name, [tlsa(other, 3), tlsa(above, 2)])
        got = desk.install(server, *where)
        tap.ok(got.returncode == 0 and shown(server.imap, "imap") == leaf,
               "one that fits the new chain: it need not", got)
        tap.equal(len(zones.ask(name, "TLSA")), 2, "and no record was added")
        got = desk.install(server, "--remove")
        tap.ok(got.returncode == 0 and len(zones.ask(name, "TLSA")) == 2,
               "--remove: mailcert had added nothing", got)


def installed(desk, server, zones, where, leaf):
    got = desk.install(server, *where)
    assert got.returncode in (0, 75), got
    server.wait_for(lambda: desk.run("renew") and
                    shown(server.imap, "imap") == leaf, "the TTL")


def test_remove(zones):
    with Desk(zones.settings) as desk, dovecot() as server:
        other = certificate(server.cert)
        name = "_%d._tcp.%s" % (server.imap, HOST)
        where = ["--config", server.path("dovecot.conf"), "--address",
                 "127.0.0.1"]
        before = shown(server.imap, "imap")

        def records():
            return [one.lower().replace('"', "") for one in zones.ask(
                name, "TLSA")]

        id, leaf = desk.order("--service", "imap:%d" % server.imap)
        update(zones, name, [tlsa(other, 3)])
        installed(desk, server, zones, where, leaf)
        tap.equal(len(records()), 2, "its record beside the old one")
        got = desk.install(server, "--remove", "--dry-run")
        tap.ok(got.returncode == 0 and b"would remove our TLSA" in got.stdout
               and len(records()) == 2, "--remove --dry-run says so", got)
        wrong = ["-o", "dns_update_key=" + zones.wrong_key]
        got = desk.run(*wrong, "-o", "mail_ca_file=" + desk.root, "service",
                       "install", "dovecot", "--remove")
        tap.ok(got.returncode == 78 and shown(server.imap, "imap") == before
               and len(records()) == 2,
               "a DNS that refuses: the server is back, the record is not",
               got)
        got = desk.run("-o", "dns_update_server=", "-o", "dns_update_key=",
                       "service", "install", "dovecot", "--remove")
        tap.ok(got.returncode == 1 and b"remove the record" in got.stderr and
               name.encode() in got.stderr,
               "what mailcert may not change, it says", got)
        got = desk.install(server, "--remove")
        tap.ok(got.returncode == 0 and b"removed our TLSA" in got.stdout and
               records() == [tlsa(other, 3)], "--remove again: gone", got)
        tap.equal(files(server), [], "and nothing is left")
        # Its own record alone: the server must not go back before others
        # have forgotten it.
        update(zones, name, [tlsa(other, 3)])
        installed(desk, server, zones, where, leaf)
        nsupdate(zones, "update delete %s TLSA %s" % (name, tlsa(other, 3)))
        zones.secondary.wait_for(lambda: len(zones.ask(
            name, "TLSA", at=zones.secondary)) == 1, "the transfer")
        got = desk.install(server, "--remove")
        tap.ok(got.returncode == 75 and b"fit no other key" in got.stderr and
               shown(server.imap, "imap") == leaf and records() == [],
               "only ours: it goes first, the server stays", got)
        codes = []

        def gone():
            codes.append(desk.install(server, "--remove").returncode)
            return codes[-1] == 0

        server.wait_for(gone, "the TTL")
        tap.ok(set(codes) <= {75, 0} and shown(server.imap, "imap") == before
               and records() == [], "and then it goes back", codes)


def test_dns_down(zones):
    """Not to know is no reason to refuse, and is said."""
    with Desk(zones.settings + "set dns_servers = 127.0.0.1@1\n") as desk, \
            Scripted(smtp, tls="starttls") as server:
        got = desk.run("service", "check", "--tlsa", "--service",
                       "smtp:%d" % server.port, "--address", "127.0.0.1",
                       HOST)
        tap.ok(got.returncode == 0 and b"TLSA records are not known" in
               got.stdout, "a DNS that does not answer", got)


why = Zones.missing()
if why:
    tap.skip("TLSA", why)
    tap.done()
with Zones({"example.org": "mail A 127.0.0.1\n"}) as zones:
    run_tests(tests_of(globals(), zones), workers=3)
tap.done()

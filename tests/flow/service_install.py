#!/usr/bin/python3
# Runs in: check-slow
"""service install: certificates into real mail servers, seen on the wire; the
old one returns where the new one cannot be used."""
import hashlib
import os
import shutil
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
from lib import run_tests, tap, tests_of
from servers.dns import Zones
from servers.dovecot import Dovecot
from servers.exim import Exim
from servers.postfix import Postfix
from service_desk import (HOST, INCLUDE, Desk, accepted, dovecot, files, owner,
                          shown, where)


def test_dovecot():
    with Desk() as desk, dovecot() as server:
        id, leaf = desk.order()
        before = shown(server.imaps)
        got = desk.install(server, "--dry-run", *where(server))
        tap.ok(got.returncode == 0 and b"would write" in got.stdout and
               files(server) == [] and shown(server.imaps) == before,
               "--dry-run: says it, and does nothing", got, files(server))
        tap.ok("_%d._tcp.%s. 3600 IN TLSA 3 1 1 %s\n" % (
            server.imaps, HOST, key_digest(desk.place.path(
                "data", "certificates", id + ".pem"))) in got.stdout.decode(),
               "--dry-run: and the TLSA records", got)
        got = desk.install(server, *where(server))
        tap.ok(got.returncode == 0 and b"reloaded dovecot" in got.stdout,
               "the first certificate", got, server.log())
        tap.equal((shown(server.imaps), shown(server.imap, "imap")),
                  (leaf, leaf), "is on the wire, with TLS and STARTTLS")
        tap.ok(accepted(server.imaps, desk.root) and
               accepted(server.imap, desk.root, "imap"),
               "and openssl accepts it")
        tap.equal(owner(server.path("mailcert.pem")), (server.uid, 0o600),
                  "key and chain are the server's alone")
        tap.equal(files(server), ["99-mailcert-tls.conf", "mailcert.pem"],
                  "two files, and no others")
        got = desk.install(server)
        tap.ok(got.returncode == 0 and b"already" in got.stdout,
               "once more: nothing to do", got)
        second, leaf2 = desk.order()
        got = desk.install(server, second)
        tap.ok(got.returncode == 0 and shown(server.imaps) == leaf2 and
               files(server) == ["99-mailcert-tls.conf", "mailcert.pem"],
               "another certificate takes its place", got)
        got = desk.install(server, "--remove", "--dry-run")
        tap.ok(got.returncode == 0 and b"would remove" in got.stdout and
               shown(server.imaps) == leaf2, "--remove --dry-run", got)
        got = desk.install(server, "--remove")
        server.wait_for(lambda: shown(server.imaps) == before, "reload")
        tap.ok(got.returncode == 0 and files(server) == [],
               "--remove: what was there before is back", got, files(server))
        got = desk.install(server, "--remove")
        tap.ok(got.returncode == 0 and b"nothing was installed" in got.stdout,
               "--remove again", got)


def test_dovecot_refuses():
    with Desk() as desk:
        id, leaf = desk.order()
        # Somebody else's section wins: the server shows another certificate.
        with dovecot() as server:
            server.configure("local 127.0.0.1 {\n  ssl_cert = <%s\n"
                             "  ssl_key = <%s\n}\n%s" % (
                                 server.cert, server.key, INCLUDE))
            server.reload()
            before = shown(server.imaps)
            got = desk.install(server, *where(server), timeout=300)
            tap.ok(got.returncode == 1 and b"shows another" in got.stderr and
                   b"before is back" in got.stderr, "a section of its own",
                   got)
            tap.equal((files(server), shown(server.imaps)), ([], before),
                      "a section of its own: nothing is left")
        with dovecot() as server:
            server.configure()
            got = desk.install(server, *where(server))
            tap.ok(got.returncode == 1 and b"include" in got.stderr and
                   files(server) == [], "no include", got, files(server))
        with dovecot() as server:
            shutil.rmtree(server.path("conf.d"))
            got = desk.install(server, *where(server))
            tap.ok(got.returncode == 1 and b"conf.d" in got.stderr and
                   not os.path.exists(server.path("mailcert.pem")),
                   "no conf.d", got)
        with dovecot() as server:
            server.write("mailcert.pem", "mine")
            got = desk.install(server, *where(server))
            with open(server.path("mailcert.pem")) as f:
                kept = f.read()
            tap.ok(got.returncode == 73 and kept == "mine",
                   "a file of somebody else", got)
        with dovecot() as server:
            server.write("conf.d/50-broken.conf", "no_such_setting = 1\n")
            got = desk.install(server, *where(server))
            tap.ok(got.returncode == 1 and b"doveconf" in got.stderr and
                   files(server) == ["50-broken.conf"],
                   "a configuration that is broken already", got)


def test_dovecot_stays():
    """A server that does not come up with the new one keeps the old one."""
    with Desk() as desk, dovecot() as server:
        first, leaf = desk.order()
        got = desk.install(server, *where(server))
        tap.ok(got.returncode == 0, "the first one", got)
        server.write("conf.d/50-broken.conf", "no_such_setting = 1\n")
        second, leaf2 = desk.order(code=None)
        got = desk.install(server, second)
        os.unlink(server.path("conf.d/50-broken.conf"))
        tap.ok(got.returncode == 1 and b"before is back" in got.stderr,
               "the second one fails", got)
        server.restart()
        tap.equal((shown(server.imaps), files(server)),
                  (leaf, ["99-mailcert-tls.conf", "mailcert.pem"]),
                  "the first one serves, also after a start")
        server.stop()
        got = desk.install(server, second, timeout=300)
        tap.ok(got.returncode == 1, "a server that is down", got)
        server.start()
        tap.equal(shown(server.imaps), leaf, "starts with the first one")
        got = desk.install(server, second)
        tap.ok(got.returncode == 0 and shown(server.imaps) == leaf2,
               "and takes the second one then", got)


def test_renewal():
    """A new certificate of the host goes where the old one is, unasked."""
    with Desk("set mail_ca_file = /dev/null\n") as desk, \
            dovecot() as server:
        first, leaf = desk.order("--service", "imap:%d" % server.imap,
                                 "--service", "imaps:%d" % server.imaps)
        got = desk.install(server, "--config", server.path("dovecot.conf"),
                           "--address", "127.0.0.1")
        tap.ok(got.returncode == 0 and
               "look\timap:%d imaps:%d\n" % (server.imap, server.imaps) in
               desk.journal("dovecot"),
               "looked for where it was ordered for", got,
               desk.journal("dovecot"))
        second, leaf2 = desk.order()
        tap.equal(shown(server.imaps), leaf2, "finish installs the next one")
        server.stop()
        third, leaf3 = desk.order(code=None)
        server.start()
        tap.equal(shown(server.imaps), leaf2, "one that could not be installed")
        got = desk.run("renew")
        tap.ok(shown(server.imaps) == leaf3 and b"installed %s into dovecot" %
               third.encode() in got.stderr, "is installed by renew", got)
        got = desk.run("renew")
        tap.ok(b"installed" not in got.stderr and shown(server.imaps) == leaf3,
               "which then does nothing", got)


class Programs:
    """The programs of a server on the PATH of mailcert."""

    def __init__(self, desk, directory):
        self.env = dict(desk.place.env)
        self.env["PATH"] = directory + ":" + self.env["PATH"]


def test_postfix():
    if Postfix.missing():
        tap.skip("Postfix", Postfix.missing())
        return
    with Desk() as desk, Dovecot() as dovecot, \
            Postfix(dovecot, settings="smtpd_tls_security_level = may") as \
            server:
        services = [
            word for name in ("smtp", "submission", "submissions") for word in
            ("--service", "%s:%d" % (name, getattr(server, name)))]
        first, leaf = desk.order(*services)
        env = Programs(desk, server.path("bin")).env

        def install(*args, **more):
            return desk.install(server, *args, env=env, **more)

        def on_wire():
            return {shown(server.smtp, "smtp"),
                    shown(server.submission, "smtp"),
                    shown(server.submissions)}

        def main():
            with open(server.path("etc/main.cf")) as f:
                return f.read()
        before, master = on_wire(), os.stat(server.path("etc/master.cf"))
        plain = main()
        options = ["--config", server.path("etc"), "--address", "127.0.0.1"]
        got = install("--dry-run", *options)
        tap.ok(got.returncode == 0 and main() == plain and on_wire() == before,
               "Postfix: --dry-run", got)
        got = install(*options)
        tap.ok(got.returncode == 0 and on_wire() == {leaf},
               "Postfix: on three ports", got, server.log()[-2000:])
        tap.ok(accepted(server.submissions, desk.root) and
               accepted(server.smtp, desk.root, "smtp"),
               "Postfix: openssl accepts it")
        tap.equal(owner(server.path("etc/mailcert.pem")), (0, 0o600),
                  "Postfix: for root alone")
        tap.equal(os.stat(server.path("etc/master.cf")).st_mtime_ns,
                  master.st_mtime_ns, "Postfix: master.cf stays as it is")
        second, leaf2 = desk.order(*services, env=env)
        tap.equal(on_wire(), {leaf2}, "Postfix: finish installs the next one")
        got = install("--remove")
        server.wait_for(lambda: on_wire() == before, "reload")
        tap.ok(got.returncode == 0 and main() == plain and
               not os.path.exists(server.path("etc/mailcert.pem")),
               "Postfix: --remove", got)
        subprocess.run([server.path("bin/postconf"), "-c", server.path("etc"),
                        "-e", "smtpd_tls_chain_files=%s, %s" % (
                            server.key, server.cert)], check=True)
        with_own = main()
        got = install(*options)
        tap.ok(got.returncode == 0 and on_wire() == {leaf2},
               "Postfix: in place of another chain", got)
        got = install("--remove")
        tap.ok(got.returncode == 0 and main() == with_own,
               "Postfix: which returns", got)
        server.stop()
        got = install(*options, timeout=300)
        tap.ok(got.returncode == 1 and main() == with_own and
               not os.path.exists(server.path("etc/mailcert.pem")),
               "Postfix: a server that is down", got)


def test_exim():
    """The lines are printed; from then on a new certificate is enough."""
    if Exim.missing():
        tap.skip("Exim", Exim.missing())
        return
    with Desk() as desk, Exim() as server:
        env = Programs(desk, server.path("bin")).env
        services = ["--service", "smtp:%d" % server.smtp, "--service",
                    "submissions:%d" % server.submissions]
        first, leaf = desk.order(*services)
        options = ["--config", server.conf, "--address", "127.0.0.1"]
        pair = server.path("mailcert.pem")
        got = desk.install(server, *options, env=env)
        lines = [line for line in got.stdout.decode().splitlines()
                 if line.startswith("tls_")]
        tap.ok(got.returncode == 0 and len(lines) == 2,
               "Exim: the lines are printed", got)
        tap.equal((os.stat(pair).st_uid, os.stat(pair).st_gid,
                   os.stat(pair).st_mode & 0o777), (0, server.gid, 0o640),
                  "Exim: its group can read the pair, nobody else")
        server.configure("\n".join(lines))
        server.restart()
        got = desk.install(server, env=env)
        tap.ok(got.returncode == 0 and {
            shown(server.smtp, "smtp"), shown(server.submissions)} == {leaf},
               "Exim: it is on the wire", got, server.log())
        tap.ok(accepted(server.submissions, desk.root) and
               accepted(server.smtp, desk.root, "smtp"),
               "Exim: openssl accepts it")
        second, leaf2 = desk.order(*services, env=env)
        tap.equal({shown(server.smtp, "smtp"), shown(server.submissions)},
                  {leaf2}, "Exim: finish installs the next one")
        got = desk.install(server, "--remove", env=env)
        tap.ok(got.returncode == 1 and b"tls_certificate" in got.stderr and
               os.path.exists(pair), "Exim: --remove, while it is read", got)
        server.configure("")
        got = desk.install(server, "--remove", env=env)
        tap.ok(got.returncode == 0 and not os.path.exists(pair),
               "Exim: --remove", got)


def key_digest(path):
    """SHA-256 of the public key of a certificate, by openssl."""
    key = subprocess.run(["openssl", "x509", "-noout", "-pubkey", "-in", path],
                         check=True, capture_output=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"],
                         input=key, check=True, capture_output=True).stdout
    return hashlib.sha256(der).hexdigest()


def test_tlsa():
    """A server with TLSA records: the new key's is there before the key, for
    as long as others may have the old ones."""
    if Zones.missing():
        tap.skip("TLSA", Zones.missing())
        return
    with dovecot() as server, Zones({"example.org": "mail A 127.0.0.1\n" + "".join(
            "_%d._tcp.mail 3 TLSA 3 1 1 %s\n" % (port, key_digest(server.cert))
            for port in (server.imap, server.imaps))}) as zones:
        names = ["_%d._tcp.%s" % (port, HOST) for port in (
            server.imap, server.imaps)]

        def records():
            return [{one.split()[-1].lower() for one in zones.ask(
                name, "TLSA")} for name in names]
        own, before = key_digest(server.cert), shown(server.imaps)
        where = ["--config", server.path("dovecot.conf"), "--address",
                 "127.0.0.1"]
        services = ["--service", "imap:%d" % server.imap, "--service",
                    "imaps:%d" % server.imaps]
        with Desk(zones.settings) as desk:
            first, leaf = desk.order(*services)
            digest = key_digest(desk.place.path("data", "certificates",
                                                first + ".pem"))
            got = desk.run("-o", "dns_update_server=", "-o", "dns_update_key=",
                           "service", "install", "dovecot", *where)
            tap.ok(got.returncode == 1 and names[0].encode() in got.stderr and
                   digest.encode() in got.stderr and
                   shown(server.imaps) == before,
                   "TLSA: what is missing is said, and nothing changed", got)
            got = desk.install(server, *where)
            tap.ok(got.returncode == 75 and shown(server.imaps) == before,
                   "TLSA: the key waits for its record", got)
            tap.equal(records(), [{own, digest}] * 2,
                      "TLSA: which is beside the old one")
            got = desk.run("renew")
            tap.ok(got.returncode == 0 and (b"others may have" in got.stderr or
                                            shown(server.imaps) == leaf),
                   "TLSA: that is no matter for a person", got)
            server.wait_for(lambda: desk.run("renew") and
                            shown(server.imaps) == leaf, "the old TTL")
            tap.ok(shown(server.imap, "imap") == leaf,
                   "TLSA: renew puts it to use")
            second, leaf2 = desk.order(*services, code=None)
            digest2 = key_digest(desk.place.path("data", "certificates",
                                                 second + ".pem"))
            tap.equal((records(), shown(server.imaps)),
                      ([{own, digest, digest2}] * 2, leaf),
                      "TLSA: the same for the next one")
            server.wait_for(lambda: desk.run("renew") and
                            shown(server.imaps) == leaf2, "the TTL")
            tap.equal(records(), [{own, digest2}] * 2,
                      "TLSA: then its predecessor's goes, and no other")


def test_names():
    with Desk() as desk, dovecot() as server:
        got = desk.install(server, *where(server))
        tap.ok(got.returncode == 1 and b"no certificate for a server yet" in got.stderr,
               "no home", got)
        desk.order()
        got = desk.run("service", "install", "sendmail")
        tap.ok(got.returncode == 64 and b"dovecot, postfix, exim" in
               got.stderr, "another server", got)
        got = desk.install(server, "--config", server.path("dovecot.conf"))
        tap.ok(got.returncode == 75 and HOST.encode() + b": its name does not "
               b"resolve" in got.stderr and files(server) == [],
               "a host without an address", got)
        got = desk.install(server, "--config", "/no/such", "--service", "imap")
        tap.ok(got.returncode == 1 and b"/no/such" in got.stderr,
               "no such configuration", got)
        got = desk.install(server, "--pair", "here", *where(server))
        tap.ok(got.returncode == 78 and b"absolute" in got.stderr,
               "a relative path", got)


run_tests(tests_of(globals()), workers=4)
tap.done()

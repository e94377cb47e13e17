#!/usr/bin/python3
# Runs in: check check-slow
"""Certificates for mail servers: service order, at a CA that really asks the
DNS (Knot, nsd, unbound) and really connects (Dovecot).  check takes samples
that need none of these servers."""
import functools
import json
import os
import subprocess
import sys
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from lib import MAILCERT, SLOW, at_once, nomalloc, run_tests, sample, tap, tests_of
from servers import program
from servers.dns import Zones
from servers.dovecot import Dovecot
from servers.faults import Scripted
from town import Town

HOST = "mail.example.org"
RECORD = "_993._imaps._acme-challenge." + HOST
ZONE = """mail A 127.0.0.1
two A 127.0.0.1
two A 127.0.0.3
_acme-challenge.alias CNAME alias.dynamic
"""


def placed(town, *args, host=HOST):
    """Place an order, and return it as status shows it."""
    got = town.run("service", "order", "--no-wait", *args, host)
    if got.returncode:
        tap.ok(False, "service order " + " ".join(args), got)
    return listed(town, got.stdout.decode().strip())


def listed(town, name):
    got = town.run("status", "--json", name)
    return json.loads(got.stdout)["certificates"][-1]


def publish(town, order):
    for proof in order["proofs"]:
        town.ca.dns.records[proof["record"]] = proof["value"]


def issued(town, order, name, *args):
    """The user says that it is in place, and the CA agrees."""
    got = town.run(*args, "finish", "--sent", order["id"])
    tap.ok(got.returncode == 0, name, got, town.ca.problems)
    return got.stdout.decode().strip()


def refused(town, order, name, words):
    got = town.run("finish", "--sent", order["id"])
    tap.ok(got.returncode == 69 and words in got.stderr.decode(), name, got)
    after = listed(town, order["id"])
    tap.equal((after["state"], after["certificate"]), ("failed", None),
              name + ": no certificate")


def update(zones, *lines):
    got = subprocess.run(
        [program("nsupdate"), "-k", zones.key], text=True, input="\n".join((
            "server %s %d" % (zones.primary.address, zones.primary.listens),
            *lines, "send\n")), capture_output=True)
    assert got.returncode == 0, got


def looks(zones):
    """A configuration that may look at the DNS, and not change it."""
    return "".join(line + "\n" for line in zones.settings.splitlines()
                   if "dns_update" not in line)


def test_dns(unused):
    for challenge, args, records in sample((
            ("dns-email-00", ("--service", "imaps"), [RECORD]),
            ("dns-email-00", ("--service", "imap", "--service", "smtp:2525"),
             ["_143._imap._acme-challenge." + HOST,
              "_2525._smtp._acme-challenge." + HOST]),
            ("dns-email-00", ("--service", "lmtp", "--port", "24"),
             ["_24._lmtp._acme-challenge." + HOST]),
            ("dns-01", ("--service", "imaps", "--challenge", "dns-01"),
             ["_acme-challenge." + HOST])), 2):
        with Town() as town:
            order = placed(town, *args)
            tap.equal((order["challenge"], [p["record"] for p in order[
                "proofs"]]), (challenge, records), "the records")
            shown = town.run("status", HOST).stdout.decode()
            tap.ok(all('%s. 60 IN TXT "%s"' % (p["record"], p["value"]) in
                       shown for p in order["proofs"]),
                   "status shows zone lines", shown)
            publish(town, order)
            path = issued(town, order, "a certificate by " + challenge)
            got = subprocess.run(["openssl", "x509", "-noout", "-ext",
                                  "subjectAltName,extendedKeyUsage,keyUsage",
                                  "-in", path], capture_output=True, text=True)
            tap.ok("DNS:" + HOST in got.stdout and "TLS Web Server "
                   "Authentication" in got.stdout and "Digital Signature" in
                   got.stdout and "Key" + " Encipherment" not in got.stdout,
                   "is one for a server", got)


def test_choice(unused):
    """Without --challenge: what the CA offers, and proves all services."""
    every = ("--service", "smtp", "--service", "imap")
    for offers, services, want in (
            (("dns-01", "capability-imap-00"), every, "dns-01"),
            (("capability-imap-00", "capability-smtp-00"), ("--service",
                                                            "smtp"),
             "capability-smtp-00"),
            (("capability-pop-00",), ("--service", "pop3"),
             "capability-pop-00")):
        with Town(offers=offers) as town:
            tap.equal(placed(town, *services)["challenge"], want,
                      "%s of %s" % (want, offers))
    with Town(offers=("capability-imap-00", "capability-smtp-00")) as town:
        got = town.run("service", "order", "--no-wait", *every, HOST)
        tap.ok(got.returncode == 69 and b"offers capability-imap-00, "
               b"capability-smtp-00" in got.stderr, "none proves both", got)
    with Town(offers=()) as town:
        got = town.run("service", "order", "--no-wait", *every, HOST)
        tap.ok(got.returncode == 69 and b"nothing that mailcert knows" in
               got.stderr, "the CA offers nothing", got)


def test_caa(unused):
    """For a host "issue" counts, not "issuemail"."""
    def caa(tag, value):
        return b"\0" + bytes([len(tag)]) + (tag + value).encode()

    for tag, value, warned in (("issue", ";", True),
                               ("issue", "other.example", True),
                               ("issue", "ca.example", False),
                               ("issuemail", ";", False)):
        with Town(caa=("ca.example",)) as town:
            town.ca.dns.other = {("example.org", 257): [caa(tag, value)]}
            got = town.run("service", "order", "--no-wait", "--service",
                           "imaps", HOST)
            tap.ok(got.returncode == 0 and
                   (b"CAA records for" in got.stderr) == warned,
                   "CAA: %s %s" % (tag, value), got)


def test_usage(unused):
    with Town() as town:
        for code, args, words in (
                (64, (HOST,), b"--service is missing"),
                (64, ("--service", "https", HOST), b"https is not valid"),
                (64, ("--service", "imaps", "mail"), b"not the name of a host"),
                (64, ("--service", "imaps", "*.example.org"),
                 b"not the name of a host"),
                (64, ("--service", "imaps", "127.0.0.1"),
                 b"not the name of a host"),
                (64, ("--service", "imaps", "--service", "imaps", HOST),
                 b"named twice"),
                (64, ("--service", "lmtp", HOST), b"port"),
                (64, ("--service", "lmtp:25", HOST), b"RFC 2033"),
                (64, ("--service", "lmtp:24", "--srv-id", HOST), b"SRV-ID"),
                (64, ("--service", "smtp", "--challenge",
                      "capability-imap-00", HOST), b"cannot prove smtp"),
                (64, ("--service", "imaps", "--challenge", "http-01", HOST),
                 b"http-01 is not valid")):
            got = town.run("service", "order", "--no-wait", *args)
            tap.ok(got.returncode == code and words in got.stderr,
                   "refused: " + " ".join(args), got)
        tap.equal(town.ca.orders, {}, "and nothing was ordered")


def test_forms(unused):
    """Version 02 and 05, a value that is bound to its service, a CA that
    knows one service for each response; and the other form each."""
    services = ("--service", "imaps", "--service", "imap")
    for name, settings, how in (
            ("version 05", "", {}),
            ("version 02", "set ca.local.service_in = header\n",
             {"draft": "02"}),
            ("a bound value", "set ca.local.service_hash = yes\n",
             {"bind": True}),
            ("a bound value in version 02", "set ca.local.service_hash = yes\n"
             "set ca.local.service_in = header\n",
             {"bind": True, "draft": "02"}),
            ("one service only", "", {"many": False})):
        with Town(settings, **how) as town:
            order = placed(town, *services)
            values = {proof["value"] for proof in order["proofs"]}
            tap.equal(len(values), 2 if "bind" in how else 1,
                      name + ": how many values")
            publish(town, order)
            issued(town, order, name)
    for name, how in (("version 02", {"draft": "02"}),):
        with Town(**how) as town:
            order = placed(town, *services)
            publish(town, order)
            got = town.run("finish", "--sent", order["id"])
            tap.ok(got.returncode == 69 and b"malformed" in got.stderr,
                   name + " refuses the other form", got)
            tap.equal(listed(town, HOST)["state"], "ordered",
                      "which ends nothing")
            issued(town, order, "the right form goes on", "-o",
                   "ca.local.service_in=header")
            tap.equal(len(town.ca.orders), 1, "with the same order")
    with Town(bind=True) as town:
        order = placed(town, *services)
        publish(town, order)
        refused(town, order, "a value that is not bound", "another value")


def test_refusals(unused):
    """What the CA does not find, or finds wrong."""
    def other(records, order):
        records[RECORD] = "x" * 43

    def stale(records, order):
        records[RECORD] = "A" + order["proofs"][0]["value"][1:]

    def both(records, order):
        records[RECORD] = ["x" * 43, order["proofs"][0]["value"]]

    def port(records, order):
        records[RECORD.replace("993", "994")] = order["proofs"][0]["value"]

    def service(records, order):
        records[RECORD.replace("imaps", "imap")] = order["proofs"][0]["value"]

    def plain(records, order):
        records["_acme-challenge." + HOST] = order["proofs"][0]["value"]

    def trouble(records, order):
        records[RECORD] = "!servfail"

    def folded(records, order):
        records[RECORD] = order["proofs"][0]["value"].upper()

    for name, put, words in (
            ("another value", other, "another value"),
            ("a stale value", stale, "another value"),
            ("its value in upper case", folded, "another value"),
            ("another port", port, "no TXT record"),
            ("another service", service, "no TXT record"),
            ("the record of dns-01", plain, "no TXT record"),
            ("a broken DNS", trouble, "NoNameservers"),
            ("nothing", lambda *_: None, "no TXT record")):
        with Town() as town:
            order = placed(town, "--service", "imaps")
            put(town.ca.dns.records, order)
            refused(town, order, name, words)
    with Town() as town:
        order = placed(town, "--service", "imaps")
        both(town.ca.dns.records, order)
        issued(town, order, "one of two values is the right one")
    for name, ports, at, words in (
            ("a port of another service", "other", "imaps:143", "another"),
            ("a port that is not IANA's", "iana", "imaps:9930", "not on port")):
        with Town(ports=ports) as town:
            order = placed(town, "--service", at)
            publish(town, order)
            refused(town, order, name, words)
    with Town(ports="other") as town:
        order = placed(town, "--service", "imaps:9930")
        publish(town, order)
        issued(town, order, "any other port")


def test_certificate(unused):
    """What the CA puts into it is compared with what was ordered."""
    for name, how, code, words in (
            ("another host", {"cert_names": [x509.DNSName(HOST), x509.DNSName(
                "evil.example")]}, 69, b"names a host that was not ordered"),
            ("no host", {"cert_names": [x509.RFC822Name("a@example.org")]}, 0,
             b"does not name the host"),
            ("for mail", {"cert_eku": [ExtendedKeyUsageOID.EMAIL_PROTECTION]},
             0, b"lacks serverAuth")):
        with Town(**how) as town:
            order = placed(town, "--service", "imaps")
            publish(town, order)
            got = town.run("finish", "--sent", order["id"])
            tap.ok(got.returncode == code and words in got.stderr,
                   "a certificate: " + name, got)
    with Town() as town:
        order = placed(town, "--service", "imaps", "--service", "smtp",
                       "--service", "smtp:2525", "--srv-id", "--key",
                       "rsa:2048")
        publish(town, order)
        path = issued(town, order, "SRV-IDs")
        with open(path, "rb") as f:
            cert = x509.load_pem_x509_certificate(f.read())
        names = cert.extensions.get_extension_for_class(
            x509.SubjectAlternativeName).value
        tap.equal([one.value[2:].decode() for one in names.get_values_for_type(
            x509.OtherName)], ["_imaps." + HOST, "_smtp." + HOST],
            "each service once")
        tap.ok(cert.extensions.get_extension_for_class(
            x509.KeyUsage).value.key_encipherment, "an RSA key may encipher")
        got = town.run("install", "gpgsm", order["id"])
        tap.ok(got.returncode != 0, "it is not for mail programs", got)
        for args in (("export", "--format", "pem", HOST),
                     ("revoke", "--yes", HOST)):
            got = town.run(*args)
            tap.ok(got.returncode == 0, args[0] + " by the host", got)


def test_nsupdate(zones):
    """The whole in one command: the records come, and go again."""
    for challenge, names in (
            ("dns-email-00", [RECORD, "_25._smtp._acme-challenge." + HOST]),
            ("dns-01", ["_acme-challenge." + HOST])):
        with Town(zones.settings, resolver=zones.resolver.at) as town:
            got = town.run("service", "order", "--challenge", challenge,
                           "--service", "imaps", "--service", "smtp", HOST)
            tap.ok(got.returncode == 0, "an order by " + challenge, got,
                   town.ca.problems)
            tap.equal([zones.ask(name, "TXT") for name in names],
                      [[] for _ in names], "the records are gone")
            order = listed(town, HOST)
            tap.equal((order["state"], order["published"]), ("issued", None),
                      "issued, and nothing is left")
            got = town.run("renew", "--force", HOST)
            tap.ok(got.returncode == 0 and b"certificate in" in got.stdout,
                   "renew --force", got, town.ca.problems)
            again = listed(town, HOST)
            tap.equal((again["replaces"], again["challenge"],
                       again["services"]), (order["id"], challenge,
                                            order["services"]),
                      "by the same challenge, for the same services")
            tap.equal([zones.ask(name, "TXT") for name in names],
                      [[] for _ in names], "and the records are gone again")
    with Town(zones.settings, resolver=zones.resolver.at, ports="iana") as \
            town:
        got = town.run("service", "order", "--service", "imaps:9930", HOST)
        tap.ok(got.returncode == 69 and b"not on port" in got.stderr,
               "a refusal", got)
        tap.equal(zones.ask(RECORD.replace("993", "9930"), "TXT"), [],
                  "leaves nothing in the DNS")
    with Town(zones.settings, resolver=zones.resolver.at) as town:
        host = "alias.example.org"
        got = town.run("service", "order", "--service", "imaps",
                       "--challenge", "dns-01", host)
        tap.ok(got.returncode == 0, "_acme-challenge is an alias", got,
               town.ca.problems)
        tap.equal((zones.ask("_acme-challenge." + host, "CNAME"),
                   zones.ask("alias.dynamic.example.org", "TXT")),
                  (["alias.dynamic.example.org."], []), "which stays")
    with Town(zones.settings, resolver=zones.resolver.at) as town:
        # The update that removes the record fails.
        host, config = "left.example.org", "dns_update_command=%s" % \
            town.place.write("once", ONCE.replace(
                "NSUPDATE", program("nsupdate")).replace(
                    "COUNT", town.place.path("count")))
        os.chmod(town.place.path("once"), 0o755)
        record = RECORD.replace(HOST, host)
        got = town.run("-o", config, "service", "order", "--service", "imaps",
                       host)
        tap.ok(got.returncode == 0 and b"still in the DNS" in got.stderr and
               len(zones.ask(record, "TXT")) == 1,
               "a record that cannot be removed now", got)
        for command in ("renew", "renew"):
            got = town.run(command)
            tap.ok(got.returncode == 0, command, got)
        tap.equal(zones.ask(record, "TXT"), [], "renew removes it")
    wrong = zones.settings.replace(zones.key, zones.wrong_key)
    with Town(wrong, resolver=zones.resolver.at) as town:
        order = placed(town, "--service", "imaps", host="wrong.example.org")
        got = town.run("finish", order["id"])
        tap.equal(got.returncode, 78, "a key that the server refuses: finish")
        got = town.run("finish", "--forget", order["id"])
        tap.ok(got.returncode == 0 and b"may still be in the DNS" in
               got.stderr, "finish --forget", got)
        got = town.run("service", "order", "--service", "imaps", HOST)
        tap.ok(got.returncode == 78, "a key that the server refuses", got)
        tap.equal(listed(town, HOST)["state"], "ordered", "keeps the order")
        town.place.write("user/.config/mailcert/config", open(
            town.place.path("user/.config/mailcert/config")).read().replace(
                zones.wrong_key, zones.key))
        got = town.run("finish", HOST)
        tap.ok(got.returncode == 0, "with the right one it goes on", got,
               town.ca.problems)


def test_others(zones):
    """Somebody else changes the DNS, some day."""
    host = "others.example.org"
    record = RECORD.replace(HOST, host)
    with Town(looks(zones), resolver=zones.resolver.at) as town:
        order = placed(town, "--service", "imaps", host=host)
        got = town.run("account", "roll-over")
        tap.ok(got.returncode == 75 and order["id"].encode() in got.stderr,
               "the account keeps its key meanwhile", got)
        for command in ("finish", "renew"):
            got = town.run(command)
            tap.ok(got.returncode in (1, 75) and record.encode() in
                   got.stdout + got.stderr, command + " says what is missing",
                   got)
        line = "update add %s 60 TXT " % record
        update(zones, line + "x" * 43)
        got = town.run("finish", host)
        tap.ok(got.returncode == 75, "another value does not count", got)
        tap.equal([a["status"] for a in town.ca.authz.values()], ["pending"],
                  "and the CA was not told")
        again = placed(town, "--service", "imaps", host=host)
        tap.equal(again["id"], order["id"], "the same order goes on")
        child = subprocess.Popen(
            [MAILCERT, "service", "order", "--service", "imaps", host],
            env=town.place.env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        update(zones, line + order["proofs"][0]["value"])
        end = time.monotonic() + 60
        while len(zones.ask(record, "TXT", at=zones.secondary)) < 2 and \
                time.monotonic() < end:
            time.sleep(0.1)
        got = town.run("renew")
        child.kill()
        child.communicate()
        tap.ok(got.returncode == 0 or b"working on" in got.stdout,
               "renew goes on with it", got)
        got = town.run("finish", host)
        tap.ok(listed(town, host)["state"] == "issued", "and it is issued",
               got, town.ca.problems)
        tap.equal((len(town.ca.orders), len(zones.ask(record, "TXT"))), (1, 2),
                  "one order; the records are left to those who made them")
        update(zones, "update delete %s TXT" % record)
    with Town(looks(zones), resolver=zones.resolver.at) as town:
        order = placed(town, "--service", "imaps", host=host)
        got = town.run("finish", "--forget", order["id"])
        tap.ok(got.returncode == 0, "finish --forget", got)


def test_publish(zones):
    """service publish dns: the lines of the zone, or the zone itself."""
    host = "publish.example.org"
    record = RECORD.replace(HOST, host)
    with Town(looks(zones), resolver=zones.resolver.at) as town:
        got = town.run("service", "publish", "dns")
        tap.ok(got.returncode == 1 and b"no pending order" in got.stderr,
               "nothing to publish", got)
        order = placed(town, "--service", "imaps", host=host)
        value = order["proofs"][0]["value"]
        line = '%s. 60 IN TXT "%s"\n' % (record, value)
        for args in (("dns",), ("dns", host), ("dns", order["id"],
                                               "--dry-run")):
            got = town.run("service", "publish", *args)
            tap.ok(got.returncode == 0 and got.stdout.decode() == line,
                   "the line of the zone: " + " ".join(args), got)
        config = town.place.path("user/.config/mailcert/config")
        with open(config, "a") as f:
            f.write(zones.settings)
        got = town.run("service", "publish", "dns", host)
        tap.ok(got.returncode == 0 and [zones.ask(record, "TXT", at=at)
               for at in (zones.primary, zones.secondary)] ==
               2 * [['"%s"' % value]], "every name server has it", got)
        got = town.run("service", "publish", "dns", "--remove", host)
        tap.ok(got.returncode == 0 and zones.ask(record, "TXT") == [],
               "--remove", got)
        tap.equal(listed(town, host)["published"], None, "which is recorded")
        got = town.run("service", "publish", "dns")
        tap.ok(got.returncode == 0, "again", got)
        got = town.run("finish", host)
        tap.ok(got.returncode == 0 and zones.ask(record, "TXT") == [],
               "finish goes on, and takes it away", got, town.ca.problems)
        got = town.run("service", "publish", "dns", "--value", "x" * 43, host)
        tap.equal(got.returncode, 64, "options of a mail server")


def test_capability(zones):
    """A real Dovecot, imap and imaps in one certificate."""
    with Dovecot() as dovecot, Town(
            looks(zones), resolver=zones.resolver.at, reads="both") as town:
        order = placed(town, "--challenge", "capability-imap-00", "--service",
                       "imap:%d" % dovecot.imap, "--service",
                       "imaps:%d" % dovecot.imaps)
        value = order["proofs"][0]["value"]
        shown = town.run("status", HOST).stdout.decode()
        tap.ok("ACME=" + value in shown, "status shows the capability", shown)
        dovecot.configure("imap_capability = +ACME=" + value)
        dovecot.reload()
        path = issued(town, order, "imap and imaps, before and in TLS")
        tap.ok(os.path.exists(path), "in one certificate")
        for name, setting, words in (
                ("a stale value", "imap_capability = +ACME=" + value,
                 "another value"),
                ("no value", "", "no value")):
            order = placed(town, "--new", "--challenge", "capability-imap-00",
                           "--service", "imaps:%d" % dovecot.imaps)
            dovecot.configure(setting)
            dovecot.reload()
            refused(town, order, name, words)
        order = placed(town, "--challenge", "capability-imap-00",
                       "--service", "imaps:%d" % dovecot.imaps,
                       host="two.example.org")
        dovecot.configure("imap_capability = +ACME=" +
                          order["proofs"][0]["value"])
        dovecot.reload()
        refused(town, order, "one of two addresses does not answer",
                "127.0.0.3")
        order = placed(town, "--challenge", "capability-imap-00",
                       "--service", "imap:1")
        refused(town, order, "the server is down", "refused")


def test_seen(zones):
    """mailcert looks at the server itself, and tells the CA when each address
    shows the value."""
    with Dovecot() as dovecot, Town(
            looks(zones), resolver=zones.resolver.at, reads="both") as town:
        order = placed(town, "--challenge", "capability-imap-00", "--service",
                       "imap:%d" % dovecot.imap, "--service",
                       "imaps:%d" % dovecot.imaps, "--address", dovecot.host,
                       "--address", dovecot.far)
        for setting in ("", "imap_capability = +ACME=" + "x" * 43):
            dovecot.configure(setting)
            dovecot.reload()
            got = town.run("finish", HOST)
            tap.ok(got.returncode == 75 and b"imap on port %d at 127.0.0.1" %
                   dovecot.imap in got.stderr, "not told: " + setting, got)
        tap.equal([a["status"] for a in town.ca.authz.values()], ["pending"],
                  "the CA was not told")
        dovecot.configure("imap_capability = +ACME=" +
                          order["proofs"][0]["value"])
        dovecot.reload()
        got = town.run("finish", HOST)
        tap.ok(got.returncode == 0, "seen, told, issued", got,
               town.ca.problems)
        order = placed(town, "--new", "--challenge", "capability-imap-00",
                       "--service", "imap:%d" % dovecot.imap, "--address",
                       dovecot.host, "--address", "127.0.0.3")
        dovecot.configure("imap_capability = +ACME=" +
                          order["proofs"][0]["value"])
        dovecot.reload()
        got = town.run("finish", order["id"])
        tap.ok(got.returncode == 75 and b"127.0.0.3" in got.stderr,
               "one of two addresses does not answer", got)
        got = town.run("renew", order["id"])
        tap.ok(got.returncode == 1, "which needs a person", got)


def dialogue(before, after):
    """An SMTP server that announces these, before STARTTLS and in TLS."""
    def script(session):
        session.send(b"220 mail.example.org ESMTP\r\n")
        while line := session.line():
            if line.upper().startswith((b"EHLO", b"LHLO")):
                extra = after if session.tls else before
                session.send(b"250-mail.example.org\r\n" + (
                    b"250-ACME %s\r\n" % extra.encode() if extra else b"") +
                    b"250 STARTTLS\r\n")
            elif line.upper().startswith(b"STARTTLS"):
                session.send(b"220 go\r\n")
                session.start_tls()
            else:
                return
    return script


def test_starttls(zones):
    """Where a CA looks decides what it sees."""
    for reads, where, words in (
            ("before", "before", None), ("after", "after", None),
            ("after", "before", "no value inside TLS"),
            ("before", "after", "no value before TLS"),
            ("both", "before", "no value inside TLS")):
        values = {"before": "", "after": ""}

        def script(session):
            dialogue(values["before"], values["after"])(session)

        with Scripted(script, tls="starttls") as server, Town(
                looks(zones), resolver=zones.resolver.at, reads=reads) as town:
            order = placed(town, "--challenge", "capability-smtp-00",
                           "--service", "submission:%d" % server.port)
            values[where] = order["proofs"][0]["value"]
            name = "%s STARTTLS, a CA that reads %s" % (where, reads)
            if words:
                refused(town, order, name, words)
            else:
                issued(town, order, name)


def test_memory(unused):
    """An allocation fails: a status and a sentence, and the order goes on."""
    args = ("service", "order", "--no-wait", "--service", "imaps", HOST)
    for n in range(40, 900, 107):
        with Town() as town:
            env = dict(town.place.env, LD_PRELOAD=nomalloc(town.place),
                       FAIL_AT=str(n))
            first = town.run(*args, env=env)
            order = placed(town, "--service", "imaps")
            publish(town, order)
            then = town.run("finish", "--sent", order["id"], env=env)
            tap.ok(all(got.returncode in (0, 1, 69, 70, 71, 73, 74, 75) and
                       (got.stderr or not got.returncode)
                       for got in (first, then)),
                   "allocation %d fails" % n, first, then)
            issued(town, order, "allocation %d: it goes on" % n)
            tap.equal(len(town.ca.orders), 1, "allocation %d: one order" % n)


def killed(zones, host, name, kill_at=0, script=None):
    """Kill an order of that host, and order again."""
    with Town(zones.settings, resolver=zones.resolver.at) as town:
        seen = [0]

        def on_answer(unused):
            seen[0] += 1
            if seen[0] == kill_at:
                child.kill()

        if script:
            path = town.place.write("nsupdate", script % {
                "count": town.place.path("count")})
            os.chmod(path, 0o755)
            with open(town.place.path("user/.config/mailcert/config"),
                      "a") as f:
                f.write("set dns_update_command = %s\n" % path)
        town.ca.on_answer = on_answer
        child = subprocess.Popen(
            [MAILCERT, "service", "order", "--service", "imaps", host],
            env=town.place.env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        child.communicate()
        town.ca.on_answer = None
        if child.returncode != 0:
            got = town.run("service", "order", "--service", "imaps", host)
            tap.ok(got.returncode == 0, name, got, town.ca.problems)
        tap.equal(([o["status"] for o in town.ca.orders.values()], zones.ask(
            RECORD.replace(HOST, host), "TXT")), (["valid"], []),
            name + ": one order, a clean zone")
        return seen[0]


def test_killed(zones):
    """Killed before each answer of the CA and around each change of the DNS:
    one order, one certificate, and nothing left in the DNS."""
    last = killed(zones, "k0.example.org", "not killed")
    jobs = [functools.partial(
        killed, zones, "k%d.example.org" % n,
        "killed before answer %d of %d" % (n, last), n)
        for n in range(2, last + 1)]
    for when in ("before", "after"):
        for times in (1, 2):
            jobs.append(functools.partial(
                killed, zones, "%s%d.example.org" % (when, times),
                "killed %s change %d of the DNS" % (when, times),
                script=KILLER.replace("NSUPDATE", program("nsupdate")).replace(
                    "WHEN", when).replace("TIMES", str(times))))
    at_once(jobs, 6)


ONCE = """#!/bin/sh
# nsupdate works the first time.
[ -e COUNT ] && { echo 'update failed: SERVFAIL' >&2; exit 2; }
: >COUNT
exec NSUPDATE "$@"
"""


KILLER = """#!/usr/bin/python3 -IS
# Kills who started it around a certain change.
import os, subprocess, sys
with open("%(count)s", "a") as f:
    f.write("x")
now = os.path.getsize("%(count)s") == TIMES
if now and "WHEN" == "before":
    os.kill(os.getppid(), 9)
    sys.exit(1)
code = subprocess.call(["NSUPDATE", *sys.argv[1:]])
if now:
    os.kill(os.getppid(), 9)
sys.exit(code)
"""


if not SLOW:
    run_tests({"test_dns": functools.partial(test_dns, None),
               "test_usage": functools.partial(test_usage, None)})
    tap.done()
why = Zones.missing()
if why:
    tap.skip("orders for mail servers", why)
    tap.done()
with Zones({"example.org": ZONE}) as zones:
    run_tests(tests_of(globals(), zones), workers=4)
tap.done()

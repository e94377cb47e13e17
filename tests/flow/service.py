#!/usr/bin/python3
# Runs in: check-slow
"""Certificates for mail servers: service order, at a CA that really looks."""
import json
import os
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
from lib import run_tests, tap, tests_of
from servers.dns import Zones
from town import Town

HOST = "mail.example.org"
ZONE = "mail A 127.0.0.1\n"


def placed(town, *args):
    """The order as status shows it, after service order --no-wait."""
    got = town.run("service", "order", "--no-wait", *args, HOST)
    if got.returncode:
        tap.ok(False, "service order " + " ".join(args), got)
    return got.stdout.decode().strip(), got


def listed(town, name):
    got = town.run("status", "--json", name)
    return json.loads(got.stdout)["certificates"][0]


def publish(town, order):
    for proof in order["proofs"]:
        town.ca.dns.records[proof["record"]] = proof["value"]


def test_dns(unused):
    for challenge, args, records in (
            ("dns-email-00", ("--service", "imaps"),
             ["_993._imaps._acme-challenge." + HOST]),
            ("dns-email-00", ("--service", "imap", "--service", "smtp:2525"),
             ["_143._imap._acme-challenge." + HOST,
              "_2525._smtp._acme-challenge." + HOST]),
            ("dns-01", ("--service", "imaps", "--challenge", "dns-01"),
             ["_acme-challenge." + HOST])):
        with Town() as town:
            name, got = placed(town, *args)
            order = listed(town, name)
            tap.equal(order["challenge"], challenge, "the challenge")
            tap.equal([p["record"] for p in order["proofs"]], records,
                      "the records")
            tap.ok(all(record.encode() + b"." in got.stderr
                       for record in records), "they are shown", got)
            publish(town, order)
            got = town.run("finish", "--sent", name)
            tap.ok(got.returncode == 0, "the certificate", got,
                   town.ca.problems)
            path = got.stdout.decode().strip()
            got = subprocess.run(["openssl", "x509", "-noout", "-ext",
                                  "subjectAltName,extendedKeyUsage", "-in",
                                  path], capture_output=True, text=True)
            tap.ok("DNS:" + HOST in got.stdout and
                   "TLS Web Server Authentication" in got.stdout,
                   "is one for a server", got)


def test_nsupdate(zones):
    """The whole in one command: the records come, and go again."""
    for challenge, names in (
            ("dns-email-00", ["_993._imaps._acme-challenge." + HOST,
                              "_25._smtp._acme-challenge." + HOST]),
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


why = Zones.missing()
if why:
    tap.skip("orders for mail servers", why)
    tap.done()
with Zones({"example.org": ZONE}) as zones:
    run_tests(tests_of(globals(), zones))
tap.done()

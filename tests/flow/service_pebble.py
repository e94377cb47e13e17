#!/usr/bin/python3
# Runs in: check-slow
"""A certificate for a mail server from an ordinary ACME CA: Debian's pebble
validates dns-01 through a validating resolver, and nsupdate changes the zone."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import CLOCK, Place, run_tests, tap, tests_of
from servers.dns import Zones
from servers.pebble import Pebble

HOST = "mail.example.org"


def test_dns_01(zones):
    resolver = zones.resolver.at.replace("@", ":")
    with Place(config="") as place, Pebble(
            place, reject=20, dns=resolver, PEBBLE_AUTHZREUSE="0") as pebble:
        place.write("user/.config/mailcert/config", zones.settings + """
set ca = p
set ca.p.directory = %s
set ca.p.ca_file = %s
""" % (pebble.directory, pebble.file))
        got = place.run("service", "order", "--agree", "--service", "imaps",
                        "--service", "submission", HOST)
        tap.ok(got.returncode == 0 and b"by dns-01" in got.stderr,
               "without --challenge, dns-01", got, pebble.said()[-1500:])
        path = got.stdout.decode().strip()
        root = place.write("root.pem", pebble.fetch(
            "https://127.0.0.1:%d/roots/0" % pebble.management).read())
        got = subprocess.run(
            ["openssl", "verify", "-CAfile", root, "-untrusted", path,
             "-purpose", "sslserver", "-verify_hostname", HOST, path],
            capture_output=True)
        tap.ok(got.returncode == 0, "openssl takes it for a server", got)
        tap.equal(zones.ask("_acme-challenge." + HOST, "TXT"), [],
                  "the record is gone")
        got = place.run("renew", "--force", HOST)
        tap.ok(got.returncode == 0 and b"certificate in" in got.stdout,
               "renew --force", got, pebble.said()[-1500:])
        got = place.run("service", "order", "--new", "--challenge",
                        "dns-email-00", "--service", "imaps", HOST)
        tap.ok(got.returncode == 69 and b"it offers dns-01" in got.stderr,
               "a challenge that it does not know", got)
        got = place.run("service", "order", "--new", "--srv-id", "--service",
                        "imaps", HOST)
        tap.ok(got.returncode == 0 and b"lacks an SRV-ID" in got.stderr,
               "SRV-IDs, which it leaves out", got)
        got = place.run("revoke", "--yes", HOST)
        tap.ok(got.returncode == 0, "revoke", got)


why = Zones.missing()
if why or CLOCK:
    tap.skip("pebble and dns-01", why or "pebble has no other clock than the "
             "machine's")
    tap.done()
with Zones({"example.org": "mail A 127.0.0.1\n"}) as zones:
    run_tests(tests_of(globals(), zones))
tap.done()

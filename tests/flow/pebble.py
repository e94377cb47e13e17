#!/usr/bin/python3
# Runs in: check check-ages
"""Debian's pebble, a strict RFC 8555 server that we did not write: accounts,
JWS, nonces, external accounts, finalize, chains, revocation, roll-over.

It knows no "email" identifiers: the program as shipped gets its No, in its own
words; for the rest tests/pebble/ makes hosts of addresses.  The challenges
themselves are met by a client of this test's own, with the same account.
"""
import base64
import glob
import json
import os
import re
import subprocess
import sys
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TESTS)
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import \
    decode_dss_signature
from lib import BUILD, CLOCK, Place, run_tests, tap, tests_of
from servers.pebble import KID, MAC, Pebble

HOSTS = os.path.join(BUILD, "pebble", "mailcert")


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Client:
    """Enough of RFC 8555 to meet a challenge with a P-256 account key."""

    def __init__(self, pebble, pem, account):
        self.pebble, self.account = pebble, account
        with open(pem, "rb") as f:
            self.key = serialization.load_pem_private_key(f.read(), None)
        self.urls = json.load(pebble.fetch(pebble.directory))

    def post(self, url, payload):
        while True:
            nonce = self.pebble.fetch(self.urls["newNonce"], method="HEAD") \
                .headers["Replay-Nonce"]
            text = b64(json.dumps({"alg": "ES256", "kid": self.account,
                                   "nonce": nonce, "url": url}).encode()) + \
                "." + (b64(json.dumps(payload).encode())
                       if payload is not None else "")
            r, s = decode_dss_signature(self.key.sign(
                text.encode(), ec.ECDSA(hashes.SHA256())))
            head, _, body = text.partition(".")
            got = self.pebble.fetch(url, json.dumps({
                "protected": head, "payload": body, "signature": b64(
                    r.to_bytes(32, "big") + s.to_bytes(32, "big"))}).encode())
            answer = json.load(got)
            if got.status != 400 or "badNonce" not in answer["type"]:
                return answer

    def meet(self, host):
        order = self.post(self.urls["newOrder"], {
            "identifiers": [{"type": "dns", "value": host}]})
        url, = order["authorizations"]
        authz = self.post(url, None)
        self.post(authz["challenges"][0]["url"], {})
        while authz["status"] == "pending":
            time.sleep(0.1)
            authz = self.post(url, None)
        assert authz["status"] == "valid", authz


def settings(pebble):
    return ("-o", "ca=p", "-o", "ca.p.directory=" + pebble.directory, "-o",
            "ca.p.ca_file=" + pebble.file, "-o", "caa=no",
            # A name in the subject is a host to pebble.
            "-o", "ca.p.subject=empty")


def order(place, pebble, *more):
    return place.run(*settings(pebble), *more, "order", "--agree",
                     "alice@example.org")


def test_as_shipped():
    with Place(config="") as place, Pebble(place) as pebble:
        # One newAccount, and a newOrder each; more were sent where a nonce was
        # refused.  pebble throws dice: go on until it has refused one.
        orders = 0
        while orders < 3 or (pebble.said().count("POST /") <= orders + 1 and
                             orders < 40):
            got = order(place, pebble)
            orders += 1
            tap.ok(got.returncode == 69 and b"the CA refused (4" in got.stderr,
                   "pebble says no to e-mail, in its own words", got)
        said = pebble.said()
        tap.ok("There are now 1 accounts in memory" in said and
               "There are now 2 accounts" not in said,
               "but it has the one account", said[-2000:])
        tap.ok(said.count("POST /") > orders + 1,
               "nonces were refused on the way", said[-2000:])
        account = os.listdir(place.home + "/accounts")
        tap.equal(len(account), 2, "one account, one key")


def test_external_account():
    with Place(config="") as place, Pebble(place, eab=True) as pebble:
        got = order(place, pebble)
        tap.ok(got.returncode == 78 and b"eab-kid" in got.stderr,
               "pebble wants an external account", got)
        mac = place.write("mac", MAC + "\n")
        wrong = place.write("wrong", MAC[::-1] + "\n")
        got = order(place, pebble, "-o", "ca.p.eab_kid=" + KID, "-o",
                    "ca.p.eab_key_file=" + wrong)
        tap.ok(got.returncode == 69, "pebble refuses another MAC key", got)
        got = order(place, pebble, "-o", "ca.p.eab_kid=" + KID, "-o",
                    "ca.p.eab_key_file=" + mac)
        tap.ok(got.returncode == 69 and "There are now 1 accounts in memory"
               in pebble.said(), "and takes the right one", got,
               pebble.said()[-1500:])


def issuers(path):
    """The issuers of a chain, from the leaf upwards."""
    bag = subprocess.run(["openssl", "crl2pkcs7", "-nocrl", "-certfile", path],
                         capture_output=True).stdout
    text = subprocess.run(["openssl", "pkcs7", "-print_certs", "-noout"],
                          input=bag, capture_output=True).stdout.decode()
    return [m.strip() for m in re.findall(r"issuer=.*CN ?= ?(.*)", text)]


def test_certificates():
    if CLOCK:
        tap.skip("certificates of pebble", "it has no other clock than the "
                 "machine's")
        return
    with Place(config="") as place, Pebble(
            place, reject=20, PEBBLE_ALTERNATE_ROOTS="2",
            PEBBLE_CHAIN_LENGTH="2", PEBBLE_AUTHZREUSE="100") as pebble:
        def run(*args):
            return place.run(*settings(pebble), *args, program=HOSTS)
        got = run("account", "register", "--agree", "--contact",
                  "alice@example.org")
        tap.ok(got.returncode == 0 and b"mailto:alice@example.org" in
               got.stdout, "account register", got)
        url = re.search(rb"Account +(\S+)", got.stdout)[1].decode()
        pem, = glob.glob(place.home + "/accounts/*.pem")
        Client(pebble, pem, url).meet("alice.example.org")

        paths = []
        for kind, usage in (("rsa:2048", "both"), ("ec:p256", "sign"),
                            ("ec:p384", "sign")):
            got = run("order", "--new", "--key", kind, "--usage", usage,
                      "alice@example.org")
            tap.ok(got.returncode == 0, "a certificate for %s" % kind, got,
                   pebble.said()[-1500:] if got.returncode else "")
            paths.append(got.stdout.decode().strip())
        root = place.write("roots.pem", pebble.fetch(
            "https://127.0.0.1:%d/roots/0" % pebble.management).read())
        got = subprocess.run(["openssl", "verify", "-CAfile", root,
                              "-untrusted", paths[0], paths[0]],
                             capture_output=True)
        tap.ok(got.returncode == 0, "openssl takes the chain", got)
        tap.equal(issuers(paths[0])[-1], pebble.root_name(0),
                  "it ends at pebble's own choice")
        for n in (1, 2):
            name = pebble.root_name(n)
            got = place.run(*settings(pebble), "-o", "ca.p.chain=" + name,
                            "order", "--new", "--key", "ec:p256", "--usage",
                            "sign", "alice@example.org", program=HOSTS)
            path = got.stdout.decode().strip()
            tap.ok(got.returncode == 0 and issuers(path)[-1] == name,
                   "the chain to root %d" % n, got, name)

        got = run("account", "contact", "bob@example.org")
        tap.ok(got.returncode == 0 and b"mailto:bob@example.org" in
               got.stdout, "account contact", got)
        for kind in ("rsa:2048", "ec:p384", "ec:p256"):
            got = run("account", "roll-over", "--key", kind)
            tap.ok(got.returncode == 0, "roll-over to " + kind, got,
                   pebble.said()[-1500:] if got.returncode else "")
            got = run("account", "show")
            tap.ok(got.returncode == 0 and b"valid" in got.stdout,
                   "and the account answers to it", got)
        got = run("renew", "--force", os.path.basename(paths[0])[:-4])
        tap.ok(got.returncode == 0 and b"certificate in " in got.stdout,
               "renew --force, with the new account key", got)

        for path, args in ((paths[0], ()), (paths[1], (
                "--with-certificate-key", "--reason", "key-compromise")),
                (paths[2], ("--reason", "superseded"))):
            name = os.path.basename(path)[:-4]
            got = run("revoke", "--yes", *args, name)
            tap.ok(got.returncode == 0, "revoke %s" % (args,), got,
                   pebble.said()[-1500:] if got.returncode else "")
            serial = subprocess.run(
                ["openssl", "x509", "-in", path, "-noout", "-serial"],
                capture_output=True, text=True).stdout.split("=")[1].strip()
            told = json.load(pebble.fetch(
                "https://127.0.0.1:%d/cert-status-by-serial/%s" % (
                    pebble.management, serial.lower().lstrip("0"))))
            tap.equal(told["Status"], "Revoked", "pebble says so")
        # Forgotten here, revoked there.
        record = "%s/certificates/%s.json" % (place.home, name)
        with open(record) as f:
            told = json.load(f)
        with open(record, "w") as f:
            json.dump(dict(told, state="issued", revoked=0), f)
        got = run("revoke", "--yes", name)
        tap.ok(got.returncode == 0, "revoked there already", got)

        got = run("account", "deactivate", "--yes")
        tap.ok(got.returncode == 0, "account deactivate", got)
        got = run("account", "register", "--agree", "--key", "rsa:2048")
        tap.ok(got.returncode == 0 and url.encode() not in got.stdout,
               "another account, with an RSA key", got)


run_tests(tests_of(globals()))
tap.done()

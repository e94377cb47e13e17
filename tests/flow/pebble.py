#!/usr/bin/python3
"""Debian's pebble, a strict RFC 8555 server that we did not write: account, JWS,
nonces, external account.  It knows no "email" identifiers, so an order ends
with its No, in its own words."""
import json
import os
import socket
import subprocess
import sys
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TESTS)
import cms
from cryptography.x509.oid import ExtendedKeyUsageOID
from lib import Place, tap

KID = "kid-1"
MAC = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Pebble:
    def __init__(self, place, eab=False, reject=30):
        root = cms.Authority("Pebble Server")
        key = cms.new_key()
        cert = cms.make(key, root, "127.0.0.1", extension=cms.san(
            (0x87, bytes([127, 0, 0, 1]))),
            extended=(ExtendedKeyUsageOID.SERVER_AUTH,))
        self.file = place.write("pebble-root.pem", cms.cert_pem(root.cert))
        port = free_port()
        self.directory = "https://127.0.0.1:%d/dir" % port
        config = {"listenAddress": "127.0.0.1:%d" % port,
                  "managementListenAddress": "127.0.0.1:%d" % free_port(),
                  "certificate": place.write("pebble.pem", cms.cert_pem(cert)),
                  "privateKey": place.write("pebble.key", cms.pem(key)),
                  "httpPort": free_port(), "tlsPort": free_port(),
                  "ocspResponderURL": ""}
        if eab:
            config["externalAccountBindingRequired"] = True
            config["externalAccountMACKeys"] = {KID: MAC}
        path = place.write("pebble.json", json.dumps({"pebble": config}))
        self.log = place.path("pebble.log")
        self.process = subprocess.Popen(
            ["/usr/bin/pebble", "-config", path, "-strict"],
            env={"PATH": "/usr/bin", "PEBBLE_WFE_NONCEREJECT": str(reject),
                 "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_VA_ALWAYS_VALID": "1"},
            stdout=open(self.log, "w"), stderr=subprocess.STDOUT)
        for _ in range(200):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError("pebble does not start")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()

    def said(self):
        with open(self.log) as f:
            return f.read()


def order(place, pebble, *more):
    return place.run("-o", "ca.p.directory=" + pebble.directory, "-o",
                     "ca.p.ca_file=" + pebble.file, *more, "order", "--ca",
                     "p", "--agree", "alice@example.org")


with Place(config="") as place, Pebble(place) as pebble:
    # One newAccount, and a newOrder each; more were sent where a nonce was
    # refused.  pebble throws dice: go on until it has refused one.
    orders = 0
    while orders < 3 or (pebble.said().count("POST /") <= orders + 1 and
                         orders < 40):
        got = order(place, pebble)
        orders += 1
        tap.ok(got.returncode == 69 and b"the CA said no (4" in got.stderr,
               "pebble says no to e-mail, in its own words", got)
    said = pebble.said()
    tap.ok("There are now 1 accounts in memory" in said and
           "There are now 2 accounts" not in said,
           "but it has the one account", said[-2000:])
    tap.ok(said.count("POST /") > orders + 1,
           "nonces were refused on the way", said[-2000:])
    account = os.listdir(place.home + "/accounts")
    tap.equal(len(account), 2, "one account, one key")
with Place(config="") as place, Pebble(place, eab=True) as pebble:
    got = order(place, pebble)
    tap.ok(got.returncode == 78 and b"eab_kid" in got.stderr,
           "pebble wants an external account", got)
    mac = place.write("mac", MAC + "\n")
    wrong = place.write("wrong", MAC[::-1] + "\n")
    got = order(place, pebble, "-o", "ca.p.eab_kid=" + KID, "-o",
                "ca.p.eab_key_file=" + wrong)
    tap.ok(got.returncode == 69, "pebble refuses another MAC key", got)
    got = order(place, pebble, "-o", "ca.p.eab_kid=" + KID, "-o",
                "ca.p.eab_key_file=" + mac)
    tap.ok(got.returncode == 69 and "There are now 1 accounts in memory" in
           pebble.said(), "and takes the right one", got, pebble.said()[-1500:])
tap.done()

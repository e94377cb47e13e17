"""Debian's pebble, an ACME CA that we did not write.

    with Pebble(place) as pebble:              # every challenge is met
    with Pebble(place, dns=ADDRESS_AND_PORT)   # it asks that resolver
        pebble.directory, pebble.file          # its URL, and what to trust
"""
import json
import re
import socket
import ssl
import subprocess
import urllib.error
import urllib.request

import cms
from cryptography.x509.oid import ExtendedKeyUsageOID
from lib import answers

KID = "kid-1"
MAC = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Pebble:
    def __init__(self, *how, **more):
        for _ in range(5):  # somebody may be quicker to take a free port
            port = self.start(*how, **more)
            if answers(port, self.process):
                return
        raise RuntimeError("pebble does not start: " + self.said())

    def start(self, place, eab=False, reject=30, dns=None, **more):
        root = cms.Authority("Pebble Server")
        key = cms.new_key()
        cert = cms.make(key, root, "127.0.0.1", extension=cms.san(
            (0x87, bytes([127, 0, 0, 1]))),
            extended=(ExtendedKeyUsageOID.SERVER_AUTH,))
        self.file = place.write("pebble-root.pem", cms.cert_pem(root.cert))
        port, self.management = free_port(), free_port()
        self.directory = "https://127.0.0.1:%d/dir" % port
        config = {"listenAddress": "127.0.0.1:%d" % port,
                  "managementListenAddress":
                      "127.0.0.1:%d" % self.management,
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
            ["/usr/bin/pebble", "-config", path, "-strict"] +
            (["-dnsserver", dns] if dns else []),
            env={"PATH": "/usr/bin", "PEBBLE_WFE_NONCEREJECT": str(reject),
                 "PEBBLE_VA_NOSLEEP": "1", **({} if dns else {
                     "PEBBLE_VA_ALWAYS_VALID": "1"}), **more},
            stdout=open(self.log, "w"), stderr=subprocess.STDOUT)
        return port

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()

    def said(self):
        with open(self.log) as f:
            return f.read()

    def fetch(self, url, data=None, method=None):
        """What a browser would get; errors as answers."""
        request = urllib.request.Request(url, data, method=method, headers={
            "Content-Type": "application/jose+json", "User-Agent": "test"})
        context = ssl.create_default_context(cafile=self.file)
        try:
            return urllib.request.urlopen(request, context=context)
        except urllib.error.HTTPError as error:
            return error

    def root_name(self, n):
        pem = self.fetch("https://127.0.0.1:%d/roots/%d" % (
            self.management, n)).read()
        text = subprocess.run(["openssl", "x509", "-noout", "-subject"],
                              input=pem, capture_output=True).stdout.decode()
        return re.search(r"CN ?= ?(.*)", text)[1].strip()
